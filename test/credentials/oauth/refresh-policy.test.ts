/** "Refresh ahead of expiry: max(10 min, 20 % of life) ± 10 %; down to 60 s left is handed out; stale only while not expired". */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ageOf, backOff } from '../../../src/credentials/oauth/refresh-policy.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = 1_767_225_600_000;

const token = (life: number) => ({ obtained: T0, expires: T0 + life });

describe('when a token is renewed', () => {
  it.each([
    // life, due before the end
    [HOUR, 12 * MINUTE],
    [30 * MINUTE, 10 * MINUTE],
    [10 * HOUR, 2 * HOUR],
    [10 * MINUTE, 5 * MINUTE],
    [20_000, 10_000],
  ])('one of %d ms is due %d ms before its end', (life, ahead) => {
    const end = T0 + life;
    expect(ageOf(token(life), 0, T0)).toEqual({ kind: 'fresh', dueAt: end - ahead });
    expect(ageOf(token(life), 0, end - ahead - 1).kind).toBe('fresh');
    expect(ageOf(token(life), 0, end - ahead).kind).toBe('due');
  });

  it('jitter moves that by a tenth, both ways', () => {
    expect(ageOf(token(HOUR), 1, T0)).toEqual({ kind: 'fresh', dueAt: T0 + HOUR - 13.2 * MINUTE });
    expect(ageOf(token(HOUR), -1, T0)).toEqual({ kind: 'fresh', dueAt: T0 + HOUR - 10.8 * MINUTE });
  });

  it('a minute left is handed out, less is not, and the end is the end', () => {
    const end = T0 + HOUR;
    expect(ageOf(token(HOUR), 0, end - MINUTE).kind).toBe('due');
    expect(ageOf(token(HOUR), 0, end - MINUTE + 1).kind).toBe('short');
    expect(ageOf(token(HOUR), 0, end - 1).kind).toBe('short');
    expect(ageOf(token(HOUR), 0, end).kind).toBe('expired');
  });

  it('without a time of receipt ten minutes count; without an end nothing is due', () => {
    const expires = T0 + HOUR;
    expect(ageOf({ expires, obtained: null }, 0, T0)).toEqual({
      kind: 'fresh',
      dueAt: expires - 10 * MINUTE,
    });
    expect(ageOf({ expires: null, obtained: T0 }, 0, T0 + 1000 * HOUR)).toEqual({
      kind: 'fresh',
      dueAt: null,
    });
  });

  it('a receipt in the future says that the clock was set back', () => {
    expect(ageOf(token(HOUR), 0, T0 - HOUR).kind).toBe('short');
    expect(ageOf(token(HOUR), 0, T0 - 30_000).kind).toBe('fresh');
  });

  it('property: a token that was just received is never due, however short its life', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 365 * 24 * HOUR }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (life, jitter) => {
          const age = ageOf(token(life), jitter, T0);
          expect(age.kind).toBe('fresh');
          if (age.kind === 'fresh') expect(age.dueAt).toBeGreaterThan(T0);
        },
      ),
    );
  });

  it('property: a token never gets younger', () => {
    const rank = { fresh: 0, due: 1, short: 2, expired: 3 };
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 10 * HOUR }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 11 * HOUR }), { minLength: 2 }),
        (life, jitter, times) => {
          const ranks = times
            .toSorted((a, b) => a - b)
            .map((time) => rank[ageOf(token(life), jitter, T0 + time).kind]);
          expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
        },
      ),
    );
  });
});

describe('back-off', () => {
  it('doubles from five seconds to a minute', () => {
    expect([1, 2, 3, 4, 5, 6, 100].map((failures) => backOff(failures, 0))).toEqual([
      5000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000,
    ]);
    expect(backOff(1, 1)).toBe(5500);
  });
});
