/** One stored profile as a place that a resolution looks at: what it is worth now, and why. Pure. */
import { Secret } from '../domain/secret.ts';
import type { SecretRef } from '../domain/secret-ref.ts';
import { toIso } from '../platform/clock.ts';
import type { OAuthGrant } from './oauth/stored-grant.ts';
import type { StorePlace } from './profile-store.ts';
import type {
  BrokenProfile,
  ProfileType,
  ProfileUsage,
  ReadableProfile,
  StoredProfile,
} from './stored-profile.ts';

/** How a profile's credential is sent, by the names of the contract. */
type ProfileMode = 'oauth' | 'token' | 'api-key';

interface PlaceFacts {
  readonly profileId: string;
  /** The provider as the store writes it. */
  readonly provider: string;
  readonly store: StorePlace;
  readonly path: string;
  /** Unix milliseconds; null when the credential does not expire or its expiry is not known. */
  readonly expiresAt: number | null;
  /** Who renews the credential; null for one that nobody can renew. */
  readonly refreshedBy: StorePlace | null;
  /** The login of this program that the access token comes from, also where the token has expired. */
  readonly login?: { readonly access: Secret; readonly grant: OAuthGrant };
}

/**
 * A stored profile as a place that was looked at. `reason` is the code that the operators' other tools
 * print; `detail` says the same in words and shows no value.
 */
export type ProfilePlace =
  | (PlaceFacts & {
      readonly state: 'usable' | 'cooldown';
      readonly reason: 'ok';
      readonly mode: ProfileMode;
      /** What is sent, or where that stands. */
      readonly value: Secret | SecretRef;
      readonly accountId?: string;
      readonly projectId?: string;
      /** Only for a cool-down: until when its owner wants it left alone. */
      readonly detail?: string;
    })
  | (PlaceFacts & {
      readonly state: 'expired';
      readonly reason: 'expired';
      readonly mode: ProfileMode;
      readonly detail: string;
    })
  | (PlaceFacts & {
      readonly state: 'broken' | 'excluded';
      readonly reason: BrokenProfile['reason'] | 'excluded_by_auth_order';
      /** Null when the store does not say. */
      readonly mode: ProfileMode | null;
      readonly detail: string;
      readonly isPlaceholder?: boolean;
      readonly isElsewhere?: boolean;
    });

const MODES: Readonly<Record<ProfileType, ProfileMode>> = {
  oauth: 'oauth',
  token: 'token',
  api_key: 'api-key',
};

/** The `source` of a credential that came from a profile. */
export function profileSourceOf(profileId: string): string {
  return `profile:${profileId}`;
}

/** The place of a profile that an order, the config or its provider rules out, whatever it holds. */
export function excludedPlace(
  profile: StoredProfile,
  store: StorePlace,
  reason: 'excluded_by_auth_order' | 'ineligible_profile',
  detail: string,
): ProfilePlace {
  return { ...factsOf(profile, store), state: 'excluded', reason, mode: modeOf(profile), detail };
}

/**
 * What a profile is worth.
 *
 * @param usage what its owner recorded of its use
 * @param now Unix milliseconds
 */
export function judgeProfile(
  profile: StoredProfile,
  store: StorePlace,
  usage: ProfileUsage | undefined,
  now: number,
): ProfilePlace {
  if (profile.kind === 'credential') return judgeCredential(profile, store, usage?.unusableUntil ?? 0, now);
  const { reason, detail, isPlaceholder = false, isElsewhere = false } = profile;
  return {
    ...factsOf(profile, store),
    state: 'broken',
    reason,
    mode: modeOf(profile),
    detail,
    isPlaceholder,
    isElsewhere,
  };
}

/** A credential is valid while `now < expires`. */
function judgeCredential(
  profile: ReadableProfile,
  store: StorePlace,
  unusableUntil: number,
  now: number,
): ProfilePlace {
  const facts = factsOf(profile, store);
  const { value, expires, accountId, projectId } = profile;
  const mode = MODES[profile.type];
  if (expires !== null && now >= expires) {
    return { ...facts, state: 'expired', reason: 'expired', mode, detail: `expired at ${toIso(expires)}` };
  }
  const waits = unusableUntil > now;
  return {
    ...facts,
    state: waits ? 'cooldown' : 'usable',
    reason: 'ok',
    mode,
    value,
    ...(accountId === undefined ? {} : { accountId }),
    ...(projectId === undefined ? {} : { projectId }),
    ...(waits ? { detail: coolDown(unusableUntil) } : {}),
  };
}

/** A time that somebody else wrote may lie beyond what a date can hold. */
function coolDown(until: number): string {
  const time = Number.isNaN(new Date(until).getTime()) ? 'further notice' : toIso(until);
  return `its owner leaves it alone until ${time}`;
}

function factsOf(profile: StoredProfile, store: StorePlace): PlaceFacts {
  return {
    profileId: profile.id,
    provider: profile.provider,
    store,
    path: profile.path,
    expiresAt: profile.kind === 'credential' ? profile.expires : null,
    refreshedBy: profile.type === 'oauth' ? store : null,
    ...loginOf(profile),
  };
}

function loginOf(profile: StoredProfile): Pick<PlaceFacts, 'login'> {
  if (profile.kind !== 'credential' || profile.grant === undefined) return {};
  return profile.value instanceof Secret ? { login: { access: profile.value, grant: profile.grant } } : {};
}

function modeOf({ type }: StoredProfile): ProfileMode | null {
  return type === null ? null : MODES[type];
}
