/** What is known of a provider's authorization server and of the client that this program is there. */
import { canonicalProviderId } from './provider-id.ts';
import { recordOf } from './record.ts';
import type { SecretRef } from './secret-ref.ts';

/** How a client proves itself at the token endpoint (RFC 7591, section 2). */
export const CLIENT_AUTH_METHODS = ['client_secret_post', 'client_secret_basic', 'none'] as const;
export type ClientAuthMethod = (typeof CLIENT_AUTH_METHODS)[number];

/** Endpoints by the names of RFC 8414, for a server without metadata. All are absolute URLs. */
export interface OAuthEndpoints {
  readonly token: string;
  readonly authorization: string | null;
  readonly deviceAuthorization: string | null;
  readonly revocation: string | null;
}

/** One provider's entry under `oauth` in the settings. */
export interface OAuthClientSettings {
  /** The server's identifier, by which its metadata are found; null only beside explicit endpoints. */
  readonly issuer: string | null;
  /** Explicit endpoints; with these no metadata are asked for. */
  readonly endpoints: OAuthEndpoints | null;
  /** The client's id itself, or the variable that holds it. */
  readonly clientId: string | { readonly variable: string };
  /** Where the client's secret stands; null for a public client. */
  readonly clientSecret: SecretRef | null;
  /** Null: what the server supports, `client_secret_basic` first. */
  readonly tokenEndpointAuthMethod: ClientAuthMethod | null;
  readonly scopes: readonly string[];
  /** A fixed loopback redirect URI; null: a free port of 127.0.0.1. */
  readonly redirectUri: string | null;
  /** The resource that the tokens are for (RFC 8707). */
  readonly resource: string | null;
  /** URL that says who is logged in; null: the userinfo endpoint of the metadata. */
  readonly userinfo: string | null;
}

/** Entries by provider id. */
export type OAuthClients = Readonly<Record<string, OAuthClientSettings>>;

/** No provider at all. */
export const NO_OAUTH_CLIENTS: OAuthClients = recordOf([]);

/** The entry for a provider, whatever the spelling of its id. */
export function oauthClientFor(clients: OAuthClients, providerId: string): OAuthClientSettings | undefined {
  const wanted = canonicalProviderId(providerId);
  return Object.entries(clients).find(([id]) => canonicalProviderId(id) === wanted)?.[1];
}

/**
 * The identity under which tokens of a server are kept: tokens of one identity are never sent to another.
 * A server without an issuer is known by its token endpoint.
 */
export function issuerOf({ issuer, endpoints }: OAuthClientSettings): string {
  return issuer ?? endpoints?.token ?? '';
}

/** True when two issuers are the same server; a slash at the end of a host alone makes no difference. */
export function sameIssuer(a: string, b: string): boolean {
  return a === b || (URL.canParse(a) && URL.canParse(b) && new URL(a).href === new URL(b).href);
}
