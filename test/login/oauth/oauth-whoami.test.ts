/** `oauth whoami` and `oauth logout`: a token goes to its issuer or to the configured URL, and nowhere else. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createAuthorizationServers } from '../../../src/credentials/oauth/authorization-server.ts';
import type { OAuthTokens } from '../../../src/credentials/oauth/oauth-tokens.ts';
import type { OwnStore } from '../../../src/credentials/own-store.ts';
import type { OAuthClientSettings } from '../../../src/domain/oauth-client.ts';
import { Secret } from '../../../src/domain/secret.ts';
import type { CommandResult } from '../../../src/login/plugin.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { serveLocally } from '../../helpers/local-server.ts';
import { publicClient } from '../../helpers/public-client.ts';
import { tempFolder } from '../../platform/temp-folder.ts';
import { never, NO_LOOKUP, runOAuth, storeIn } from './run-oauth.ts';

const ACCESS = 'canary-access-0123456789';

interface Endpoint {
  readonly url: string;
  readonly seen: { readonly target: string; readonly authorization: string | undefined }[];
}

let store: OwnStore;
beforeEach(async () => {
  store = storeIn(await tempFolder());
});

/** A server that answers everything in this way, and remembers who came with what. */
async function endpoint(
  answer: (target: string, url: string) => { status?: number; headers?: object; body?: unknown },
): Promise<Endpoint> {
  const seen: { target: string; authorization: string | undefined }[] = [];
  const url = await serveLocally((request, response) => {
    const target = request.url ?? '';
    seen.push({ target, authorization: request.headers.authorization });
    const { status = 200, headers = {}, body = {} } = answer(target, url);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  });
  return { url, seen };
}

/** An issuer whose metadata name these endpoints too. */
const issuerWith = (more: (url: string) => object = () => ({}), claims: unknown = { sub: 'ada' }) =>
  endpoint((target, url) => ({
    body: target.startsWith('/.well-known/')
      ? { issuer: url, token_endpoint: `${url}/token`, ...more(url) }
      : claims,
  }));

function run(
  args: readonly string[],
  issuer: string,
  settings: Partial<OAuthClientSettings> = {},
  tokens: Partial<OAuthTokens> = {},
): Promise<CommandResult> {
  const clients = { acme: publicClient(issuer, settings) };
  const session = {
    clients,
    servers: createAuthorizationServers({ clients, clock: systemClock, onSecret: () => undefined }),
    tokens: {
      serves: () => true,
      peek: never,
      unasked: never,
      resolve: () =>
        Promise.resolve({ kind: 'token' as const, accessToken: new Secret(ACCESS), expiresAt: null }),
      ...tokens,
    },
    lookup: NO_LOOKUP,
  };
  return runOAuth(store, { open: () => Promise.resolve(session) }, args);
}

const logIn = (issuer: string): Promise<void> =>
  store.put('acme:default', {
    type: 'oauth',
    provider: 'acme',
    access: new Secret(ACCESS),
    refresh: new Secret('canary-refresh-0123456789'),
    login: { issuer, clientId: 'client', scopes: [], tokenType: 'bearer', obtained: Date.now() },
  });

describe('whoami: the token goes to its issuer’s or the configured URL only', () => {
  it('the userinfo endpoint of the metadata', async () => {
    const issuer = await issuerWith((url) => ({ userinfo_endpoint: `${url}/userinfo` }));
    await logIn(issuer.url);
    const result = await run(['whoami', 'acme'], issuer.url);
    expect(result).toMatchObject({ exitCode: 0, json: { claims: { sub: 'ada' } } });
    expect(result.lines).toEqual(['acme: you are logged in as "ada"']);
    expect(issuer.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([
      { target: '/userinfo', authorization: `Bearer ${ACCESS}` },
    ]);
  });

  it('the URL of the settings, and then the issuer gets no token', async () => {
    const issuer = await issuerWith();
    const api = await endpoint(() => ({ body: { username: 'ada', id: 7 } }));
    await logIn(issuer.url);
    const result = await run(['whoami', 'acme'], issuer.url, { userinfo: `${api.url}/api/me` });
    expect(result.lines).toEqual(['acme: you are logged in as "ada" (id "7")']);
    expect(api.seen).toEqual([{ target: '/api/me', authorization: `Bearer ${ACCESS}` }]);
    expect(issuer.seen).toEqual([]);
  });

  it('a redirect is not followed', async () => {
    const thief = await endpoint(() => ({}));
    const issuer = await issuerWith();
    const api = await endpoint(() => ({ status: 302, headers: { location: thief.url } }));
    await logIn(issuer.url);
    const result = await run(['whoami', 'acme'], issuer.url, { userinfo: api.url });
    expect(result).toMatchObject({ exitCode: 1, json: { code: 'login-failed' } });
    expect(thief.seen).toEqual([]);
  });

  it('without such a URL nothing is sent, and the setting is named', async () => {
    const issuer = await issuerWith();
    await logIn(issuer.url);
    const result = await run(['whoami', 'acme'], issuer.url);
    expect(result).toMatchObject({ exitCode: 78, json: { code: 'config-invalid' } });
    expect(result.lines.join('\n')).toContain('oauth.acme.userinfo');
    expect(issuer.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('nobody logged in, a login that has ended, a server that is down, a token that is refused', async () => {
    const issuer = await issuerWith();
    expect(await run(['whoami', 'acme'], issuer.url)).toMatchObject({
      exitCode: 1,
      json: { code: 'no-auth' },
    });
    await logIn(issuer.url);
    const ended = { kind: 'reauth-required' as const, detail: 'it has expired', hints: ['Log in'] };
    expect(
      await run(['whoami', 'acme'], issuer.url, {}, { resolve: () => Promise.resolve(ended) }),
    ).toMatchObject({ exitCode: 1, json: { code: 'reauth-required', hints: ['Log in'] } });
    const down = { ...ended, kind: 'failed' as const, retryAt: Date.parse('2026-03-01T00:00:00Z') };
    expect(
      await run(['whoami', 'acme'], issuer.url, {}, { resolve: () => Promise.resolve(down) }),
    ).toMatchObject({
      exitCode: 69,
      json: { code: 'credential-source-down', retryAt: '2026-03-01T00:00:00.000Z' },
    });
    const refusing = await endpoint(() => ({ status: 401 }));
    const refused = await run(['whoami', 'acme'], issuer.url, { userinfo: refusing.url });
    expect(refused).toMatchObject({ exitCode: 1, json: { code: 'reauth-required' } });
    expect(JSON.stringify(refused)).not.toContain('canary');
  });

  it('what the server says of itself cannot steer the terminal', async () => {
    const issuer = await issuerWith((url) => ({ userinfo_endpoint: `${url}/userinfo` }), {
      name: 'ada\u001b[2J\nroot',
      email: ['x'],
      sub: 'ada\u001b[2J\nroot',
    });
    await logIn(issuer.url);
    const { lines } = await run(['whoami', 'acme'], issuer.url);
    expect(lines).toEqual(['acme: you are logged in as "ada\\u001b[2J\\nroot"']);
  });
});

describe('logout: revokes, then forgets; tokens are shown to their own server alone', () => {
  it('a server without revocation: forgotten, and said', async () => {
    const issuer = await issuerWith();
    await logIn(issuer.url);
    const result = await run(['logout', 'acme'], issuer.url);
    expect(result).toMatchObject({ exitCode: 0, json: { removed: ['acme:default'], revoked: false } });
    expect(result.warnings.join('\n')).toContain('no way to revoke');
    expect(await store.list()).toEqual([]);
  });

  it('the settings name another server by now: it is not shown the tokens', async () => {
    const other = await issuerWith((url) => ({ revocation_endpoint: `${url}/revoke` }));
    await logIn('https://old.example');
    const result = await run(['logout', 'acme'], other.url);
    expect(result).toMatchObject({ exitCode: 0, json: { removed: ['acme:default'], revoked: false } });
    expect(other.seen.map(({ target }) => target)).not.toContain('/revoke');
  });

  it('a key under the same name is no login, and stays', async () => {
    const issuer = await issuerWith();
    await store.put('acme:default', {
      type: 'api_key',
      provider: 'acme',
      key: new Secret('sk-acme-0123456789'),
    });
    expect(await run(['logout', 'acme'], issuer.url)).toMatchObject({ json: { removed: [] } });
    expect(await store.list()).toHaveLength(1);
  });
});
