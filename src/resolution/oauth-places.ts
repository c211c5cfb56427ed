/**
 * Logins of this program as places that a resolution looks at: a token that is renewed while the program runs,
 * or the login that is still missing. Tokens of other tools' stores are no business of this file.
 */
import type { EffectiveProvider } from '../domain/provider.ts';
import { loginHint } from '../credentials/oauth/login-hint.ts';
import { codeOfTrouble, type OAuthTokenOutcome } from '../credentials/oauth/oauth-tokens.ts';
import { type ProfilePlace, profileSourceOf } from '../credentials/profile-place.ts';
import { remediesOf } from '../credentials/source-failure.ts';
import { toIso } from '../platform/clock.ts';
import type { AuthPlace, PendingPlace } from './auth-place.ts';
import { endingProblem } from './source-trouble.ts';
import type { Snapshot } from './snapshot.ts';

/** The place of a login that the settings know how to renew; undefined for any other profile. */
export function loginPlace(
  { live, env, references }: Snapshot,
  provider: EffectiveProvider,
  profile: ProfilePlace,
  now: number,
): PendingPlace | undefined {
  const { login, store, state, profileId, expiresAt } = profile;
  if (login === undefined || store !== 'sidecar' || !live.oauth.serves(provider.id)) return undefined;
  if (state === 'broken' || state === 'excluded') return undefined;
  const request = {
    providerId: provider.id,
    profileId,
    token: { access: login.access, expires: expiresAt, grant: login.grant },
    lookup: { env, references },
    now,
  };
  const known = (outcome: OAuthTokenOutcome | null): AuthPlace | null =>
    outcome && toPlace(provider.id, profile, outcome);
  return {
    kind: 'pending',
    place: profileSourceOf(profileId),
    found: foundAt(profile, expiresAt),
    known: () => known(live.oauth.peek(request)),
    unasked: async () => known(live.oauth.unasked(request)),
    fetch: async () => toPlace(provider.id, profile, await live.oauth.resolve(request)),
  };
}

/** Where to log in, for a provider that the settings know and that nobody is logged in to. */
export function missingLogin(
  { live }: Snapshot,
  provider: EffectiveProvider,
  profiles: readonly ProfilePlace[],
): AuthPlace[] {
  if (!live.oauth.serves(provider.id)) return [];
  if (profiles.some(({ store, mode }) => store === 'sidecar' && mode === 'oauth')) return [];
  return [{ kind: 'empty', place: 'oauth', found: 'not logged in', remedy: loginHint(provider.id) }];
}

function toPlace(providerId: string, profile: ProfilePlace, outcome: OAuthTokenOutcome): AuthPlace {
  const place = profileSourceOf(profile.profileId);
  switch (outcome.kind) {
    case 'token': {
      const { accessToken, expiresAt, note, trouble } = outcome;
      const detail = profile.state === 'cooldown' ? profile.detail : undefined;
      const notes = [detail, note].filter((part) => part !== undefined);
      const accountId = 'accountId' in profile ? profile.accountId : undefined;
      return {
        kind: 'hit',
        place,
        found: foundAt(profile, expiresAt),
        auth: {
          mode: 'oauth',
          source: place,
          profileId: profile.profileId,
          accessToken,
          expiresAt,
          ...(accountId === undefined ? {} : { accountId }),
        },
        ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
        ...(trouble === undefined
          ? {}
          : { trouble: endingProblem({ providerId, place, expiresAt }, codeOfTrouble(trouble), trouble) }),
      };
    }
    case 'reauth-required':
    case 'failed': {
      const { kind, detail, retryAt } = outcome;
      return {
        kind: 'expired',
        place,
        found: `an OAuth token in ${profile.path}`,
        note: detail,
        remedy: remediesOf(outcome),
        ...(kind === 'failed' ? {} : { code: kind }),
        ...(retryAt === undefined ? {} : { retryAt }),
      };
    }
  }
}

function foundAt({ path }: ProfilePlace, expiresAt: number | null): string {
  return `an OAuth token in ${path}${expiresAt === null ? '' : `, expires ${toIso(expiresAt)}`}`;
}
