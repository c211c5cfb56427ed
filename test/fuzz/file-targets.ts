/** Targets of the fuzzing that read files and answers: whatever they hold, the reader gives an outcome. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { readSharedProfiles, rootProfile } from '../../src/credentials/aws/shared-profiles.ts';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { exchangeSources } from '../../src/credentials/exchange/exchange-source.ts';
import { readKeyFile } from '../../src/credentials/exchange/key-file.ts';
import { readStoredLogin } from '../../src/credentials/oauth/stored-grant.ts';
import { loadProfileStores, profileFindings } from '../../src/credentials/profile-store.ts';
import { createInquiry } from '../../src/discovery/inquiry.ts';
import { mergeModelsJson } from '../../src/discovery/models-json.ts';
import type { Probe, ProbeResult } from '../../src/discovery/probe.ts';
import { RUNTIMES } from '../../src/discovery/runtimes/index.ts';
import { NOTHING_SCANNED } from '../../src/domain/runtime-state.ts';
import { hasControlCharacters } from '../../src/domain/untrusted-text.ts';
import { judgeRedirect } from '../../src/login/oauth/redirect-request.ts';
import { readEndpointFile } from '../../src/platform/endpoint-file.ts';
import { fileExists, readTextFile } from '../../src/platform/files.ts';
import { loadIdentity } from '../../src/platform/identity.ts';
import { findPaths, type Paths } from '../../src/platform/paths.ts';
import { loadOperatorConfig } from '../../src/resolution/config/load.ts';
import { readModelsJson } from '../../src/resolution/models-json-view.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { iniText, jsonText, jsonValue, query } from './arbitraries.ts';
import { type FuzzTarget, HANG_MS } from './fuzz-target.ts';

/** A reader of one file in a home of its own. */
function fileTarget(
  name: string,
  place: (paths: Paths) => string,
  read: (paths: Paths) => Promise<unknown>,
  text: fc.Arbitrary<string> = jsonText,
): FuzzTarget {
  return {
    name,
    async open() {
      const home = await mkdtemp(join(tmpdir(), 'sidecar-fuzz-'));
      const paths = findPaths({}, home);
      const path = place(paths);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const bytes = fc.oneof(
        { weight: 9, arbitrary: text.map((one) => Buffer.from(one)) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((one) => Buffer.from(one)) },
      );
      const property = fc.asyncProperty(bytes, async (content) => {
        await writeFile(path, content, { mode: 0o600 });
        await within(read(paths));
      });
      return { property, close: () => rm(home, { recursive: true, force: true, maxRetries: 5 }) };
    },
  };
}

/** A reader that needs nothing around it. */
function pureTarget<T>(name: string, input: fc.Arbitrary<T>, run: (value: T) => unknown): FuzzTarget {
  return {
    name,
    open: () =>
      Promise.resolve({
        property: fc.asyncProperty(input, async (value) => void (await within(Promise.resolve(run(value))))),
        close: () => Promise.resolve(),
      }),
  };
}

/** Fails instead of waiting for ever. */
async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), HANG_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const noShell = () => Promise.resolve({ kind: 'failed' as const, reason: 'no program is run here' });

/** A probe that gives every question an answer from the list, in turn. */
function answering(bodies: readonly string[], status: number): Probe {
  let asked = 0;
  const answer = (url: string): Promise<ProbeResult> => {
    const body = bodies[asked % bodies.length] ?? '';
    asked += 1;
    const evidence = { request: url, answer: String(status), at: '2026-11-22T10:00:00.000Z' };
    const json = (): unknown => {
      try {
        return JSON.parse(body);
      } catch {
        return undefined;
      }
    };
    const headers = { server: 'llama.cpp', 'x-powered-by': 'Express' };
    return Promise.resolve({
      kind: 'answer',
      status,
      contentType: 'application/json',
      headers,
      body,
      json,
      evidence,
    });
  };
  return { get: answer, post: answer, close: () => Promise.resolve() };
}

export const fileTargets: readonly FuzzTarget[] = [
  fileTarget(
    'config',
    ({ stateDir }) => join(stateDir, 'moltbot.json'),
    (paths) => loadOperatorConfig({ paths, env: {}, readTextFile, runCommand: noShell }),
  ),
  fileTarget(
    'settings',
    ({ settings }) => settings,
    (paths) => loadSettings({ flags: {}, env: {}, paths, readTextFile }),
  ),
  fileTarget(
    'profile store',
    ({ ownProfiles }) => ownProfiles,
    async (paths) => profileFindings(await loadProfileStores({ paths, readTextFile, exists: fileExists })),
  ),
  fileTarget(
    "profile store of the agent's own tool",
    ({ agentDir }) => join(agentDir, 'auth.json'),
    async (paths) => profileFindings(await loadProfileStores({ paths, readTextFile, exists: fileExists })),
  ),
  fileTarget(
    'token file',
    ({ tokens }) => tokens,
    ({ tokens }) => createCallerTokenStore(tokens, Date.now).read(),
  ),
  fileTarget(
    'endpoint file',
    ({ endpoint }) => endpoint,
    ({ endpoint }) => readEndpointFile(endpoint),
  ),
  fileTarget(
    'identity file',
    ({ identity }) => identity,
    ({ identity }) => loadIdentity(identity, Date.now()),
  ),
  fileTarget('exchange key file', keyFileOf, (paths) => readKeyFile(exchangeOf(paths), Date.now())),
  pureTarget('models.json', jsonText, (text) => {
    readModelsJson(text, 'models.json');
    const merged = mergeModelsJson(text, NOTHING_SCANNED);
    JSON.parse(merged.text);
    // What was made of it must be readable, and stay as it is the second time.
    if (readModelsJson(merged.text, 'models.json').kind !== 'read') throw new Error('unreadable merge');
    const again = mergeModelsJson(merged.text, NOTHING_SCANNED);
    if (again.kind !== 'merged' || again.changed) throw new Error('the second merge changes it again');
  }),
  pureTarget('AWS files', fc.tuple(iniText, iniText), async ([config, credentials]) => {
    const { byName } = await readSharedProfiles({}, '/nowhere', (path) =>
      Promise.resolve({ kind: 'text', text: path.endsWith('config') ? config : credentials, mode: 0o600 }),
    );
    for (const profile of byName.values()) rootProfile(byName, profile);
  }),
  pureTarget('OAuth login in the store', jsonValue, readStoredLogin),
  pureTarget('OAuth callback', fc.tuple(query, fc.constantFrom('GET', 'POST', 'HEAD')), ([text, method]) => {
    const verdict = judgeRedirect(
      { method, target: `/auth/redirect?${text}`, rawHeaders: ['Host', '127.0.0.1:1'] },
      { host: '127.0.0.1:1', path: '/auth/redirect', state: 'S3CRET', issuer: null, issuerRequired: false },
    );
    if (verdict.kind !== 'stray') throw new Error(`taken without the state: ${verdict.kind}`);
  }),
  ...RUNTIMES.map((runtime) =>
    pureTarget(
      `answers of ${runtime.displayName}`,
      fc.tuple(fc.array(jsonText, { minLength: 1, maxLength: 6 }), fc.constantFrom(200, 200, 200, 401, 500)),
      async ([bodies, status]) => {
        const inquiry = createInquiry(answering(bodies, status), 'http://127.0.0.1:1');
        await runtime.identify(inquiry);
        await runtime.isAlive(inquiry);
        const budget = new AbortController().signal;
        const listing = await runtime.list(inquiry, { env: {}, facts: new Map(), budget });
        if (listing.kind !== 'listed') return;
        for (const { id, contextWindow } of listing.models) {
          // Nothing that a terminal would obey, and a window that can hold something.
          if (hasControlCharacters(id) || !(contextWindow > 0)) throw new Error(`unusable model ${id}`);
        }
      },
    ),
  ),
];

function exchangeOf(paths: Paths) {
  const [source] = exchangeSources({}, { GPU_DEV_API_URL: 'https://gpu.example' }, paths);
  if (source === undefined) throw new Error('no exchange');
  return source;
}

function keyFileOf(paths: Paths): string {
  return exchangeOf(paths).keyFile;
}
