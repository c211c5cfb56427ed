/** Who can make a new credential in the place of one that a provider refused. */
import type { ResolvedAuth } from './auth.ts';
import type { Problem } from './errors.ts';
import type { Rejection } from './rejection.ts';

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
