/** The settings of a client of an authorization server, for tests that describe one as far as it differs. */
import type { OAuthClientSettings } from '../../src/domain/oauth-client.ts';

/** A public client that names nothing but its server. */
export function publicClient(
  issuer: string | null,
  settings: Partial<OAuthClientSettings> = {},
): OAuthClientSettings {
  return {
    issuer,
    endpoints: null,
    clientId: 'client',
    clientSecret: null,
    tokenEndpointAuthMethod: 'none',
    scopes: [],
    redirectUri: null,
    resource: null,
    userinfo: null,
    ...settings,
  };
}
