import { describe, expect, it, onTestFinished } from 'vitest';
import { createInquiry } from '../../../src/discovery/inquiry.ts';
import { createProbe } from '../../../src/discovery/probe.ts';
import { koboldCpp } from '../../../src/discovery/runtimes/koboldcpp.ts';
import { startFakeKoboldCpp } from '../../helpers/fakes/koboldcpp.ts';
import { startRig, stopLater } from '../rig.ts';
import { fixture, routesOf, scanAs, startReplay } from './replay.ts';

const FOLDER = 'koboldcpp/1.121-from-source';
const SERVER = { server: 'ConcedoLlamaForKoboldServer' };
const listed = {
  'GET /v1/models': fixture(`${FOLDER}/v1-models.json`),
  'GET /api/extra/true_max_context_length': fixture(`${FOLDER}/true-max-context.json`),
};
const version = { 'GET /api/extra/version': fixture(`${FOLDER}/version.json`) };

describe('KoboldCpp', () => {
  it('is up with the loaded context, the flag for images, and its version', async () => {
    const fake = await startReplay({ ...version, ...listed }, SERVER);
    const { endpoint, readModels } = await scanAs('koboldcpp', fake);
    expect(endpoint).toMatchObject({ state: 'up', runtime: 'koboldcpp', version: '1.121' });
    expect(endpoint.models).toMatchObject([
      {
        id: 'koboldcpp/gemma-3-4b-it-Q4_K_M',
        input: ['text', 'image'],
        contextWindow: 16_384,
        contextWindowSource: 'loaded',
      },
    ]);
    expect(await readModels()).toMatchObject({ koboldcpp: { baseUrl: `${fake.url}/v1`, auth: 'none' } });
  });

  it('"a public route must not fool us": with a password its list is public and it is auth-required', async () => {
    const fake = await startReplay(
      { 'GET /api/extra/version': fixture(`${FOLDER}/version-protected.json`), ...listed },
      SERVER,
    );
    const { endpoint, readModels } = await scanAs('koboldcpp', fake);
    expect(endpoint).toMatchObject({ state: 'auth-required', runtime: 'koboldcpp', models: [] });
    expect(endpoint.hint).toContain('--password');
    expect(await readModels()).toEqual({});
  });

  it('in router mode has a known context for the model that runs alone', async () => {
    const fake = await startReplay(
      { ...version, ...listed, 'GET /v1/models': fixture(`${FOLDER}/v1-models-router.json`) },
      SERVER,
    );
    const { endpoint } = await scanAs('koboldcpp', fake);
    expect(endpoint.models).toMatchObject([
      { contextWindow: 16_384, contextWindowSource: 'loaded' },
      { id: 'qwen3.kcpps', contextWindow: 4_096, contextWindowSource: 'assumed', input: ['text'] },
    ]);
  });

  it('without a text model lists nothing and says so', async () => {
    const fake = stopLater(await startFakeKoboldCpp({ model: null }));
    const { endpoint, report } = await scanAs('koboldcpp', fake);
    expect(endpoint).toMatchObject({ state: 'up', models: [] });
    expect(report.leftOut).toMatchObject([{ reason: 'no text model is loaded' }]);
  });

  it('is not one of the programs that give the short version answer in its name', async () => {
    const fake = await startReplay(
      { 'GET /api/extra/version': fixture(`${FOLDER}/version-imitated.json`), ...listed },
      { server: 'uvicorn' },
    );
    const { endpoint, readModels } = await scanAs('koboldcpp', fake);
    expect(endpoint).toMatchObject({ state: 'wrong-service', runtime: null });
    expect(await readModels()).toEqual({});
  });

  it('is itself in a version that did not tell of passwords yet, by its server header', async () => {
    const fake = await startReplay(
      { 'GET /api/extra/version': fixture(`${FOLDER}/version-imitated.json`), ...listed },
      SERVER,
    );
    expect((await scanAs('koboldcpp', fake)).endpoint).toMatchObject({ state: 'up', version: '1.61' });
  });

  it('"emulators of Ollama are named as what they are", also where Ollama is expected', async () => {
    const fake = await startReplay(
      {
        ...version,
        ...listed,
        'GET /': { body: 'Ollama is running' },
        'GET /api/version': fixture(`${FOLDER}/api-version.json`),
        'GET /api/tags': fixture(`${FOLDER}/api-tags.json`),
      },
      SERVER,
    );
    const { endpoint } = await scanAs('ollama', fake);
    expect(endpoint).toMatchObject({ state: 'up', runtime: 'koboldcpp', provider: 'koboldcpp' });
  });

  it('is asked three questions, and never the capped context', async () => {
    const fake = stopLater(await startFakeKoboldCpp());
    await scanAs('koboldcpp', fake);
    expect(routesOf(fake)).toEqual([
      'GET /api/extra/version',
      'GET /v1/models',
      'GET /api/extra/true_max_context_length',
    ]);
  });

  it('is looked at again when a password was set meanwhile', async () => {
    const fake = stopLater(await startFakeKoboldCpp());
    const probe = createProbe({ clock: Date.now });
    onTestFinished(() => probe.close());
    const alive = () => koboldCpp.isAlive(createInquiry(probe, fake.url));
    expect(await alive()).toMatchObject({ kind: 'alive', version: '1.121' });
    fake.set({ password: 'secret' });
    expect(await alive()).toEqual({ kind: 'changed' });
  });

  it('answers with a list only where it is told; a catch-all list is nothing', async () => {
    const fake = await startReplay(listed, SERVER);
    const { discovery } = await startRig({ koboldcpp: [fake.port] });
    expect((await discovery.scan()).endpoints).toMatchObject([{ state: 'wrong-service' }]);
  });
});
