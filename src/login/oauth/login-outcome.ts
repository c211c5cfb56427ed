/** What comes of a login, and every way in which it can fail. Nothing in it is secret. */

/** Why a login failed. A code never changes its meaning. */
export const LOGIN_FAILURES = {
  /** The person, or a rule of the server, said no. */
  'access-denied': 'The login was refused',
  /** Nobody finished it in time. */
  expired: 'Nobody finished the login in time',
  cancelled: 'The login was cancelled',
  /** The server answered with an error. */
  'server-refused': 'The authorization server refused the login',
  /** The answer does not belong to this login, or is not what the protocol demands. */
  'invalid-answer': 'The answer of the authorization server cannot be trusted',
  /** The settings of the provider do not do. */
  misconfigured: 'The settings of this login cannot be used',
  unreachable: 'The authorization server cannot be reached',
  /** The server has no endpoint for this flow. */
  'not-offered': 'The authorization server does not offer this kind of login',
  /** The address that the browser comes back to cannot be opened. */
  'no-redirect-address': 'The address for the redirect cannot be opened',
  /** The tokens came and could not be stored. */
  'not-stored': 'The tokens could not be stored',
} as const satisfies Record<string, string>;

export type LoginFailure = keyof typeof LOGIN_FAILURES;

/** The end of a login. */
export type LoginOutcome =
  | {
      readonly kind: 'complete';
      readonly profileId: string;
      /** Unix milliseconds; null when the server did not say. */
      readonly expires: number | null;
      /** True: the token can be renewed without a person. */
      readonly renewable: boolean;
    }
  | FailedLogin;

/** A login that came to nothing. */
export interface FailedLogin {
  readonly kind: 'failed';
  readonly code: LoginFailure;
  /** One sentence. Foreign text in it is quoted and cut. */
  readonly detail: string;
  readonly hints: readonly string[];
}

/** Makes a failure. */
export function failedLogin(code: LoginFailure, why?: string, hints: readonly string[] = []): FailedLogin {
  return {
    kind: 'failed',
    code,
    detail: why === undefined ? LOGIN_FAILURES[code] : `${LOGIN_FAILURES[code]}: ${why}`,
    hints,
  };
}
