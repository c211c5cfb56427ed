import { describe, expect, it } from 'vitest';
import { jan } from '../../../src/discovery/runtimes/jan.ts';
import { startFakeJan } from '../../helpers/fakes/jan.ts';
import { stopLater } from '../rig.ts';
import { fixture, routesOf, scanAs, startReplay } from './replay.ts';

const FOLDER = 'jan/0.6-from-source';
const described = { 'GET /openapi.json': fixture(`${FOLDER}/openapi.json`) };

describe('Jan', () => {
  it('"key mandatory": is auth-required with the way to its key, and never written', async () => {
    const fake = await startReplay({
      ...described,
      'GET /v1/models': fixture(`${FOLDER}/no-key.txt`, 401),
    });
    const { endpoint, readModels } = await scanAs('jan', fake);
    expect(endpoint).toMatchObject({ state: 'auth-required', runtime: 'jan', provider: 'jan', models: [] });
    expect(endpoint.hint).toContain('Local API Server');
    expect(await readModels()).toEqual({});
  });

  it('"auth none is earned": is up only where the list comes without a key', async () => {
    const fake = await startReplay({ ...described, 'GET /v1/models': fixture(`${FOLDER}/v1-models.json`) });
    const { endpoint, report, readModels } = await scanAs('jan', fake);
    expect(endpoint).toMatchObject({ state: 'up', runtime: 'jan', version: null });
    expect(endpoint.models).toMatchObject([
      { id: 'Qwen3-4B-Q4_K_M', contextWindow: 4_096, contextWindowSource: 'assumed', input: ['text'] },
    ]);
    expect(report.leftOut).toEqual([
      { provider: 'jan', model: 'nomic-embed-text', reason: expect.stringContaining('embeddings') },
      { provider: 'jan', model: 'gpt-4o', reason: expect.stringContaining('hosted provider') },
    ]);
    expect(await readModels()).toMatchObject({ jan: { baseUrl: `${fake.url}/v1`, auth: 'none' } });
  });

  it('says which setting refuses the Host header', async () => {
    const fake = await startReplay({
      ...described,
      'GET /v1/models': fixture(`${FOLDER}/bad-host.txt`, 403),
    });
    const { endpoint } = await scanAs('jan', fake);
    expect(endpoint).toMatchObject({ state: 'error', runtime: 'jan' });
    expect(endpoint.hint).toContain('trusted hosts');
  });

  it.each([
    ['another title', { info: { title: "Jan's pizza API" } }],
    ['another program that shares its port', { info: { title: 'Atomic Chat API' } }],
    ['no title', { openapi: '3.0.0' }],
  ])('is not a program with %s', async (_what, description) => {
    const fake = await startReplay({
      'GET /openapi.json': { body: description },
      'GET /v1/models': fixture(`${FOLDER}/v1-models.json`),
    });
    const { endpoint, readModels } = await scanAs('jan', fake);
    expect(endpoint).toMatchObject({ state: 'wrong-service', runtime: null });
    expect(await readModels()).toEqual({});
  });

  it('is asked for its description and its list alone', async () => {
    const fake = stopLater(await startFakeJan());
    await scanAs('jan', fake);
    expect(routesOf(fake)).toEqual(['GET /openapi.json', 'GET /v1/models']);
  });

  it('listens at its default port, which nothing names', async () => {
    const sources = {
      env: {},
      home: '/',
      readTextFile: async () => ({ kind: 'missing' }) as const,
      defaultPorts: jan.defaultPorts,
    };
    expect(await jan.findAddresses(sources)).toMatchObject([{ host: 'localhost', port: 1_337 }]);
  });
});
