/** The order of profiles for random stores, configs and times: nothing lost, nothing doubled, nothing shown. */
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findProfile, profilesFor } from '../../src/credentials/profile-order.ts';
import type { ProfileConfig } from '../../src/credentials/profile-selection.ts';
import { key, NOW, oauth, store, storesOf, token, textOf } from '../helpers/stored-profiles.ts';
import type { StoreFile } from '../helpers/stored-profiles.ts';

describe('for any stores', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor');
  const time = fc.integer({ min: NOW - 3, max: NOW + 3 });
  const stored = fc.oneof(
    fc.constantFrom(key(), key(''), token(), key('k', 'other'), { provider: 'acme' }, {}),
    time.map((expires) => token(expires)),
    time.map((expires) => oauth(expires)),
  );
  const usage = fc.record({ lastUsed: time, cooldownUntil: time }, { requiredKeys: [] });
  const ids = fc.record({ acme: fc.array(id, { maxLength: 4 }) }, { requiredKeys: [] });
  const file = fc
    .record({
      profiles: fc.dictionary(id, stored, { noNullPrototype: true }),
      order: ids,
      usageStats: fc.dictionary(id, usage, { noNullPrototype: true }),
    })
    .map((content): StoreFile => content);
  const config = fc.record({
    order: ids.map((lists): ProfileConfig['order'] => (lists.acme === undefined ? {} : { acme: lists.acme })),
    profiles: fc.dictionary(
      id,
      fc.record({
        provider: fc.constantFrom('acme', 'other'),
        mode: fc.constantFrom('oauth', 'token', 'api_key'),
      }),
    ),
  });
  const stores = fc
    .tuple(file, file, file)
    .map(([own, agent, main]) =>
      storesOf(
        store('sidecar', own),
        store('moltbot', agent, '/agent.json'),
        store('moltbot', main, '/main.json'),
      ),
    );

  it('the order is deterministic, and no profile is lost or doubled', () => {
    fc.assert(
      fc.property(stores, config, (all, cfg) => {
        const places = profilesFor(all, 'acme', cfg, NOW);
        expect(profilesFor(all, 'acme', cfg, NOW)).toEqual(places);
        for (const place of ['sidecar', 'moltbot'] as const) {
          const got = places.filter((entry) => entry.store === place).map(({ profileId }) => profileId);
          const layers = all.stores.filter((entry) => entry.place === place);
          const strongest = new Map<string, string>();
          for (const { id, provider } of layers.flatMap(({ profiles }) => profiles)) {
            if (!strongest.has(id)) strongest.set(id, provider);
          }
          const wanted = [...strongest].filter(([, provider]) => provider === 'acme').map(([name]) => name);
          expect(got.toSorted()).toEqual(wanted.toSorted());
        }
      }),
      { numRuns: 150 },
    );
  });

  it('within a store: what can be tried, then cool-downs, then what is left out', () => {
    const rank = { usable: 0, expired: 0, broken: 0, cooldown: 1, excluded: 2 } as const;
    fc.assert(
      fc.property(stores, config, (all, cfg) => {
        for (const place of ['sidecar', 'moltbot'] as const) {
          const places = profilesFor(all, 'acme', cfg, NOW).filter((entry) => entry.store === place);
          const ranks = places.map(({ state }) => rank[state]);
          expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('no secret shows by JSON.stringify or inspect, and no refresh token at all', () => {
    fc.assert(
      fc.property(stores, config, (all, cfg) => {
        const places = profilesFor(all, 'acme', cfg, NOW);
        const found = all.stores.flatMap(({ profiles }) =>
          profiles.map(({ id }) => findProfile(all, id, 'acme', NOW)),
        );
        const shown = [all, places, found].map(
          (value) => JSON.stringify(value) + inspect(value, { depth: null }),
        );
        expect(shown.join('')).not.toContain('canary');
        const revealed = places.flatMap((place) => ('value' in place ? [textOf(place.value)] : []));
        expect(revealed).not.toContain('canary-refresh');
      }),
      { numRuns: 50 },
    );
  });
});
