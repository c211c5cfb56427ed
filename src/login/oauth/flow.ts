/** What the two ways to log in have in common: what they get, and what they give back. */
import type { ServerConnection } from '../../credentials/oauth/authorization-server.ts';
import {
  type ReceivedTokens,
  readTokenResponse,
  type TokenResponse,
} from '../../credentials/oauth/token-response.ts';
import type { OAuthClientSettings } from '../../domain/oauth-client.ts';
import type { ServerFailure } from '../../credentials/oauth/server-failure.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Sleep } from '../../platform/sleep.ts';
import { type FailedLogin, failedLogin, type LoginOutcome } from './login-outcome.ts';

/** Ways to log in: a browser that comes back to this machine, or any browser and a code to type. */
export const LOGIN_FLOWS = ['code', 'device'] as const;
export type LoginFlow = (typeof LOGIN_FLOWS)[number];

/** What a flow needs. */
export interface FlowOptions {
  /** The server, and who this program is there. */
  readonly connection: ServerConnection;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** Aborts when the login is not wanted any more. */
  readonly cancelled: AbortSignal;
  /** Longest time that a person gets, in milliseconds. */
  readonly lifetimeMs: number;
  /** Stores the tokens. Never rejects. */
  readonly keep: (tokens: ReceivedTokens) => Promise<LoginOutcome>;
}

/** What a person has to do now. */
export type LoginTask =
  | { readonly flow: 'code'; readonly authorizationUrl: string }
  | {
      readonly flow: 'device';
      readonly verificationUri: string;
      readonly userCode: string;
      /** The same address with the code in it. */
      readonly verificationUriComplete?: string;
    };

/** A login that waits for a person. */
export interface WaitingLogin {
  readonly kind: 'waiting';
  readonly task: LoginTask;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** The end. Never rejects; nothing of the login is left when it comes. */
  readonly outcome: Promise<LoginOutcome>;
}

/** The beginning of a login, or why there was none. */
export type LoginStart = WaitingLogin | FailedLogin;

/** Scopes and resource, in every request that takes them (RFC 6749 section 3.3, RFC 8707 section 2). */
export function grantParameters({ scopes, resource }: OAuthClientSettings): Record<string, string> {
  return {
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    ...(resource === null ? {} : { resource }),
  };
}

/**
 * The tokens of an answer, as long as they are such that this program can use: in a header, as they are (RFC 6750).
 *
 * @param receivedAt Unix milliseconds
 */
export function receiveTokens(answer: TokenResponse, receivedAt: number): ReceivedTokens | FailedLogin {
  const tokens = readTokenResponse(answer, receivedAt);
  return typeof tokens === 'string'
    ? failedLogin('invalid-answer', `it sent a token that ${tokens}`)
    : tokens;
}

/** A failed call as the end of a login. */
export function failedCall(failure: ServerFailure): FailedLogin {
  switch (failure.kind) {
    case 'refused':
      return failure.error === 'invalid_client' || failure.error === 'unauthorized_client'
        ? failedLogin('server-refused', failure.detail, [
            'Check clientId, clientSecret and tokenEndpointAuthMethod of this provider in sidecar.json5',
          ])
        : failedLogin('server-refused', failure.detail);
    case 'unreachable':
      return failedLogin('unreachable', failure.detail, ['Try again when the server answers']);
    case 'unusable':
      return failedLogin('invalid-answer', failure.detail, [
        'Check issuer and endpoints of this provider in sidecar.json5',
      ]);
  }
}
