/**
 * When an access token is renewed. Pure. Ahead of its end by ten minutes or a fifth of its life, whichever is
 * longer, give or take a tenth, so that many who hold tokens of one hour do not all ask at once; by half of its
 * life where that is shorter. With less than a minute left, or a fifth of a short life, a caller waits for the
 * new one: its request has to reach the provider in time.
 */
import { CLOCK_STEP_MS } from '../../domain/span.ts';

/** When a token was received and when it ends, in Unix milliseconds; null: not known. */
export interface TokenTimes {
  readonly expires: number | null;
  readonly obtained: number | null;
}

/**
 * `fresh`: nothing to do before `dueAt` (null: ever). `due`: renew it, and hand it out meanwhile. `short`: it
 * should not be handed out while a new one can be had. `expired`: it must not be handed out.
 */
export type TokenAge =
  | { readonly kind: 'fresh'; readonly dueAt: number | null }
  | { readonly kind: 'due' }
  | { readonly kind: 'short' }
  | { readonly kind: 'expired' };

const AHEAD_MS = 10 * 60_000;
const AHEAD_SHARE = 0.2;
const JITTER = 0.1;
const LEAST_LEFT_MS = 60_000;
const LEAST_LEFT_SHARE = 0.2;

/**
 * Judges a token.
 *
 * @param jitter from -1 to 1, the same for the life of a token
 * @param now Unix milliseconds
 */
export function ageOf({ expires, obtained }: TokenTimes, jitter: number, now: number): TokenAge {
  if (expires === null) return { kind: 'fresh', dueAt: null };
  if (now >= expires) return { kind: 'expired' };
  // The clock was set back since: nobody can tell how long it really has.
  if (obtained !== null && now < obtained - CLOCK_STEP_MS) return { kind: 'short' };
  const life = obtained === null || obtained >= expires ? Infinity : expires - obtained;
  const share = Number.isFinite(life) ? life * AHEAD_SHARE : 0;
  const ahead = Math.min(Math.max(AHEAD_MS, share), life / 2) * (1 + JITTER * jitter);
  const left = expires - now;
  if (left < Math.min(LEAST_LEFT_MS, life * LEAST_LEFT_SHARE)) return { kind: 'short' };
  const dueAt = Math.ceil(expires - ahead);
  return now < dueAt ? { kind: 'fresh', dueAt } : { kind: 'due' };
}

const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Milliseconds before a server is asked again that failed so many times in a row.
 *
 * @param jitter from -1 to 1
 */
export function backOff(failures: number, jitter: number): number {
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.max(0, failures - 1));
  return wait * (1 + JITTER * jitter);
}
