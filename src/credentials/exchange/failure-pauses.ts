/** Pauses after an API refused or could not be reached, so that nobody hammers it. */
import { createHash } from 'node:crypto';
import { type Span, stillLasts } from '../../domain/span.ts';
import { type Clock, toIso } from '../../platform/clock.ts';
import type { Environment } from '../../platform/paths.ts';
import type { LoginFailure } from './exchanged-keys.ts';
import { isOutage } from './exchange-call.ts';
import type { ExchangeSource } from './exchange-source.ts';
import { pauseAfter } from '../renewal-times.ts';

/** Remembers failures by provider. */
export interface FailurePauses {
  /** The failure that is still fresh. */
  readonly current: (source: ExchangeSource, env: Environment) => LoginFailure | undefined;
  /**
   * The last failure, also when its pause is over: then the API would be asked again at once.
   *
   * @param since Unix milliseconds; what failed before that says nothing any more
   */
  readonly last: (source: ExchangeSource, env: Environment, since: number) => LoginFailure | undefined;
  /**
   * Notes a failure. What this machine can mend without a word to the program makes no pause.
   *
   * @returns the failure, with the end of the pause where the API is down
   */
  readonly note: (source: ExchangeSource, env: Environment, failure: LoginFailure) => LoginFailure;
  readonly clear: (source: ExchangeSource) => void;
}

interface Pause extends Span {
  readonly failures: number;
  readonly failure: LoginFailure;
  /** What the failure was about; with another address or identity another attempt is worth it. */
  readonly subject: string;
}

/** Begins with no pause at all. */
export function createFailurePauses(clock: Clock): FailurePauses {
  const pauses = new Map<string, Pause>();
  const about = (source: ExchangeSource, env: Environment): Pause | undefined => {
    const pause = pauses.get(source.providerId);
    return pause?.subject === subjectOf(source, env) ? pause : undefined;
  };
  return {
    last(source, env, since) {
      const pause = about(source, env);
      if (pause === undefined || pause.since < since) return undefined;
      const { failure } = pause;
      if (failure.retryAt === undefined || stillLasts(pause, clock())) return failure;
      return { ...failure, retryAt: clock() };
    },
    current(source, env) {
      const pause = about(source, env);
      if (pause === undefined || !stillLasts(pause, clock())) return undefined;
      const detail = `${pause.failure.detail}; not asked again before ${toIso(pause.until)}`;
      return { ...pause.failure, detail };
    },
    note(source, env, failure) {
      if (failure.reason === 'no-aws' || failure.reason === 'file') return failure;
      const failures = (pauses.get(source.providerId)?.failures ?? 0) + 1;
      const since = clock();
      const until = since + pauseAfter(failures);
      const told = isOutage(failure.reason) ? { ...failure, retryAt: until } : failure;
      pauses.set(source.providerId, {
        failures,
        since,
        until,
        failure: told,
        subject: subjectOf(source, env),
      });
      return told;
    },
    clear: ({ providerId }) => void pauses.delete(providerId),
  };
}

/** Hashed, as the variables hold keys. */
function subjectOf({ url, proof }: ExchangeSource, env: Environment): string {
  const variables = Object.keys(env)
    .filter((name) => name.startsWith('AWS_'))
    .sort()
    .map((name) => [name, env[name]]);
  return createHash('sha256')
    .update(JSON.stringify([url, proof, variables]))
    .digest('hex');
}
