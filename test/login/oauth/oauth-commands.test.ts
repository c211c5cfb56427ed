/** `oauth login`, `status` and `logout` with real renewals between them, against a server that a test can steer. */
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createAuthorizationServers } from '../../../src/credentials/oauth/authorization-server.ts';
import { createOAuthTokens } from '../../../src/credentials/oauth/create-oauth-tokens.ts';
import { createLoginStore } from '../../../src/credentials/oauth/login-store.ts';
import { toHeldToken } from '../../../src/credentials/oauth/profile-state.ts';
import { readStoredLogin, type StoredLogin } from '../../../src/credentials/oauth/stored-grant.ts';
import type { OwnStore } from '../../../src/credentials/own-store.ts';
import type { OAuthClientSettings } from '../../../src/domain/oauth-client.ts';
import { Secret } from '../../../src/domain/secret.ts';
import type { CommandResult } from '../../../src/login/plugin.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { serveLocally } from '../../helpers/local-server.ts';
import { publicClient } from '../../helpers/public-client.ts';
import { tempFolder } from '../../platform/temp-folder.ts';
import { NO_LOOKUP, runOAuth, storeIn } from './run-oauth.ts';

let folder: string;
let store: OwnStore;
let issuer: string;
/** Length of the tokens that the server hands out. */
let length: number;
/** What else its answers say. */
let answer: Readonly<Record<string, unknown>>;
let handedOut: string[];
let revoked: string[];
/** Runs before a revocation is answered. */
let onRevocation: () => Promise<unknown>;

beforeEach(async () => {
  folder = await tempFolder();
  store = storeIn(folder);
  length = 40;
  answer = { expires_in: 3600 };
  handedOut = [];
  revoked = [];
  onRevocation = () => Promise.resolve();
  issuer = await serveLocally((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => void respond(request.url ?? '', new URLSearchParams(body)));
    const respond = async (path: string, form: URLSearchParams): Promise<void> => {
      if (path === '/revoke') {
        revoked.push(form.get('token') ?? '');
        await onRevocation();
      }
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(bodyOf(path)));
    };
  });
});

function bodyOf(path: string): object {
  const token = (kind: string): string => {
    const made = `${kind}-${handedOut.length}-`.padEnd(length, 'x');
    handedOut.push(made);
    return made;
  };
  switch (path) {
    case '/device':
      return { device_code: 'd', user_code: 'A-B', verification_uri: `${issuer}/type`, expires_in: 600 };
    case '/token':
      return {
        access_token: token('access'),
        refresh_token: token('refresh'),
        token_type: 'Bearer',
        ...answer,
      };
    case '/revoke':
      return {};
    default:
      return {
        issuer,
        token_endpoint: `${issuer}/token`,
        device_authorization_endpoint: `${issuer}/device`,
        revocation_endpoint: `${issuer}/revoke`,
      };
  }
}

function session(changed: Partial<OAuthClientSettings> = {}) {
  const clients = { acme: publicClient(issuer, changed) };
  const onSecret = (): undefined => undefined;
  const servers = createAuthorizationServers({ clients, clock: systemClock, onSecret });
  const tokens = createOAuthTokens({
    servers,
    store: createLoginStore(store),
    lockFolder: join(folder, 'locks'),
    clock: systemClock,
    log: { warn: onSecret },
    onSecret,
    random: () => 0.5,
    background: false,
  });
  return {
    clients,
    servers,
    tokens,
    lookup: NO_LOOKUP,
  };
}

function run(args: readonly string[], changed: Partial<OAuthClientSettings> = {}): Promise<CommandResult> {
  const oauth = {
    open: () => Promise.resolve(session(changed)),
    sleep: () => Promise.resolve(),
    interrupted: () => new AbortController().signal,
    tell: () => undefined,
    waiting: <T>(_label: string, work: Promise<T>) => work,
  };
  return runOAuth(store, oauth, args, { device: true });
}

async function stored(): Promise<StoredLogin> {
  const login = readStoredLogin(await store.readEntry('acme:default'));
  if (login === undefined) throw new Error('nobody is logged in');
  return login;
}

/** The stored token is over. */
const end = (): Promise<boolean> => store.changeEntry('acme:default', (entry) => ({ ...entry, expires: 1 }));

/** The token as a request would get it, renewed if need be. */
async function resolve(changed: Partial<OAuthClientSettings> = {}) {
  const { tokens, lookup } = session(changed);
  const token = toHeldToken(await stored());
  const now = Date.now();
  return tokens.resolve({ providerId: 'acme', profileId: 'acme:default', token, lookup, now });
}

describe('tokens as long as a header takes', () => {
  it.each([2_048, 2_049, 16_384])('%d characters: logged in, renewed, logged out', async (size) => {
    length = size;
    expect(await run(['login', 'acme'])).toMatchObject({ exitCode: 0 });
    expect(await run(['status'])).toMatchObject({
      json: { logins: [{ provider: 'acme', state: 'logged-in', renewable: true }] },
    });
    await end();
    expect(await resolve()).toMatchObject({ kind: 'token' });
    expect(handedOut).toHaveLength(4);
    const { access, refresh } = await stored();
    expect([access.reveal(), refresh?.reveal()]).toEqual(handedOut.slice(2));
    expect(await run(['logout', 'acme'])).toMatchObject({
      json: { removed: ['acme:default'], revoked: true },
    });
    expect(revoked).toEqual([handedOut[3], handedOut[2]]);
    expect(await store.list()).toEqual([]);
  });
});

describe('a token that is over when it comes', () => {
  it('"expires_in": 0 is not a token that never ends: it is renewed before it is handed out', async () => {
    answer = { expires_in: 0 };
    await run(['login', 'acme']);
    const { expires, obtained } = await stored();
    expect(expires).not.toBeNull();
    expect(expires).toBe(obtained);
    answer = { expires_in: 3600 };
    expect(await resolve()).toMatchObject({ kind: 'token' });
    expect((await stored()).access.reveal()).toBe(handedOut[2]);
  });
});

describe('settings that name another server or client than the login', () => {
  it.each([
    ['another issuer', { issuer: 'http://127.0.0.1:9' }, 'the settings name http://127.0.0.1:9'],
    ['another client', { clientId: 'somebody-else' }, 'another client'],
  ])('%s: status and resolve say the same', async (_name, changed, why) => {
    await run(['login', 'acme']);
    const status = await run(['status'], changed);
    expect(status).toMatchObject({ json: { logins: [{ state: 'reauth-required' }] } });
    expect(status.lines.join()).toContain(why);
    expect(await resolve(changed)).toMatchObject({ kind: 'reauth-required' });
  });
});

describe('logout', () => {
  it('tells a server that the settings write with a slash at its end, as a renewal does', async () => {
    await run(['login', 'acme']);
    const result = await run(['logout', 'acme'], { issuer: `${issuer}/` });
    expect(result).toMatchObject({ warnings: [], json: { revoked: true } });
    expect(revoked).toEqual([handedOut[1], handedOut[0]]);
  });

  it('a renewal that stores new tokens meanwhile: those are revoked too before they are removed', async () => {
    await run(['login', 'acme']);
    await end();
    onRevocation = async () => {
      onRevocation = () => Promise.resolve();
      expect(await resolve()).toMatchObject({ kind: 'token' });
    };
    expect(await run(['logout', 'acme'])).toMatchObject({
      json: { removed: ['acme:default'], revoked: true },
    });
    expect(handedOut).toHaveLength(4);
    expect(revoked).toEqual([1, 0, 3, 2].map((index) => handedOut[index]));
    expect(await store.list()).toEqual([]);
  });

  it('a key that somebody stores meanwhile is no login, and stays', async () => {
    await run(['login', 'acme']);
    onRevocation = () =>
      store.put('acme:default', { type: 'api_key', provider: 'acme', key: new Secret('sk-acme-0123456789') });
    expect(await run(['logout', 'acme'])).toMatchObject({ exitCode: 0, json: { removed: [] } });
    expect(await store.list()).toHaveLength(1);
  });
});
