import { describe, expect, it } from 'vitest';
import { localAi } from '../../../src/discovery/runtimes/localai.ts';
import { readTextFile } from '../../../src/platform/files.ts';
import { startFakeLocalAi } from '../../helpers/fakes/localai.ts';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { scanFake } from './scan-fake.ts';

describe('LocalAI', () => {
  it('"emulators of Ollama\'s API are named as what they are", also at the port of Ollama', async () => {
    const { endpoint, readModels, fake } = await scanFake('ollama', startFakeLocalAi());
    expect(endpoint).toMatchObject({
      runtime: 'localai',
      provider: 'localai',
      state: 'up',
      version: 'v3.8.0',
      models: [{ id: 'gemma-3-4b-it', contextWindow: 4_096, contextWindowSource: 'assumed' }],
    });
    expect(await readModels()).toMatchObject({ localai: { baseUrl: `${fake.url}/v1`, auth: 'none' } });
  });

  it('leaves out what is no chat model, by its capabilities', async () => {
    const { report } = await scanFake(
      'localai',
      startFakeLocalAi({
        models: [
          { id: 'my-embedder-that-chats', capabilities: ['chat', 'embeddings'] },
          { id: 'plain-name', capabilities: ['embeddings'] },
          { id: 'voice', capabilities: ['tts'] },
        ],
      }),
    );
    expect(report.leftOut.map(({ model, reason }) => [model, reason])).toEqual([
      ['plain-name', 'it makes embeddings only'],
      ['voice', 'it is no chat model, but for tts'],
    ]);
  });

  it('of older servers, which tell names alone, is judged by the names', async () => {
    const models = [{ id: 'llama' }, { id: 'nomic-embed' }];
    const { endpoint, report } = await scanFake(
      'localai',
      startFakeLocalAi({ models, listsCapabilities: false }),
    );
    expect(endpoint.models.map(({ id }) => id)).toEqual(['llama']);
    expect(report.leftOut).toMatchObject([{ model: 'nomic-embed' }]);
  });

  it('"/.well-known/localai.json is public even with keys": with one it is auth-required', async () => {
    const { endpoint, readModels } = await scanFake('localai', startFakeLocalAi({ key: 'k' }));
    expect(endpoint).toMatchObject({ runtime: 'localai', state: 'auth-required', version: 'v3.8.0' });
    expect(endpoint.hint).toContain('LOCALAI_API_KEY');
    expect(await readModels()).toEqual({});
  });

  it('that is starting is loading', async () => {
    const { endpoint } = await scanFake('localai', startFakeLocalAi({ isReady: false }));
    expect(endpoint).toMatchObject({ runtime: 'localai', state: 'loading' });
  });

  it.each([{}, { version: 'v3' }, { version: 3, endpoints: {} }, { endpoints: {} }, [], 'v3'])(
    'is not told by another document: %j',
    async (body) => {
      const other = startFakeRuntime(({ path }) =>
        path.startsWith('/.well-known') ? { body } : { body: { data: [] } },
      );
      expect((await scanFake('localai', other)).endpoint.runtime).toBe(null);
    },
  );

  it.each([
    [{ LOCALAI_ADDRESS: ':9090', ADDRESS: ':9091' }, [':9090']],
    [{ ADDRESS: '0.0.0.0:9091' }, ['0.0.0.0:9091']],
    [{ LOCALAI_ADDRESS: '[::1]:9092' }, ['::1:9092']],
    [{ ADDRESS: '1 Main Street' }, []],
    [{ LOCALAI_ADDRESS: ':99999' }, []],
  ])('is looked for where its variables say: %j', async (env, named) => {
    const found = await localAi.findAddresses({ env, home: '/', readTextFile, defaultPorts: [8_080] });
    expect(found.map(({ host, port }) => `${host}:${port}`)).toEqual([...named, 'localhost:8080']);
  });
});
