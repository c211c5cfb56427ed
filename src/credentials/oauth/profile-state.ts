/**
 * What this process knows of one profile's tokens beyond what an asker read from the store. After a renewal the
 * asker's snapshot is behind for a moment; after a login it is the snapshot that is ahead.
 */
import type { HeldToken, OAuthTokenRequest } from './oauth-tokens.ts';
import type { Renewal } from './renew-login.ts';
import { grantOf, type StoredLogin } from './stored-grant.ts';
import type { RenewalFailure } from './token-decision.ts';

/** What came of a renewal that was begun here; a failure says when the next one may begin. */
export type RenewalResult =
  | Exclude<Renewal, { kind: 'unavailable' }>
  | { readonly kind: 'failed'; readonly failure: RenewalFailure };

/** One profile. Changed in place. */
export interface ProfileState {
  /** Who asked last. */
  last: OAuthTokenRequest;
  /** The tokens that this process got or saw last. */
  current: HeldToken;
  /** Versions in whose place `current` stands, for askers who do not know it yet. */
  readonly superseded: Set<string>;
  /** The renewal under way. */
  flight: Promise<RenewalResult> | null;
  /** Renewals in a row that failed. */
  failures: number;
  failure: RenewalFailure | null;
  /** Version whose access token the provider refused. */
  rejected: string | null;
  /** When tokens were renewed last because the provider refused them, in Unix milliseconds. */
  renewedForRejection: number | null;
  /** Why the tokens of the last renewal are not on the disk; null when they are. */
  unsaved: string | null;
  /** Tries again to store them. */
  saving: NodeJS.Timeout | null;
  /** From -1 to 1. */
  readonly jitter: number;
  timer: { readonly version: string; readonly handle: NodeJS.Timeout } | null;
}

/** How many replaced versions are remembered; an asker is behind by one at most. */
const KEPT_VERSIONS = 8;

/** The state before anything happened. */
export function newProfileState(request: OAuthTokenRequest, jitter: number): ProfileState {
  return {
    last: request,
    current: request.token,
    superseded: new Set(),
    flight: null,
    failures: 0,
    failure: null,
    rejected: null,
    renewedForRejection: null,
    unsaved: null,
    saving: null,
    jitter,
    timer: null,
  };
}

/** The newest tokens that are known, given what the asker found in the store. */
export function newestToken(state: ProfileState, found: HeldToken): HeldToken {
  const { version } = found.grant;
  if (state.superseded.has(version)) return state.current;
  if (state.current.grant.version !== version) {
    // Somebody logged in: what is remembered of the old tokens says nothing about these.
    state.superseded.clear();
    state.failures = 0;
    state.failure = null;
  }
  state.current = found;
  return found;
}

/** Takes over what a renewal found in place of the tokens of the version `before`. */
export function supersede(state: ProfileState, before: string, login: StoredLogin): HeldToken {
  const token = toHeldToken(login);
  const { version, refusal } = token.grant;
  state.superseded.delete(version);
  // A refusal of the same tokens is news to an asker too.
  if (before !== version || refusal !== null) state.superseded.add(before);
  for (const old of [...state.superseded].slice(0, -KEPT_VERSIONS)) state.superseded.delete(old);
  state.current = token;
  return token;
}

/** A stored login without its refresh token. */
export function toHeldToken(login: StoredLogin): HeldToken {
  return { access: login.access, expires: login.expires, grant: grantOf(login) };
}
