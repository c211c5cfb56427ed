import { rm } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import type { DiscoveryReport } from '../../src/domain/runtime-state.ts';
import { createModelsJsonFile } from '../../src/discovery/models-json.ts';
import { runtimeById } from '../../src/discovery/runtimes/index.ts';
import { startFakeRuntime } from '../helpers/fake-runtime.ts';
import { startFakeLmStudio } from '../helpers/fake-lmstudio.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import { startFakeVllm } from '../helpers/fakes/vllm.ts';
import { startFakeTextGenerationWebui } from '../helpers/fakes/text-generation-webui.ts';
import { only, startRig, stopLater } from './rig.ts';

const QUICK = { tickMs: 20, refreshMs: 100, missMs: 10 };
const PATIENCE = { timeout: 15_000, interval: 10 };
const model = { name: 'llama3:chat' };

async function watch(intervals: object = QUICK) {
  const fake = stopLater(await startFakeOllama({ models: [model] }));
  const rig = await startRig({ ollama: [fake.port] }, { intervals });
  const reports: DiscoveryReport[] = [];
  rig.discovery.onChange((report) => reports.push(report));
  await rig.discovery.scan();
  rig.discovery.start();
  const becomes = (state: string) =>
    vi.waitFor(() => expect(only(rig.discovery.report()).state).toBe(state), PATIENCE);
  return { ...rig, fake, reports, becomes };
}

describe('the watcher', () => {
  it('notices a death, takes the provider out of models.json, and notices the return', async () => {
    const { fake, becomes, readModels, discovery, lines } = await watch();
    await fake.stop();
    await becomes('down');
    expect(only(discovery.report()).hint).toContain('ollama serve');
    await vi.waitFor(async () => expect(await readModels()).toEqual({}), PATIENCE);
    await fake.restart();
    await becomes('up');
    await vi.waitFor(async () => expect(await readModels()).toHaveProperty('ollama'), PATIENCE);
    expect(lines.map(({ level }) => level)).toEqual(['info', 'warn', 'info']);
  });

  it('with its own intervals notices a start and a death too', async () => {
    const { fake, becomes } = await watch({});
    await fake.stop();
    await becomes('down');
    await fake.restart();
    await becomes('up');
  });

  it('notices a runtime that hangs instead of refusing', async () => {
    const { fake, becomes } = await watch();
    fake.setFault('silent');
    await becomes('error');
    fake.setFault(null);
    await becomes('up');
  });

  it('forgives one miss', async () => {
    const { fake, reports, lines } = await watch({ tickMs: 20, refreshMs: 60_000, missMs: 10 });
    const before = fake.count('GET /api/version');
    fake.setFault('reset', 'GET /api/version', 1);
    await vi.waitFor(() => expect(fake.count('GET /api/version')).toBeGreaterThan(before + 3), PATIENCE);
    expect(reports).toHaveLength(1);
    expect(lines.map(({ level }) => level)).toEqual(['info']);
  });

  it('does not believe one list that failed', async () => {
    const { fake, reports } = await watch({ tickMs: 60_000, refreshMs: 50, missMs: 10 });
    fake.setFault('unavailable', 'GET /api/tags', 1);
    await vi.waitFor(() => expect(fake.count('GET /api/tags')).toBeGreaterThan(4), PATIENCE);
    expect(reports).toHaveLength(1);
    fake.setFault('unavailable', 'GET /api/tags');
    await vi.waitFor(() => expect(reports.at(-1)?.endpoints[0]?.state).toBe('error'), PATIENCE);
  });

  it('shows models that were pulled, removed or loaded', async () => {
    const { fake, discovery } = await watch();
    fake.setModels([model, { name: 'new:latest' }]);
    fake.setLoaded([{ name: 'new:latest', contextLength: 4_096 }]);
    await vi.waitFor(
      () =>
        expect(only(discovery.report()).models).toMatchObject([
          { id: 'llama3:chat' },
          { id: 'new:latest', contextWindowSource: 'loaded' },
        ]),
      PATIENCE,
    );
  });

  it('identifies again when the version changes', async () => {
    const { fake, discovery } = await watch({ tickMs: 20, refreshMs: 60_000 });
    fake.setVersion('0.33.0');
    await vi.waitFor(() => expect(only(discovery.report()).version).toBe('0.33.0'), PATIENCE);
    expect(fake.count('GET /api/extra/version')).toBe(2);
  });

  it('asks a runtime that is up one light question a tick, and nobody else anything', async () => {
    const { fake } = await watch({ tickMs: 20, refreshMs: 60_000 });
    fake.clearRequests();
    await vi.waitFor(() => expect(fake.requests.length).toBeGreaterThan(4), PATIENCE);
    expect([...new Set(fake.requests.map(({ route }) => route))]).toEqual(['GET /api/version']);
    expect(fake.peak('GET /api/version')).toBe(1);
  });

  it('repeats only the first question to a program that is not a runtime, until its answer changes', async () => {
    const fake = stopLater(await startFakeOllama({ models: [model] }));
    fake.setFault('html');
    const { discovery } = await startRig(
      { ollama: [fake.port] },
      { intervals: { tickMs: 20, refreshMs: 60_000 } },
    );
    await discovery.scan();
    discovery.start();
    // One examination asks no route twice, so four in a row are four ticks.
    await vi.waitFor(
      () => expect(fake.requests.slice(-4).map(({ route }) => route)).toEqual(Array(4).fill('GET /')),
      PATIENCE,
    );
    fake.setFault(null);
    await vi.waitFor(() => expect(only(discovery.report()).state).toBe('up'), PATIENCE);
  });

  it('notices that LM Studio has dropped its demand for a token, without asking an unknown route', async () => {
    const fake = stopLater(await startFakeLmStudio({ token: 'sk-lm-x', models: [{ key: 'a' }] }));
    const { discovery } = await startRig({ lmstudio: [fake.port] }, { intervals: QUICK });
    expect(only(await discovery.scan()).state).toBe('auth-required');
    discovery.start();
    fake.setToken(undefined);
    await vi.waitFor(() => expect(only(discovery.report()).state).toBe('up'), PATIENCE);
    expect(fake.unexpected).toEqual([]);
  });

  it('tells listeners only when something changed, and survives one that throws', async () => {
    const { fake, discovery, reports, becomes } = await watch();
    discovery.onChange(() => {
      throw new Error('listener');
    });
    expect(reports).toHaveLength(1);
    await discovery.scan();
    await vi.waitFor(() => expect(fake.count('GET /api/tags')).toBeGreaterThan(4), PATIENCE);
    expect(reports).toHaveLength(1);
    await fake.stop();
    await becomes('down');
    await vi.waitFor(() => expect(reports).toHaveLength(2), PATIENCE);
  });

  it('`since` moves only when the state changes', async () => {
    const { discovery, fake } = await watch({ tickMs: 60_000 });
    const first = only(discovery.report()).since;
    expect(only(await discovery.scan()).since).toBe(first);
    await fake.stop();
    const down = only(await discovery.scan());
    expect(down.state).toBe('down');
    expect(Date.parse(down.since)).toBeGreaterThanOrEqual(Date.parse(first));
  });

  it('"a deleted models.json is not written again" while watching, and is after an explicit scan', async () => {
    const { discovery, fake, path, readModels, becomes } = await watch();
    await rm(path);
    await fake.stop();
    await becomes('down');
    await fake.restart();
    await becomes('up');
    await discovery.scan();
    expect(await readModels()).toBeUndefined();
    await discovery.scan({ explicit: true });
    expect(await readModels()).toHaveProperty('ollama');
  });

  it('scans that overlap are one, and nothing happens after close', async () => {
    const { discovery, fake } = await watch({ tickMs: 60_000 });
    fake.clearRequests();
    const [one, two] = await Promise.all([discovery.scan(), discovery.scan()]);
    expect(one).toBe(two);
    expect(fake.count('GET /')).toBe(1);
    await discovery.close();
    fake.clearRequests();
    await discovery.scan();
    discovery.start();
    expect(fake.requests).toEqual([]);
  });

  it('keeps the id that models.json gives to an endpoint, over a new start', async () => {
    const one = stopLater(await startFakeOllama({ models: [model] }));
    const two = stopLater(await startFakeOllama({ models: [model] }));
    const first = await startRig({ ollama: [one.port, two.port] });
    await first.discovery.scan();
    expect(Object.keys((await first.readModels()) ?? {})).toEqual(['ollama', `ollama-${two.port}`]);
    const second = await startRig(
      { ollama: [two.port, one.port] },
      {
        modelsJson: createModelsJsonFile({
          path: first.path,
          clock: Date.now,
          log: { warn: () => undefined },
        }),
      },
    );
    const report = await second.discovery.scan();
    expect(report.endpoints.map(({ provider }) => provider)).toEqual([`ollama-${two.port}`, 'ollama']);
  });

  it('"lists again when something changed": the signature of the light answer', async () => {
    const fake = stopLater(await startFakeTextGenerationWebui({ model: 'one.gguf' }));
    const { discovery } = await startRig(
      { 'text-generation-webui': [fake.port] },
      { intervals: { tickMs: 20, refreshMs: 60_000 } },
    );
    expect(only(await discovery.scan()).models).toMatchObject([{ id: 'one.gguf' }]);
    discovery.start();
    const light = 'GET /v1/internal/model/info';
    const before = fake.count(light);
    await vi.waitFor(() => expect(fake.count(light)).toBeGreaterThan(before + 2), PATIENCE);
    fake.set({ model: 'two.gguf' });
    await vi.waitFor(
      () => expect(only(discovery.report()).models).toMatchObject([{ id: 'two.gguf' }]),
      PATIENCE,
    );
  });

  it('"hundreds of models cost no storm of requests": a few questions a refresh, none for a single model', async () => {
    const models = Array.from({ length: 200 }, (_, index) => ({ name: `m${index}:latest` }));
    const { fake, discovery } = await watch({ tickMs: 20, refreshMs: 50 });
    fake.setModels(models);
    await vi.waitFor(() => expect(only(discovery.report()).models).toHaveLength(200), PATIENCE);
    // Each model is asked about once in all, over as many refreshes as the time budget makes of it.
    const asked = () => fake.count('POST /api/show');
    await vi.waitFor(() => expect(asked()).toBeGreaterThan(200), PATIENCE);
    fake.clearRequests();
    await vi.waitFor(() => expect(fake.count('GET /api/tags')).toBeGreaterThan(5), PATIENCE);
    const lists = fake.count('GET /api/tags');
    const others = fake.requests.filter(({ route }) => route !== 'GET /api/version');
    expect(others.length).toBeLessThanOrEqual(4 * lists + 4);
    // Some that the budget had cut short may have been under way when the counting began; a storm has hundreds.
    expect(asked()).toBeLessThanOrEqual(8);
    expect(fake.peak('POST /api/show')).toBeLessThanOrEqual(2);
  });

  it('"one probe per endpoint at a time": a scan waits for the check that is under way', async () => {
    const { fake, discovery } = await watch({ tickMs: 10, refreshMs: 60_000, missMs: 5 });
    fake.clearRequests();
    fake.setFault('silent', 'GET /api/version', 2);
    await vi.waitFor(() => expect(fake.count('GET /api/version')).toBe(1), PATIENCE);
    await discovery.scan();
    const asked = fake.requests.map(({ route }) => route);
    // Both misses of the check end before the scan asks its first question.
    expect(asked.slice(0, 3)).toEqual(['GET /api/version', 'GET /api/version', 'GET /']);
  });

  it('"one probe per endpoint at a time", also when ticks, refreshes and scans fall together', async () => {
    const { fake, discovery } = await watch({ tickMs: 10, refreshMs: 15, missMs: 5 });
    fake.setDelay(30);
    fake.clearRequests();
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([discovery.scan(), discovery.recheck(), discovery.scan()]);
    }
    for (const route of ['GET /', 'GET /api/version', 'GET /api/tags']) expect(fake.peak(route)).toBe(1);
  });

  it('a program that is not a runtime is asked less and less often', async () => {
    const up = stopLater(await startFakeOllama({ models: [model] }));
    const decoy = stopLater(await startFakeOllama({ models: [model] }));
    decoy.setFault('html');
    const { discovery } = await startRig(
      { ollama: [up.port, decoy.port] },
      { intervals: { tickMs: 20, refreshMs: 60_000 } },
    );
    await discovery.scan();
    discovery.start();
    // The light question to the other endpoint counts the ticks.
    const ticks = () => up.count('GET /api/version');
    await vi.waitFor(() => expect(ticks()).toBeGreaterThan(20), PATIENCE);
    decoy.clearRequests();
    const before = ticks();
    await vi.waitFor(() => expect(ticks()).toBeGreaterThan(before + 24), PATIENCE);
    expect(decoy.requests.length).toBeLessThanOrEqual(6);
  });

  it('recheck learns at once of a start and of a new model, and examines nothing from the beginning', async () => {
    const { fake, discovery } = await watch({ tickMs: 60_000, refreshMs: 60_000 });
    fake.setModels([model, { name: 'new:latest' }]);
    fake.clearRequests();
    expect(only(await discovery.recheck()).models).toHaveLength(2);
    expect(fake.count('GET /')).toBe(0);
    await fake.stop();
    expect(only(await discovery.scan()).state).toBe('down');
    await fake.restart();
    expect(only(await discovery.recheck()).state).toBe('up');
  });

  it('recheck before the first scan is a scan, and nothing after close', async () => {
    const fake = stopLater(await startFakeOllama({ models: [model] }));
    const { discovery } = await startRig({ ollama: [fake.port] });
    expect(only(await discovery.recheck()).state).toBe('up');
    await discovery.close();
    fake.clearRequests();
    await discovery.recheck();
    expect(fake.requests).toEqual([]);
  });

  it('the name of discovery.endpoints is the name of the provider, and the literal that worked its host', async () => {
    const fake = stopLater(await startFakeOllama({ models: [model] }));
    const { discovery, readModels } = await startRig(
      {},
      { endpoints: [{ url: `http://localhost:${fake.port}`, name: 'Under my desk' }] },
    );
    expect(only(await discovery.scan())).toMatchObject({ name: 'Under my desk', provider: 'ollama' });
    expect(await readModels()).toMatchObject({
      ollama: { name: 'Under my desk', baseUrl: `http://127.0.0.1:${fake.port}/v1` },
    });
  });

  it('"two instances get <id> and <id>-<port>, stable over restarts", also when the first is away for a while', async () => {
    const one = stopLater(await startFakeOllama({ models: [model] }));
    const two = stopLater(await startFakeOllama({ models: [model] }));
    const first = await startRig({ ollama: [one.port, two.port] });
    await first.discovery.scan();
    await one.stop();
    await first.discovery.scan();
    const later = () =>
      startRig(
        { ollama: [one.port, two.port] },
        {
          modelsJson: createModelsJsonFile({
            path: first.path,
            clock: Date.now,
            log: { warn: () => undefined },
          }),
        },
      );
    const second = await later();
    await second.discovery.scan();
    await one.restart();
    await second.discovery.scan();
    const ids = (await second.discovery.scan()).endpoints.map(({ provider }) => provider);
    expect(ids).toEqual(['ollama', `ollama-${two.port}`]);
    const third = await later();
    const again = (await third.discovery.scan()).endpoints.map(({ provider }) => provider);
    expect(again).toEqual(ids);
  });

  it('"stable over restarts", also when both were away and the other comes back first', async () => {
    const one = stopLater(await startFakeOllama({ models: [model] }));
    const two = stopLater(await startFakeOllama({ models: [model] }));
    const first = await startRig({ ollama: [one.port, two.port] });
    await first.discovery.scan();
    await Promise.all([one.stop(), two.stop()]);
    await first.discovery.scan();
    expect(await first.readModels()).toEqual({});
    await two.restart();
    const modelsJson = createModelsJsonFile({
      path: first.path,
      clock: Date.now,
      log: { warn: () => undefined },
    });
    const second = await startRig({ ollama: [two.port, one.port] }, { modelsJson });
    await second.discovery.scan();
    await one.restart();
    const report = await second.discovery.scan();
    expect(report.endpoints.map(({ provider }) => provider)).toEqual([`ollama-${two.port}`, 'ollama']);
  });

  it('an endpoint that is away is still what it was: its id goes to nobody else, its hint is of its runtime', async () => {
    const one = stopLater(await startFakeVllm());
    const two = stopLater(await startFakeVllm());
    await two.stop();
    const { discovery } = await startRig(
      { nim: [one.port], vllm: [one.port] },
      { endpoints: [{ url: `http://127.0.0.1:${two.port}` }] },
    );
    const scanned = async () => (await discovery.scan()).endpoints;
    expect(await scanned()).toMatchObject([
      { state: 'up', runtime: 'vllm', provider: 'vllm' },
      { state: 'down', runtime: null, provider: null },
    ]);
    await one.stop();
    const [away] = await scanned();
    expect(away).toMatchObject({ state: 'down', runtime: 'vllm', provider: 'vllm' });
    expect(away?.hint).toBe(runtimeById('vllm')?.startHint);
    await two.restart();
    expect(await scanned()).toMatchObject([{ provider: 'vllm' }, { provider: `vllm-${two.port}` }]);
    await one.restart();
    await two.stop();
    expect(await scanned()).toMatchObject([
      { state: 'up', provider: 'vllm' },
      { state: 'down', runtime: 'vllm', provider: `vllm-${two.port}` },
    ]);
  });
});

describe('"a runtime that was replaced on its port" is told', () => {
  const row = (id: string) => ({ id, object: 'model' });

  /** A Jan whose port a server with any list takes over. */
  async function watchJan(intervals: object, list: readonly object[]) {
    let isReplaced = false;
    const fake = stopLater(
      await startFakeRuntime(({ path }) => {
        if (path === '/v1/models') return { body: { object: 'list', data: list } };
        if (path === '/openapi.json' && !isReplaced) return { body: { info: { title: 'Jan' } } };
        return { status: 404 };
      }),
    );
    const rig = await startRig({ jan: [fake.port] }, { intervals });
    await rig.discovery.scan();
    rig.discovery.start();
    expect(only(rig.discovery.report())).toMatchObject({ runtime: 'jan', state: 'up' });
    isReplaced = true;
    return { ...rig, fake };
  }

  it('by every sixth refresh, even where its light answer stays the same', async () => {
    const { discovery, readModels } = await watchJan({ tickMs: 60_000, refreshMs: 20 }, [row('mine')]);
    await vi.waitFor(() => expect(only(discovery.report()).state).toBe('wrong-service'), PATIENCE);
    await vi.waitFor(async () => expect(await readModels()).toEqual({}), PATIENCE);
  });

  it('after a miss', async () => {
    const list = [{ ...row('mine'), owned_by: 'user' }];
    const { discovery, fake } = await watchJan({ tickMs: 20, refreshMs: 60_000, missMs: 10 }, list);
    fake.setFault('reset', 'GET /v1/models', 1);
    await vi.waitFor(() => expect(only(discovery.report()).state).toBe('wrong-service'), PATIENCE);
  });

  it('by a list that changed', async () => {
    let owned = [{ ...row('mine'), owned_by: 'user' }];
    let title = 'Jan';
    const fake = stopLater(
      await startFakeRuntime(({ path }) =>
        path === '/openapi.json' ? { body: { info: { title } } } : { body: { object: 'list', data: owned } },
      ),
    );
    const { discovery } = await startRig(
      { jan: [fake.port] },
      { intervals: { tickMs: 20, refreshMs: 60_000 } },
    );
    await discovery.scan();
    discovery.start();
    const before = fake.count('GET /v1/models');
    await vi.waitFor(() => expect(fake.count('GET /v1/models')).toBeGreaterThan(before + 2), PATIENCE);
    title = 'Another';
    owned = [{ ...row('other'), owned_by: 'user' }];
    await vi.waitFor(() => expect(only(discovery.report()).state).toBe('wrong-service'), PATIENCE);
  });

  it('by a list that demands a key at the base URL of an Ollama, though its own list stays open', async () => {
    const { fake, discovery, readModels } = await watch({ tickMs: 60_000, refreshMs: 60_000 });
    fake.setRoute('GET /v1/models', { status: 401, body: { error: 'no key' } });
    const before = fake.count('GET /');
    await discovery.recheck();
    expect(only(discovery.report())).toMatchObject({ state: 'auth-required', runtime: 'ollama' });
    expect(fake.count('GET /')).toBe(before);
    expect(await readModels()).toEqual({});
  });
});
