import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createInquiry } from '../../../src/discovery/inquiry.ts';
import { createProbe } from '../../../src/discovery/probe.ts';
import { mlxLm } from '../../../src/discovery/runtimes/mlx-lm.ts';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { startFakeMlxLm } from '../../helpers/fakes/mlx-lm.ts';
import { only, startRig, stopLater } from '../rig.ts';

async function scanFake(options: Parameters<typeof startFakeMlxLm>[0] = {}) {
  const fake = stopLater(await startFakeMlxLm(options));
  const rig = await startRig({ 'mlx-lm': [fake.port] });
  const report = await rig.discovery.scan();
  return { ...rig, fake, report, endpoint: only(report) };
}

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/mlx-lm/d78bf58-from-source/${name}.json`, import.meta.url), 'utf8');

describe('the server of MLX-LM is found', () => {
  it('as its source has it', async () => {
    const headers = { server: 'BaseHTTP/0.6 Python/3.12.4', 'content-type': 'application/json' };
    const fake = stopLater(
      await startFakeRuntime(({ path }) => ({
        headers,
        body: fixture(path === '/health' ? 'health' : 'v1-models'),
      })),
    );
    const { discovery } = await startRig({ 'mlx-lm': [fake.port] });
    expect(only(await discovery.scan())).toMatchObject({
      runtime: 'mlx-lm',
      models: [{ id: 'mlx-community/Qwen3-4B-4bit' }],
    });
  });

  it('by all of its traits together; it tells no window, so the guess is called one', async () => {
    const { endpoint, report, fake, readModels } = await scanFake({
      models: ['mlx-community/Qwen3-4B-4bit', 'mlx-community/bge-m3', '/Users/me/models/mine'],
    });
    expect(endpoint).toMatchObject({ runtime: 'mlx-lm', provider: 'mlx-lm', state: 'up', version: null });
    expect(endpoint.models).toMatchObject([
      { id: 'mlx-community/Qwen3-4B-4bit', contextWindow: 4_096, contextWindowSource: 'assumed' },
      { id: '/Users/me/models/mine' },
    ]);
    expect(report.leftOut).toMatchObject([{ model: 'mlx-community/bge-m3' }]);
    expect(await readModels()).toMatchObject({ 'mlx-lm': { baseUrl: `${fake.url}/v1`, auth: 'none' } });
  });

  it('and is asked for its list and its health once each', async () => {
    const { fake } = await scanFake();
    const ownQuestions = fake.requests.slice(0, 2).map(({ route }) => route);
    expect(ownQuestions).toEqual(['GET /v1/models', 'GET /health']);
    expect(fake.requests).toHaveLength(2);
  });
});

describe('a stranger', () => {
  it('whose list is of another kind is not asked for its health', async () => {
    const fake = stopLater(await startFakeMlxLm({ server: 'uvicorn' }));
    const probe = createProbe({ clock: Date.now });
    onTestFinished(() => probe.close());
    expect((await mlxLm.identify(createInquiry(probe, fake.url))).kind).toBe('not-this');
    expect(fake.requests.map(({ route }) => route)).toEqual(['GET /v1/models']);
  });
});

describe('what lacks one trait is not MLX-LM: "only together"', () => {
  it.each([
    ['another server header', { server: 'Werkzeug/3.0 Python/3.12.4' }],
    ['no server header', { server: '' }],
    ['an owner', { ownedBy: 'me' }],
    ['another health answer', { health: '{"status": "ok", "uptime": 3}' }],
    ['health that is no JSON', { health: 'OK' }],
    ['no models, so nothing that could be without an owner', { models: [] }],
  ])('%s', async (_what, options) => {
    const { endpoint, readModels } = await scanFake(options);
    expect(endpoint).toMatchObject({ state: 'wrong-service', runtime: null, models: [] });
    expect(await readModels()).toEqual({});
  });
});
