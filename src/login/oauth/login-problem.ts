/** What a login that failed, or a provider that nobody can log in to, is as an error of the program. Pure. */
import type { ErrorCode, Problem } from '../../domain/errors.ts';
import { nearest } from '../../domain/nearest.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import type { FailedLogin, LoginFailure } from './login-outcome.ts';

const CODES: Readonly<Record<LoginFailure, ErrorCode>> = {
  'access-denied': 'login-failed',
  expired: 'login-failed',
  cancelled: 'login-failed',
  'server-refused': 'login-failed',
  'invalid-answer': 'login-failed',
  misconfigured: 'config-invalid',
  unreachable: 'login-server-down',
  'not-offered': 'bad-request',
  'no-redirect-address': 'address-in-use',
  'not-stored': 'cannot-write',
};

/** The problem of a login that failed. */
export function problemOfLogin({ code, detail, hints }: FailedLogin): Problem {
  return { code: CODES[code], detail, hints };
}

/** The problem of a provider that the settings name no login for. */
export function noLoginFor(providerId: string, known: readonly string[]): Problem {
  return {
    code: 'unknown-provider',
    detail: `sidecar.json5 has no entry oauth for provider ${quoteUntrusted(providerId)}`,
    hints: [
      ...nearest(providerId, known).map((id) => `Did you mean ${id}?`),
      known.length === 0
        ? 'Add one: oauth: { <provider>: { issuer, clientId, scopes } }'
        : `There are logins for: ${known.join(', ')}`,
    ],
  };
}
