/** Which profile is tried first: each rule of the order by name. */
import { describe, expect, it } from 'vitest';
import { findProfile, profilesFor } from '../../src/credentials/profile-order.ts';
import { profileSourceOf } from '../../src/credentials/profile-place.ts';
import type { ProfileConfig } from '../../src/credentials/profile-selection.ts';
import type { StorePlace } from '../../src/credentials/profile-store.ts';
import { key, NO_CONFIG, NOW, oauth, store, storesOf, token, textOf } from '../helpers/stored-profiles.ts';
import type { StoreFile } from '../helpers/stored-profiles.ts';

/** Ids in order, those that are left out marked with their code. */
function order(file: StoreFile, config: ProfileConfig = NO_CONFIG, place: StorePlace = 'moltbot'): string[] {
  return profilesFor(storesOf(store(place, file)), 'acme', config, NOW).map(({ profileId, state, reason }) =>
    state === 'excluded' ? `${profileId} (${reason})` : profileId,
  );
}

describe('which list counts', () => {
  const profiles = { a: key(), b: key(), c: key() };
  const cfg = { order: { acme: ['b'] }, profiles: { c: { provider: 'acme' } } };

  it('the store order beats cfg auth.order', () => {
    expect(order({ profiles, order: { acme: ['c', 'a'] } }, cfg)).toEqual([
      'c',
      'a',
      'b (excluded_by_auth_order)',
    ]);
  });

  it("cfg auth.order beats the provider's entries in cfg auth.profiles", () => {
    expect(order({ profiles }, cfg)[0]).toBe('b');
  });

  it("the provider's entries in cfg auth.profiles beat the list of all profiles", () => {
    expect(order({ profiles }, { ...cfg, order: {} })).toEqual([
      'c',
      'a (excluded_by_auth_order)',
      'b (excluded_by_auth_order)',
    ]);
  });

  it('without any list all stored profiles of the provider count, and no others', () => {
    expect(order({ profiles: { ...profiles, other: key('k', 'other') } })).toEqual(['a', 'b', 'c']);
  });

  it('an empty list counts as none', () => {
    expect(order({ profiles, order: { acme: [] } }, { order: { acme: [] }, profiles: {} })).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('lists and profiles are found by the canonical provider id', () => {
    const stores = storesOf(
      store('moltbot', {
        profiles: { a: key('k', 'moonshotai'), b: key('k', ' MoonShot ') },
        order: { 'moonshot-ai': ['b', 'a'] },
      }),
    );
    expect(profilesFor(stores, 'moonshot', NO_CONFIG, NOW).map(({ profileId }) => profileId)).toEqual([
      'b',
      'a',
    ]);
  });

  it('a provider that is really called qwen does not get the credentials of qwen-portal', () => {
    const stores = storesOf(
      store('moltbot', { profiles: { a: key('k', 'qwen-portal'), b: key('k', 'qwen') } }),
    );
    expect(profilesFor(stores, 'qwen', NO_CONFIG, NOW).map(({ profileId }) => profileId)).toEqual(['b']);
  });

  it("the agent's list of logins does not hide a login of the sidecar, but an explicit auth.order does", () => {
    expect(order({ profiles: { ours: key() } }, { order: {}, profiles: cfg.profiles }, 'sidecar')).toEqual([
      'ours',
    ]);
    expect(order({ profiles: { ours: key() } }, cfg, 'sidecar')).toEqual(['ours (excluded_by_auth_order)']);
  });
});

describe('the order within a store', () => {
  it('"oauth before token before api_key, then lastUsed ascending"', () => {
    const file = {
      profiles: { k2: key(), k1: key(), t: token(), o: oauth(), k0: key() },
      usageStats: { k1: { lastUsed: 10 }, k2: { lastUsed: 20 } },
    };
    expect(order(file)).toEqual(['o', 't', 'k0', 'k1', 'k2']);
  });

  it('"With an explicit order it is kept", whatever the types and the last use', () => {
    const file = {
      profiles: { k: key(), t: token(), o: oauth() },
      order: { acme: ['k', 'o', 't'] },
      usageStats: { k: { lastUsed: 99 } },
    };
    expect(order(file)).toEqual(['k', 'o', 't']);
  });

  it('"profiles in cool-down move to the end, soonest ready first"', () => {
    const file = {
      profiles: { late: oauth(), soon: key(), over: key(), ready: key() },
      usageStats: {
        late: { cooldownUntil: NOW + 1, disabledUntil: NOW + 500 },
        soon: { cooldownUntil: NOW + 100 },
        over: { cooldownUntil: NOW },
      },
    };
    expect(order(file)).toEqual(['over', 'ready', 'soon', 'late']);
    expect(order({ ...file, order: { acme: ['late', 'soon', 'ready', 'over'] } })).toEqual([
      'ready',
      'over',
      'soon',
      'late',
    ]);
  });

  it('"lastGood is not preferred"', () => {
    const file = { profiles: { a: key(), b: key() }, lastGood: { acme: 'b' } };
    expect(order(file)).toEqual(['a', 'b']);
  });

  it.each([
    ['oauth', token(), undefined],
    ['token', oauth(), 'ineligible_profile'],
    ['api_key', token(), 'ineligible_profile'],
    ['api_key', key(), undefined],
  ])(
    '"mode: oauth accepts a stored token credential; mode: token refuses an oauth one": %s',
    (mode, stored, code) => {
      const config = { order: {}, profiles: { p: { provider: 'acme', mode } } };
      expect(order({ profiles: { p: stored } }, config)).toEqual([code === undefined ? 'p' : `p (${code})`]);
    },
  );
});

describe('what a profile is worth', () => {
  const one = (stored: object, usage: object = {}): ReturnType<typeof profilesFor>[number] | undefined => {
    const file = { profiles: { p: stored }, usageStats: { p: usage } };
    return profilesFor(storesOf(store('moltbot', file)), 'acme', NO_CONFIG, NOW)[0];
  };

  it('"valid while now < expires"', () => {
    expect(one(oauth(NOW + 1))?.state).toBe('usable');
    for (const stored of [oauth(NOW), token(NOW), token(1)]) {
      expect(one(stored)).toMatchObject({ state: 'expired', reason: 'expired' });
    }
    expect(one(token(NOW + 1))).toMatchObject({ state: 'usable', expiresAt: NOW + 1 });
  });

  it('an expired upstream profile is reported as expired, and its owner refreshes it', () => {
    expect(one(oauth(1))).toMatchObject({
      state: 'expired',
      refreshedBy: 'moltbot',
      mode: 'oauth',
      expiresAt: 1,
    });
    expect(one(token(1))?.refreshedBy).toBeNull();
  });

  it('maps the stored types to the auth modes of the contract', () => {
    expect([oauth(), token(), key()].map((stored) => one(stored)?.mode)).toEqual([
      'oauth',
      'token',
      'api-key',
    ]);
  });

  it('a profile in a cool-down stays usable', () => {
    const place = one(key('k'), { cooldownUntil: NOW + 1 });
    expect(place?.state === 'cooldown' && textOf(place.value)).toBe('k');
    expect(one(key(), { cooldownUntil: 1e300 })?.state).toBe('cooldown');
  });

  it('a broken profile keeps its place and says why; a reference is as good as what it leads to', () => {
    expect(one(key(''))).toMatchObject({ state: 'broken', reason: 'missing_credential', mode: 'api-key' });
    expect(one({ provider: 'acme' })).toMatchObject({
      state: 'broken',
      reason: 'ineligible_profile',
      mode: null,
    });
    const reference = { type: 'token', provider: 'acme', tokenRef: { source: 'env', id: 'X' } };
    expect(one(reference)).toMatchObject({ state: 'usable', value: { source: 'env', id: 'X' } });
  });
});

describe('several stores', () => {
  const sidecar = store('sidecar', { profiles: { k: key('ours') } });
  const agent = store('moltbot', { profiles: { o: oauth(), k: key('agent') } }, '/agent.json');
  const main = store('moltbot', { profiles: { k: key('main'), m: key('main') } }, '/main.json');

  it("the sidecar's store comes before Moltbot's, whatever the types", () => {
    const places = profilesFor(storesOf(sidecar, agent), 'acme', NO_CONFIG, NOW);
    expect(places.map((place) => [place.store, place.profileId])).toEqual([
      ['sidecar', 'k'],
      ['moltbot', 'o'],
      ['moltbot', 'k'],
    ]);
  });

  it("a sub-agent's store is laid over the main store (agent wins)", () => {
    const places = profilesFor(storesOf(agent, main), 'acme', NO_CONFIG, NOW);
    expect(places.map(({ profileId, path }) => [profileId, path])).toEqual([
      ['o', '/agent.json'],
      ['k', '/agent.json'],
      ['m', '/main.json'],
    ]);
  });

  it("the agent's order and use win over the main agent's, also under another spelling of the provider", () => {
    const profiles = { a: key('k', 'moonshot'), b: key('k', 'moonshot') };
    const upper = store('moltbot', { profiles, order: { moonshotai: ['b', 'a'] } });
    const lower = store('moltbot', { profiles, order: { moonshot: ['a', 'b'] } });
    const ids = profilesFor(storesOf(upper, lower), 'moonshot', NO_CONFIG, NOW).map(
      ({ profileId }) => profileId,
    );
    expect(ids).toEqual(['b', 'a']);
  });

  it("findProfile takes the sidecar's store first and heeds no order", () => {
    const found = findProfile(storesOf(sidecar, agent), 'k', 'acme', NOW);
    expect(found?.state === 'usable' && textOf(found.value)).toBe('ours');
    const hidden = store('moltbot', { profiles: { a: key(), b: key('b') }, order: { acme: ['a'] } });
    expect(findProfile(storesOf(hidden), 'b', 'acme', NOW)?.state).toBe('usable');
    expect(findProfile(storesOf(sidecar), 'nobody', 'acme', NOW)).toBeUndefined();
  });

  it('a credential goes to its own provider only: findProfile excludes the profile of another one', () => {
    const place = findProfile(storesOf(sidecar), 'k', 'other', NOW);
    expect(place).toMatchObject({ state: 'excluded', reason: 'ineligible_profile' });
    expect(place).not.toHaveProperty('value');
    const theirs = store('moltbot', { profiles: { k: key('right', 'other') } });
    const right = findProfile(storesOf(sidecar, theirs), 'k', 'other', NOW);
    expect(right?.state === 'usable' && textOf(right.value)).toBe('right');
  });

  it('names the source profile:<id>', () => {
    expect(profileSourceOf('acme:me')).toBe('profile:acme:me');
  });
});
