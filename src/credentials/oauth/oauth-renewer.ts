/** Renews an access token that its provider refused: once, and not when another one has taken its place already. */
import type { ResolvedAuth } from '../../domain/auth.ts';
import type { Problem } from '../../domain/errors.ts';
import type { Renewer, RenewalOutcome } from '../../domain/renewal.ts';
import { stillLasts } from '../../domain/span.ts';
import type { Clock } from '../../platform/clock.ts';
import { remediesOf } from '../source-failure.ts';
import { loginHint } from './login-hint.ts';
import { newestToken, type ProfileState, type RenewalResult } from './profile-state.ts';
import type { RenewalFailure } from './token-decision.ts';

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
        return notRenewed(providerId, failure);
      }
      const result = await renew(state);
      switch (result.kind) {
        case 'current':
          state.renewedForRejection = clock();
          return { kind: 'renewed' };
        case 'refused':
          return failed('reauth-required', providerId, result.detail, [loginHint(providerId)]);
        case 'gone':
          return failed('reauth-required', providerId, 'somebody logged out', [loginHint(providerId)]);
        case 'failed':
          return notRenewed(providerId, result.failure);
      }
    },
  };
}

/** What a person has to put right, or when the server is asked again. */
function notRenewed(providerId: string, { detail, hints, isDown, pause }: RenewalFailure): RenewalOutcome {
  if (!isDown) return failed('auth-expired', providerId, detail, [...hints, loginHint(providerId)]);
  const retryAt = pause.until;
  return failed('credential-source-down', providerId, detail, remediesOf({ hints, retryAt }), retryAt);
}

function failed(
  code: Problem['code'],
  providerId: string,
  why: string,
  hints: readonly string[],
  retryAt?: number,
): RenewalOutcome {
  const detail = `Provider "${providerId}" refused the token, and it could not be renewed: ${why}`;
  const when = retryAt === undefined ? {} : { retryAt };
  return { kind: 'failed', problem: { code, detail, hints, ...when } };
}
