/** Why a source of credentials gave no new one: has somebody to act, or will time do? */
import { toIso } from '../platform/clock.ts';

export interface SourceFailure {
  /** In words that show no secret. */
  readonly detail: string;
  /** What a person can do, most useful first. */
  readonly hints: readonly string[];
  /** Set where the source is down, and nobody has to act: when it is asked again, in Unix milliseconds. */
  readonly retryAt?: number;
}

/** What to do, most useful first: nothing but to wait, where its source is down. */
export function remediesOf({ hints, retryAt }: Pick<SourceFailure, 'hints' | 'retryAt'>): readonly string[] {
  if (retryAt === undefined) return hints;
  return [`Wait: its source is asked again from ${toIso(retryAt)} on, and no new login is needed`, ...hints];
}
