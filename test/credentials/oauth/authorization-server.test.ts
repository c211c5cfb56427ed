/** Connections to authorization servers: metadata and their checks, client authentication, what is refused. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  type ConnectOutcome,
  createAuthorizationServers,
  type ServerConnection,
} from '../../../src/credentials/oauth/authorization-server.ts';
import { createReferences } from '../../../src/credentials/references.ts';
import type { OAuthClientSettings } from '../../../src/domain/oauth-client.ts';
import { getTokens } from '../../helpers/oauth-browser.ts';
import { freePort } from '../../helpers/free-port.ts';
import { serveLocally } from '../../helpers/local-server.ts';
import { publicClient } from '../../helpers/public-client.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../../helpers/oidc-provider.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function realServer(): Promise<TestServer> {
  const server = await startOidcProvider();
  closers.push(() => server.close());
  return server;
}

/** A server that answers as it is told; counts what it is asked. */
async function scripted(
  answer: (path: string, issuer: string) => object | number,
): Promise<{ issuer: string; asked: string[] }> {
  const asked: string[] = [];
  const issuer = await serveLocally((request, response) => {
    asked.push(request.url ?? '');
    const body = answer(request.url ?? '', issuer);
    if (typeof body === 'number') response.writeHead(body, { location: 'http://127.0.0.1:9/' }).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return { issuer, asked };
}

let now = Date.now();
const secrets: string[] = [];

function serversFor(settings: Partial<OAuthClientSettings>) {
  return createAuthorizationServers({
    clients: {
      acme: publicClient(null, { clientId: CLIENTS.public.client_id, ...settings }),
    },
    clock: () => now,
    onSecret: (value) => secrets.push(value),
  });
}

function lookup(env: Readonly<Record<string, string>> = {}) {
  const references = createReferences({
    env,
    outside: env,
    config: { providers: {}, defaults: {} },
    files: new Map(),
    policy: { allowExec: false, commands: [] },
    run: () => Promise.resolve({ kind: 'failed', reason: 'is not there' }),
    clock: () => now,
    onSecret: () => undefined,
  });
  return { env, references };
}

function connected(outcome: ConnectOutcome): ServerConnection {
  if (outcome.kind !== 'connected') throw new Error(outcome.detail);
  return outcome;
}

function refusal(outcome: ConnectOutcome): string {
  if (outcome.kind !== 'failed') throw new Error('expected a failure');
  return `${outcome.reason}: ${outcome.detail}`;
}

describe('"all three client authentication methods"', () => {
  it.each([
    ['public', null],
    ['post', 'client_secret_post'],
    ['basic', 'client_secret_basic'],
    ['basic', null],
  ] as const)('the %s client with the method %s', async (name, method) => {
    const { issuer, grants } = await realServer();
    const client = CLIENTS[name];
    const env = 'client_secret' in client ? { ACME_SECRET: client.client_secret } : {};
    const servers = serversFor({
      issuer,
      clientId: client.client_id,
      clientSecret: name === 'public' ? null : { source: 'env', provider: null, id: 'ACME_SECRET' },
      tokenEndpointAuthMethod: name === 'public' ? 'none' : method,
    });
    const { library, configuration } = connected(await servers.connect('acme', lookup(env)));
    const tokens = await getTokens(issuer);
    // The token is another client's, so a client that proved itself gets `invalid_grant` and not `invalid_client`.
    const call = library.refreshTokenGrant(configuration, tokens.refresh);
    if (name === 'public') expect((await call).access_token).not.toBe(tokens.access);
    else await expect(call).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(grants.at(-1)?.grant).toBe('refresh_token');
    if ('client_secret' in client) expect(secrets).toContain(client.client_secret);
  });

  it('a server that only knows client_secret_post gets that', async () => {
    const { issuer } = await scripted((_path, self) => ({
      issuer: self,
      token_endpoint: `${self}/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
    }));
    const clientSecret = { source: 'env', provider: null, id: 'ACME_SECRET' } as const;
    const servers = serversFor({ issuer, clientSecret, tokenEndpointAuthMethod: null });
    const { configuration, library } = connected(
      await servers.connect('acme', lookup({ ACME_SECRET: 'canary-1234' })),
    );
    const bodies: string[] = [];
    configuration[library.customFetch] = async (_url, { body, headers }) => {
      const sent = body instanceof URLSearchParams ? body.toString() : '';
      bodies.push(`${sent} ${headers['authorization'] ?? ''}`);
      return new Response('{}', { status: 400 });
    };
    await expect(library.refreshTokenGrant(configuration, 'r')).rejects.toThrow();
    expect(bodies).toEqual([expect.stringContaining('client_secret=canary-1234')]);
  });
});

describe('metadata', () => {
  it('are asked for once in an hour, also by many at once', async () => {
    const { issuer, asked } = await scripted((_path, self) => ({
      issuer: self,
      token_endpoint: `${self}/token`,
    }));
    const servers = serversFor({ issuer });
    await Promise.all(Array.from({ length: 5 }, () => servers.connect('acme', lookup())));
    now += 59 * 60_000;
    connected(await servers.connect('acme', lookup()));
    expect(asked).toEqual(['/.well-known/openid-configuration']);
    now += 2 * 60_000;
    connected(await servers.connect('acme', lookup()));
    expect(asked).toHaveLength(2);
  });

  it('are found by RFC 8414 where there is no OpenID discovery', async () => {
    const { issuer, asked } = await scripted((path, self) =>
      path === '/.well-known/oauth-authorization-server'
        ? { issuer: self, token_endpoint: `${self}/token` }
        : 404,
    );
    connected(await serversFor({ issuer }).connect('acme', lookup()));
    expect(asked).toEqual(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']);
  });

  it.each([
    [
      'of another issuer',
      (self: string) => ({ issuer: 'https://evil.example', token_endpoint: `${self}/token` }),
    ],
    ['without a token endpoint', (self: string) => ({ issuer: self })],
    [
      'with a token endpoint over plain http',
      (self: string) => ({ issuer: self, token_endpoint: 'http://id.example/t' }),
    ],
    [
      'with a revocation endpoint that is no URL',
      (self: string) => ({ issuer: self, token_endpoint: `${self}/t`, revocation_endpoint: 7 }),
    ],
  ])('%s are refused', async (_name, body) => {
    const { issuer } = await scripted((_path, self) => body(self));
    expect(refusal(await serversFor({ issuer }).connect('acme', lookup()))).toMatch(
      /^misconfigured: .*metadata/,
    );
  });

  it('are not looked for behind a redirect', async () => {
    const { issuer, asked } = await scripted(() => 302);
    expect(refusal(await serversFor({ issuer }).connect('acme', lookup()))).toMatch(/^misconfigured: .*302/);
    expect(asked).toHaveLength(2);
  });

  it('a server that is away is remembered for a moment, and asked again then', async () => {
    let isUp = false;
    const { issuer, asked } = await scripted((_path, self) =>
      isUp ? { issuer: self, token_endpoint: `${self}/t` } : 503,
    );
    const servers = serversFor({ issuer });
    expect(refusal(await servers.connect('acme', lookup()))).toMatch(/^unreachable: .*503/);
    isUp = true;
    expect(refusal(await servers.connect('acme', lookup()))).toMatch(/503/);
    expect(asked).toHaveLength(1);
    now += 6000;
    connected(await servers.connect('acme', lookup()));
  });

  it('are not asked for beside explicit endpoints', async () => {
    const token = `http://127.0.0.1:${await freePort()}/token`;
    const endpoints = { token, authorization: null, deviceAuthorization: null, revocation: null };
    const { issuer, configuration } = connected(await serversFor({ endpoints }).connect('acme', lookup()));
    expect(issuer).toBe(token);
    expect(configuration.serverMetadata().token_endpoint).toBe(token);
  });
});

describe('a client that is not complete', () => {
  it('names the variable that is missing', async () => {
    const clientId = { variable: 'NAT_OAUTH_CLIENT_ID' };
    const outcome = await serversFor({ issuer: 'https://id.example', clientId }).connect('acme', lookup());
    expect(outcome).toMatchObject({
      reason: 'misconfigured',
      detail: 'the variable NAT_OAUTH_CLIENT_ID, named at oauth.acme.clientId, is not set',
      hints: ['export NAT_OAUTH_CLIENT_ID=your-client-id'],
    });
  });

  it('names the secret that cannot be had', async () => {
    const clientSecret = { source: 'env', provider: null, id: 'NAT_OAUTH_CLIENT_SECRET' } as const;
    const outcome = await serversFor({ issuer: 'https://id.example', clientSecret }).connect(
      'acme',
      lookup(),
    );
    expect(refusal(outcome)).toMatch(
      /env:NAT_OAUTH_CLIENT_SECRET at oauth\.acme\.clientSecret, .* is not set/,
    );
  });

  it('is none where the settings have no entry', async () => {
    expect(refusal(await serversFor({}).connect('other', lookup()))).toMatch(/no entry oauth\.other/);
  });
});
