/** Time comes in as an argument: deciding functions take `now`, everything else takes a `Clock`. */

/** Unix milliseconds. */
export type Clock = () => number;

/** From a moment that has been, up to another; Unix milliseconds. */
export interface Span {
  readonly since: number;
  readonly until: number;
}

/** The machine's clock. */
export const systemClock: Clock = () => Date.now();

/** A clock that goes back by more was set; by less, somebody holds a time from a moment ago. Milliseconds. */
export const CLOCK_STEP_MS = 60_000;

/**
 * True while a pause or a kept answer lasts. A clock that was set back to before its begin ends it too: nobody
 * could say how long it would last then.
 *
 * @param now Unix milliseconds
 */
export function stillLasts({ since, until }: Span, now: number): boolean {
  return since - CLOCK_STEP_MS <= now && now < until;
}

/** Milliseconds with fractions that only grow, for measuring how long something takes. */
export const systemTimer = (): number => performance.now();

/** ISO 8601 in UTC, as every answer of the program writes a time. */
export function toIso(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/** The same, and null for null. */
export function isoOrNull(unixMs: number | null): string | null {
  return unixMs === null ? null : toIso(unixMs);
}
