import { describe, expect, it } from 'vitest';
import { tabbyApi } from '../../../src/discovery/runtimes/tabbyapi.ts';
import { startFakeTabbyApi } from '../../helpers/fakes/tabbyapi.ts';
import { stopLater } from '../rig.ts';
import { fixture, scanAs, startReplay } from './replay.ts';

const FOLDER = 'tabbyapi/2025-from-source';
const service = { 'GET /.well-known/serviceinfo': fixture(`${FOLDER}/serviceinfo.json`) };
const open = {
  ...service,
  'GET /v1/models': fixture(`${FOLDER}/v1-models.json`),
  'GET /v1/model': fixture(`${FOLDER}/v1-model.json`),
  'GET /props': fixture(`${FOLDER}/props.json`),
};

describe('TabbyAPI', () => {
  it('with its keys on, as by default, is auth-required with the file of the key', async () => {
    const noKey = fixture(`${FOLDER}/no-key.json`, 401);
    const fake = await startReplay({ ...service, 'GET /v1/models': noKey, 'GET /v1/model': noKey });
    const { endpoint, readModels } = await scanAs('tabbyapi', fake);
    expect(endpoint).toMatchObject({ state: 'auth-required', runtime: 'tabbyapi', models: [] });
    expect(endpoint.hint).toMatch(/api_tokens\.yml.*disable_auth/);
    expect(await readModels()).toEqual({});
  });

  it('lists the loaded model with its context and eyes, and tells why the others are left out', async () => {
    const { endpoint, report } = await scanAs('tabbyapi', await startReplay(open));
    expect(endpoint).toMatchObject({ state: 'up', runtime: 'tabbyapi' });
    expect(endpoint.models).toMatchObject([
      {
        id: 'Qwen2.5-VL-7B-exl2',
        input: ['text', 'image'],
        contextWindow: 32_768,
        contextWindowSource: 'loaded',
      },
    ]);
    expect(report.leftOut.map(({ model, reason }) => [model, reason.slice(0, 16)])).toEqual([
      ['gpt-3.5-turbo', 'it is not loaded'],
      ['Llama-3.1-8B-exl3', 'it is not loaded'],
    ]);
  });

  it('with nothing loaded offers no model', async () => {
    const routes = { ...open, 'GET /v1/model': fixture(`${FOLDER}/nothing-loaded.json`, 503) };
    const { endpoint, report, readModels } = await scanAs('tabbyapi', await startReplay(routes));
    expect(endpoint).toMatchObject({ state: 'up', models: [] });
    expect(report.leftOut).toHaveLength(3);
    expect(await readModels()).toMatchObject({ tabbyapi: { models: [] } });
  });

  it('is listed as it says where it does not tell which model is loaded', async () => {
    const { 'GET /v1/model': _card, ...routes } = open;
    const { endpoint } = await scanAs('tabbyapi', await startReplay(routes));
    expect(endpoint.models).toHaveLength(3);
    expect(endpoint.models[0]).toMatchObject({ contextWindow: 4_096, contextWindowSource: 'assumed' });
  });

  it('"writes no error line in a log where avoidable": an empty list asks nothing more', async () => {
    const fake = stopLater(await startFakeTabbyApi({ apiKey: null, loaded: null }));
    expect((await scanAs('tabbyapi', fake)).endpoint).toMatchObject({ state: 'up', models: [] });
    expect(fake.loggedErrors).toEqual([]);
  });

  it('is neither KoboldCpp nor llama-server, both of which it imitates', async () => {
    const fake = stopLater(await startFakeTabbyApi({ apiKey: null }));
    for (const expected of ['koboldcpp', 'llamacpp'] as const) {
      expect((await scanAs(expected, fake)).endpoint).toMatchObject({ state: 'up', runtime: 'tabbyapi' });
    }
  });

  it('is not a server whose service document names another program', async () => {
    const other = { body: { software: { name: 'Aphrodite Engine' } } };
    const fake = await startReplay({ ...open, 'GET /.well-known/serviceinfo': other });
    expect((await scanAs('tabbyapi', fake)).endpoint).toMatchObject({
      state: 'wrong-service',
      runtime: null,
    });
  });

  it.each([
    [{ TABBY_NETWORK_PORT: '5055' }, [5_055, 5_000]],
    [{ TABBY_NETWORK_PORT: 'x' }, [5_000]],
    [{}, [5_000]],
  ])('is looked for where %j says, and at its default port', async (env, ports) => {
    const found = await tabbyApi.findAddresses({
      env,
      home: '/',
      readTextFile: async () => ({ kind: 'missing' }) as const,
      defaultPorts: [5_000],
    });
    expect(found.map(({ port }) => port)).toEqual(ports);
  });
});
