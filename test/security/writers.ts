/** Every writer of the program, each with a file to write, for tests that disturb them. */
import { join } from 'node:path';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { createOwnStore } from '../../src/credentials/own-store.ts';
import { createModelsJsonFile } from '../../src/discovery/models-json.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type EndpointReport, NOTHING_SCANNED } from '../../src/domain/runtime-state.ts';
import { editTextFile } from '../../src/platform/edit-file.ts';
import { writeEndpointFile } from '../../src/platform/endpoint-file.ts';
import { loadIdentity } from '../../src/platform/identity.ts';
import { saveToEnvFile } from '../../src/running/set-up.ts';
import { setTopLevelKey } from '../../src/settings/edit-settings.ts';
import { NOW } from '../helpers/snapshot-fixture.ts';

/** One writer. */
export interface Writer {
  /** File below the folder that it writes. */
  readonly name: string;
  /** A good file that stands there before; none for one that is made only where there is none. */
  readonly old: string | null;
  /** Writes into the folder; what it writes depends on the round, and is `length` characters long at least. */
  readonly write: (folder: string, round: number, length: number) => Promise<unknown>;
  /** True for a text that some round wrote whole. */
  readonly isWhole: (text: string) => boolean;
}

const quiet = { warn: () => undefined };

/** A runtime whose model's name is as long as wanted. */
function runtime(round: number, length: number): EndpointReport {
  const id = `m${round}-${'x'.repeat(length)}`;
  return {
    url: 'http://127.0.0.1:11434',
    state: 'up',
    runtime: 'ollama',
    provider: 'ollama',
    version: null,
    since: '2026-01-01T00:00:00.000Z',
    models: [
      {
        id,
        name: id,
        reasoning: false,
        input: ['text'],
        cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
        contextWindow: 32_768,
        maxTokens: 8_192,
      },
    ],
    evidence: [],
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export const WRITERS: readonly Writer[] = [
  {
    name: 'auth-profiles.json',
    old: '{"version": 1, "profiles": {}}\n',
    write: (folder, round, length) =>
      createOwnStore({ path: join(folder, 'auth-profiles.json'), clock: () => NOW }).put('acme:default', {
        type: 'api_key',
        provider: 'acme',
        key: new Secret(`sk-${round}-${'x'.repeat(Math.min(length, 16_000))}`),
      }),
    isWhole: isJson,
  },
  {
    name: 'tokens.json',
    old: '{"version": 1, "tokens": []}\n',
    write: async (folder) => {
      const store = createCallerTokenStore(join(folder, 'tokens.json'), () => NOW);
      const file = await store.read();
      if (file.kind === 'read' && file.tokens.length > 0) return store.rotate('one');
      const scope = { providers: null, models: null, secrets: true };
      return store.create({ name: 'one', scope, lifeMs: null });
    },
    isWhole: isJson,
  },
  {
    name: 'models.json',
    old: '{"providers": {"mine": {"baseUrl": "https://m.example", "models": []}}}\n',
    write: (folder, round, length) =>
      createModelsJsonFile({ path: join(folder, 'models.json'), clock: () => NOW, log: quiet }).sync(
        {
          ...NOTHING_SCANNED,
          scannedAt: '2026-01-01T00:00:00.000Z',
          endpoints: [runtime(round, length)],
        },
        {
          explicit: true,
          claims: new Map([['http://127.0.0.1:11434', round % 2 === 0 ? 'ollama' : 'ollama-1']]),
        },
      ),
    isWhole: (text) => isJson(text) && text.includes('"mine"'),
  },
  {
    name: 'endpoint.json',
    old: '{}\n',
    write: (folder, round, length) =>
      writeEndpointFile(join(folder, 'endpoint.json'), {
        url: 'http://127.0.0.1:1',
        token: new Secret(`token-${round}-${'x'.repeat(Math.min(length, 16_000))}`),
        pid: 1,
        version: '1',
        startedAt: '2026-01-01T00:00:00.000Z',
      }),
    isWhole: isJson,
  },
  {
    name: 'identity.json',
    old: null,
    write: (folder) => loadIdentity(join(folder, 'identity.json'), NOW),
    isWhole: isJson,
  },
  {
    name: 'sidecar.json5',
    old: '{\n  // a comment\n  defaultModel: "ollama/old",\n}\n',
    write: (folder, round, length) =>
      editTextFile(join(folder, 'sidecar.json5'), (text) => {
        const edited = setTopLevelKey(text, 'defaultModel', `ollama/${round}-${'x'.repeat(length)}`);
        if (edited === undefined) throw new Error('the settings could not be edited');
        return edited;
      }),
    isWhole: (text) => text.startsWith('{\n  // a comment\n  defaultModel: ') && text.endsWith(',\n}\n'),
  },
  {
    name: '.env',
    old: 'OTHER=kept\n',
    write: (folder, round, length) => saveToEnvFile(folder, 'acme', `acme/${round}-${'x'.repeat(length)}`),
    isWhole: (text) => text.startsWith('OTHER=kept\n') && text.endsWith('\n'),
  },
];
