/** One identity that is held: its keys, its renewal behind the scenes, and what came of the last attempt. */
import type { CredentialChange } from '../../domain/sidecar-event.ts';
import { CLOCK_STEP_MS } from '../../domain/span.ts';
import type { Clock } from '../../platform/clock.ts';
import type { AwsIdentityOutcome } from './identities.ts';
import {
  type Handling,
  handlingOf,
  isOver,
  type KeyTimes,
  nextAttempt,
  nextRenewal,
  timesOf,
} from './identity-renewal.ts';

type Found = Extract<AwsIdentityOutcome, { kind: 'found' }>;
type Failed = Extract<AwsIdentityOutcome, { kind: 'failed' }>;

/** One attempt, with the states of the files that it read. */
export interface Attempt {
  readonly outcome: AwsIdentityOutcome;
  /** Files whose change ends what is remembered of this attempt, by path. */
  readonly files: ReadonlyMap<string, string>;
}

export interface HeldIdentityDeps {
  /** Asks the source. Must not reject. */
  readonly ask: () => Promise<Attempt>;
  /** What stands at a path, as a text that can be compared. */
  readonly fileState: (path: string) => string;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly onChange: (change: CredentialChange, source: string) => void;
}

export interface HeldIdentity {
  /** What is known last and still counts, or null. Starts nothing. */
  readonly known: (now: number) => AwsIdentityOutcome | null;
  /** What is handed out now without a wait, or null. Renews behind it where that is due. */
  readonly peek: (now: number) => AwsIdentityOutcome | null;
  readonly get: (now: number) => Promise<AwsIdentityOutcome>;
  readonly close: () => void;
}

/** An identity that nobody has used for so long is not renewed any more, in milliseconds. */
const IDLE = 24 * 3_600_000;

/** A timer never sleeps longer, in milliseconds: after a sleep of the machine it must be right again soon. */
const LONGEST_SLEEP = 60_000;

/** Begins with nothing; the first who asks waits. */
export function holdIdentity({ ask, fileState, clock, random, onChange }: HeldIdentityDeps): HeldIdentity {
  let held: { readonly found: Found; readonly times: KeyTimes; readonly files: Attempt['files'] } | null =
    null;
  /** The keys that were handed out last, to know new ones by. */
  let previous: Found | null = null;
  let last: Attempt | null = null;
  /** Whether these files have led to keys. */
  let wasThere = false;
  let failures = 0;
  let notBefore = -Infinity;
  /** When the last attempt ended. */
  let takenAt = -Infinity;
  let usedAt = -Infinity;
  let flight: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const hasChanged = (files: Attempt['files'] | undefined): boolean =>
    files !== undefined && [...files].some(([path, state]) => fileState(path) !== state);

  /** What is remembered counts as long as its files are what they were, and its keys have not expired. */
  const update = (now: number): void => {
    const isOtherIdentity = hasChanged(held?.files);
    if (isOtherIdentity || hasChanged(last?.files)) {
      // An attempt that is under way began before the change: what it brings is not waited for.
      flight = null;
      last = null;
      wasThere = held !== null && !isOtherIdentity;
      failures = 0;
      notBefore = -Infinity;
      // What ends a failure alone, such as a login that is new, leaves keys that were had before it good.
      if (isOtherIdentity) held = null;
    }
    // The clock was set back: nobody could say how long the pause would last.
    if (now < takenAt - CLOCK_STEP_MS) notBefore = -Infinity;
    if (held !== null && isOver(held.times, now)) {
      const { source } = held.found;
      // First what is true, then the news: who hears it may look at once.
      held = null;
      onChange('expired', source);
    }
  };

  const take = (attempt: Attempt): void => {
    const now = clock();
    // Where the files are the same, an identity that was there is not gone: its source is down.
    const outcome =
      attempt.outcome.kind === 'none' && wasThere ? down(attempt.outcome, now) : attempt.outcome;
    last = { ...attempt, outcome };
    takenAt = now;
    const isNews =
      outcome.kind === 'found' &&
      (held === null || outcome.keys.expiration === null || !isSame(held.found, outcome));
    failures = isNews ? 0 : failures + 1;
    const isRotated = isNews && previous !== null && !hasSameKeys(previous, outcome);
    if (isNews) {
      previous = outcome;
      wasThere = true;
      held = { found: outcome, times: timesOf(outcome.keys.expiration, now, random()), files: attempt.files };
    }
    notBefore = nextAttempt(failures, held?.times ?? null, now);
    if (isRotated) onChange('rotated', outcome.source);
    if (outcome.kind === 'failed' && previous !== null) onChange('renewal-failed', outcome.source);
    update(now);
  };

  const renew = (): Promise<void> => {
    if (flight !== null) return flight;
    const mine = ask().then((attempt) => {
      if (flight !== mine || closed) return;
      flight = null;
      take(attempt);
      sleep();
    });
    flight = mine;
    return mine;
  };

  /** Sleeps until the renewal is due, if it will be. */
  const sleep = (): void => {
    clearTimeout(timer);
    const now = clock();
    const at = nextRenewal(held?.times ?? null, notBefore, now);
    if (closed || at === null) return;
    timer = setTimeout(wake, Math.min(Math.max(at - now, 0), LONGEST_SLEEP)).unref();
  };
  const wake = (): void => {
    const now = clock();
    update(now);
    const at = nextRenewal(held?.times ?? null, notBefore, now);
    if (at === null || now - usedAt > IDLE) return;
    if (now < at) sleep();
    else void renew();
  };

  const current = (now: number): AwsIdentityOutcome | null => {
    const outcome = last?.outcome ?? null;
    const failure = outcome?.kind === 'failed' ? paced(outcome, now) : null;
    if (held !== null && !isOver(held.times, now)) {
      return failure === null ? held.found : { ...held.found, trouble: failure };
    }
    return failure ?? (outcome?.kind === 'found' ? expired(outcome) : outcome);
  };
  /** With the time of the next attempt, where waiting for it is all that there is to do. */
  const paced = (outcome: Failed, now: number): Failed => {
    if (outcome.retryAt === undefined) return outcome;
    return { ...outcome, retryAt: Math.max(notBefore, now) };
  };
  const handle = (now: number): Handling => {
    usedAt = now;
    update(now);
    return handlingOf(held?.times ?? null, notBefore, now);
  };

  return {
    known(now) {
      update(now);
      // Keys that are over say nothing of those that who asks now would get.
      const isToBeAsked = held === null && handlingOf(null, notBefore, now) === 'wait';
      return isToBeAsked && last?.outcome.kind === 'found' ? null : current(now);
    },
    peek(now) {
      const handling = handle(now);
      // A look is not worth an attempt where there is nothing to be kept up.
      if (handling !== 'hold' && held !== null) void renew();
      return handling === 'wait' ? null : current(now);
    },
    async get(now) {
      const handling = handle(now);
      if (handling === 'renew') void renew();
      if (handling === 'wait') await renew();
      // The files may have changed while it was asked: then once more, and no more than that.
      if (handling === 'wait' && handle(clock()) === 'wait') await renew();
      return current(clock()) ?? NOTHING_CAME;
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** True when an answer brings nothing new. */
function isSame(a: Found, b: Found): boolean {
  return hasSameKeys(a, b) && a.keys.expiration === b.keys.expiration;
}

function hasSameKeys({ keys: a }: Found, { keys: b }: Found): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.secretAccessKey.reveal() === b.secretAccessKey.reveal() &&
    a.sessionToken?.reveal() === b.sessionToken?.reveal()
  );
}

function down({ source, detail }: AwsIdentityOutcome, now: number): Failed {
  return { kind: 'failed', source, detail: `keys came before, and now: ${detail}`, hints: [], retryAt: now };
}

function expired({ source, detail }: Found): AwsIdentityOutcome {
  return { kind: 'failed', source, detail: `${detail}: no newer ones can be had`, hints: [] };
}

const NOTHING_CAME: AwsIdentityOutcome = {
  kind: 'failed',
  source: 'aws-sdk default chain',
  detail: 'the AWS chain was given up: its files keep changing, or the program ends',
  hints: [],
};
