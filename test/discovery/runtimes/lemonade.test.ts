import { describe, expect, it } from 'vitest';
import { lemonade } from '../../../src/discovery/runtimes/lemonade.ts';
import { readTextFile } from '../../../src/platform/files.ts';
import { startFakeLemonade } from '../../helpers/fakes/lemonade.ts';
import { startFakeVllm } from '../../helpers/fakes/vllm.ts';
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

  it('is not told by a health of another kind', async () => {
    const other = startFakeRuntime(() => ({ body: { status: 'ok', version: '1', all_models_loaded: true } }));
    expect((await scanFake('lemonade', other)).endpoint).toMatchObject({
      runtime: null,
      state: 'wrong-service',
    });
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
    const child = stopLater(await startFakeVllm());
    const backendUrl = `http://127.0.0.1:${child.port}/v1`;
    const models = [{ id: 'Qwen3-8B-GGUF', loadedContext: 4_096, backendUrl }];
    const parent = stopLater(await startFakeLemonade({ models }));
    const rig = await startRig({ lemonade: [parent.port], vllm: [child.port] });
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
    expect(states.toSorted()).toEqual(['lemonade down', 'vllm up']);
  });
});
