/** The memory of refused credentials: by version and reason, bounded. */
import { describe, expect, it } from 'vitest';
import { coolDownNow, createCredentialHealth } from '../../src/credentials/credential-health.ts';
import { NOW } from '../helpers/snapshot-fixture.ts';

const refusal = (status: number, ref: string | null = null) => ({
  status,
  ref,
  retryAfter: null,
  renewable: false,
});

const at = (version: string, providerId = 'mine') => ({ providerId, version });

describe('credential health', () => {
  it('"keyed by credential version and reason": another version has none', () => {
    const health = createCredentialHealth();
    health.record(at('v1'), refusal(429), NOW);
    health.record(at('v1'), refusal(402), NOW);
    expect(health.historyOf(at('v1')).map(({ reason }) => reason)).toEqual(['rate-limit', 'billing']);
    expect(health.historyOf(at('v2'))).toEqual([]);
    expect(health.historyOf(at('v1', 'other'))).toEqual([]);
  });

  it('tells a new cool-down from a second report of the same', () => {
    const health = createCredentialHealth();
    const isNew = (now: number) => health.record(at('v1'), refusal(429), now)?.isNew;
    expect([isNew(NOW), isNew(NOW + 1), isNew(NOW + 61_000)]).toEqual([true, false, true]);
  });

  it('takes down nothing for a status that says nothing', () => {
    const health = createCredentialHealth();
    expect(health.record(at('v1'), refusal(404), NOW)).toBeUndefined();
    expect(health.historyOf(at('v1'))).toEqual([]);
  });

  it('of several the one that ends last counts, and each for its model only', () => {
    const health = createCredentialHealth();
    health.record(at('v1'), refusal(503), NOW);
    health.record(at('v1'), refusal(403, 'mine/a'), NOW);
    const reasonFor = (ref: string | null, now = NOW) =>
      coolDownNow(health.historyOf(at('v1')), ref, now)?.reason;
    expect(reasonFor('mine/a')).toBe('forbidden');
    expect(reasonFor('mine/b')).toBe('upstream');
    expect(reasonFor(null)).toBe('upstream');
    expect(reasonFor('mine/b', NOW + 6_000)).toBeUndefined();
  });

  it('remembers a thousand versions, the newest', () => {
    const health = createCredentialHealth();
    for (let round = 0; round < 1_100; round += 1) health.record(at(`v${round}`), refusal(401), NOW);
    expect(health.historyOf(at('v99'))).toEqual([]);
    expect(health.historyOf(at('v100'))).toHaveLength(1);
    expect(health.historyOf(at('v1099'))).toHaveLength(1);
  });

  it('adopts what another process took down', () => {
    const [mine, other] = [createCredentialHealth(), createCredentialHealth()];
    other.record(at('v1'), refusal(402), NOW);
    for (const coolDown of other.historyOf(at('v1'))) mine.adopt(at('v1'), coolDown);
    expect(mine.historyOf(at('v1'))).toEqual(other.historyOf(at('v1')));
  });
});
