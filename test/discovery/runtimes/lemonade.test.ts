import { describe, expect, it } from 'vitest';
import { lemonade } from '../../../src/discovery/runtimes/lemonade.ts';
import { readTextFile } from '../../../src/platform/files.ts';
import { startFakeLemonade } from '../../helpers/fakes/lemonade.ts';
import { startFakeLlamaServer } from '../../helpers/fakes/llamacpp.ts';
import { answerAsVllm, startFakeVllm } from '../../helpers/fakes/vllm.ts';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { startRig, stopLater } from '../rig.ts';
import { scanFake } from './scan-fake.ts';

describe('Lemonade', () => {
  it('gives the window that a model is loaded with, at the path of its API', async () => {
    const { endpoint, fake, readModels } = await scanFake(
      'lemonade',
      startFakeLemonade({
        models: [
          { id: 'Loaded-GGUF', labels: ['reasoning', 'vision'], loadedContext: 16_384 },
          { id: 'Set-GGUF', contextLength: 8_192 },
          { id: 'Idle-GGUF', maxContextWindow: 40_960 },
        ],
      }),
    );
    expect(endpoint).toMatchObject({
      runtime: 'lemonade',
      provider: 'lemonade',
      state: 'up',
      version: '9.1.4',
    });
    expect(endpoint.models).toMatchObject([
      {
        id: 'Loaded-GGUF',
        contextWindow: 16_384,
        contextWindowSource: 'loaded',
        maxContextWindow: 131_072,
        reasoning: true,
        input: ['text', 'image'],
      },
      { id: 'Set-GGUF', contextWindow: 8_192, contextWindowSource: 'configured' },
      { id: 'Idle-GGUF', contextWindow: 40_960, contextWindowSource: 'trained-max' },
    ]);
    expect(await readModels()).toMatchObject({ lemonade: { baseUrl: `${fake.url}/api/v1`, auth: 'none' } });
    expect(fake.requests.map(({ path }) => path)).toEqual(['/api/v1/health', '/api/v1/models']);
  });

  it('"cloud models are left out with the reason"', async () => {
    const models = [
      { id: 'fireworks.glm', recipe: 'cloud', cloudProvider: 'fireworks' },
      { id: 'other.glm', recipe: 'cloud' },
    ];
    const { endpoint, report } = await scanFake('lemonade', startFakeLemonade({ models }));
    expect(endpoint.models).toEqual([]);
    expect(report.leftOut.map(({ reason }) => reason)).toEqual([
      'it runs in a cloud (fireworks), not on this machine',
      'it runs in a cloud, not on this machine',
    ]);
  });

  it('"emulators are named as what they are", also at the port of Ollama', async () => {
    const { endpoint } = await scanFake('ollama', startFakeLemonade());
    expect(endpoint).toMatchObject({ runtime: 'lemonade', provider: 'lemonade', state: 'up' });
  });

  it.each([
    [false, 'lemonade'],
    [true, null],
  ])(
    'with a key is auth-required and names LEMONADE_API_KEY (health locked: %s)',
    async (locksHealth, runtime) => {
      const { endpoint, readModels } = await scanFake(
        'lemonade',
        startFakeLemonade({ key: 'k', locksHealth }),
      );
      expect(endpoint).toMatchObject({ runtime, state: 'auth-required', models: [] });
      expect(endpoint.hint).toContain('LEMONADE_API_KEY');
      expect(await readModels()).toEqual({});
    },
  );

  const health = { status: 'ok', version: '1', websocket_port: 9_000, all_models_loaded: [] };
  it.each([
    ['a health of another kind', { ...health, all_models_loaded: true }, []],
    ['a health without its port for sockets', { ...health, websocket_port: undefined }, []],
    ['a list of another owner', health, [{ id: 'a', owned_by: 'somebody' }]],
    ['a list without owners', health, [{ id: 'a' }]],
  ])('is not told by %s', async (_what, body, data) => {
    const other = startFakeRuntime(({ path }) => ({
      body: path.endsWith('/health') ? body : { object: 'list', data },
    }));
    expect((await scanFake('lemonade', other)).endpoint).toMatchObject({
      runtime: null,
      state: 'wrong-service',
    });
  });

  it('does not stand in the way of a runtime that has its health, too', async () => {
    const other = startFakeRuntime((request) => {
      if (request.path === '/api/v1/health') return { body: health };
      return answerAsVllm({ ...request, route: request.route.replace('/api/v1/', '/v1/') }, {});
    });
    expect((await scanFake('lemonade', other)).endpoint).toMatchObject({ runtime: 'vllm', state: 'up' });
  });

  it.each([
    [{ LEMONADE_PORT: '8000' }, ['localhost:8000']],
    [{ LEMONADE_PORT: '8000', LEMONADE_HOST: '0.0.0.0' }, ['0.0.0.0:8000']],
    [{ LEMONADE_HOST: '192.168.1.5' }, ['192.168.1.5:13305']],
    [{ LEMONADE_PORT: '0' }, []],
  ])('is looked for where its variables say: %j', async (env, named) => {
    const found = await lemonade.findAddresses({ env, home: '/', readTextFile, defaultPorts: [13_305] });
    expect(found.map(({ host, port }) => `${host}:${port}`)).toEqual([...named, 'localhost:13305']);
  });
});

describe('"its child servers must not be listed twice"', () => {
  async function withChild() {
    const child = stopLater(await startFakeLlamaServer());
    const backendUrl = `http://127.0.0.1:${child.port}/v1`;
    const models = [{ id: 'Qwen3-8B-GGUF', loadedContext: 4_096, backendUrl }];
    const parent = stopLater(await startFakeLemonade({ models }));
    const rig = await startRig({ lemonade: [parent.port], llamacpp: [child.port] });
    return { ...rig, parent, child, report: await rig.discovery.scan() };
  }

  it('one endpoint, one provider, and the evidence of both', async () => {
    const { report, readModels, child } = await withChild();
    expect(report.endpoints).toMatchObject([{ runtime: 'lemonade', provider: 'lemonade', state: 'up' }]);
    expect(Object.keys((await readModels()) ?? {})).toEqual(['lemonade']);
    const asked = report.endpoints.flatMap(({ evidence }) => evidence.map(({ request }) => request));
    expect(asked).toContain(`GET ${child.url}/v1/models`);
  });

  it('and when the parent is gone, the child is what it is', async () => {
    const { parent, discovery } = await withChild();
    await parent.stop();
    const { endpoints } = await discovery.scan();
    const states = endpoints.map(({ runtime, state }) => `${runtime} ${state}`);
    expect(states.toSorted()).toEqual(['lemonade down', 'llamacpp up']);
  });
});

it('"whoever calls itself Lemonade erases no other provider" by the URLs that it claims', async () => {
  const other = stopLater(await startFakeVllm());
  const models = [{ id: 'x', loadedContext: 4_096, backendUrl: `${other.url}/v1` }];
  const claimant = stopLater(await startFakeLemonade({ models }));
  const { discovery, readModels } = await startRig({ lemonade: [claimant.port], vllm: [other.port] });
  await discovery.scan();
  expect(Object.keys((await readModels()) ?? {}).toSorted()).toEqual(['lemonade', 'vllm']);
});
