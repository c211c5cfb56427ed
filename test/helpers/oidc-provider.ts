/**
 * A certified authorization server on a free port of 127.0.0.1: rotating refresh tokens, reuse of an old one
 * revokes the whole family, PKCE for public clients, device flow, revocation, userinfo and `/api/me`. With
 * faults that networks and servers have: slow, gone, an answer that gets lost on its way.
 */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { type ClientMetadata, Provider } from 'oidc-provider';
import { DEVICE_PAGES, INTERACTION_URL, installSignInPages } from './sign-in-pages.ts';

/** A token request that the server understood, by its grant type and how it ended. */
export interface GrantCall {
  readonly grant: string;
  readonly outcome: 'success' | 'error';
}

export interface TestServer {
  readonly issuer: string;
  /** Token requests that were understood, in their order. */
  readonly grants: GrantCall[];
  /** `METHOD /path` of every request that came in, also those that were dropped. */
  readonly requests: string[];
  /** Parameters of the token requests that succeeded, codes and verifiers included. */
  readonly parameters: Readonly<Record<string, unknown>>[];
  /** How the next requests to the token endpoint fare. */
  readonly faults: {
    /** Milliseconds before the request is worked on. */
    delay: number;
    /** Requests wait for this before they are worked on. */
    gate: Promise<void> | null;
    /** So many answers get lost: the request has its effect, and the connection ends without a word. */
    dropAnswers: number;
    /** So many requests are not worked on: the connection ends at once. */
    dropRequests: number;
    /** Answers this status to everything. */
    status: number | null;
  };
  /** Revokes every grant that was ever made. */
  readonly revokeAll: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface TestServerOptions {
  /** Life of access tokens in seconds. @default 3600 */
  readonly accessTokenSeconds?: number;
  readonly clients?: readonly ClientMetadata[];
  /** @default any free one */
  readonly port?: number;
  /** Host name of the issuer. @default '127.0.0.1' */
  readonly host?: '127.0.0.1' | 'localhost';
  /** True: clients may register themselves (RFC 7591). @default false */
  readonly registration?: boolean;
}

export const REDIRECT_URI = 'http://127.0.0.1/auth/redirect';

/** A client for each way of proving itself. Native clients may come with any port. */
export const CLIENTS = {
  public: { client_id: 'public-client', token_endpoint_auth_method: 'none' },
  post: {
    client_id: 'post-client',
    client_secret: 'canary-client-secret-post',
    token_endpoint_auth_method: 'client_secret_post',
  },
  basic: {
    client_id: 'basic-client',
    client_secret: 'canary-client-secret-basic',
    token_endpoint_auth_method: 'client_secret_basic',
  },
} as const satisfies Record<string, ClientMetadata>;

const CLIENT_DEFAULTS = {
  application_type: 'native',
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
  id_token_signed_response_alg: 'ES256',
} as const satisfies Partial<ClientMetadata>;

/** Starts the server. */
export async function startOidcProvider(options: TestServerOptions = {}): Promise<TestServer> {
  const { accessTokenSeconds = 3600, clients = Object.values(CLIENTS), port = 0 } = options;
  let handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  const server = createServer((request, response) => void handle(request, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const issuer = `http://${options.host ?? '127.0.0.1'}:${(address satisfies AddressInfo).port}`;

  const provider = createProvider(issuer, clients, accessTokenSeconds, options.registration ?? false);
  const grants: GrantCall[] = [];
  const grantIds = new Set<string>();
  const parameters: Readonly<Record<string, unknown>>[] = [];
  provider.on('grant.success', ({ oidc }) => {
    grants.push({ grant: grantOf(oidc.params), outcome: 'success' });
    parameters.push({ ...oidc.params });
  });
  provider.on('grant.error', ({ oidc }) => grants.push({ grant: grantOf(oidc.params), outcome: 'error' }));
  provider.on('grant.saved', ({ jti }) => grantIds.add(jti));

  const requests: string[] = [];
  const faults: TestServer['faults'] = {
    delay: 0,
    gate: null,
    dropAnswers: 0,
    dropRequests: 0,
    status: null,
  };
  const answer = provider.callback();
  handle = async (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    requests.push(`${request.method} ${path}`);
    if (path === '/token') {
      if (faults.delay > 0) await setTimeout(faults.delay);
      await faults.gate;
      if (faults.status !== null) {
        response.writeHead(faults.status).end();
        return;
      }
      if (faults.dropRequests > 0) {
        faults.dropRequests -= 1;
        request.socket.destroy();
        return;
      }
      if (faults.dropAnswers > 0) {
        faults.dropAnswers -= 1;
        // What the server would send at the end goes nowhere.
        response.end = () => {
          request.socket.destroy();
          return response;
        };
      }
    }
    await answer(request, response);
  };
  return {
    issuer,
    grants,
    parameters,
    requests,
    faults,
    async revokeAll() {
      for (const id of grantIds) {
        await provider.RefreshToken.revokeByGrantId(id);
        await provider.AccessToken.revokeByGrantId(id);
      }
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function grantOf(params: Readonly<Record<string, unknown>> | undefined): string {
  return String(params?.['grant_type']).replace('urn:ietf:params:oauth:grant-type:', '');
}

function createProvider(
  issuer: string,
  clients: readonly ClientMetadata[],
  seconds: number,
  registration: boolean,
): Provider {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const provider = new Provider(issuer, {
    clients: clients.map((client) => ({ ...CLIENT_DEFAULTS, ...client })),
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kty: 'EC', alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['a key for cookies of the tests'] },
    // What a client that registers itself leaves out.
    clientDefaults: { id_token_signed_response_alg: CLIENT_DEFAULTS.id_token_signed_response_alg },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    claims: { profile: ['name'], email: ['email'] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => Promise.resolve(true),
    ttl: {
      AccessToken: seconds,
      IdToken: 3600,
      DeviceCode: 600,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 3600,
      Interaction: 3600,
    },
    features: {
      deviceFlow: { enabled: true, ...DEVICE_PAGES },
      revocation: { enabled: true, allowedPolicy: () => true },
      devInteractions: { enabled: false },
      registration: { enabled: registration },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: 'openid profile email offline_access' }),
        useGrantedResource: () => true,
      },
    },
    interactions: { url: INTERACTION_URL },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `Person ${sub}`, email: `${sub}@example.org` }),
    }),
  });
  installSignInPages(provider);
  // Who holds a token may ask who it belongs to, as at many a real API.
  provider.use(async (context, next) => {
    if (context.path !== '/api/me') return next();
    const [, text = ''] = /^Bearer (.+)$/.exec(context.get('authorization')) ?? [];
    const token = await provider.AccessToken.find(text);
    context.status = token === undefined ? 401 : 200;
    context.body =
      token === undefined
        ? { error: 'invalid_token' }
        : { id: token.accountId, name: `Person ${token.accountId}` };
  });
  return provider;
}
