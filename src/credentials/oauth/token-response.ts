/** What a token endpoint answered (RFC 6749, section 5.1), as tokens that can be stored. Pure. */
import { keyDefect, Secret } from '../../domain/secret.ts';

/** The fields of an answer that count. */
export interface TokenResponse {
  readonly access_token: string;
  readonly refresh_token?: string | undefined;
  /** Seconds. */
  readonly expires_in?: number | undefined;
  readonly scope?: string | undefined;
  readonly token_type: string;
}

/** Tokens as they were received. Times are Unix milliseconds. */
export interface ReceivedTokens {
  readonly access: Secret;
  /** Null when the answer had none. */
  readonly refresh: Secret | null;
  /** Counted from the receipt, so that the server's clock does not matter; null when it did not say. */
  readonly expires: number | null;
  readonly obtained: number;
  /** Null when the answer does not name them: they are those that were asked for. */
  readonly scopes: readonly string[] | null;
  readonly tokenType: string;
}

/** Longest life that is believed, in seconds: a hundred years. */
const LONGEST_LIFE = 3_155_760_000;

/**
 * Reads an answer.
 *
 * @param receivedAt Unix milliseconds
 * @returns the tokens, or what is wrong with them in words that follow "the server sent a token that"
 */
export function readTokenResponse(response: TokenResponse, receivedAt: number): ReceivedTokens | string {
  const { access_token: access, refresh_token: refresh, expires_in: life, scope } = response;
  // The only type that a plain Authorization header carries (RFC 6750).
  if (response.token_type.toLowerCase() !== 'bearer') return 'is not a bearer token';
  const defect = keyDefect(access) ?? (refresh ? keyDefect(refresh) : undefined);
  if (defect !== undefined) return defect;
  // With 0 it is over at once, which is not the same as a life that nobody named.
  const isKnown = life !== undefined && life >= 0 && life < LONGEST_LIFE;
  return {
    access: new Secret(access),
    refresh: refresh ? new Secret(refresh) : null,
    expires: isKnown ? receivedAt + Math.floor(life * 1000) : null,
    obtained: receivedAt,
    scopes: scope === undefined ? null : scope.split(' ').filter((name) => name !== ''),
    tokenType: response.token_type,
  };
}
