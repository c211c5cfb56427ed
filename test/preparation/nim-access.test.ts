import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  askNimListWithKey,
  askNimServer,
  type NimAccessOptions,
  type NimAccessWatch,
  watchNimAccess,
} from '../../src/preparation/nim-access.ts';
import { createAsk } from '../../src/login/ask-provider.ts';
import { type NimServer, withOwnProviders } from '../../src/resolution/catalog/own-catalog.ts';
import { type FakeNim, startFakeNim } from '../helpers/fake-nim.ts';
import { freePort } from '../helpers/free-port.ts';
import { localEntry, NOW, profileStore, snapshotOf } from '../helpers/snapshot-fixture.ts';

const UNKNOWN: NimServer = { access: 'unknown', listed: null };
const WANTS_KEY: NimServer = { access: 'wants-key', listed: null };
const OPEN: NimServer = { access: 'open', listed: [{ id: 'my/own' }] };

/** Patient, on a machine that is busy. */
const ask = createAsk({ timeoutMs: 15_000, maxBytes: 1024 * 1024 });

let nim: FakeNim;
let watch: NimAccessWatch | undefined;
beforeEach(async () => {
  nim = await startFakeNim({ behaviour: 'open', models: ['my/own'] });
});
afterEach(async () => {
  watch?.close();
  watch = undefined;
  await nim.stop();
});

describe('askNimServer', () => {
  it('says what an unauthenticated list came to and holds, and asks with no credential', async () => {
    const env = { JAATO_NIM_BASE_URL: nim.baseUrl, NVIDIA_API_KEY: 'nvapi-canary' };
    expect(await askNimServer(env, ask)).toEqual(OPEN);
    nim.behaviour = 'public-list';
    expect(await askNimServer(env, ask)).toEqual({ ...OPEN, access: 'wants-key' });
    nim.behaviour = 'keyed';
    expect(await askNimServer(env, ask)).toEqual(WANTS_KEY);
    nim.behaviour = 'html-404';
    expect(await askNimServer(env, ask)).toEqual(UNKNOWN);
    expect(nim.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    expect(new Set(nim.seen.map(({ body }) => body))).toEqual(new Set(['', '{}']));
  });

  it('asks nobody where the service is the hosted one, or the address cannot be used', async () => {
    const never = () => Promise.reject(new Error('asked'));
    expect(await askNimServer({}, never)).toEqual(UNKNOWN);
    expect(await askNimServer({ JAATO_NIM_BASE_URL: 'https://integrate.api.nvidia.com/v1' }, never)).toEqual(
      UNKNOWN,
    );
    expect(await askNimServer({ JAATO_NIM_BASE_URL: 'file:///etc' }, never)).toEqual(UNKNOWN);
  });

  it('believes of a list what discovery believes: bounded, no foreign rows, each id once and fit to be shown', async () => {
    const env = { JAATO_NIM_BASE_URL: nim.baseUrl };
    nim.models = [
      { id: 'served', max_model_len: 4096 },
      { id: 'huge', max_model_len: -1 },
      'served/again',
      'served/again',
      'nv-embed-v1',
      'line\nbreak',
      'x'.repeat(300),
      { name: 'no id' },
      17,
    ];
    expect((await askNimServer(env, ask)).listed).toEqual([
      { id: 'served', contextWindow: 4096 },
      { id: 'huge' },
      { id: 'served/again' },
    ]);
    nim.models = Array.from({ length: 6_000 }, (_, index) => `model-${index}`);
    expect((await askNimServer(env, ask)).listed).toHaveLength(5_000);
    nim.models = [];
    expect(await askNimServer(env, ask)).toEqual({ access: 'open', listed: [] });
    nim.models = ['x'.repeat(2 * 1024 * 1024)];
    expect(await askNimServer(env, ask), 'an answer that is too large').toEqual(UNKNOWN);
  });
});

describe('askNimListWithKey', () => {
  const listFor = async (
    server: NimServer,
    env: Readonly<Record<string, string>> = {},
    parts: object = {},
  ) => {
    const variables = { JAATO_NIM_BASE_URL: nim.baseUrl, ...env };
    const catalog = withOwnProviders([], variables, server);
    return askNimListWithKey(await snapshotOf({ env: variables, catalog, ...parts }), NOW, ask);
  };
  const keys = () => nim.seen.flatMap(({ authorization }) => authorization ?? []);

  it('a server that wants a key lists its models to the key that a request would carry', async () => {
    nim.behaviour = 'keyed';
    expect(await listFor(WANTS_KEY, { NVIDIA_API_KEY: 'nvapi-good' })).toEqual(OPEN.listed);
    const ownStore = profileStore({ 'nim:default': { type: 'api_key', provider: 'nim', key: 'nvapi-good' } });
    expect(await listFor(WANTS_KEY, {}, { ownStore })).toEqual(OPEN.listed);
    const modelsJson = { nim: localEntry('http://127.0.0.1:9/v1', 'm') };
    expect(await listFor(WANTS_KEY, {}, { ownStore, modelsJson })).toEqual(OPEN.listed);
    expect(await listFor(WANTS_KEY, { NVIDIA_API_KEY: 'nvapi-wrong' })).toBeNull();
    expect(keys()).toHaveLength(4);
  });

  it('"a key goes to a server that asked for it": none before, none over http, none that is not there', async () => {
    expect(await listFor(UNKNOWN, { NVIDIA_API_KEY: 'nvapi-good' })).toBeNull();
    expect(await listFor(OPEN, { NVIDIA_API_KEY: 'nvapi-good' })).toBeNull();
    expect(await listFor(WANTS_KEY)).toBeNull();
    const elsewhere = { models: { providers: { nim: { baseUrl: 'https://integrate.api.nvidia.com/v1' } } } };
    expect(await listFor(WANTS_KEY, { NVIDIA_API_KEY: 'nvapi-good' }, { config: elsewhere })).toBeNull();
    expect(nim.seen).toEqual([]);
    const never = () => Promise.reject(new Error('asked'));
    for (const url of ['http://nim.public.invalid/v1', 'https://integrate.api.nvidia.com/v1']) {
      const env = { JAATO_NIM_BASE_URL: url, NVIDIA_API_KEY: 'nvapi-good' };
      const catalog = withOwnProviders([], env, WANTS_KEY);
      expect(await askNimListWithKey(await snapshotOf({ env, catalog }), NOW, never), url).toBeNull();
    }
  });
});

describe('watchNimAccess', () => {
  const start = (more: Partial<NimAccessOptions> = {}) => {
    const seen: NimServer[] = [];
    const env = { JAATO_NIM_BASE_URL: nim.baseUrl };
    watch = watchNimAccess({
      env: () => env,
      first: OPEN,
      everyMs: 10,
      ask,
      listWithKey: () => Promise.resolve(null),
      onChange: (server) => seen.push(server),
      ...more,
    });
    return seen;
  };

  it('takes auth none back when the server begins to want a key, and keeps what it said while it is away', async () => {
    const seen = start();
    nim.behaviour = 'keyed';
    await vi.waitFor(() => expect(seen).toEqual([{ ...OPEN, access: 'wants-key' }]), { timeout: 15_000 });
    nim.behaviour = 'html-404';
    const before = nim.seen.length;
    await vi.waitFor(() => expect(nim.seen.length).toBeGreaterThan(before + 3), { timeout: 15_000 });
    expect(seen).toHaveLength(1);
    nim.behaviour = 'open';
    await vi.waitFor(() => expect(seen.slice(1)).toEqual([OPEN]), { timeout: 15_000 });
  });

  it('a model that is loaded or gone is noticed', async () => {
    const seen = start();
    nim.models = ['my/own', 'my/other'];
    const listed = [{ id: 'my/own' }, { id: 'my/other' }];
    await vi.waitFor(() => expect(seen).toEqual([{ access: 'open', listed }]), { timeout: 15_000 });
  });

  it('asks at once when the variables lead elsewhere, and forgets what the server before said', async () => {
    let baseUrl = nim.baseUrl;
    const seen = start({ env: () => ({ JAATO_NIM_BASE_URL: baseUrl }), everyMs: 3_600_000 });
    watch?.changed();
    baseUrl = `http://127.0.0.1:${await freePort()}/v1`;
    watch?.changed();
    expect(seen, 'at once, so that no key goes there by the old verdict').toEqual([UNKNOWN]);
    baseUrl = nim.baseUrl;
    nim.behaviour = 'keyed';
    watch?.changed();
    await vi.waitFor(() => expect(seen).toEqual([UNKNOWN, WANTS_KEY]), { timeout: 15_000 });
  });

  it('asks with the key only once the server is known to want one, and again when there may be another key', async () => {
    nim.behaviour = 'keyed';
    let asked = 0;
    let opened: NimServer['listed'] = null;
    const seen = start({
      first: UNKNOWN,
      everyMs: 3_600_000,
      listWithKey: () => {
        asked += 1;
        return Promise.resolve(opened);
      },
    });
    await watch?.refresh();
    expect(seen).toEqual([WANTS_KEY]);
    expect(asked).toBe(0);
    await watch?.refresh();
    expect(asked).toBe(1);
    expect(seen).toHaveLength(1);
    opened = OPEN.listed;
    watch?.changed();
    await vi.waitFor(() => expect(seen.slice(1)).toEqual([{ access: 'wants-key', listed: opened }]), {
      timeout: 15_000,
    });
    watch?.changed();
    expect(asked, 'the list is known, so nothing has to be asked at once').toBe(2);
  });
});
