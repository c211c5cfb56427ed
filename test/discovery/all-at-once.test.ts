import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DiscoveryReport } from '../../src/domain/runtime-state.ts';
import { RUNTIMES } from '../../src/discovery/runtimes/index.ts';
import type { FakeRuntime } from '../helpers/fake-runtime.ts';
import { ALL_FAKES, type NamedFake } from '../helpers/fakes/index.ts';
import { routesOf } from './runtimes/replay.ts';
import { startRig, stopLater } from './rig.ts';

/** Runtimes that demand a key as they come. */
const KEYED = new Set(['jan', 'tabbyapi']);
/** Questions that one look may put to a runtime at its own port. */
const MOST_REQUESTS = 8;
/** Questions that one look may put to a runtime at a port that others share. */
const MOST_REQUESTS_SHARED = 16;

const stateOf = (id: string) => (KEYED.has(id) ? 'auth-required' : 'up');

interface Started extends NamedFake {
  readonly fake: FakeRuntime;
}

async function startAll(): Promise<readonly Started[]> {
  const started = await Promise.all(ALL_FAKES.map(async (one) => ({ ...one, fake: await one.start() })));
  onTestFinished(() => Promise.all(started.map(({ fake }) => fake.stop())).then(() => undefined));
  return started;
}

function statesOf({ endpoints }: DiscoveryReport): Record<string, string> {
  return Object.fromEntries(endpoints.map(({ url, runtime, state }) => [url, `${runtime} ${state}`]));
}

describe('all runtimes at once on their default ports', () => {
  it('one scan finds each of them, up or with its demand for a key', async () => {
    const all = await startAll();
    const ports = Object.fromEntries(all.map(({ id, fake }) => [id, [fake.port]]));
    const { discovery, readModels } = await startRig(ports);
    const wanted = Object.fromEntries(all.map(({ id, fake }) => [fake.url, `${id} ${stateOf(id)}`]));
    // Each scan is a whole one; on a busy machine the deadline of a probe may pass before its answer is read.
    await vi.waitFor(async () => expect(statesOf(await discovery.scan())).toEqual(wanted), 10_000);
    const written = Object.keys((await readModels()) ?? {}).sort();
    expect(written).toEqual(
      all
        .map(({ id }) => id)
        .filter((id) => !KEYED.has(id))
        .sort(),
    );
  });

  it('each is asked a handful of questions, and none twice', async () => {
    const all = await startAll();
    const ports = Object.fromEntries(all.map(({ id, fake }) => [id, [fake.port]]));
    const { discovery } = await startRig(ports);
    await discovery.scan();
    for (const { id, fake } of all) {
      expect(fake.requests.length, id).toBeLessThanOrEqual(MOST_REQUESTS);
      const asked = fake.requests.filter(({ method }) => method === 'GET').map(({ path }) => path);
      expect(new Set(asked).size, id).toBe(asked.length);
    }
  });

  it('"no unknown route is asked of LM Studio", which logs an error for each', async () => {
    const all = await startAll();
    const ports = Object.fromEntries(all.map(({ id, fake }) => [id, [fake.port]]));
    const { discovery } = await startRig(ports);
    const lmStudio = all.find(({ id }) => id === 'lmstudio');
    await vi.waitFor(async () => {
      await discovery.scan();
      expect(lmStudio && routesOf(lmStudio.fake)).toEqual([
        'GET /lmstudio-greeting',
        'GET /api/v1/models',
        'GET /v1/models',
      ]);
    }, 10_000);
  });

  it('none of them is asked to generate, to load or to change anything', async () => {
    const all = await startAll();
    const ports = Object.fromEntries(all.map(({ id, fake }) => [id, [fake.port]]));
    const { discovery } = await startRig(ports);
    await discovery.scan();
    const asked = all.flatMap(({ fake }) => fake.requests);
    expect(asked.filter(({ method, route }) => method !== 'GET' && route !== 'POST /api/show')).toEqual([]);
    expect(
      asked.filter(({ path }) => /generate|completions|load\b|props\?model=(?!.*autoload=false)/.test(path)),
    ).toEqual([]);
  });
});

describe('"a port alone proves nothing": each runtime at its port while all that share it are expected', () => {
  const neighbours = (id: string) => {
    const own = RUNTIMES.find((runtime) => runtime.id === id)?.defaultPorts ?? [];
    return RUNTIMES.filter(({ defaultPorts }) => defaultPorts.some((port) => own.includes(port)));
  };

  it.each(ALL_FAKES)('$id', async ({ id, ...named }) => {
    const fake = stopLater(await named.start());
    const ports = Object.fromEntries(neighbours(id).map((runtime) => [runtime.id, [fake.port]]));
    const { discovery } = await startRig(ports);
    const report = await discovery.scan();
    expect(statesOf(report)).toEqual({ [fake.url]: `${id} ${stateOf(id)}` });
    expect(fake.requests.length).toBeLessThanOrEqual(MOST_REQUESTS_SHARED);
  });
});
