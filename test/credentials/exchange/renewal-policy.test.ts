/** When an exchanged key is renewed. */
import { describe, expect, it } from 'vitest';
import { ageOf } from '../../../src/credentials/exchange/renewal-policy.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NOW = Date.UTC(2026, 0, 1);

/** The age of a key that lives so long, of which so much is left. */
const age = (life: number | null, left: number) =>
  ageOf({ obtainedAt: life === null ? null : NOW + left - life, expiresAt: NOW + left }, NOW);

describe('"refresh ahead max(10 min, 20 % of life), capped so that keys living seconds work too"', () => {
  it.each([
    ['30 days, 7 left', 30 * DAY, 7 * DAY, 'fresh'],
    ['30 days, 6 left', 30 * DAY, 6 * DAY, 'due'],
    ['40 minutes, 11 left', 40 * MINUTE, 11 * MINUTE, 'fresh'],
    ['40 minutes, 10 left', 40 * MINUTE, 10 * MINUTE, 'due'],
    ['10 minutes, 6 left', 10 * MINUTE, 6 * MINUTE, 'fresh'],
    ['3 seconds, all left', 3_000, 3_000, 'fresh'],
    ['3 seconds, 1.5 left', 3_000, 1_500, 'due'],
    ['3 seconds, none left', 3_000, 0, 'expired'],
    ['nobody knows, 11 minutes left', null, 11 * MINUTE, 'fresh'],
    ['nobody knows, 10 minutes left', null, 10 * MINUTE, 'due'],
    ['nobody knows, over', null, -1, 'expired'],
  ])('%s', (_name, life, left, expected) => {
    expect(age(life, left)).toBe(expected);
  });

  it('a clock that was put back makes a key neither due for ever nor good for ever', () => {
    expect(ageOf({ obtainedAt: NOW + DAY, expiresAt: NOW + MINUTE }, NOW)).toBe('fresh');
    expect(ageOf({ obtainedAt: NOW + DAY, expiresAt: NOW }, NOW)).toBe('expired');
  });
});
