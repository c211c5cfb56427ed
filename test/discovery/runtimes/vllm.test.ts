import { describe, expect, it } from 'vitest';
import { startFakeNim } from '../../helpers/fakes/nim.ts';
import { startFakeVllm } from '../../helpers/fakes/vllm.ts';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { only, startRig, stopLater } from '../rig.ts';
import { routesOf, scanFake } from './scan-fake.ts';

describe('vLLM', () => {
  it('is told by the owner of its list and costs three questions', async () => {
    const { endpoint, fake, readModels } = await scanFake('vllm', startFakeVllm());
    expect(endpoint).toMatchObject({ runtime: 'vllm', provider: 'vllm', state: 'up', version: '0.19.1' });
    expect(routesOf(fake).toSorted()).toEqual(['GET /v1/metadata', 'GET /v1/models', 'GET /version']);
    expect(fake.requests).toHaveLength(3);
    expect(await readModels()).toMatchObject({ vllm: { baseUrl: `${fake.url}/v1`, auth: 'none' } });
  });

  it('serves an adapter with the window of its base model', async () => {
    const { endpoint } = await scanFake('vllm', startFakeVllm({ adapters: ['sql'], maxModelLength: 16_000 }));
    expect(endpoint.models.map(({ id, contextWindow }) => [id, contextWindow])).toEqual([
      ['Qwen/Qwen3-8B', 16_000],
      ['sql', 16_000],
    ]);
  });

  it('leaves out what its name calls a model for embeddings, with the reason', async () => {
    const { endpoint, report } = await scanFake(
      'vllm',
      startFakeVllm({ models: ['Qwen/Qwen3-Embedding-8B'] }),
    );
    expect(endpoint.models).toEqual([]);
    expect(report.leftOut).toMatchObject([{ model: 'Qwen/Qwen3-Embedding-8B', provider: 'vllm' }]);
  });

  it('"a public health route must not fool us": with a key it is auth-required, and named', async () => {
    const { endpoint, readModels } = await scanFake('vllm', startFakeVllm({ key: 'k' }));
    expect(endpoint).toMatchObject({ runtime: 'vllm', state: 'auth-required', version: '0.19.1' });
    expect(endpoint.hint).toContain('VLLM_API_KEY');
    expect(await readModels()).toEqual({});
  });

  it.each([
    ['with another owner', { object: 'list', data: [{ id: 'a', owned_by: 'vllm-mlx', max_model_len: 8 }] }],
    ['with a foreign row beside its own', { data: [{ id: 'a', owned_by: 'vllm' }, { id: 'b' }] }],
    ['that is empty', { object: 'list', data: [] }],
    ['that is null', { object: 'list', data: null }],
  ])('"a shape alone is wrong-service": a list %s', async (_what, body) => {
    const list = startFakeRuntime(({ path }) =>
      path === '/version'
        ? { body: { version: '0.19.1' } }
        : path === '/v1/models'
          ? { body }
          : { status: 404 },
    );
    const { endpoint, readModels } = await scanFake('vllm', list);
    expect(endpoint).toMatchObject({ runtime: null, state: 'wrong-service' });
    expect(endpoint.evidence.length).toBeGreaterThan(0);
    expect(await readModels()).toEqual({});
  });

  it.each([
    ['another server', { server: 'nginx' }, { error: 'Unauthorized' }, { version: '1' }],
    ['other words', { server: 'uvicorn' }, { error: 'Unauthorized', code: 1 }, { version: '1' }],
    ['a larger version', { server: 'uvicorn' }, { error: 'Unauthorized' }, { version: '1', commit: 'a' }],
  ])('is not told by its refusal alone: %s', async (_what, headers, refusal, version) => {
    const other = startFakeRuntime(({ path }) => {
      if (path === '/version') return { headers, body: version };
      return path.startsWith('/v1') ? { status: 401, headers, body: refusal } : { status: 404 };
    });
    expect((await scanFake('vllm', other)).endpoint).toMatchObject({ runtime: null, state: 'auth-required' });
  });

  it('gives way when a NIM container takes its port', async () => {
    const before = await startFakeVllm();
    const { discovery } = await startRig({ vllm: [before.port], nim: [before.port] });
    expect(only(await discovery.scan()).runtime).toBe('vllm');
    await before.stop();
    stopLater(await startFakeNim({ port: before.port }));
    // vLLM, which was there last, is asked first.
    expect(only(await discovery.scan())).toMatchObject({ runtime: 'nim', provider: 'nim', state: 'up' });
  });
});
