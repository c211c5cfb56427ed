/** Time comes in as an argument: deciding functions take `now`, everything else takes a `Clock`. */

/** Unix milliseconds. */
export type Clock = () => number;

/** The machine's clock. */
export const systemClock: Clock = () => Date.now();

/** Milliseconds with fractions that only grow, for measuring how long something takes. */
export const systemTimer = (): number => performance.now();

/** Latest time that can be written, in Unix milliseconds: times that others wrote are judged by it where they are read. */
export const LATEST_TIME = 8_640_000_000_000_000;

/** ISO 8601 in UTC, as every answer of the program writes a time. */
export function toIso(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/** The same, and null for null. */
export function isoOrNull(unixMs: number | null): string | null {
  return unixMs === null ? null : toIso(unixMs);
}
