import { describe, expect, it } from 'vitest';
import { textGenerationWebui } from '../../../src/discovery/runtimes/text-generation-webui.ts';
import { startFakeTabbyApi } from '../../helpers/fakes/tabbyapi.ts';
import { startFakeTextGenerationWebui } from '../../helpers/fakes/text-generation-webui.ts';
import { only, startRig, stopLater } from '../rig.ts';
import { fixture, routesOf, scanAs, startReplay } from './replay.ts';

const ID = 'text-generation-webui';
const FOLDER = 'text-generation-webui/3-from-source';
const INFO = 'GET /v1/internal/model/info';
const info = { [INFO]: fixture(`${FOLDER}/model-info.json`) };
const list = { 'GET /v1/models': fixture(`${FOLDER}/v1-models.json`) };

describe('text-generation-webui', () => {
  it('is up with the loaded model; its window is assumed, as nothing tells it', async () => {
    const fake = await startReplay({ ...info, ...list });
    const { endpoint, readModels } = await scanAs(ID, fake);
    expect(endpoint).toMatchObject({ state: 'up', runtime: ID, provider: ID });
    expect(endpoint.models).toMatchObject([
      { id: 'Qwen3-8B-Q4_K_M.gguf', contextWindow: 4_096, contextWindowSource: 'assumed' },
    ]);
    expect(await readModels()).toMatchObject({ [ID]: { baseUrl: `${fake.url}/v1`, auth: 'none' } });
  });

  it('leaves out names that only stand for the loaded model', async () => {
    const routes = { ...info, 'GET /v1/models': fixture(`${FOLDER}/v1-models-2024.json`) };
    const { endpoint, report } = await scanAs(ID, await startReplay(routes));
    expect(endpoint.models.map(({ id }) => id)).toEqual(['Qwen3-8B-Q4_K_M.gguf']);
    expect(report.leftOut.map(({ model }) => model)).toEqual(['gpt-3.5-turbo', 'text-embedding-ada-002']);
  });

  it('is up without a model while nothing is loaded', async () => {
    const routes = {
      [INFO]: fixture(`${FOLDER}/model-info-empty.json`),
      'GET /v1/models': fixture(`${FOLDER}/v1-models-empty.json`),
    };
    expect((await scanAs(ID, await startReplay(routes))).endpoint).toMatchObject({ state: 'up', models: [] });
  });

  it('with a key is auth-required under its own name, told by the description of its API', async () => {
    const noKey = fixture(`${FOLDER}/no-key.json`, 401);
    const fake = await startReplay({
      [INFO]: noKey,
      'GET /v1/models': noKey,
      'GET /openapi.json': fixture(`${FOLDER}/openapi.json`),
    });
    const { endpoint, readModels } = await scanAs(ID, fake);
    expect(endpoint).toMatchObject({ state: 'auth-required', runtime: ID, models: [] });
    expect(endpoint.hint).toContain('--api-key');
    expect(await readModels()).toEqual({});
  });

  it('"fail closed": a 401 alone does not name it, but is never shown as down', async () => {
    const fake = stopLater(await startFakeTextGenerationWebui({ apiKey: 'k', describesItself: false }));
    expect((await scanAs(ID, fake)).endpoint).toMatchObject({ state: 'auth-required', runtime: null });
  });

  it('is not a server with a key that describes another API', async () => {
    const noKey = fixture(`${FOLDER}/no-key.json`, 401);
    const description = { body: { info: { title: 'FastAPI' }, paths: { '/v1/models': {} } } };
    const fake = await startReplay({ [INFO]: noKey, 'GET /openapi.json': description });
    expect((await scanAs(ID, fake)).endpoint).toMatchObject({ state: 'auth-required', runtime: null });
  });

  it('is not a server whose answer lacks one of the three keys', async () => {
    const fake = await startReplay({ [INFO]: { body: { model_name: 'x', loader: 'y' } }, ...list });
    expect((await scanAs(ID, fake)).endpoint).toMatchObject({ state: 'wrong-service', runtime: null });
  });

  it('shares port 5000 with TabbyAPI: each is told at the same endpoint and disturbed by nobody', async () => {
    const tabby = stopLater(await startFakeTabbyApi({ apiKey: null }));
    const webui = stopLater(await startFakeTextGenerationWebui());
    for (const [fake, id] of [
      [tabby, 'tabbyapi'],
      [webui, ID],
    ] as const) {
      const { discovery } = await startRig({ tabbyapi: [fake.port], [ID]: [fake.port] });
      expect(only(await discovery.scan())).toMatchObject({ runtime: id });
    }
    expect(tabby.loggedErrors).toEqual([]);
    expect(routesOf(tabby)).not.toContain(INFO);
  });

  it.each([
    [{ OPENEDAI_PORT: '5005' }, [5_005, 5_000]],
    [{ OPENEDAI_PORT: '99999' }, [5_000]],
  ])('is looked for where %j says, and at its default port', async (env, ports) => {
    const found = await textGenerationWebui.findAddresses({
      env,
      home: '/',
      readTextFile: async () => ({ kind: 'missing' }) as const,
      defaultPorts: [5_000],
    });
    expect(found.map(({ port }) => port)).toEqual(ports);
  });
});
