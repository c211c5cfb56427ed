/**
 * Stored profiles as plain types: what one is after it was read. The codes for what can be wrong with one are
 * those that the operators' other tools print.
 */
import type { Secret } from '../domain/secret.ts';
import type { SecretRef } from '../domain/secret-ref.ts';
import type { OAuthGrant } from './oauth/stored-grant.ts';

/** Kinds of credentials, by the names that the store files use. */
export const PROFILE_TYPES = ['oauth', 'token', 'api_key'] as const;
export type ProfileType = (typeof PROFILE_TYPES)[number];

interface ProfileFacts {
  /** The id in the store; quoted when it holds characters that steer terminals. */
  readonly id: string;
  /** The provider as it is written there, or as the id suggests when it is missing. */
  readonly provider: string;
  /** File that the profile stands in. */
  readonly path: string;
}

/** A profile that holds a credential. The refresh token of an OAuth profile is not kept here. */
export interface ReadableProfile extends ProfileFacts {
  readonly kind: 'credential';
  readonly type: ProfileType;
  /** The key, the token or the access token; for a key or a token it may also be where that stands. */
  readonly value: Secret | SecretRef;
  /** Unix milliseconds, or null when it does not expire. */
  readonly expires: number | null;
  readonly email?: string;
  readonly accountId?: string;
  readonly projectId?: string;
  /** The login behind an access token that this program got by itself. */
  readonly grant?: OAuthGrant;
}

/** A profile that cannot be used as it stands. */
export interface BrokenProfile extends ProfileFacts {
  readonly kind: 'broken';
  /** Null when the type is missing or unknown. */
  readonly type: ProfileType | null;
  readonly reason: 'missing_credential' | 'invalid_expires' | 'ineligible_profile';
  /** What is wrong, in words that show no value. */
  readonly detail: string;
  /** True when a marker or a stand-in stands where the secret would. */
  readonly isPlaceholder?: boolean;
  /** True for a marker or a command: the key is elsewhere, which is no mistake of the store. */
  readonly isElsewhere?: boolean;
}

export type StoredProfile = ReadableProfile | BrokenProfile;

/** When a profile was used and until when its owner wants it left alone. Unix milliseconds. */
export interface ProfileUsage {
  readonly lastUsed: number;
  /** 0 when it is ready. */
  readonly unusableUntil: number;
}

interface NewCredentialFacts {
  readonly provider: string;
  readonly email?: string;
}

/** A credential that a login hands over to be stored. Times are Unix milliseconds. */
export type NewCredential =
  | (NewCredentialFacts & { readonly type: 'api_key'; readonly key: Secret })
  | (NewCredentialFacts & { readonly type: 'token'; readonly token: Secret; readonly expires?: number })
  | (NewCredentialFacts & {
      readonly type: 'oauth';
      readonly access: Secret;
      readonly refresh?: Secret;
      /** Absent only where the server of a login did not say. */
      readonly expires?: number;
      readonly accountId?: string;
      readonly projectId?: string;
      /** What a login of this program knows beside the tokens; without it they are never renewed. */
      readonly login?: NewLogin;
    });

/** The login that tokens come from. */
export interface NewLogin {
  readonly issuer: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly tokenType: string;
  /** When the tokens were received, in Unix milliseconds. */
  readonly obtained: number;
}
