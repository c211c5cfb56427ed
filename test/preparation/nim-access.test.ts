import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askNimAccess, type NimAccessWatch, watchNimAccess } from '../../src/preparation/nim-access.ts';
import type { KeylessAccess } from '../../src/resolution/catalog/own-catalog.ts';
import { type FakeNim, startFakeNim } from '../helpers/fake-nim.ts';
import { freePort } from '../helpers/free-port.ts';

let nim: FakeNim;
let watch: NimAccessWatch | undefined;
beforeEach(async () => {
  nim = await startFakeNim({ behaviour: 'open' });
});
afterEach(async () => {
  watch?.close();
  watch = undefined;
  await nim.stop();
});

describe('askNimAccess', () => {
  it('says what an unauthenticated list came to, and asks with no credential', async () => {
    const env = { JAATO_NIM_BASE_URL: nim.baseUrl, NVIDIA_API_KEY: 'nvapi-canary' };
    expect(await askNimAccess(env)).toBe('open');
    for (const behaviour of ['keyed', 'public-list'] as const) {
      nim.behaviour = behaviour;
      expect(await askNimAccess(env), behaviour).toBe('wants-key');
    }
    nim.behaviour = 'html-404';
    expect(await askNimAccess(env)).toBe('unknown');
    expect(nim.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    expect(new Set(nim.seen.map(({ body }) => body))).toEqual(new Set(['', '{}']));
  });

  it('asks nobody where the service is the hosted one, or the address cannot be used', async () => {
    const never = () => Promise.reject(new Error('asked'));
    expect(await askNimAccess({}, never)).toBe('unknown');
    expect(await askNimAccess({ JAATO_NIM_BASE_URL: 'https://integrate.api.nvidia.com/v1' }, never)).toBe(
      'unknown',
    );
    expect(await askNimAccess({ JAATO_NIM_BASE_URL: 'file:///etc' }, never)).toBe('unknown');
  });
});

describe('watchNimAccess', () => {
  it('takes auth none back when the server begins to want a key, and keeps the verdict while it is away', async () => {
    const seen: KeylessAccess[] = [];
    const env = { JAATO_NIM_BASE_URL: nim.baseUrl };
    watch = watchNimAccess({
      env: () => env,
      first: 'open',
      everyMs: 10,
      onChange: (access) => seen.push(access),
    });
    nim.behaviour = 'keyed';
    await vi.waitFor(() => expect(seen).toEqual(['wants-key']), 15_000);
    nim.behaviour = 'html-404';
    const before = nim.seen.length;
    await vi.waitFor(() => expect(nim.seen.length).toBeGreaterThan(before + 3), 15_000);
    expect(seen).toEqual(['wants-key']);
    nim.behaviour = 'open';
    await vi.waitFor(() => expect(seen).toEqual(['wants-key', 'open']), 15_000);
  });

  it('asks at once when the variables lead elsewhere, and forgets the verdict on the server before', async () => {
    const seen: KeylessAccess[] = [];
    let baseUrl = nim.baseUrl;
    watch = watchNimAccess({
      env: () => ({ JAATO_NIM_BASE_URL: baseUrl }),
      first: 'open',
      everyMs: 3_600_000,
      onChange: (access) => seen.push(access),
    });
    watch.envChanged();
    baseUrl = `http://127.0.0.1:${await freePort()}/v1`;
    watch.envChanged();
    expect(seen, 'at once, so that no key goes there by the old verdict').toEqual(['unknown']);
    baseUrl = nim.baseUrl;
    nim.behaviour = 'keyed';
    watch.envChanged();
    await vi.waitFor(() => expect(seen).toEqual(['unknown', 'wants-key']), 15_000);
  });
});
