/** Access tokens of this program's own OAuth logins, with their renewal. */
import type { Renewer } from '../../domain/renewal.ts';
import type { Secret } from '../../domain/secret.ts';
import type { SourceFailure } from '../source-failure.ts';
import type { ClientLookup } from './client-identity.ts';
import type { OAuthGrant } from './stored-grant.ts';

/** An access token as it is stored, and the login behind it. */
export interface HeldToken {
  readonly access: Secret;
  /** Unix milliseconds; null when the server did not say. */
  readonly expires: number | null;
  readonly grant: OAuthGrant;
}

/** Which token is wanted, and how it stands in the store as far as the asker knows. */
export interface OAuthTokenRequest {
  readonly providerId: string;
  readonly profileId: string;
  readonly token: HeldToken;
  /** Where the id and the secret of the client are looked up. */
  readonly lookup: ClientLookup;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Why a token is not renewed. */
export type OAuthTrouble =
  /** Only a person can help: log in again. */
  | ({ readonly kind: 'reauth-required' } & SourceFailure)
  /** The server is down, or something about the client has to be put right. */
  | ({ readonly kind: 'failed' } & SourceFailure);

/** The code of a request that has no token because of it. */
export function codeOfTrouble({
  kind,
  retryAt,
}: OAuthTrouble): 'reauth-required' | 'credential-source-down' | 'auth-expired' {
  if (kind === 'reauth-required') return kind;
  return retryAt === undefined ? 'auth-expired' : 'credential-source-down';
}

/** What there is for a profile. Texts never show a secret. */
export type OAuthTokenOutcome =
  | {
      readonly kind: 'token';
      readonly accessToken: Secret;
      /** Unix milliseconds; null when the server did not say. */
      readonly expiresAt: number | null;
      /** What should be said about it in an explanation. */
      readonly note?: string;
      /** Set while the token cannot be renewed and is still good. */
      readonly trouble?: OAuthTrouble;
    }
  /** No token is left. */
  | OAuthTrouble;

/** Tokens with their renewal. One for the life of the program. */
export interface OAuthTokens {
  /** True for a provider that the settings know how to log in to. */
  readonly serves: (providerId: string) => boolean;
  /** The outcome that would be handed out now without waiting, or null. Renews behind it where that is due. */
  readonly peek: (request: OAuthTokenRequest) => OAuthTokenOutcome | null;
  /**
   * What one is told who asks nobody: a token that still lasts, or why the last renewal failed. Null when only a
   * renewal can tell.
   */
  readonly unasked: (request: OAuthTokenRequest) => OAuthTokenOutcome | null;
  /** Renews where the token expired or nearly so. Never rejects. */
  readonly resolve: (request: OAuthTokenRequest) => Promise<OAuthTokenOutcome>;
}

/** Tokens that also renew what a provider refused, and that end with the program. */
export interface OAuthTokenKeeper extends OAuthTokens {
  readonly renewer: Renewer;
  /** Lets renewals under way end: their tokens would be lost. */
  readonly close: () => Promise<void>;
}
