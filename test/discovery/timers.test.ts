import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTimers } from '../../src/discovery/timers.ts';

describe('the clockwork', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function run(random: () => number) {
    const ticks: number[] = [];
    const timers = createTimers({ tickMs: 1_000, refreshMs: 1_000_000, random });
    const begun = Date.now();
    timers.start({ tick: () => ticks.push(Date.now() - begun), refresh: () => undefined });
    return { timers, ticks };
  }

  it('"jitter": waits are up to a tenth shorter or longer', () => {
    const draws = [0, 0.5, 0.999];
    // One draw is for the refresh.
    let index = -1;
    const { ticks } = run(() => draws[(index = (index + 1) % draws.length)] ?? 0);
    vi.advanceTimersByTime(5_000);
    const waits = ticks.map((at, position) => at - (ticks[position - 1] ?? 0));
    expect(Math.min(...waits)).toBe(900);
    expect(Math.max(...waits)).toBeGreaterThan(1_050);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_100);
  });

  it('a tick that throws does not stop the next', () => {
    const timers = createTimers({ tickMs: 1_000, random: () => 0.5 });
    let ticks = 0;
    timers.start({
      tick: () => {
        ticks += 1;
        if (ticks === 1) throw new Error('once');
      },
      refresh: () => undefined,
    });
    expect(() => vi.advanceTimersByTime(1_000)).toThrow('once');
    vi.advanceTimersByTime(1_000);
    expect(ticks).toBe(2);
    timers.close();
  });

  it('stands still before start and after close, and a second start does nothing', () => {
    const { timers, ticks } = run(() => 0.5);
    timers.start({ tick: () => ticks.push(-1), refresh: () => undefined });
    vi.advanceTimersByTime(2_500);
    expect(ticks).toEqual([1_000, 2_000]);
    timers.close();
    vi.advanceTimersByTime(5_000);
    expect(ticks).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
