/** Renews an access token that its provider refused: once, and not when another one has taken its place already. */
import type { ResolvedAuth } from '../../domain/auth.ts';
import type { Problem } from '../../domain/errors.ts';
import type { Renewer, RenewalOutcome } from '../../domain/renewal.ts';
import { type Clock, stillLasts } from '../../platform/clock.ts';
import { loginHint } from './login-hint.ts';
import { newestToken, type ProfileState, type RenewalResult } from './profile-state.ts';

export interface OAuthRenewerParts {
  readonly serves: (providerId: string) => boolean;
  readonly stateOf: (profileId: string) => ProfileState | undefined;
  readonly renew: (state: ProfileState) => Promise<RenewalResult>;
  readonly clock: Clock;
}

/**
 * A provider that refuses a token which was made a moment ago because it had refused the one before refuses
 * something else. Milliseconds.
 */
const MOMENT_MS = 30_000;

/** The renewer of tokens that were handed out by this process. */
export function createOAuthRenewer({ serves, stateOf, renew, clock }: OAuthRenewerParts): Renewer {
  const stateFor = (providerId: string, auth: ResolvedAuth): ProfileState | undefined => {
    if (auth.mode !== 'oauth' || auth.profileId === undefined || !serves(providerId)) return undefined;
    return stateOf(auth.profileId);
  };

  return {
    owns: (providerId, auth) => stateFor(providerId, auth) !== undefined,

    async renew(providerId, auth, { status }) {
      const state = stateFor(providerId, auth);
      // 403 says that the person may not do this, whatever the token is.
      if (state === undefined || auth.mode !== 'oauth' || status !== 401) return { kind: 'no-reason' };
      const token = newestToken(state, state.last.token);
      if (token.access.reveal() !== auth.accessToken.reveal()) return { kind: 'renewed' };
      const { renewedForRejection: before, failure } = state;
      if (before !== null && stillLasts({ since: before, until: before + MOMENT_MS }, clock()))
        return { kind: 'no-reason' };
      state.rejected = token.grant.version;
      if (failure !== null && stillLasts(failure.pause, clock()) && state.flight === null) {
        return failed(providerId, 'auth-expired', failure.detail, failure.hints);
      }
      const result = await renew(state);
      switch (result.kind) {
        case 'current':
          state.renewedForRejection = clock();
          return { kind: 'renewed' };
        case 'refused':
          return failed(providerId, 'reauth-required', result.detail, []);
        case 'gone':
          return failed(providerId, 'reauth-required', 'somebody logged out', []);
        case 'failed':
          return failed(providerId, 'auth-expired', result.failure.detail, result.failure.hints);
      }
    },
  };
}

function failed(
  providerId: string,
  code: Problem['code'],
  why: string,
  hints: readonly string[],
): RenewalOutcome {
  const detail = `Provider "${providerId}" refused the token, and it could not be renewed: ${why}`;
  return { kind: 'failed', problem: { code, detail, hints: [...hints, loginHint(providerId)] } };
}
