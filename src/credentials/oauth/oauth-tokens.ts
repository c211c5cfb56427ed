/** Access tokens of this program's own OAuth logins, with their renewal. */
import type { Secret } from '../../domain/secret.ts';

/** What there is for a profile. Texts never show a secret. */
export type OAuthTokenOutcome =
  | {
      readonly kind: 'token';
      readonly accessToken: Secret;
      /** Unix milliseconds; null when the server did not say. */
      readonly expiresAt: number | null;
      /** Set while the server cannot be reached and the old token is still good. */
      readonly note?: string;
    }
  /** Only a person can help: log in again. */
  | { readonly kind: 'reauth-required'; readonly detail: string; readonly hints: readonly string[] }
  /** The server is down and the old token has expired. */
  | { readonly kind: 'failed'; readonly detail: string; readonly hints: readonly string[] };

/** Tokens with their renewal. One for the life of the program. */
export interface OAuthTokens {
  /** True for a provider that the settings know how to log in to. */
  readonly serves: (providerId: string) => boolean;
  /** The outcome that would be handed out now without waiting, or null. */
  readonly peek: (providerId: string, profileId: string, now: number) => OAuthTokenOutcome | null;
  /** Refreshes where the token expired or nearly so. Never rejects. */
  readonly resolve: (providerId: string, profileId: string, now: number) => Promise<OAuthTokenOutcome>;
}
