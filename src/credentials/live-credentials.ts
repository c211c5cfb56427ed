/**
 * Credentials that are fetched or renewed while the program runs. They outlive snapshots: a change of a file
 * must not make a token be fetched again.
 */
import type { AwsIdentities } from './aws/identities.ts';
import type { ExchangedKeys } from './exchange/exchanged-keys.ts';
import type { OAuthTokens } from './oauth/oauth-tokens.ts';

export interface LiveCredentials {
  readonly aws: AwsIdentities;
  readonly exchange: ExchangedKeys;
  readonly oauth: OAuthTokens;
}
