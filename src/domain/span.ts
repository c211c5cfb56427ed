/** Stretches of time that pauses, cool-downs and kept answers last, by a clock that may be set. */

/** From a moment that has been, up to another; Unix milliseconds. */
export interface Span {
  readonly since: number;
  readonly until: number;
}

/** A clock that goes back by more was set; by less, somebody holds a time from a moment ago. Milliseconds. */
export const CLOCK_STEP_MS = 60_000;

/**
 * True while a pause, a cool-down or a kept answer lasts. A clock that was set back to before its begin ends it too: nobody
 * could say how long it would last then.
 *
 * @param now Unix milliseconds
 */
export function stillLasts({ since, until }: Span, now: number): boolean {
  return since - CLOCK_STEP_MS <= now && now < until;
}
