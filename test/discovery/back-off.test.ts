import { describe, expect, it } from 'vitest';
import { ticksToRest } from '../../src/discovery/back-off.ts';
import { ENDPOINT_STATES } from '../../src/domain/runtime-state.ts';

const rests = (state: (typeof ENDPOINT_STATES)[number], isLoopback: boolean) =>
  [1, 2, 3, 4, 5, 6, 7, 100].map((unchanged) => ticksToRest(state, isLoopback, unchanged));

describe('back-off', () => {
  it.each(['up', 'down', 'loading'] as const)(
    '"a start is noticed within 2.5 s": %s on this machine is checked at every tick',
    (state) => expect(new Set(rests(state, true))).toEqual(new Set([0])),
  );

  it.each(['wrong-service', 'auth-required', 'error'] as const)(
    '%s is asked again after 1, 2, 4, then 6 ticks',
    (state) => expect(rests(state, true)).toEqual([0, 1, 3, 5, 5, 5, 5, 5]),
  );

  it('a host of the network that is away is asked twice a minute in the end', () => {
    expect(rests('down', false)).toEqual([0, 1, 3, 7, 15, 19, 19, 19]);
  });

  it.each(ENDPOINT_STATES)('%s is never left alone for more than half a minute', (state) => {
    for (const isLoopback of [true, false]) {
      for (const unchanged of [0, 1, 50, 1e9]) {
        const rest = ticksToRest(state, isLoopback, unchanged);
        expect(rest).toBeGreaterThanOrEqual(0);
        expect(rest).toBeLessThan(20);
      }
    }
  });
});
