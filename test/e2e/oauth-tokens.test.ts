/** A server with a provider of `auth: "oauth"`: the token with a ready header, its renewal, and where to log in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { getTokens } from '../helpers/oauth-browser.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../helpers/oidc-provider.ts';
import { type Answer, type Rig, type RigOptions, startRig } from '../helpers/sidecar-rig.ts';

let server: TestServer;
let rig: Rig | undefined;
beforeEach(async () => {
  server = await startOidcProvider();
});
afterEach(async () => {
  await rig?.close();
  rig = undefined;
  await server.close();
});

const PROVIDER = {
  baseUrl: 'https://api.acme.example/v1',
  api: 'openai-completions',
  auth: 'oauth',
  models: [{ id: 'm1', contextWindow: 32_000 }],
};

/** An entry of a store, `left` seconds before its end. */
async function profile(left: number, own = true): Promise<object> {
  const { access, refresh } = await getTokens(server.issuer);
  const expires = Date.now() + left * 1000;
  const login = { issuer: server.issuer, clientId: CLIENTS.public.client_id, scopes: ['openid'] };
  server.requests.length = 0;
  return {
    type: 'oauth',
    provider: 'acme',
    access,
    refresh,
    expires,
    ...(own ? { ...login, obtained: expires - 3_600_000 } : {}),
  };
}

async function start(profiles: Readonly<Record<string, object>>, more: RigOptions = {}): Promise<Rig> {
  const entry = { issuer: server.issuer, clientId: CLIENTS.public.client_id, scopes: ['openid'] };
  rig = await startRig({
    ...more,
    files: {
      'moltbot.json': { models: { providers: { acme: PROVIDER } } },
      'sidecar/sidecar.json5': { oauth: { acme: entry } },
      'sidecar/auth-profiles.json': { version: 1, profiles },
      ...more.files,
    },
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', ...more.env },
  });
  return rig;
}

const ask = (path: string): Promise<Answer> => {
  if (rig === undefined) throw new Error('no server');
  return rig.ask(path);
};

async function storedAccess(): Promise<string> {
  const text = await readFile(join(rig?.stateDir ?? '', 'sidecar/auth-profiles.json'), 'utf8');
  return JSON.parse(text).profiles['acme:default'].access;
}

describe('"a provider with `auth: "oauth"` resolves to the access token, header ready"', () => {
  it('a fresh token, and nobody is asked', async () => {
    const stored = await profile(3600);
    await start({ 'acme:default': stored });
    const { status, body } = await ask('/v1/resolve?model=acme/m1');
    expect(status).toBe(200);
    const access = await storedAccess();
    expect(body).toMatchObject({
      auth: { mode: 'oauth', source: 'profile:acme:default', accessToken: access },
      request: { headers: { authorization: `Bearer ${access}` } },
    });
    expect(server.requests).toEqual([]);
  });

  it('an expired token is renewed before the answer, and the store has the new one', async () => {
    const stored = await profile(-10);
    await start({ 'acme:default': stored });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('/v1/resolve?model=acme/m1')));
    const access = await storedAccess();
    expect(stored).not.toMatchObject({ access });
    for (const { body } of answers) {
      expect(body).toMatchObject({ request: { headers: { authorization: `Bearer ${access}` } } });
    }
    expect(server.grants.filter(({ grant }) => grant === 'refresh_token')).toHaveLength(1);
    const me = await fetch(`${server.issuer}/api/me`, { headers: { authorization: `Bearer ${access}` } });
    expect(await me.json()).toMatchObject({ id: 'ada' });
  });

  it('the default model is validated with the token that it gets: the start renews it', async () => {
    const stored = await profile(-10);
    const { outcome } = await start({ 'acme:default': stored }, { flags: { defaultModel: 'acme/m1' } });
    expect(outcome.kind).toBe('started');
    expect(stored).not.toMatchObject({ access: await storedAccess() });
  });

  it('a token that is due is renewed behind the answer', async () => {
    const stored = await profile(9 * 60);
    await start({ 'acme:default': stored });
    expect((await ask('/v1/resolve?model=acme/m1')).status).toBe(200);
    await vi.waitFor(async () => expect(stored).not.toMatchObject({ access: await storedAccess() }), {
      timeout: 20_000,
    });
  });
});

describe('nobody is logged in', () => {
  it('"a resolve that needs consent answers `no-auth` with where to start the login"', async () => {
    await start({});
    const { status, body } = await ask('/v1/resolve?model=acme/m1');
    expect(status).toBe(424);
    expect(body).toMatchObject({ code: 'no-auth' });
    expect(JSON.stringify(body)).toContain('provider-sidecar oauth login acme');
    expect(JSON.stringify(body)).toContain('POST /v1/logins');
    const explained = await ask('/v1/explain?model=acme/m1');
    expect(explained.text).toContain('not logged in');
  });

  it('a login that ended for good is reauth-required, 424, with the same words', async () => {
    const stored = await profile(-10);
    await server.revokeAll();
    const { logged } = await start({ 'acme:default': stored });
    for (let again = 0; again < 3; again += 1) {
      const { status, body } = await ask('/v1/resolve?model=acme/m1');
      expect(status).toBe(424);
      expect(body).toMatchObject({ code: 'reauth-required' });
      expect(JSON.stringify(body)).toContain('provider-sidecar oauth login acme');
    }
    expect(server.requests.filter((request) => request === 'POST /token')).toHaveLength(1);
    const secrets = Object.entries(stored).flatMap(([name, value]) =>
      name === 'access' || name === 'refresh' ? [String(value)] : [],
    );
    for (const secret of secrets) expect(JSON.stringify(logged)).not.toContain(secret);
  });
});

describe('"Tokens that belong to Moltbot\'s store are used, never refreshed"', () => {
  const agent = 'agents/main/agent/auth-profiles.json';

  it.each([3600, -10])('with %d seconds left', async (left) => {
    const stored = await profile(left, false);
    await start({}, { files: { [agent]: { version: 1, profiles: { 'acme:me': stored } } } });
    const { status, body } = await ask('/v1/resolve?model=acme/m1');
    expect(status).toBe(left > 0 ? 200 : 424);
    if (left <= 0) expect(body).toMatchObject({ code: 'auth-expired' });
    expect(server.requests).toEqual([]);
  });

  it('nor is one of them that looks like a login of this program', async () => {
    const stored = await profile(-10);
    await start({}, { files: { [agent]: { version: 1, profiles: { 'acme:me': stored } } } });
    expect((await ask('/v1/resolve?model=acme/m1')).status).toBe(424);
    expect(server.requests).toEqual([]);
  });
});
