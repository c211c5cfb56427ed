/** When AWS keys are renewed, and what is handed out meanwhile. Pure; all times in Unix milliseconds. */
import { pauseAfter, renewalAhead } from '../renewal-times.ts';

/** AWS clients take keys for expired when less than this is left, in milliseconds. */
const SHORT_LIFE = 5 * 60_000;

/** After keys came that live shortly, the source is not asked again before this time has passed. */
const LEAST_PAUSE = 30_000;

/** Keys without an end are looked at again after this time, when somebody wants them. */
const RECHECK = 15 * 60_000;

/** The longest pause after failures: somebody who logs in again must not wait for minutes. */
const LONGEST_PAUSE = 60_000;

/** The times of keys that are held. */
export interface KeyTimes {
  readonly obtainedAt: number;
  /** Null when they do not expire. */
  readonly expiresAt: number | null;
  /** When they are renewed. */
  readonly renewAt: number;
}

/**
 * The times of keys that came now: renewed ten minutes or a fifth of their life before the end, whichever is
 * more, a tenth earlier or later, so that several programs do not ask in step.
 *
 * @param random from 0 up to 1
 */
export function timesOf(expiresAt: number | null, now: number, random: number): KeyTimes {
  if (expiresAt === null) return { obtainedAt: now, expiresAt, renewAt: now + RECHECK };
  const ahead = renewalAhead(expiresAt - now) * (0.9 + 0.2 * random);
  return { obtainedAt: now, expiresAt, renewAt: expiresAt - ahead };
}

/** `hold`: hand out what is held. `renew`: that, and renew behind it. `wait`: renew first. */
export type Handling = 'hold' | 'renew' | 'wait';

/**
 * What to do for one who asks now.
 *
 * @param held null when no keys are held
 * @param notBefore when the source may be asked again
 */
export function handlingOf(held: KeyTimes | null, notBefore: number, now: number): Handling {
  const mayAsk = now >= notBefore;
  if (held === null || isOver(held, now)) return mayAsk ? 'wait' : 'hold';
  if (held.expiresAt !== null && held.expiresAt - now < SHORT_LIFE) return mayAsk ? 'wait' : 'hold';
  return now >= held.renewAt && mayAsk ? 'renew' : 'hold';
}

/** True when the keys have expired. */
export function isOver({ expiresAt }: KeyTimes, now: number): boolean {
  return expiresAt !== null && now >= expiresAt;
}

/**
 * When the source may be asked again.
 *
 * @param failures attempts in a row that brought nothing better; 0 after one that brought new keys
 */
export function nextAttempt(failures: number, held: KeyTimes | null, now: number): number {
  if (failures > 0) return now + Math.min(LONGEST_PAUSE, pauseAfter(failures));
  return Math.min(now + LEAST_PAUSE, held?.expiresAt ?? Infinity);
}

/** When to renew without being asked, or null: never for keys without an end, nor for those that are over. */
export function nextRenewal(held: KeyTimes | null, notBefore: number, now: number): number | null {
  if (held === null || held.expiresAt === null || isOver(held, now)) return null;
  // At the end it is time to say that they are over.
  return Math.min(Math.max(held.renewAt, notBefore), held.expiresAt);
}
