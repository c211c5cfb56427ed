/** Every `json` and `json5` block of README and docs parses, loads without findings, or is what the server answers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import JSON5 from 'json5';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRecord } from '../../src/domain/record.ts';
import type { FileRead } from '../../src/platform/files.ts';
import { loadOperatorConfig } from '../../src/resolution/config/load.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { type FakeOllama, startFakeOllama } from '../helpers/fake-ollama.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';
import { differences } from './answers.ts';
import { type Block, blocksOf, readPages } from './pages.ts';

const blocks = readPages().flatMap((page) => blocksOf(page, 'json', 'json5'));
const about = (pattern: RegExp): readonly Block[] => blocks.filter((block) => pattern.test(block.about));

describe('blocks that are files', () => {
  it.each(blocks)('$place parses', ({ language, body }) => {
    const parsed: unknown = language === 'json' ? JSON.parse(body) : JSON5.parse(body);
    expect(isRecord(parsed)).toBe(true);
  });

  it('each block says what it is', () => {
    const known =
      /^(?:(?:GET|POST|PUT) \/|(?:.*\/)?(?:moltbot\.json|sidecar\.json5|models\.json|endpoint\.json)\b)/;
    expect(blocks.filter((block) => !known.test(block.about)).map(({ place }) => place)).toEqual([]);
  });

  it.each(about(/moltbot\.json$/))(
    '$place loads as the operator’s config, with nothing to mend',
    async (block) => {
      const path = '/home/you/.clawdbot/moltbot.json';
      const loaded = await loadOperatorConfig({
        paths: {
          configCandidates: [path],
          configIsExplicit: true,
          home: '/home/you',
          stateDir: '/home/you/.clawdbot',
        },
        env: { MOONSHOT_API_KEY: 'a-key', LM_API_TOKEN: 'a-token' },
        readTextFile: onlyFile(path, block.body),
        runCommand: () => Promise.resolve({ kind: 'failed', reason: 'is not there' }),
      });
      if (loaded.kind !== 'loaded') throw new Error(loaded.problem.detail);
      expect(loaded.findings).toEqual([]);
      expect(loaded.config.missingVariables).toEqual([]);
      const defects = loaded.config.providers.flatMap((provider) => [
        ...(provider.defects ?? []),
        ...(provider.modelDefects ?? []),
      ]);
      expect(defects).toEqual([]);
    },
  );

  it.each(about(/sidecar\.json5$/))('$place loads as the settings', async ({ body }) => {
    expect((await loadSettingsText(body)).kind).toBe('loaded');
  });

  it.each(about(/sidecar\.json5 broken$/))('$place is refused', async ({ body }) => {
    expect((await loadSettingsText(body)).kind).toBe('broken');
  });
});

describe('blocks that are answers', () => {
  let ollama: FakeOllama;
  let rig: Rig;
  let lmstudioPort: number;

  beforeAll(async () => {
    ollama = await startFakeOllama({ models: [{ name: 'llama3:chat', contextLength: 32_768 }] });
    lmstudioPort = await freePort();
    rig = await startRig({
      ollamaPort: ollama.port,
      lmstudioPort,
      env: {
        MOONSHOT_API_KEY: 'sk-example-0123456789',
        AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'secret-example-0123456789',
        AWS_REGION: 'eu-central-1',
      },
    });
  });

  afterAll(async () => {
    await rig.close();
    await ollama.stop();
  });

  const compare = (documented: string, answered: string): string[] => {
    const shown = answered
      .replaceAll(`127.0.0.1:${ollama.port}`, '127.0.0.1:11434')
      .replaceAll(`127.0.0.1:${lmstudioPort}`, '127.0.0.1:1234')
      .replaceAll(rig.sidecar.url, 'http://127.0.0.1:18780');
    return differences(JSON.parse(documented), JSON.parse(shown));
  };

  const bodies = new Map(
    about(/^(?:POST|PUT) .* body$/).map((block) => [block.about.replace(/ body$/, ''), block.body]),
  );
  const answers = about(/^(?:GET|POST|PUT) \S+$/);

  // What changes something comes last: the other answers are those of a server that nobody has changed.
  it.each([...answers].sort((one, other) => Number(bodies.has(one.about)) - Number(bodies.has(other.about))))(
    '$place is what $about answers',
    async ({ about: request, body }) => {
      const [method = '', path = ''] = request.split(' ');
      const sent = bodies.get(request);
      const response = await fetch(`${rig.sidecar.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${rig.token}`, 'content-type': 'application/json' },
        ...(sent === undefined ? {} : { body: sent }),
      });
      expect(compare(body, await response.text())).toEqual([]);
    },
  );

  it.each(about(/^(?:models|endpoint)\.json$/))(
    '$place is what $about holds',
    async ({ about: name, body }) => {
      const text = await readFile(join(rig.stateDir, 'sidecar', name), 'utf8');
      expect(compare(body, text)).toEqual([]);
    },
  );
});

describe('the comparison itself', () => {
  it('names a field that the answer does not have, and one that the page leaves out', () => {
    expect(differences({ a: 1, b: 1 }, { a: 1 })).toEqual(['$.b is not in the answer']);
    expect(differences({ a: 1 }, { a: 1, b: 1 })).toEqual(['$.b is not on the page']);
  });

  it('compares values, but not those that no two runs have in common', () => {
    expect(differences({ mode: 'none' }, { mode: 'token' })).toEqual(['$.mode is "token", not "none"']);
    expect(differences({ pid: 1, at: 'x' }, { pid: 2, at: 'y' })).toEqual([]);
  });

  it('finds each element of a documented list in the real one', () => {
    expect(differences([{ step: 'auth' }], [{ step: 'model' }, { step: 'auth' }])).toEqual([]);
    expect(differences([{ step: 'other' }], [{ step: 'auth' }])).toHaveLength(1);
    expect(differences([], ['more'])).toHaveLength(1);
  });
});

function onlyFile(path: string, text: string): (asked: string) => Promise<FileRead> {
  return (asked) =>
    Promise.resolve(asked === path ? { kind: 'text', text, mode: 0o600 } : { kind: 'missing' });
}

function loadSettingsText(text: string) {
  const folder = '/home/you/.clawdbot/sidecar';
  const settings = `${folder}/sidecar.json5`;
  return loadSettings({
    flags: {},
    env: {},
    paths: { home: '/home/you', settings, modelsJson: `${folder}/models.json` },
    readTextFile: onlyFile(settings, text),
  });
}
