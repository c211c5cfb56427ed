import { describe, expect, it, vi } from 'vitest';
import { llamaServerAddresses } from '../../../src/discovery/runtimes/llamacpp-address.ts';
import { readProperties, toLlamaServerRow } from '../../../src/discovery/runtimes/llamacpp-models.ts';
import type { FakeRuntime } from '../../helpers/fake-runtime.ts';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { startFakeLlamaServer, type FakeLlamaServerOptions } from '../../helpers/fakes/llamacpp.ts';
import { only, startRig, stopLater } from '../rig.ts';

async function scanFake(options: FakeLlamaServerOptions = {}) {
  const fake = stopLater(await startFakeLlamaServer(options));
  const rig = await startRig({ llamacpp: [fake.port] });
  const report = await rig.discovery.scan();
  return { ...rig, fake, report, endpoint: only(report) };
}

const asked = ({ requests }: FakeRuntime) => requests.map(({ method, path }) => `${method} ${path}`);

describe('llama-server with one model is found', () => {
  it('with its version, and the window that one request gets', async () => {
    const { endpoint, fake, readModels } = await scanFake({
      models: [
        { id: 'tiny-b', contextWindow: 8_192, trainedContext: 131_072, vision: true, reasoning: true },
      ],
    });
    expect(endpoint).toMatchObject({
      runtime: 'llamacpp',
      provider: 'llamacpp',
      state: 'up',
      version: 'b11669-Debian',
      models: [
        {
          id: 'tiny-b',
          input: ['text', 'image'],
          reasoning: true,
          contextWindow: 8_192,
          contextWindowSource: 'loaded',
          maxContextWindow: 131_072,
        },
      ],
    });
    expect(await readModels()).toMatchObject({
      llamacpp: { baseUrl: `${fake.url}/v1`, api: 'openai-completions', auth: 'none' },
    });
  });

  it('by two questions, which it answers without a line in its log', async () => {
    const { fake } = await scanFake();
    expect(asked(fake)).toEqual(['GET /v1/models', 'GET /props']);
  });

  it('"publish the id exactly as the server accepts it": a path stays a path, its name is the file', async () => {
    const { endpoint } = await scanFake({ models: [{ id: '/srv/embeddings/../m/Llama 3.gguf' }] });
    expect(endpoint.models).toMatchObject([
      { id: '/srv/embeddings/../m/Llama 3.gguf', name: 'Llama 3.gguf' },
    ]);
  });

  it('in builds of 2024 and in llamafiles, which tell the loaded window in the properties only', async () => {
    const { endpoint } = await scanFake({ isOld: true, models: [{ id: 'old', contextWindow: 2_048 }] });
    expect(endpoint).toMatchObject({
      state: 'up',
      version: null,
      models: [{ contextWindow: 2_048, contextWindowSource: 'loaded', maxContextWindow: 131_072 }],
    });
  });

  it('and an embedding model is left out by its name, because nothing on the wire tells', async () => {
    const { endpoint, report } = await scanFake({ models: [{ id: '/models/nomic-embed-text.gguf' }] });
    expect(endpoint).toMatchObject({ state: 'up', models: [] });
    expect(report.leftOut).toMatchObject([
      { model: '/models/nomic-embed-text.gguf', reason: expect.stringContaining('judged by its name') },
    ]);
  });
});

describe('llama-server as a router', () => {
  const models = [
    { id: 'loaded', status: 'loaded', contextWindow: 8_192, args: ['--ctx-size', '16384'] },
    { id: 'sleeping', status: 'sleeping', contextWindow: 4_096 },
    { id: 'plain', trainedContext: 32_768 },
    { id: 'set', args: ['--ctx-size', '16384'] },
    { id: 'shared', args: ['-c', '16384', '-np', '4'] },
    { id: 'unified', args: ['-c', '16384', '-np', '4', '--kv-unified'] },
    { id: 'zero', args: ['--ctx-size', '0'], trainedContext: 32_768 },
    { id: 'broken', failed: true },
    { id: 'coming', status: 'downloading' },
  ] as const;

  it('tells what each model gets, loaded or not', async () => {
    const { endpoint, report } = await scanFake({ mode: 'router', models });
    const windows = endpoint.models.map(({ id, contextWindow, contextWindowSource, maxContextWindow }) => [
      id,
      contextWindow,
      contextWindowSource,
      maxContextWindow,
    ]);
    expect(windows).toEqual([
      ['loaded', 8_192, 'loaded', 131_072],
      ['sleeping', 4_096, 'loaded', 131_072],
      ['plain', 32_768, 'trained-max', 32_768],
      ['set', 16_384, 'configured', 131_072],
      ['shared', 4_096, 'configured', 131_072],
      ['unified', 16_384, 'configured', 131_072],
      ['zero', 32_768, 'trained-max', 32_768],
    ]);
    expect(report.leftOut).toMatchObject([
      { model: 'broken', reason: expect.stringContaining('could not be loaded') },
      { model: 'coming', reason: expect.stringContaining('downloaded') },
    ]);
  });

  it('"probing loads no model", and costs the same however many models there are', async () => {
    const { fake, discovery } = await scanFake({ mode: 'router', models });
    await discovery.scan();
    expect(fake.loadedByAsking).toEqual([]);
    expect(asked(fake)).toEqual(['GET /v1/models', 'GET /props', 'GET /v1/models', 'GET /props']);
  });

  it('what a router says of itself is not said of its models', () => {
    const row = { id: 'plain', context_length: 32_768, status: { value: 'unloaded' } };
    const settings = { default_generation_settings: { n_ctx: 512 }, modalities: { vision: true } };
    const facts = (body: object) => toLlamaServerRow(row, readProperties(body));
    expect(facts({ ...settings, role: 'router' })).toMatchObject({
      facts: { vision: false, context: { loaded: undefined } },
    });
    expect(facts(settings)).toMatchObject({ facts: { vision: true, context: { loaded: 512 } } });
  });

  it('the fake would have told: a question for one model loads it', async () => {
    const { fake } = await scanFake({ mode: 'router', models });
    await fetch(`${fake.url}/props?model=plain`);
    expect(fake.loadedByAsking).toEqual(['plain']);
  });
});

describe('llama-server that cannot be used', () => {
  it.each([
    ['with a key', {}],
    ['as a router with a key', { mode: 'router' }],
    ['of an old build, whose list needs no key', { isOld: true }],
  ] as const)('%s: "a key-protected server is never none, never down"', async (_how, options) => {
    const { endpoint, fake, readModels } = await scanFake({ ...options, apiKey: 'sk-test' });
    expect(endpoint).toMatchObject({ state: 'auth-required', runtime: 'llamacpp', models: [] });
    expect(endpoint.hint).toContain('LLAMA_API_KEY');
    expect(await readModels()).toEqual({});
    // Its public health route says that all is well.
    expect((await fetch(`${fake.url}/health`)).status).toBe(200);
  });

  it('while it is loading', async () => {
    const { endpoint, readModels } = await scanFake({ isLoading: true });
    expect(endpoint).toMatchObject({ state: 'loading', runtime: 'llamacpp' });
    expect(await readModels()).toEqual({});
  });

  it('below a path that nobody named', async () => {
    const { endpoint } = await scanFake({ prefix: '/pfx' });
    expect(endpoint).toMatchObject({ state: 'wrong-service', hint: expect.stringContaining('--api-prefix') });
  });

  it.each(['html', 'json', 'empty-list', 'error-in-200', 'redirect', 'not-found', 'huge'] as const)(
    'another program (%s) is not llama-server',
    async (fault) => {
      const decoy = stopLater(await startFakeRuntime(() => ({})));
      decoy.setFault(fault);
      const { discovery } = await startRig({ llamacpp: [decoy.port] });
      expect(only(await discovery.scan())).toMatchObject({ state: 'wrong-service', models: [] });
    },
  );

  it('its shape without its header proves nothing', async () => {
    const real = stopLater(await startFakeLlamaServer());
    const body = await (await fetch(`${real.url}/v1/models`)).text();
    const decoy = stopLater(await startFakeRuntime(() => ({ headers: { server: 'llama' }, body })));
    const { discovery } = await startRig({ llamacpp: [decoy.port] });
    expect(only(await discovery.scan())).toMatchObject({ state: 'wrong-service', models: [] });
  });

  it.each([
    ['no JSON', 'nothing'],
    ['no list', '{"data":{}}'],
    ['rows that are none', '{"data":[1,{"id":7},{"id":"a\\u001b[2J"},{"id":"fine","meta":{"n_ctx":-1}}]}'],
  ])('hostile answers harm nobody: %s', async (_what, body) => {
    const fake = stopLater(await startFakeRuntime(() => ({ headers: { server: 'llama.cpp' }, body })));
    const { discovery } = await startRig({ llamacpp: [fake.port] });
    const { models } = only(await discovery.scan());
    expect(models.map(({ id }) => id)).toEqual(body.includes('fine') ? ['fine'] : []);
  });
});

describe('the watcher sees of llama-server', () => {
  it.each([
    ['a key that is demanded from now on', { apiKey: 'sk-new' }, 'auth-required'],
    ['a model that is being loaded', { isLoading: true }, 'loading'],
  ] as const)('%s', async (_what, change, state) => {
    const fake = stopLater(await startFakeLlamaServer());
    const intervals = { tickMs: 10, refreshMs: 60_000, missMs: 5 };
    const { discovery } = await startRig({ llamacpp: [fake.port] }, { intervals });
    await discovery.scan();
    const changed = new Promise((resolve) => {
      discovery.onChange((report) => resolve(only(report).state));
    });
    fake.set(change);
    discovery.start();
    expect(await changed).toBe(state);
  });
});

describe('the watcher of a llama-server that stays as it is', () => {
  it('asks one light question at a time, which its log does not show', async () => {
    const fake = stopLater(await startFakeLlamaServer());
    const intervals = { tickMs: 10, refreshMs: 60_000 };
    const { discovery } = await startRig({ llamacpp: [fake.port] }, { intervals });
    await discovery.scan();
    fake.clearRequests();
    discovery.start();
    await vi.waitFor(() => expect(fake.count('GET /props')).toBeGreaterThan(2), 15_000);
    expect(fake.count('GET /v1/models')).toBe(0);
  });
});

describe('llama-server names its address in variables', () => {
  const addresses = (env: Record<string, string>) =>
    llamaServerAddresses({ env, defaultPorts: [9_931, 8_080] }).map(
      ({ host, port, path }) => `${host}:${port}${path}`,
    );
  const DEFAULTS = ['localhost:9931', 'localhost:8080'];

  it.each([
    ['none', {}, []],
    ['a port', { LLAMA_ARG_PORT: '9000' }, ['localhost:9000']],
    ['a host', { LLAMA_ARG_HOST: '0.0.0.0' }, ['0.0.0.0:9931', '0.0.0.0:8080']],
    [
      'a list of hosts with a Unix socket, which is left alone',
      { LLAMA_ARG_HOST: '127.0.0.1, [::1],/run/llama.sock', LLAMA_ARG_PORT: '9000' },
      ['127.0.0.1:9000', '::1:9000'],
    ],
    ['nothing but a Unix socket', { LLAMA_ARG_HOST: '/run/llama.sock' }, []],
    ['a prefix', { LLAMA_ARG_API_PREFIX: '/pfx/' }, ['localhost:9931/pfx', 'localhost:8080/pfx']],
    ['no port at all', { LLAMA_ARG_PORT: 'x' }, DEFAULTS],
    ['a port out of range', { LLAMA_ARG_PORT: '70000' }, DEFAULTS],
  ])('%s; the default ports are looked at all the same', (_what, env, named) => {
    expect(addresses(env)).toEqual([...named, ...DEFAULTS]);
  });

  it('and the server behind a prefix is found there, and so is its base URL', async () => {
    const fake = stopLater(await startFakeLlamaServer({ prefix: '/pfx' }));
    const env = { LLAMA_ARG_API_PREFIX: '/pfx' };
    const { discovery, readModels } = await startRig({ llamacpp: [fake.port] }, { env });
    expect(only(await discovery.scan()).state).toBe('up');
    expect(await readModels()).toMatchObject({ llamacpp: { baseUrl: `${fake.url}/pfx/v1` } });
  });
});
