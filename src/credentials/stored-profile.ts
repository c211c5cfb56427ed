/**
 * Stored profiles as plain types: what one is after it was read. The codes for what can be wrong with one are
 * those that the operators' other tools print.
 */
import type { Secret } from '../domain/secret.ts';

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
  /** The key, the token or the access token. */
  readonly value: Secret;
  /** Unix milliseconds, or null when it does not expire. */
  readonly expires: number | null;
  readonly email?: string;
  readonly accountId?: string;
  readonly projectId?: string;
}

/** A profile without a value of its own: it names a place where the secret is. */
export interface ReferringProfile extends ProfileFacts {
  readonly kind: 'unresolved-reference';
  readonly type: ProfileType;
  readonly reason: 'unresolved_ref';
  readonly detail: string;
}

/** A profile that cannot be used as it stands. */
export interface BrokenProfile extends ProfileFacts {
  readonly kind: 'broken';
  /** Null when the type is missing or unknown. */
  readonly type: ProfileType | null;
  readonly reason: 'missing_credential' | 'invalid_expires' | 'ineligible_profile';
  /** What is wrong, in words that show no value. */
  readonly detail: string;
}

export type StoredProfile = ReadableProfile | ReferringProfile | BrokenProfile;

/** When a profile was used and until when its owner wants it left alone. Unix milliseconds. */
export interface ProfileUsage {
  readonly lastUsed: number;
  /** 0 when it is ready. */
  readonly unusableUntil: number;
}
