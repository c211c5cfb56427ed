/** Who this program is at an authorization server: the client's id and its secret, looked up where they stand. */
import type { ClientAuthMethod, OAuthClientSettings } from '../../domain/oauth-client.ts';
import { nameOfReference } from '../../domain/secret-ref.ts';
import type { Secret } from '../../domain/secret.ts';
import { type Environment, variable } from '../../platform/paths.ts';
import type { References } from '../references.ts';

/** Where ids and secrets of clients are looked up. */
export interface ClientLookup {
  readonly env: Environment;
  readonly references: References;
}

/** The client, or why there is none, in words that show no value. */
export type ClientIdentity =
  | { readonly kind: 'client'; readonly clientId: string; readonly secret: Secret | null }
  | { readonly kind: 'incomplete'; readonly detail: string; readonly hints: readonly string[] };

/** The client's id; undefined when the variable that should hold it is not set. */
export function clientIdOf({ clientId }: OAuthClientSettings, env: Environment): string | undefined {
  return typeof clientId === 'string' ? clientId : variable(env, clientId.variable);
}

/** Looks up id and secret. May run the command that a reference names. */
export async function identifyClient(
  providerId: string,
  settings: OAuthClientSettings,
  { env, references }: ClientLookup,
): Promise<ClientIdentity> {
  const clientId = clientIdOf(settings, env);
  if (clientId === undefined) {
    const name = typeof settings.clientId === 'string' ? '' : settings.clientId.variable;
    const detail = `the variable ${name}, named at oauth.${providerId}.clientId, is not set`;
    return { kind: 'incomplete', detail, hints: [`export ${name}=your-client-id`] };
  }
  if (settings.clientSecret === null) return { kind: 'client', clientId, secret: null };
  const outcome = await references.resolve(settings.clientSecret);
  if (outcome.kind === 'resolved') return { kind: 'client', clientId, secret: outcome.value };
  const place = `oauth.${providerId}.clientSecret`;
  const name = nameOfReference(settings.clientSecret);
  return {
    kind: 'incomplete',
    detail: `the client's secret, named ${name} at ${place}, cannot be had: ${outcome.reason}`,
    hints: [
      settings.clientSecret.source === 'env'
        ? `export ${settings.clientSecret.id}=your-client-secret`
        : `Mend what ${place} in sidecar.json5 refers to`,
    ],
  };
}

/** How the client proves itself: as the settings say, else `client_secret_basic` unless the server only knows the other. */
export function authMethodFor(
  { tokenEndpointAuthMethod }: OAuthClientSettings,
  supported: readonly string[] | undefined,
): ClientAuthMethod {
  if (tokenEndpointAuthMethod !== null) return tokenEndpointAuthMethod;
  const onlyPost =
    supported?.includes('client_secret_post') === true && !supported.includes('client_secret_basic');
  return onlyPost ? 'client_secret_post' : 'client_secret_basic';
}
