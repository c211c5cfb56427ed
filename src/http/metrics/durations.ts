/** How long something takes, counted in buckets as it happens: plain numbers, so that counting costs next to nothing. */

/** Upper bounds of the buckets, in seconds. An answer that is kept takes microseconds, a login shell a second. */
export const DURATION_BOUNDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] as const;

/** What was counted so far. */
export interface DurationCounts {
  /** How many took at most each bound, and last all of them. */
  readonly upTo: readonly number[];
  readonly totalSeconds: number;
}

export interface Durations {
  readonly add: (seconds: number) => void;
  readonly read: () => DurationCounts;
}

/** Starts at zero. */
export function createDurations(): Durations {
  /** One for each bucket alone, and one for everything above the last bound. */
  const inBucket = Array.from({ length: DURATION_BOUNDS.length + 1 }, () => 0);
  let totalSeconds = 0;
  return {
    add(seconds) {
      let index = 0;
      while (index < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[index] ?? 0)) index += 1;
      inBucket[index] = (inBucket[index] ?? 0) + 1;
      totalSeconds += seconds;
    },
    read() {
      let sum = 0;
      const upTo = inBucket.map((count) => (sum += count));
      return { upTo, totalSeconds };
    },
  };
}
