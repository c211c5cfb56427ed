/** What a caller says about a credential that a provider refused, and who can make a new one in its place. */
import type { ResolvedAuth } from './auth.ts';
import type { Problem } from './errors.ts';

/** A refusal as the caller saw it. */
export interface Rejection {
  /** HTTP status of the provider: 401, 402, 403, 429 or 5xx. */
  readonly status: number;
  /** What the provider said, cut and untrusted; null when the caller does not tell. */
  readonly message: string | null;
  /** Seconds that the provider asked to wait, or null. */
  readonly retryAfter: number | null;
}

/** What came of a renewal. */
export type RenewalOutcome =
  /** A new credential is stored; resolving again gives it. */
  | { readonly kind: 'renewed' }
  /** Nothing that this refusal says can be mended by a new credential. */
  | { readonly kind: 'no-reason' }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** Renews the credentials of one kind of source. */
export interface Renewer {
  /** True when this one can renew what was handed out. */
  readonly owns: (providerId: string, auth: ResolvedAuth) => boolean;
  /**
   * Makes a new credential, once for all who ask at the same time, unless another one has taken the refused
   * one's place already. Never rejects.
   *
   * @param auth the credential that is in use now, which is the refused one
   */
  readonly renew: (providerId: string, auth: ResolvedAuth, rejection: Rejection) => Promise<RenewalOutcome>;
}
