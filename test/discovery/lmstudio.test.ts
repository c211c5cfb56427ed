import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lmStudio } from '../../src/discovery/runtimes/lmstudio.ts';
import { readTextFile } from '../../src/platform/files.ts';
import { startFakeLmStudio, type FakeLmStudioOptions } from '../helpers/fake-lmstudio.ts';
import { startFakeRuntime } from '../helpers/fake-runtime.ts';
import { only, startRig, stopLater, temporaryFolder } from './rig.ts';

async function scanFake(options: FakeLmStudioOptions) {
  const fake = stopLater(await startFakeLmStudio(options));
  const rig = await startRig({ lmstudio: [fake.port] });
  const report = await rig.discovery.scan();
  return { ...rig, fake, report, endpoint: only(report) };
}

const models = [
  { key: 'qwen/qwen3-8b', displayName: 'Qwen3 8B', loadedContextLengths: [8_192, 4_096], reasoning: true },
  { key: 'gemma-3', maxContextLength: 32_768, vision: true },
  { key: 'text-embedding-nomic', type: 'embedding' as const },
];

describe('LM Studio is found', () => {
  it('by its newest list', async () => {
    const { endpoint, report, fake, readModels } = await scanFake({ models });
    expect(endpoint).toMatchObject({ runtime: 'lmstudio', provider: 'lmstudio', state: 'up' });
    expect(endpoint.models).toMatchObject([
      {
        id: 'qwen/qwen3-8b',
        name: 'Qwen3 8B',
        reasoning: true,
        contextWindow: 8_192,
        contextWindowSource: 'loaded',
        maxContextWindow: 131_072,
      },
      { id: 'gemma-3', input: ['text', 'image'], contextWindow: 32_768, contextWindowSource: 'trained-max' },
    ]);
    expect(report.leftOut).toEqual([
      { provider: 'lmstudio', model: 'text-embedding-nomic', reason: 'it makes embeddings only' },
    ]);
    expect(await readModels()).toMatchObject({
      lmstudio: { baseUrl: `${fake.url}/v1`, api: 'openai-completions', auth: 'none' },
    });
  });

  it('by the list of 0.3', async () => {
    const { endpoint, fake } = await scanFake({ models, generation: 'v0' });
    expect(endpoint.models).toMatchObject([
      { id: 'qwen/qwen3-8b', contextWindow: 8_192, contextWindowSource: 'loaded' },
      { id: 'gemma-3', input: ['text', 'image'], contextWindow: 32_768 },
    ]);
    expect(fake.unexpected).toEqual([]);
  });

  it('by the plain list, which tells names alone', async () => {
    const { endpoint, report } = await scanFake({ models, generation: 'openai' });
    expect(endpoint.models).toMatchObject([
      { id: 'qwen/qwen3-8b', contextWindow: 4_096, contextWindowSource: 'assumed' },
      { id: 'gemma-3', contextWindow: 4_096 },
    ]);
    expect(report.leftOut.map(({ model }) => model)).toEqual(['text-embedding-nomic']);
  });

  it('and is never asked a route that it does not know, which would fill the log of its user', async () => {
    const { fake, discovery } = await scanFake({ models });
    await discovery.scan();
    expect(fake.unexpected).toEqual([]);
    expect([...new Set(fake.requests.map(({ route }) => route))]).toEqual([
      'GET /lmstudio-greeting',
      'GET /api/v1/models',
      'GET /v1/models',
    ]);
  });
});

describe('LM Studio with a token', () => {
  it.each(['v1', 'v0', 'openai'] as const)(
    '"a 401 is auth-required, never shown as down, never a fall-back" (%s)',
    async (generation) => {
      const { endpoint, fake, readModels } = await scanFake({ models, generation, token: 'sk-lm-x' });
      expect(endpoint).toMatchObject({ state: 'auth-required', runtime: 'lmstudio', models: [] });
      expect(endpoint.hint).toContain('LM_API_TOKEN');
      expect(fake.requests).toHaveLength(2);
      expect(await readModels()).toEqual({});
    },
  );

  it('names the token when even the greeting demands it', async () => {
    const body = { error: { type: 'invalid_request', code: 'invalid_api_key', message: 'No token' } };
    const fake = stopLater(await startFakeRuntime(() => ({ status: 401, body })));
    const { discovery } = await startRig({ lmstudio: [fake.port] });
    const endpoint = only(await discovery.scan());
    expect(endpoint.state).toBe('auth-required');
    expect(endpoint.hint).toContain('LM_API_TOKEN');
  });

  it('is not named for the 401 of just anything', async () => {
    const fake = stopLater(await startFakeLmStudio());
    fake.setFault('unauthorized');
    const { discovery } = await startRig({ lmstudio: [fake.port] });
    const endpoint = only(await discovery.scan());
    expect(endpoint).toMatchObject({ state: 'auth-required', runtime: null });
    expect(endpoint.hint).not.toContain('LM Studio');
  });

  it('"a runtime-specific hint beats a generic one", whoever is asked first', async () => {
    const fake = stopLater(
      await startFakeRuntime(() => ({ status: 401, body: { error: 'Invalid or missing API key' } })),
    );
    const { discovery } = await startRig({}, { endpoints: [{ url: fake.url }] });
    expect(only(await discovery.scan()).hint).toContain('LEMONADE_API_KEY');
  });

  it.each(['v1', 'v0'] as const)(
    '"auth none is earned" at the very base URL that is written, however open the list of %s is',
    async (generation) => {
      const fake = stopLater(await startFakeLmStudio({ models, generation }));
      fake.setFault('unauthorized', 'GET /v1/models');
      const { discovery, readModels } = await startRig({ lmstudio: [fake.port] });
      const endpoint = only(await discovery.scan());
      expect(endpoint).toMatchObject({ state: 'auth-required', runtime: 'lmstudio', models: [] });
      expect(endpoint.hint).toContain('LM_API_TOKEN');
      expect(await readModels()).toEqual({});
    },
  );
});

describe('without the greeting nothing else is asked', () => {
  it.each(['error-in-200', 'html', 'not-found'] as const)('%s', async (fault) => {
    const fake = stopLater(await startFakeRuntime(() => ({})));
    fake.setFault(fault);
    const { discovery } = await startRig({ lmstudio: [fake.port] });
    expect(only(await discovery.scan()).state).toBe('wrong-service');
    expect(fake.requests.map(({ route }) => route)).toEqual(['GET /lmstudio-greeting']);
  });

  it('also where Ollama is expected at the same port', async () => {
    const fake = stopLater(await startFakeLmStudio({ models }));
    const { discovery } = await startRig({ ollama: [fake.port], lmstudio: [fake.port] });
    expect(only(await discovery.scan())).toMatchObject({ runtime: 'lmstudio', state: 'up' });
    expect(fake.unexpected).toEqual([]);
  });
});

describe('LM Studio names its port on disk', () => {
  async function addressesFor(files: Record<string, string>, env: Record<string, string> = {}) {
    const home = await temporaryFolder();
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(home, name, '..'), { recursive: true });
      await writeFile(join(home, name), text);
    }
    const found = await lmStudio.findAddresses({ env, home, readTextFile, defaultPorts: [1_234] });
    return found.map(({ host, port }) => `${host}:${port}`);
  }

  it.each([
    [
      'in ~/.lmstudio, which may be of another day, so the default port follows',
      { '.lmstudio/.internal/http-server-config.json': '{"port":4321}' },
    ],
    [
      'in ~/.cache/lm-studio before that',
      {
        '.cache/lm-studio/.internal/http-server-config.json': '{"port":4321,"networkInterface":"0.0.0.0"}',
        '.lmstudio/.internal/http-server-config.json': '{"port":9}',
      },
    ],
    [
      'behind the home pointer before all',
      {
        '.lmstudio-home-pointer': '~/elsewhere\n',
        'elsewhere/.internal/http-server-config.json': '{"port":4321}',
        '.lmstudio/.internal/http-server-config.json': '{"port":9}',
      },
    ],
  ])('%s', async (_where, files) => {
    expect(await addressesFor(files)).toEqual(['localhost:4321', 'localhost:1234']);
  });

  it.each(['', '{', '{"port":"x"}', '{"port":70000}', '[]'])(
    'a file that cannot be used (%s) leaves the default port',
    async (text) => {
      expect(await addressesFor({ '.lmstudio/.internal/http-server-config.json': text })).toEqual([
        'localhost:1234',
      ]);
    },
  );

  it('or the default port itself, which is named once', async () => {
    const files = { '.lmstudio/.internal/http-server-config.json': '{"port":1234}' };
    expect(await addressesFor(files)).toEqual(['localhost:1234']);
  });

  it('and an address of the network beside it, which becomes a candidate', async () => {
    expect(await addressesFor({}, { LMS_SERVER_HOST: '192.168.1.5' })).toEqual([
      'localhost:1234',
      '192.168.1.5:1234',
    ]);
  });
});
