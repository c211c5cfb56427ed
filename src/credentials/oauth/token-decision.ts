/** Whether a stored token is handed out, renewed first, or given up. Pure: what is known goes in, a verdict comes out. */
import { type Span, stillLasts } from '../../domain/span.ts';
import { toIso } from '../../platform/clock.ts';
import type { HeldToken } from './oauth-tokens.ts';
import { ageOf } from './refresh-policy.ts';

/** A renewal that came to nothing. */
export interface RenewalFailure {
  readonly detail: string;
  readonly hints: readonly string[];
  /** True when the server did not answer, or not as one that works. */
  readonly isDown: boolean;
  /** Not tried again while this lasts. */
  readonly pause: Span;
}

/** What is known beside the token itself. */
export interface Circumstances {
  /** Why the login is not one at the server that the settings name, in words that follow "it". */
  readonly foreign: string | null;
  /** True when the provider refused this very token. */
  readonly rejected: boolean;
  readonly failure: RenewalFailure | null;
  /** From -1 to 1. */
  readonly jitter: number;
}

export type TokenDecision =
  | TokenVerdict
  /** Renew it, and answer with what comes of that; to one who asks nobody with `meanwhile`, null for nothing known. */
  | { readonly kind: 'renew-first'; readonly meanwhile: TokenVerdict | null };

/** A decision that needs no renewal first. */
export type TokenVerdict =
  /** `renew`: in the background, at once. `dueAt`: then, if somebody still uses it; Unix milliseconds. */
  | {
      readonly kind: 'hand-out';
      readonly renew: boolean;
      readonly dueAt: number | null;
      /** Why there will be no other token. */
      readonly trouble: TokenTrouble | null;
    }
  | TokenTrouble;

/** Why a token cannot be renewed: for good, or now. */
export type TokenTrouble =
  | { readonly kind: 'reauth-required'; readonly detail: string }
  | { readonly kind: 'failed'; readonly failure: RenewalFailure };

/** @param now Unix milliseconds */
export function decide(token: HeldToken, circumstances: Circumstances, now: number): TokenDecision {
  const { grant, expires } = token;
  const { foreign, rejected, jitter } = circumstances;
  if (foreign !== null) return { kind: 'reauth-required', detail: foreign };
  const age = rejected
    ? ({ kind: 'expired' } as const)
    : ageOf({ expires, obtained: grant.obtained }, jitter, now);
  const refusal = grant.refusal?.detail ?? null;
  const blocked = refusal ?? (grant.renewable ? null : 'it came without a refresh token');
  const { failure } = circumstances;
  const waiting = failure !== null && stillLasts(failure.pause, now) ? failure : null;
  const trouble = (last: RenewalFailure | null): TokenTrouble | null => {
    if (refusal !== null) return { kind: 'reauth-required', detail: refusal };
    return last === null ? null : { kind: 'failed', failure: last };
  };
  switch (age.kind) {
    case 'fresh': {
      const dueAt = blocked === null ? age.dueAt : null;
      return { kind: 'hand-out', renew: false, dueAt, trouble: trouble(waiting) };
    }
    case 'due': {
      const renew = blocked === null && waiting === null;
      // Between two tries the trouble is not over: only a new token ends it.
      return { kind: 'hand-out', renew, dueAt: null, trouble: trouble(failure) };
    }
    case 'short':
      if (blocked === null && waiting === null) {
        const meanwhile = { kind: 'hand-out', renew: false, dueAt: null, trouble: trouble(failure) } as const;
        return { kind: 'renew-first', meanwhile };
      }
      return { kind: 'hand-out', renew: false, dueAt: null, trouble: trouble(waiting) };
    case 'expired':
      if (blocked !== null)
        return { kind: 'reauth-required', detail: `${endOf(token, rejected)}, and ${blocked}` };
      if (waiting !== null) return { kind: 'failed', failure: waiting };
      return { kind: 'renew-first', meanwhile: failure && { kind: 'failed', failure } };
  }
}

/** How a token came to its end, in words. */
export function endOf({ expires }: HeldToken, rejected: boolean): string {
  if (rejected || expires === null) return 'the provider refused the token';
  return `the token expired at ${toIso(expires)}`;
}
