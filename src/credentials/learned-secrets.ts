/**
 * Secrets that came up while the program ran: the log must print none of them, and the memory must not grow with each
 * renewal. What is in use is told again each time that it is used, so the ones that were not for long can go.
 */
import type { Clock } from '../platform/clock.ts';

/** Values that the log strikes out. */
export interface LearnedSecrets {
  /** Takes a value down, or that it is still in use. */
  readonly add: (value: string) => void;
  readonly values: () => IterableIterator<string>;
}

/** As long as this after its last use a value is remembered, whatever comes, in milliseconds. */
const KEPT_MS = 24 * 60 * 60_000;

/** Fewer than this cost nothing, and are all remembered. */
const MANY = 200;

/** Begins with none. */
export function createLearnedSecrets(clock: Clock): LearnedSecrets {
  /** Value → when it was used last; in that order. */
  const usedAt = new Map<string, number>();
  return {
    add(value) {
      const now = clock();
      usedAt.delete(value);
      usedAt.set(value, now);
      for (const [oldest, time] of usedAt) {
        if (usedAt.size <= MANY || Math.abs(now - time) < KEPT_MS) break;
        usedAt.delete(oldest);
      }
    },
    values: () => usedAt.keys(),
  };
}
