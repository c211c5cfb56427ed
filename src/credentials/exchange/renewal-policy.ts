/** When an exchanged key is renewed, and how soon an exchange that failed is tried again. Pure; all in milliseconds. */

/** A key is renewed at least this long before it ends, where its life allows it. */
const LEAST_AHEAD = 10 * 60_000;

/** The part of its life that a key has left when it is renewed. */
const PART_AHEAD = 0.2;

/** What a key is good for now. */
export type KeyAge = 'fresh' | 'due' | 'expired';

/** When a key began and ends, in Unix milliseconds. */
export interface KeyLife {
  /** Null when nobody knows, because another program stored the key. */
  readonly obtainedAt: number | null;
  readonly expiresAt: number;
}

/**
 * `due` means: to be renewed before it is used, and still good if that fails. Ten minutes or a fifth of its life
 * before the end, whichever is more, but never more than half of it: a key that lives seconds is used too.
 */
export function ageOf({ obtainedAt, expiresAt }: KeyLife, now: number): KeyAge {
  if (now >= expiresAt) return 'expired';
  const life = obtainedAt === null ? Infinity : Math.max(0, expiresAt - obtainedAt);
  const part = Number.isFinite(life) ? Math.max(LEAST_AHEAD, life * PART_AHEAD) : LEAST_AHEAD;
  return expiresAt - now <= Math.min(part, life / 2) ? 'due' : 'fresh';
}

/** The first pause after a failure, and the longest. */
const FIRST_PAUSE = 10_000;
const LONGEST_PAUSE = 5 * 60_000;

/**
 * How long after the last of several failures in a row the exchange is not tried again.
 *
 * @param failures 1 or more
 */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1));
}
