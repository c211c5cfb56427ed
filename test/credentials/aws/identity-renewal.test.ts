/** "Refresh ahead at max(10 min, 20 % of life) ± 10 % jitter; nothing under 5 min to AWS-form clients" */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  handlingOf,
  nextAttempt,
  nextRenewal,
  timesOf,
} from '../../../src/credentials/aws/identity-renewal.ts';

const MIN = 60_000;
const HOUR = 60 * MIN;

describe('when keys are renewed', () => {
  it.each([
    [HOUR, 0.5, HOUR - 12 * MIN],
    [HOUR, 0, HOUR - 10.8 * MIN],
    [HOUR, 1, HOUR - 13.2 * MIN],
    [30 * MIN, 0.5, 20 * MIN],
    [12 * HOUR, 0.5, 12 * HOUR - 144 * MIN],
  ])('a life of %d ms, jitter %d: after %d ms', (life, random, at) => {
    expect(timesOf(life, 0, random).renewAt).toBeCloseTo(at);
  });

  it('keys without an end are looked at again on use, and never by themselves', () => {
    const held = timesOf(null, 0, 0.5);
    expect(handlingOf(held, 0, 15 * MIN - 1)).toBe('hold');
    expect(handlingOf(held, 0, 15 * MIN)).toBe('renew');
    expect(nextRenewal(held, 0, HOUR)).toBeNull();
  });
});

describe('what one who asks gets', () => {
  const held = timesOf(HOUR, 0, 0.5);

  it.each([
    ['fresh keys', held, 0, 10 * MIN, 'hold'],
    ['due', held, 0, 48 * MIN, 'renew'],
    ['due, asked a moment ago', held, 49 * MIN, 48 * MIN, 'hold'],
    ['exactly five minutes left', held, 0, 55 * MIN, 'renew'],
    ['under five minutes left', held, 0, 55 * MIN + 1, 'wait'],
    ['under five minutes left, and no better can be had now', held, HOUR, 56 * MIN, 'hold'],
    ['over', held, 0, HOUR, 'wait'],
    ['nothing held', null, 0, 0, 'wait'],
    ['nothing held, and the last attempt failed a moment ago', null, 1, 0, 'hold'],
  ] as const)('%s', (_what, keys, notBefore, now, handling) => {
    expect(handlingOf(keys, notBefore, now)).toBe(handling);
  });

  it('with a source that can be asked, nobody gets keys with under five minutes left without a try', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 48 * HOUR }),
        fc.nat(48 * HOUR),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (life, now, random) => {
          const handling = handlingOf(timesOf(life, 0, random), 0, now);
          expect(handling === 'wait').toBe(life - now < 5 * MIN);
        },
      ),
    );
  });
});

describe('how often the source is asked', () => {
  it('after failures: 10 s, 20 s, 40 s, then every minute', () => {
    expect([1, 2, 3, 4, 9].map((failures) => nextAttempt(failures, null, 0) / 1_000)).toEqual([
      10, 20, 40, 60, 60,
    ]);
  });

  it('after new keys: not within 30 s, but always when they are over', () => {
    expect(nextAttempt(0, timesOf(3 * MIN, 0, 0), 0)).toBe(30_000);
    expect(nextAttempt(0, timesOf(5_000, 0, 0), 0)).toBe(5_000);
  });

  it('by itself when the keys are due, when the pause is over, at the latest at their end', () => {
    const held = timesOf(HOUR, 0, 0.5);
    expect(nextRenewal(held, 0, 0)).toBe(48 * MIN);
    expect(nextRenewal(held, 50 * MIN, 49 * MIN)).toBe(50 * MIN);
    expect(nextRenewal(held, 2 * HOUR, 59 * MIN)).toBe(HOUR);
    expect(nextRenewal(held, 0, HOUR)).toBeNull();
    expect(nextRenewal(null, 0, 0)).toBeNull();
  });
});
