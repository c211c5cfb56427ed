import { describe, expect, it } from 'vitest';
import { startFakeSglang } from '../../helpers/fakes/sglang.ts';
import { routesOf, scanFake } from './scan-fake.ts';

describe('SGLang', () => {
  it('"never SGLang\'s /health_generate": neither its health nor its server info is asked', async () => {
    const { endpoint, fake } = await scanFake('sglang', startFakeSglang());
    expect(endpoint).toMatchObject({
      runtime: 'sglang',
      provider: 'sglang',
      state: 'up',
      models: [
        { id: 'Qwen/Qwen3-8B', contextWindow: 40_960, contextWindowSource: 'loaded', input: ['text'] },
      ],
    });
    expect(routesOf(fake)).toEqual(['GET /v1/models', 'GET /model_info']);
  });

  it('takes images where it says so, also under the old name of the route', async () => {
    const { endpoint, fake } = await scanFake('sglang', startFakeSglang({ hasImages: true, isOld: true }));
    expect(endpoint.models).toMatchObject([{ input: ['text', 'image'] }]);
    expect(routesOf(fake)).toContain('GET /get_model_info');
  });

  it('serves an adapter with the window of its base model', async () => {
    const { endpoint } = await scanFake('sglang', startFakeSglang({ adapters: ['sql'] }));
    expect(endpoint.models.map(({ id, contextWindow }) => [id, contextWindow])).toEqual([
      ['Qwen/Qwen3-8B', 40_960],
      ['sql', 40_960],
    ]);
  });

  it('that makes embeddings lists no chat model', async () => {
    const { endpoint, report } = await scanFake('sglang', startFakeSglang({ isGeneration: false }));
    expect(endpoint).toMatchObject({ state: 'up', models: [] });
    expect(report.leftOut).toEqual([
      { provider: 'sglang', model: 'Qwen/Qwen3-8B', reason: 'it makes embeddings only' },
    ]);
  });

  it('"401 on the list is auth-required": with a key nothing is claimed and the flag is named', async () => {
    const { endpoint, fake, readModels } = await scanFake('sglang', startFakeSglang({ key: 'k' }));
    expect(endpoint).toMatchObject({ runtime: null, state: 'auth-required', models: [] });
    expect(endpoint.hint).toContain('--api-key');
    expect(routesOf(fake).some((route) => /^GET \/(?:health|(?:get_)?server_info)/.test(route))).toBe(false);
    expect(await readModels()).toEqual({});
  });
});
