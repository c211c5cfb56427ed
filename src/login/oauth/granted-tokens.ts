/** What an authorization server granted, taken over from the answer of its token endpoint (RFC 6749 section 5.1). */
import type { TokenEndpointResponse } from 'openid-client';
import { Secret } from '../../domain/secret.ts';

/** Tokens as a login got them. */
export interface GrantedTokens {
  readonly access: Secret;
  /** Null: the token cannot be renewed without a person. */
  readonly refresh: Secret | null;
  /** Unix milliseconds, counted from the receipt; null when the server did not say. */
  readonly expires: number | null;
  /** What was granted, which may be less than what was asked for. */
  readonly scopes: readonly string[];
}

/**
 * Takes the tokens over; undefined for a token that cannot go into a header as it is (RFC 6750 alone is spoken).
 *
 * @param asked the scopes that count where the server names none
 * @param receivedAt Unix milliseconds
 */
export function toGrantedTokens(
  answer: TokenEndpointResponse,
  asked: readonly string[],
  receivedAt: number,
): GrantedTokens | undefined {
  if (answer.token_type !== 'bearer') return undefined;
  const { access_token: access, refresh_token: refresh, expires_in: life, scope } = answer;
  return {
    access: new Secret(access),
    refresh: refresh === undefined || refresh === '' ? null : new Secret(refresh),
    expires: life === undefined ? null : receivedAt + life * 1_000,
    scopes: scope === undefined ? asked : scope.split(' ').filter((each) => each !== ''),
  };
}
