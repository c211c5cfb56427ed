/** How long before its end a credential is renewed, and how soon a renewal that failed is tried again. Pure; all in milliseconds. */

/** A credential is renewed at least this long before it ends, where its life allows it. */
const LEAST_AHEAD = 10 * 60_000;

/** The part of its life that it has left when it is renewed. */
const PART_AHEAD = 0.2;

/**
 * Time before its end at which a credential is renewed: ten minutes or a fifth of its life, whichever is more.
 *
 * @param life null when nobody knows it
 */
export function renewalAhead(life: number | null): number {
  return life === null ? LEAST_AHEAD : Math.max(LEAST_AHEAD, life * PART_AHEAD);
}

/** The first pause after a failure, and the longest. */
const FIRST_PAUSE = 10_000;
const LONGEST_PAUSE = 5 * 60_000;

/**
 * How long after the last of several failures in a row nobody tries again.
 *
 * @param failures 1 or more
 */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1));
}
