/** The code flow against the certified server, with a plain HTTP client as the browser. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../helpers/free-port.ts';
import { createHttpBrowser, signIn } from '../../helpers/http-browser.ts';
import { logInAt } from '../../helpers/oauth-browser.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../../helpers/oidc-provider.ts';
import { startLogin } from '../../../src/login/oauth/start-login.ts';
import type { LoginTask } from '../../../src/login/oauth/flow.ts';
import { createLoginRig, type LoginRig, type LoginRigOptions } from './login-rig.ts';

let server: TestServer;
const rigs: LoginRig[] = [];

beforeEach(async () => {
  server = await startOidcProvider();
});
afterEach(async () => {
  for (const rig of rigs.splice(0)) {
    rig.stop.abort();
    await rig.close();
  }
  await server.close();
});

async function rigFor(options: Partial<LoginRigOptions> = {}): Promise<LoginRig> {
  const rig = await createLoginRig({
    issuer: server.issuer,
    clientId: CLIENTS.public.client_id,
    ...options,
  });
  rigs.push(rig);
  return rig;
}

function addressOf(task: LoginTask): URL {
  if (task.flow !== 'code') throw new Error('not a code flow');
  return new URL(task.authorizationUrl);
}

describe('Done when: the whole flow passes with confidential and public clients, all three client authentication methods', () => {
  it.each([
    ['client_secret_post', CLIENTS.post.client_id, CLIENTS.post.client_secret],
    ['client_secret_basic', CLIENTS.basic.client_id, CLIENTS.basic.client_secret],
    ['none', CLIENTS.public.client_id, undefined],
  ] as const)('%s', async (method, clientId, secret) => {
    const rig = await rigFor({
      clientId,
      ...(secret === undefined ? {} : { secret }),
      settings: { tokenEndpointAuthMethod: method },
    });
    const before = Date.now();
    const { task, outcome } = await rig.start('code');
    const page = await signIn(createHttpBrowser(), addressOf(task).href, { login: 'ada' });
    expect(page.status).toBe(200);
    expect(page.text).toContain('You are logged in');
    expect(await outcome).toMatchObject({ kind: 'complete', profileId: 'acme:default', renewable: true });
    const stored = await rig.stored();
    expect(stored).toMatchObject({
      type: 'oauth',
      provider: 'acme',
      issuer: server.issuer,
      clientId,
      scopes: ['openid', 'profile', 'email'],
      refresh: expect.any(String),
    });
    expect(Number(stored?.['expires'])).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(Number(stored?.['expires'])).toBeLessThanOrEqual(Date.now() + 3_600_000);
    expect(server.grants).toEqual([{ grant: 'authorization_code', outcome: 'success' }]);
    const me = await fetch(`${server.issuer}/api/me`, {
      headers: { authorization: `Bearer ${String(stored?.['access'])}` },
    });
    expect(await me.json()).toMatchObject({ id: 'ada' });
  });

  it('PKCE S256, state and nonce are in the request, each new; the redirect is loopback with a port of its own', async () => {
    const rig = await rigFor();
    const one = addressOf((await rig.start('code')).task);
    const other = addressOf((await rig.start('code')).task);
    for (const { searchParams } of [one, other]) {
      expect(searchParams.get('code_challenge_method')).toBe('S256');
      expect(searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/);
      expect(searchParams.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/auth\/redirect$/);
      expect(searchParams.get('response_type')).toBe('code');
    }
    for (const name of ['state', 'nonce', 'code_challenge', 'redirect_uri']) {
      expect(one.searchParams.get(name), name).not.toBe(other.searchParams.get(name));
    }
  });

  it('the resource is named on both calls (RFC 8707)', async () => {
    const resource = 'https://api.example.com/v1';
    const rig = await rigFor({ settings: { resource } });
    const { task, outcome } = await rig.start('code');
    expect(addressOf(task).searchParams.get('resource')).toBe(resource);
    await signIn(createHttpBrowser(), addressOf(task).href);
    expect(await outcome).toMatchObject({ kind: 'complete' });
    expect(server.parameters).toMatchObject([{ resource }]);
  });

  it('offline_access asks for consent, without which a server ignores it', async () => {
    const rig = await rigFor({ settings: { scopes: ['openid', 'offline_access'] } });
    const { task, outcome } = await rig.start('code');
    expect(addressOf(task).searchParams.get('prompt')).toBe('consent');
    await signIn(createHttpBrowser(), addressOf(task).href);
    await outcome;
    expect((await rig.stored())?.['scopes']).toEqual(['openid', 'offline_access']);
  });

  it('a fixed redirect URI with localhost is answered on both loopback families', async () => {
    const port = await freePort();
    const redirectUri = `http://localhost:${port}/auth/redirect`;
    const client = { ...CLIENTS.public, client_id: 'fixed', redirect_uris: [redirectUri] };
    await server.close();
    server = await startOidcProvider({ clients: [client] });
    const rig = await rigFor({ clientId: 'fixed', settings: { redirectUri } });
    const { task, outcome } = await rig.start('code');
    for (const host of ['127.0.0.1', '[::1]']) {
      // Reached, and refused: the Host of the redirect URI is localhost.
      expect((await fetch(`http://${host}:${port}/auth/redirect`)).status).toBe(400);
    }
    const page = await signIn(createHttpBrowser(), addressOf(task).href);
    expect(page.text).toContain('You are logged in');
    expect(await outcome).toMatchObject({ kind: 'complete' });
  });
});

describe('a login that does not succeed leaves nothing behind', () => {
  const expectNothing = async (rig: LoginRig, redirect: URL): Promise<void> => {
    expect(await rig.files()).toEqual([]);
    await expect(fetch(redirect)).rejects.toThrow('fetch failed');
  };
  const redirectOf = (task: LoginTask): URL =>
    new URL(addressOf(task).searchParams.get('redirect_uri') ?? '');

  it('cancelled (Ctrl-C)', async () => {
    const rig = await rigFor();
    const { task, outcome } = await rig.start('code');
    rig.stop.abort();
    expect(await outcome).toMatchObject({ kind: 'failed', code: 'cancelled' });
    await expectNothing(rig, redirectOf(task));
    expect(server.grants).toEqual([]);
  });

  it('cancelled while the code is exchanged: nothing is stored', async () => {
    const rig = await rigFor();
    const { task, outcome } = await rig.start('code');
    server.faults.delay = 150;
    const back = await logInAt(addressOf(task).href);
    const page = fetch(back);
    await vi.waitFor(() => expect(server.requests).toContain('POST /token'), 15_000);
    rig.stop.abort();
    expect(await outcome).toMatchObject({ kind: 'failed', code: 'cancelled' });
    expect((await page).status).toBe(400);
    await expectNothing(rig, redirectOf(task));
  });

  it('out of time', async () => {
    const rig = await rigFor({ parts: { lifetimeMs: 60 } });
    const { task, outcome } = await rig.start('code');
    expect(await outcome).toMatchObject({ kind: 'failed', code: 'expired' });
    await expectNothing(rig, redirectOf(task));
  });

  it('denied by the person', async () => {
    const rig = await rigFor();
    const { task, outcome } = await rig.start('code');
    const page = await signIn(createHttpBrowser(), addressOf(task).href, { answer: 'no' });
    expect(page.text).toContain('did not succeed');
    expect(page.text).not.toContain('denied');
    expect(await outcome).toMatchObject({ kind: 'failed', code: 'access-denied' });
    await expectNothing(rig, redirectOf(task));
    expect(server.grants).toEqual([]);
  });

  it('the token endpoint does not answer: the page and the outcome say so', async () => {
    const rig = await rigFor();
    const { task, outcome } = await rig.start('code');
    const back = await logInAt(addressOf(task).href);
    server.faults.status = 503;
    expect((await fetch(back)).status).toBe(400);
    expect(await outcome).toMatchObject({ kind: 'failed', code: 'unreachable' });
    await expectNothing(rig, redirectOf(task));
  });

  it('a wrong client secret is told as such, and shown nowhere', async () => {
    const rig = await rigFor({ clientId: CLIENTS.basic.client_id, secret: 'canary-wrong-secret' });
    const { task, outcome } = await rig.start('code');
    await signIn(createHttpBrowser(), addressOf(task).href);
    const ended = await outcome;
    expect(ended).toMatchObject({ kind: 'failed', code: 'server-refused' });
    expect(JSON.stringify(ended)).toContain('clientSecret');
    expect(JSON.stringify(ended)).not.toContain('canary');
    await expectNothing(rig, redirectOf(task));
  });
});

describe('a login that cannot begin', () => {
  it('the fixed port is taken: the login says which, and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const rig = await rigFor({ settings: { redirectUri: `http://localhost:${port}/auth/redirect` } });
    const started = await startLogin(rig.parts, 'acme', 'code', rig.stop.signal);
    expect(started).toMatchObject({ kind: 'failed', code: 'no-redirect-address' });
    expect(JSON.stringify(started)).toContain(`${port}`);
    other.close();
    await once(other, 'close');
  });

  it('the server is down, or the variable of the secret is not set', async () => {
    const rig = await rigFor({
      settings: { clientSecret: { source: 'env', provider: null, id: 'NOT_SET' } },
    });
    expect(await startLogin(rig.parts, 'acme', 'code', rig.stop.signal)).toMatchObject({
      kind: 'failed',
      code: 'misconfigured',
      detail: expect.stringContaining('NOT_SET'),
    });
    const port = await freePort();
    const away = await rigFor({ issuer: `http://127.0.0.1:${port}` });
    expect(await startLogin(away.parts, 'acme', 'code', away.stop.signal)).toMatchObject({
      kind: 'failed',
      code: 'unreachable',
    });
  });
});
