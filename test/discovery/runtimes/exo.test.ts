import { describe, expect, it } from 'vitest';
import { startFakeExo } from '../../helpers/fakes/exo.ts';
import { routesOf, scanFake } from './scan-fake.ts';

describe('exo', () => {
  it('lists what is downloaded, of all that it knows', async () => {
    const { endpoint, fake } = await scanFake('exo', startFakeExo());
    expect(endpoint).toMatchObject({ runtime: 'exo', provider: 'exo', state: 'up' });
    expect(endpoint.models).toMatchObject([
      { id: 'mlx-community/Llama-3.2-1B-Instruct-4bit', contextWindow: 131_072, maxContextWindow: 131_072 },
    ]);
    expect(routesOf(fake)).toEqual(['GET /v1/models', 'GET /v1/models?status=downloaded']);
  });

  it('is up with nothing downloaded', async () => {
    const { endpoint } = await scanFake(
      'exo',
      startFakeExo({ models: [{ id: 'a/b', isDownloaded: false }] }),
    );
    expect(endpoint).toMatchObject({ runtime: 'exo', state: 'up', models: [] });
  });

  it('leaves out models for embeddings and for images, with the reason', async () => {
    const models = [
      { id: 'a/embedder', capabilities: ['embedding'], tasks: [] },
      { id: 'a/painter', tasks: ['TextToImage'] },
      { id: 'a/thinker', capabilities: ['text', 'thinking', 'vision'] },
    ];
    const { endpoint, report } = await scanFake('exo', startFakeExo({ models }));
    expect(endpoint.models).toMatchObject([{ id: 'a/thinker', reasoning: true, input: ['text', 'image'] }]);
    expect(report.leftOut.map(({ reason }) => reason)).toEqual([
      'it makes embeddings only',
      'it is no chat model, but for TextToImage',
    ]);
  });

  it('behind something that demands a key is auth-required', async () => {
    const fake = await startFakeExo();
    fake.setFault('unauthorized', 'GET /v1/models');
    const { endpoint } = await scanFake('exo', Promise.resolve(fake));
    expect(endpoint).toMatchObject({ state: 'auth-required', models: [] });
  });
});
