/** The policy of cool-downs: how long a refusal keeps a credential from being used, and when it is over. */
import { describe, expect, it } from 'vitest';
import {
  type CoolDown,
  type CoolDownReason,
  coolDownReason,
  isDead,
  isRunning,
  nextCoolDown,
} from '../../src/domain/cool-down.ts';
import { NOW } from '../helpers/snapshot-fixture.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const refusal = (status: number, more: { retryAfter?: number; renewable?: boolean } = {}) => ({
  status,
  retryAfter: more.retryAfter ?? null,
  renewable: more.renewable ?? false,
  ref: 'mine/m',
});

/** Lengths of cool-downs, each begun the moment the one before it ended. */
function lengths(reason: CoolDownReason, status: number, rounds: number, renewable = false): number[] {
  const found: number[] = [];
  let now = NOW;
  let last: CoolDown | undefined;
  for (let round = 0; round < rounds; round += 1) {
    last = nextCoolDown(last, reason, refusal(status, { renewable }), now);
    const until = last.until ?? Infinity;
    found.push(until - now);
    now = until;
  }
  return found;
}

describe('what a status says', () => {
  it.each([
    [401, 'unauthorized'],
    [402, 'billing'],
    [403, 'forbidden'],
    [429, 'rate-limit'],
    [500, 'upstream'],
    [503, 'upstream'],
    [599, 'upstream'],
    [200, undefined],
    [400, undefined],
    [404, undefined],
    [600, undefined],
  ])('%i is %s', (status, reason) => {
    expect(coolDownReason(status)).toBe(reason);
  });
});

describe('how long', () => {
  it('401: "dead until the key changes"', () => {
    const dead = nextCoolDown(undefined, 'unauthorized', refusal(401), NOW);
    expect([dead.until, isDead(dead), isRunning(dead, NOW + 1000 * HOUR)]).toEqual([null, true, true]);
  });

  it('401 of a credential that this program renews itself: tried again soon', () => {
    expect(lengths('unauthorized', 401, 5, true)).toEqual([5, 10, 20, 40, 60].map((n) => n * SECOND));
  });

  it('402: "5 h doubling to 24 h"', () => {
    expect(lengths('billing', 402, 4)).toEqual([5 * HOUR, 10 * HOUR, 20 * HOUR, 24 * HOUR]);
  });

  it.each([
    ['rate-limit', 429],
    ['forbidden', 403],
  ] as const)('%s: "1 min·5^(n−1) to 1 h"', (reason, status) => {
    expect(lengths(reason, status, 5)).toEqual([1, 5, 25, 60, 60].map((n) => n * MINUTE));
  });

  it('5xx: short', () => {
    expect(lengths('upstream', 503, 6)).toEqual([5, 10, 20, 40, 60, 60].map((n) => n * SECOND));
  });

  it.each([
    [30, 30 * SECOND],
    [0, SECOND],
    [1e300, 24 * HOUR],
  ])('429 with Retry-After %d', (retryAfter, length) => {
    const { until } = nextCoolDown(undefined, 'rate-limit', refusal(429, { retryAfter }), NOW);
    expect(until).toBe(NOW + length);
  });

  it('Retry-After says nothing of a bill or a right', () => {
    const billing = nextCoolDown(undefined, 'billing', refusal(402, { retryAfter: 1 }), NOW);
    const dead = nextCoolDown(undefined, 'unauthorized', refusal(401, { retryAfter: 1 }), NOW);
    expect([billing.until, dead.until]).toEqual([NOW + 5 * HOUR, null]);
  });

  it('a day after the last one ended it is a first one again', () => {
    const first = nextCoolDown(undefined, 'rate-limit', refusal(429), NOW);
    const soon = nextCoolDown(first, 'rate-limit', refusal(429), NOW + 24 * HOUR);
    const late = nextCoolDown(first, 'rate-limit', refusal(429), NOW + 24 * HOUR + 2 * MINUTE);
    expect([soon.failures, late.failures]).toEqual([2, 1]);
  });
});

describe('reports while it runs', () => {
  it('twenty reports of one trouble are one', () => {
    const first = nextCoolDown(undefined, 'rate-limit', refusal(429), NOW);
    const again = nextCoolDown(first, 'rate-limit', refusal(429), NOW + 10 * SECOND);
    expect(again).toEqual(first);
  });

  it('a later Retry-After is taken over, an earlier one is not', () => {
    const first = nextCoolDown(undefined, 'rate-limit', refusal(429, { retryAfter: 60 }), NOW);
    const later = nextCoolDown(first, 'rate-limit', refusal(429, { retryAfter: 90 }), NOW);
    const earlier = nextCoolDown(first, 'rate-limit', refusal(429, { retryAfter: 5 }), NOW);
    expect([later.until, later.failures]).toEqual([NOW + 90 * SECOND, 1]);
    expect(earlier.until).toBe(first.until);
  });

  it('a clock that was set back does not make it last for years', () => {
    const coolDown = nextCoolDown(undefined, 'billing', refusal(402), NOW);
    expect(isRunning(coolDown, NOW - 61 * SECOND)).toBe(false);
    expect(isRunning(coolDown, NOW)).toBe(true);
    expect(isRunning(coolDown, NOW + 5 * HOUR)).toBe(false);
  });

  it('a clock that was corrected by a moment does not end it, and a second report makes it no longer', () => {
    const coolDown = nextCoolDown(undefined, 'billing', refusal(402), NOW);
    expect(isRunning(coolDown, NOW - SECOND)).toBe(true);
    expect(nextCoolDown(coolDown, 'billing', refusal(402), NOW - SECOND)).toEqual(coolDown);
  });

  it('what a key may not do is about the model, other trouble about the key', () => {
    const refs = ([401, 402, 403, 429, 500] as const).map(
      (status) => nextCoolDown(undefined, coolDownReason(status) ?? 'upstream', refusal(status), NOW).ref,
    );
    expect(refs).toEqual([null, null, 'mine/m', null, null]);
  });
});
