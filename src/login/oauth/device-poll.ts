/**
 * When a device login asks again (RFC 8628 section 3.5). Pure: what is known, what came back, what follows.
 * The library's own poll begins anew after a network error and forgets by then how often it was told to slow down.
 */

/** What a poll came to, as far as the next one depends on it. */
export type PollAnswer = 'pending' | 'slow-down' | 'unreachable';

/** Times in milliseconds; `expiresAt` is a Unix time. */
export interface PollState {
  /** Least time between two polls. It never gets shorter. */
  readonly interval: number;
  /** Polls in a row that got no answer. */
  readonly lost: number;
  readonly expiresAt: number;
}

/** Interval where the server names none. */
const DEFAULT_INTERVAL_MS = 5_000;
/** What each `slow_down` adds, for this poll and all that follow. */
const SLOW_DOWN_MS = 5_000;
/** Longest wait after polls that got no answer. */
const MAX_BACK_OFF_MS = 60_000;

/**
 * The state before the first poll.
 *
 * @param expiresIn seconds, from the server
 * @param interval seconds, from the server
 * @param now Unix milliseconds at which the server's answer came
 */
export function startPolling(expiresIn: number, interval: number | undefined, now: number): PollState {
  const asked = interval === undefined || !(interval > 0) ? DEFAULT_INTERVAL_MS : interval * 1_000;
  return { interval: asked, lost: 0, expiresAt: now + expiresIn * 1_000 };
}

/** The state after a poll that did not end the login. */
export function afterPoll(state: PollState, answer: PollAnswer): PollState {
  switch (answer) {
    case 'pending':
      return { ...state, lost: 0 };
    case 'slow-down':
      return { ...state, lost: 0, interval: state.interval + SLOW_DOWN_MS };
    case 'unreachable':
      return { ...state, lost: state.lost + 1 };
  }
}

/** Milliseconds to wait before the next poll, or null when the code would have expired by then. */
export function waitBeforePoll(state: PollState, now: number): number | null {
  const backOff = Math.min(state.interval * 2 ** state.lost, Math.max(state.interval, MAX_BACK_OFF_MS));
  return now + backOff < state.expiresAt ? backOff : null;
}
