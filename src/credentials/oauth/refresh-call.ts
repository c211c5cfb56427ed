/** One renewal at the authorization server (RFC 6749, section 6): the call, and what its end means. */
import type { Secret } from '../../domain/secret.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ServerConnection } from './authorization-server.ts';
import { readServerFailure } from './server-failure.ts';
import type { RequestFate } from './server-fetch.ts';
import { readTokenResponse, type ReceivedTokens } from './token-response.ts';

/** How a renewal ended. Texts show no token. */
export type RefreshAnswer =
  | { readonly kind: 'renewed'; readonly tokens: ReceivedTokens }
  /** The server takes this refresh token no more. */
  | { readonly kind: 'invalid-grant'; readonly detail: string }
  /** The call may have had its effect, and nobody knows the new tokens. */
  | { readonly kind: 'lost'; readonly detail: string }
  /** The refresh token is still good as far as anybody knows. `isDown`: the server could not say yes or no. */
  | { readonly kind: 'failed'; readonly detail: string; readonly isDown: boolean };

/**
 * Calls once. Never rejects.
 *
 * @param fate tells what became of the last request of this connection
 */
export async function callRefresh(
  { library, configuration, settings }: ServerConnection,
  refreshToken: Secret,
  fate: () => RequestFate | null,
  clock: Clock,
): Promise<RefreshAnswer> {
  try {
    const parameters = settings.resource === null ? {} : { resource: settings.resource };
    const answer = await library.refreshTokenGrant(configuration, refreshToken.reveal(), parameters);
    const tokens = readTokenResponse(answer, clock());
    if (typeof tokens !== 'string') return { kind: 'renewed', tokens };
    return { kind: 'lost', detail: `the server sent a token that ${tokens}` };
  } catch (error) {
    const failure = readServerFailure(error);
    const { detail } = failure;
    if (failure.kind === 'refused' && failure.error === 'invalid_grant') {
      return { kind: 'invalid-grant', detail };
    }
    if (mayHaveWorked(fate())) return { kind: 'lost', detail };
    return { kind: 'failed', detail, isDown: failure.kind === 'unreachable' };
  }
}

function mayHaveWorked(fate: RequestFate | null): boolean {
  switch (fate?.kind) {
    case undefined:
    case 'not-sent':
      return false;
    case 'unanswered':
      return true;
    case 'answered':
      // A good answer that could not be read.
      return fate.status >= 200 && fate.status < 300;
  }
}

/** Ends a refresh token that nobody keeps (RFC 7009). Never rejects: whoever logged out is logged out here anyway. */
export async function revokeQuietly(
  { library, configuration }: ServerConnection,
  token: Secret,
): Promise<void> {
  if (configuration.serverMetadata().revocation_endpoint === undefined) return;
  await library
    .tokenRevocation(configuration, token.reveal(), { token_type_hint: 'refresh_token' })
    .catch(() => undefined);
}
