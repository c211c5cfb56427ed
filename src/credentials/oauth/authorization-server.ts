/**
 * Connections to the authorization servers that the settings name: metadata found and checked once, a client
 * that proves itself as the settings say. The OAuth library is loaded when the first connection is wanted.
 */
import type * as OpenIdClient from 'openid-client';
import * as z from 'zod';
import {
  issuerOf,
  oauthClientFor,
  type OAuthClients,
  type OAuthClientSettings,
} from '../../domain/oauth-client.ts';
import { isProtectedUrl } from '../../domain/protected-url.ts';
import type { Secret } from '../../domain/secret.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import { stillLasts } from '../../domain/span.ts';
import type { Clock } from '../../platform/clock.ts';
import { authMethodFor, type ClientLookup, identifyClient } from './client-identity.ts';
import { createServerFetch, type ServerFetchOptions } from './server-fetch.ts';
import { readServerFailure, type ServerFailure } from './server-failure.ts';

/** The OAuth library. */
export type OAuthLibrary = typeof OpenIdClient;

/** A server with this program as its client; what the library's functions need. */
export interface ServerConnection {
  readonly kind: 'connected';
  readonly library: OAuthLibrary;
  readonly configuration: OpenIdClient.Configuration;
  readonly settings: OAuthClientSettings;
  /** The identity under which this server's tokens are kept. */
  readonly issuer: string;
  readonly clientId: string;
}

/** A connection, or why there is none. Texts show no secret. */
export type ConnectOutcome =
  | ServerConnection
  | {
      readonly kind: 'failed';
      /** `unreachable`: later it may work; `misconfigured`: somebody has to change something. */
      readonly reason: 'unreachable' | 'misconfigured';
      readonly detail: string;
      readonly hints: readonly string[];
    };

export interface AuthorizationServers {
  /** The entry of the settings for a provider. */
  readonly settingsFor: (providerId: string) => OAuthClientSettings | undefined;
  /** Never rejects. Each request of the connection has its deadline; `options` adds to it. */
  readonly connect: (
    providerId: string,
    lookup: ClientLookup,
    options?: ServerFetchOptions,
  ) => Promise<ConnectOutcome>;
}

export interface AuthorizationServersOptions {
  readonly clients: OAuthClients;
  readonly clock: Clock;
  /** Told each secret of a client, before anybody can use it: the log must never print it. */
  readonly onSecret: (value: string) => void;
}

/** Deadline of one request, in seconds, its answer included. */
const REQUEST_SECONDS = 10;

/** How long metadata count, and how long it counts that there were none, in milliseconds. */
const KEEP_METADATA_MS = 60 * 60 * 1000;
const KEEP_FAILURE_MS = 5_000;

/**
 * How far the clocks of the server and of this machine may differ for an ID token, in seconds. It came over the
 * connection that was just made, so its times protect from nothing; a wrong clock must not keep anybody out.
 */
const CLOCK_TOLERANCE_SECONDS = 24 * 60 * 60;

/** How ID tokens may be signed where no metadata say it (RFC 8725: no `none`, no shared keys). */
const ID_TOKEN_ALGORITHMS = [
  'RS256',
  'PS256',
  'ES256',
  'EdDSA',
  'RS384',
  'PS384',
  'ES384',
  'RS512',
  'PS512',
  'ES512',
] as const;

type Metadata = OpenIdClient.ServerMetadata;
type FailedConnect = Extract<ConnectOutcome, { kind: 'failed' }>;
type FoundMetadata = { readonly kind: 'found'; readonly metadata: Metadata } | FailedConnect;

/** Opens nothing before it is asked. */
export function createAuthorizationServers(options: AuthorizationServersOptions): AuthorizationServers {
  const { clients, clock, onSecret } = options;
  const known = new Map<
    string,
    { readonly metadata: Promise<FoundMetadata>; since: number; until: number }
  >();

  /** Metadata of one issuer, asked for once for all who want them at the same time. */
  const metadataOf = async (library: OAuthLibrary, issuer: string): Promise<FoundMetadata> => {
    const before = known.get(issuer);
    if (before !== undefined && stillLasts(before, clock())) return before.metadata;
    const entry = { metadata: discover(library, issuer), since: -Infinity, until: Infinity };
    known.set(issuer, entry);
    const found = await entry.metadata;
    entry.since = clock();
    entry.until = entry.since + (found.kind === 'found' ? KEEP_METADATA_MS : KEEP_FAILURE_MS);
    return found;
  };

  return {
    settingsFor: (providerId) => oauthClientFor(clients, providerId),
    async connect(providerId, lookup, fetchOptions = {}) {
      const settings = oauthClientFor(clients, providerId);
      if (settings === undefined) {
        const detail = `sidecar.json5 has no entry oauth.${providerId}`;
        return misconfigured(detail, 'docs/configuration.md says how to make one');
      }
      const client = await identifyClient(providerId, settings, lookup);
      if (client.kind === 'incomplete') {
        return { kind: 'failed', reason: 'misconfigured', detail: client.detail, hints: client.hints };
      }
      if (client.secret !== null) onSecret(client.secret.reveal());
      const library = await import('openid-client');
      const { endpoints, issuer } = settings;
      const found: FoundMetadata =
        endpoints === null
          ? await metadataOf(library, issuer ?? '')
          : { kind: 'found', metadata: fromEndpoints(settings) };
      if (found.kind === 'failed') return found;
      const configuration = new library.Configuration(
        found.metadata,
        client.clientId,
        { [library.clockTolerance]: CLOCK_TOLERANCE_SECONDS },
        clientAuth(library, settings, found.metadata, client.secret),
      );
      configuration.timeout = REQUEST_SECONDS;
      configuration[library.customFetch] = createServerFetch(fetchOptions);
      // Every endpoint was checked: what is not https leads to this machine.
      library.allowInsecureRequests(configuration);
      const { clientId } = client;
      return { kind: 'connected', library, configuration, settings, issuer: issuerOf(settings), clientId };
    },
  };
}

/** What explicit endpoints say, in the form of metadata. */
function fromEndpoints(settings: OAuthClientSettings): Metadata {
  const { endpoints, userinfo } = settings;
  const { token, authorization, deviceAuthorization, revocation } = endpoints ?? {};
  return {
    issuer: issuerOf(settings),
    id_token_signing_alg_values_supported: [...ID_TOKEN_ALGORITHMS],
    ...(token === undefined ? {} : { token_endpoint: token }),
    ...(authorization ? { authorization_endpoint: authorization } : {}),
    ...(deviceAuthorization ? { device_authorization_endpoint: deviceAuthorization } : {}),
    ...(revocation ? { revocation_endpoint: revocation } : {}),
    ...(userinfo === null ? {} : { userinfo_endpoint: userinfo }),
  };
}

function clientAuth(
  library: OAuthLibrary,
  settings: OAuthClientSettings,
  { token_endpoint_auth_methods_supported: supported }: Metadata,
  secret: Secret | null,
): OpenIdClient.ClientAuth {
  if (secret === null) return library.None();
  switch (authMethodFor(settings, supported)) {
    case 'client_secret_post':
      return library.ClientSecretPost(secret.reveal());
    case 'client_secret_basic':
      return library.ClientSecretBasic(secret.reveal());
    case 'none':
      return library.None();
  }
}

/** Asks by OpenID Connect discovery, then by RFC 8414. Both check that the metadata name the same issuer. */
async function discover(library: OAuthLibrary, issuer: string): Promise<FoundMetadata> {
  let failure: ServerFailure = { kind: 'unreachable', detail: 'nothing was asked' };
  for (const algorithm of ['oidc', 'oauth2'] as const) {
    try {
      const configuration = await library.discovery(new URL(issuer), 'discovery', undefined, library.None(), {
        algorithm,
        timeout: REQUEST_SECONDS / 2,
        execute: [library.allowInsecureRequests],
        [library.customFetch]: createServerFetch(),
      });
      return checked(issuer, configuration.serverMetadata());
    } catch (error) {
      failure = readServerFailure(error);
      // A server that is away is away for the second question too.
      if (failure.kind === 'unreachable') break;
    }
  }
  const detail = `the authorization server ${issuer} gave no metadata that can be used: ${failure.detail}`;
  if (failure.kind !== 'unreachable') {
    return misconfigured(detail, `Check that ${issuer} is the issuer as the server itself names it`);
  }
  const hints = [`Check that ${issuer} can be reached from this machine`];
  return { kind: 'failed', reason: 'unreachable', detail, hints };
}

const endpoint = z.string().refine(isProtectedUrl);

/** Metadata as far as they are used: tokens, codes and secrets go to https, or to this machine. */
const metadataSchema = z.looseObject({
  token_endpoint: endpoint,
  authorization_endpoint: endpoint.optional(),
  device_authorization_endpoint: endpoint.optional(),
  revocation_endpoint: endpoint.optional(),
  userinfo_endpoint: endpoint.optional(),
  jwks_uri: endpoint.optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  id_token_signing_alg_values_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});

function checked(issuer: string, metadata: Metadata): FoundMetadata {
  const result = metadataSchema.safeParse(metadata);
  // A copy: the library's helpers on it are not part of the metadata.
  if (result.success) return { kind: 'found', metadata: { ...metadata } };
  const field = quoteUntrusted(result.error.issues[0]?.path.map(String).join('.') ?? '');
  return misconfigured(
    `the metadata of ${issuer} cannot be used at ${field}: missing, not text or not an https URL`,
    'Name the endpoints one by one, where the metadata are wrong',
  );
}

function misconfigured(detail: string, ...hints: readonly string[]): FailedConnect {
  return { kind: 'failed', reason: 'misconfigured', detail, hints };
}
