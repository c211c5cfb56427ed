/** Everybody who can make a new credential in the place of one that a provider refused. */
import { createExchangeRenewer } from '../credentials/exchange/exchange-renewer.ts';
import type { LiveCredentials } from '../credentials/live-credentials.ts';
import type { OAuthTokenKeeper } from '../credentials/oauth/oauth-tokens.ts';
import type { Renewer } from '../domain/renewal.ts';
import type { Environment } from '../platform/paths.ts';

/**
 * The list; the first that owns a credential renews it.
 *
 * @param env the variables as they count when a credential is renewed
 */
export function createRenewers(
  { exchange }: Pick<LiveCredentials, 'exchange'>,
  { renewer }: Pick<OAuthTokenKeeper, 'renewer'>,
  env: () => Environment,
): readonly Renewer[] {
  return [createExchangeRenewer(exchange, env), renewer];
}
