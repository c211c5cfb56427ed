import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { startFakeLlamaSwap, type FakeLlamaSwapOptions } from '../../helpers/fakes/llama-swap.ts';
import { only, startRig, stopLater } from '../rig.ts';

async function scanFake(options: FakeLlamaSwapOptions = {}) {
  const fake = stopLater(await startFakeLlamaSwap(options));
  const rig = await startRig({ 'llama-swap': [fake.port] });
  const report = await rig.discovery.scan();
  return { ...rig, fake, report, endpoint: only(report) };
}

const fixture = (name: string) =>
  readFileSync(
    new URL(`../../../fixtures/llama-swap/0bdb372-from-source/${name}.json`, import.meta.url),
    'utf8',
  );

describe('llama-swap as its source has it', () => {
  it('open', async () => {
    const fake = stopLater(
      await startFakeRuntime(({ path }) =>
        path === '/v1/models' || path === '/running'
          ? { body: fixture(path === '/running' ? 'running' : 'v1-models') }
          : { status: 404, body: '404 page not found' },
      ),
    );
    const { discovery } = await startRig({ 'llama-swap': [fake.port] });
    const report = await discovery.scan();
    expect(only(report)).toMatchObject({
      state: 'up',
      models: [{ id: 'qwen3-8b', name: 'Qwen3 8B', contextWindow: 32_768, contextWindowSource: 'loaded' }],
    });
    expect(report.leftOut.map(({ model }) => model)).toEqual(['glm-5']);
  });

  it('with a key', async () => {
    const headers = { 'www-authenticate': 'Basic realm="llama-swap"' };
    const body = fixture('no-key');
    const fake = stopLater(await startFakeRuntime(() => ({ status: 401, headers, body })));
    const { discovery } = await startRig({ 'llama-swap': [fake.port] });
    expect(only(await discovery.scan())).toMatchObject({ state: 'auth-required', runtime: 'llama-swap' });
  });
});

describe('llama-swap is found', () => {
  it('with what it knows of each model', async () => {
    const { endpoint, report, fake, readModels } = await scanFake({
      models: [
        { id: 'qwen3', name: ' Qwen 3 ', isLoaded: true, contextWindow: 16_384, vision: true },
        { id: 'remembered', contextLength: 8_192 },
        { id: 'unknown' },
        { id: 'nomic-embed-text' },
        { id: 'bge-reranker-v2' },
        { id: 'glm-5', peer: 'openrouter' },
        { id: 'kimi', type: 'peer' },
        { id: 'elsewhere', type: 'remote' },
      ],
    });
    expect(endpoint).toMatchObject({ runtime: 'llama-swap', provider: 'llama-swap', state: 'up' });
    expect(endpoint.models).toMatchObject([
      {
        id: 'qwen3',
        name: 'Qwen 3',
        input: ['text', 'image'],
        contextWindow: 16_384,
        contextWindowSource: 'loaded',
      },
      { id: 'remembered', contextWindow: 8_192, contextWindowSource: 'configured' },
      { id: 'unknown', contextWindow: 4_096, contextWindowSource: 'assumed' },
    ]);
    expect(report.leftOut).toMatchObject([
      { model: 'nomic-embed-text', reason: expect.stringContaining('embeddings') },
      { model: 'bge-reranker-v2', reason: expect.stringContaining('ranks') },
      { model: 'glm-5', reason: expect.stringContaining('another host') },
      { model: 'kimi', reason: expect.stringContaining('another host') },
      { model: 'elsewhere', reason: expect.stringContaining('another host') },
    ]);
    expect(await readModels()).toMatchObject({
      'llama-swap': { baseUrl: `${fake.url}/v1`, api: 'openai-completions', auth: 'none' },
    });
  });

  it('"probing loads no model": two questions, neither of which starts a server', async () => {
    const { fake } = await scanFake();
    expect(fake.requests.map(({ route }) => route)).toEqual(['GET /v1/models', 'GET /running']);
    expect(fake.started).toEqual([]);
  });

  it('and is not taken for Ollama where that is expected', async () => {
    const fake = stopLater(await startFakeLlamaSwap());
    const { discovery } = await startRig({ ollama: [fake.port] });
    expect(only(await discovery.scan())).toMatchObject({ runtime: 'llama-swap', state: 'up' });
  });
});

describe('llama-swap that is not usable, or not llama-swap', () => {
  it('with a key: "a key-protected server is never none, never down"', async () => {
    const { endpoint, readModels } = await scanFake({ apiKey: 'sk-swap' });
    expect(endpoint).toMatchObject({ state: 'auth-required', runtime: 'llama-swap' });
    expect(endpoint.hint).toContain('apiKeys');
    expect(await readModels()).toEqual({});
  });

  it('the watcher sees that a key is demanded from now on', async () => {
    const fake = stopLater(await startFakeLlamaSwap());
    const intervals = { tickMs: 10, refreshMs: 60_000, missMs: 5 };
    const { discovery } = await startRig({ 'llama-swap': [fake.port] }, { intervals });
    expect(only(await discovery.scan()).state).toBe('up');
    const changed = new Promise((resolve) => {
      discovery.onChange((report) => resolve(only(report).state));
    });
    fake.set({ apiKey: 'sk-new' });
    discovery.start();
    expect(await changed).toBe('auth-required');
  });

  it('and while nothing changes it asks one light question at a time', async () => {
    const fake = stopLater(await startFakeLlamaSwap());
    const intervals = { tickMs: 10, refreshMs: 60_000 };
    const { discovery } = await startRig({ 'llama-swap': [fake.port] }, { intervals });
    await discovery.scan();
    fake.clearRequests();
    discovery.start();
    await vi.waitFor(() => expect(fake.count('GET /running')).toBeGreaterThan(2), 15_000);
    expect(fake.count('GET /v1/models')).toBe(0);
  });

  const row = (owner: string) => ({ id: 'm', object: 'model', owned_by: owner });
  it.each([
    ['its owner without its list of running models', [row('llama-swap')], 404],
    ['its list of running models without its owner', [{ id: 'm', object: 'model' }], 200],
    ['a gateway with models of several owners', [row('llama-swap'), row('vllm')], 200],
    ['an empty list, which proves nothing', [], 200],
  ])('%s', async (_what, data, status) => {
    const decoy = stopLater(
      await startFakeRuntime(({ path }) =>
        path === '/running' ? { status, body: { running: [] } } : { body: { object: 'list', data } },
      ),
    );
    const { discovery } = await startRig({ 'llama-swap': [decoy.port] });
    expect(only(await discovery.scan())).toMatchObject({ state: 'wrong-service', models: [] });
  });
});
