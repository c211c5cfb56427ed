/**
 * Cool-downs as plain data and pure policy: for how long a credential that its provider refused is left alone,
 * and why. They belong to one version of a credential, so a changed key has none.
 */
import type { Rejection } from './rejection.ts';
import { stillLasts } from './span.ts';

/** What a refusal says of the credential. */
export const COOL_DOWN_REASONS = ['unauthorized', 'billing', 'forbidden', 'rate-limit', 'upstream'] as const;
export type CoolDownReason = (typeof COOL_DOWN_REASONS)[number];

/** Why one version of a credential is left alone, and until when. */
export interface CoolDown {
  readonly reason: CoolDownReason;
  /** HTTP status of the newest refusal. */
  readonly status: number;
  /** Begin of this cool-down, Unix milliseconds. */
  readonly since: number;
  /** End, Unix milliseconds; null when only another key ends it. */
  readonly until: number | null;
  /** Cool-downs of this reason one after the other, this one among them. */
  readonly failures: number;
  /** The model that it is about; null when it is about everything that the credential opens. */
  readonly ref: string | null;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A refusal that comes later than this after the end of the last cool-down is a first one again. */
const FAILURE_WINDOW = 24 * HOUR;

/** Longest wait that a `Retry-After` is believed. */
const LONGEST_RETRY_AFTER = 24 * HOUR;

/** What a status says of a credential, or undefined for one that says nothing of it. */
export function coolDownReason(status: number): CoolDownReason | undefined {
  if (status === 401) return 'unauthorized';
  if (status === 402) return 'billing';
  if (status === 403) return 'forbidden';
  if (status === 429) return 'rate-limit';
  return status >= 500 && status <= 599 ? 'upstream' : undefined;
}

/** A refusal, as far as the length of a cool-down depends on it. */
export interface Refusal extends Pick<Rejection, 'status' | 'retryAfter'> {
  /** The model that was asked for; null for the provider alone. */
  readonly ref: string | null;
  /** True when this program can make a new credential, and could not just now: it will try again. */
  readonly renewable: boolean;
}

/**
 * The cool-down that a refusal leads to. One that runs already is not made longer by a second report of the
 * same trouble, as many callers meet it at the same time; only a later `Retry-After` is taken over.
 *
 * @param previous the last cool-down for this reason and model, running or over
 * @param now Unix milliseconds
 */
export function nextCoolDown(
  previous: CoolDown | undefined,
  reason: CoolDownReason,
  { status, retryAfter, ref, renewable }: Refusal,
  now: number,
): CoolDown {
  const asked = retryAfter === null ? null : retryAfterMs(retryAfter);
  if (previous !== undefined && isRunning(previous, now)) {
    const { until } = previous;
    const later = until === null || asked === null || !WAITS_AS_ASKED.has(reason) ? until : now + asked;
    return { ...previous, status, until: until === null || later === null ? null : Math.max(until, later) };
  }
  const isLate = (previous?.until ?? 0) + FAILURE_WINDOW < now;
  const failures = previous === undefined || isLate ? 1 : previous.failures + 1;
  const length =
    asked !== null && WAITS_AS_ASKED.has(reason)
      ? asked
      : lengthOf(reason === 'unauthorized' && renewable ? 'upstream' : reason, failures);
  // What a key may not do is about that model; every other trouble is about the key.
  const about = reason === 'forbidden' ? ref : null;
  return { reason, status, since: now, until: length === null ? null : now + length, failures, ref: about };
}

/** True while it holds. */
export function isRunning({ since, until }: CoolDown, now: number): boolean {
  return until === null || stillLasts({ since, until }, now);
}

/** True for a credential that is not used at all until it changes; any other cool-down only puts it last. */
export function isDead({ until }: CoolDown): boolean {
  return until === null;
}

/** Reasons whose length the provider may name. */
const WAITS_AS_ASKED: ReadonlySet<CoolDownReason> = new Set(['rate-limit', 'upstream']);

function retryAfterMs(seconds: number): number {
  return Math.min(LONGEST_RETRY_AFTER, Math.max(1, seconds) * SECOND);
}

/** Length in milliseconds; null for one that has no end of its own. */
function lengthOf(reason: CoolDownReason, failures: number): number | null {
  switch (reason) {
    case 'unauthorized':
      return null;
    case 'billing':
      return Math.min(24 * HOUR, 5 * HOUR * 2 ** (failures - 1));
    case 'forbidden':
    case 'rate-limit':
      return Math.min(HOUR, MINUTE * 5 ** (failures - 1));
    case 'upstream':
      return Math.min(MINUTE, 5 * SECOND * 2 ** (failures - 1));
  }
}
