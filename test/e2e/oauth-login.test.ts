/** Logins end to end: the built program, the certified authorization server, a plain HTTP client as the browser. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CliResult, type RunningCli, runCli, startCli } from '../helpers/cli.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../helpers/oidc-provider.ts';

const TOKEN = 'e2e-token-0123456789-abcdefghijklmnop';
const ENV = {
  CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
  NAT_OAUTH_CLIENT_ID: CLIENTS.post.client_id,
  NAT_OAUTH_CLIENT_SECRET: CLIENTS.post.client_secret,
};

let home: string;
let server: TestServer;
let sidecar: RunningCli | undefined;
/** Everything that the program said in this test, on its streams and over HTTP. */
let said: string[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-oauth-'));
  server = await startOidcProvider();
  said = [];
  await mkdir(join(home, '.clawdbot/sidecar'), { recursive: true, mode: 0o700 });
  await writeFile(
    join(home, '.clawdbot/sidecar/sidecar.json5'),
    JSON.stringify({
      oauth: {
        acme: {
          issuer: server.issuer,
          clientId: '${NAT_OAUTH_CLIENT_ID}',
          clientSecret: '${NAT_OAUTH_CLIENT_SECRET}',
          tokenEndpointAuthMethod: 'client_secret_post',
          scopes: 'openid profile email',
        },
      },
    }),
    { mode: 0o600 },
  );
  const acme = {
    baseUrl: `${server.issuer}/api`,
    api: 'openai-completions',
    auth: 'oauth',
    models: [{ id: 'm', name: 'M' }],
  };
  await writeFile(join(home, '.clawdbot/moltbot.json'), JSON.stringify({ models: { providers: { acme } } }), {
    mode: 0o600,
  });
});

afterEach(async () => {
  await sidecar?.stop();
  sidecar = undefined;
  await server.close();
  await rm(home, { recursive: true, force: true });
});

const oauth = async (...args: readonly string[]): Promise<CliResult> => {
  const result = await runCli(['oauth', ...args], { home, env: ENV });
  said.push(result.stdout, result.stderr);
  return result;
};

/** Runs `oauth login` with a person who does what the instructions say. */
async function logIn(login = 'ada'): Promise<CliResult> {
  const running = startCli(['oauth', 'login', 'acme'], { home, env: ENV });
  await running.until(/http\S+\/auth\?\S+\n/);
  const address = /^\s+(http\S+\/auth\?\S+)$/m.exec(running.stderr())?.[1] ?? '';
  await signIn(createHttpBrowser(), address, { login });
  const result = await running.ended();
  said.push(result.stdout, result.stderr);
  return result;
}

const storedText = (): Promise<string> =>
  readFile(join(home, '.clawdbot/sidecar/auth-profiles.json'), 'utf8').catch(() => '{}');

async function storedProfile(): Promise<Readonly<Record<string, unknown>> | undefined> {
  const body: { profiles?: Record<string, Record<string, unknown>> } = JSON.parse(await storedText());
  return body.profiles?.['acme:default'];
}

async function serve() {
  const running = startCli(['serve', '--port', '0', '--log-level', 'debug'], {
    home,
    env: { ...ENV, PROVIDER_SIDECAR_TOKEN: TOKEN },
  });
  sidecar = running;
  await running.until(/Listening on http/);
  const url = /Listening on (http:\/\/[\d.:]+)/.exec(running.stdout())?.[1] ?? '';
  return async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { ...init, headers });
    const text = await response.text();
    const body: Record<string, unknown> = JSON.parse(text);
    if (!path.startsWith('/v1/resolve')) said.push(text);
    return { status: response.status, body };
  };
}

/** Codes, verifiers, tokens and secrets of this test, as the server knows them and as they are stored. */
async function secrets(): Promise<readonly string[]> {
  const profile = await storedProfile();
  const sent = server.parameters.flatMap(({ code, code_verifier: verifier, refresh_token: token }) => [
    code,
    verifier,
    token,
  ]);
  return [...sent, profile?.['access'], profile?.['refresh'], CLIENTS.post.client_secret].filter(
    (value): value is string => typeof value === 'string',
  );
}

async function expectNothingSaid(known: readonly string[]): Promise<void> {
  expect(known.length).toBeGreaterThan(3);
  const all = [...said, sidecar?.stdout() ?? '', sidecar?.stderr() ?? ''].join('\n');
  expect(all.length).toBeGreaterThan(200);
  for (const secret of known) expect(all.includes(secret), 'a secret was said').toBe(false);
}

describe('Login on the command line', () => {
  it('login, status, whoami, logout: stored 0600, told whose it is, revoked and forgotten; no token, code, verifier or secret is said', async () => {
    expect(await oauth('status', '--json')).toMatchObject({ code: 0 });
    const login = await logIn('ada');
    expect(login.code).toBe(0);
    expect(login.stdout).toContain('Logged in to acme, stored as "acme:default"');
    expect(login.stderr).not.toContain('Warning');

    const status = await oauth('status');
    expect(status.stdout).toMatch(/^acme: logged in at http:\S+, token until \S+Z, renewed without you$/m);
    const whoami = await oauth('whoami', 'acme');
    expect(whoami).toMatchObject({ code: 0, stdout: expect.stringContaining('you are logged in as') });
    expect(whoami.stdout).toContain('"ada"');
    const known = await secrets();

    const profile = await storedProfile();
    const me = (): Promise<Response> =>
      fetch(`${server.issuer}/api/me`, {
        headers: { authorization: `Bearer ${String(profile?.['access'])}` },
      });
    expect((await me()).status).toBe(200);
    expect(await oauth('logout', 'acme')).toMatchObject({ code: 0, stderr: '' });
    expect(await storedProfile()).toBeUndefined();
    expect((await me()).status).toBe(401);
    expect((await oauth('whoami', 'acme')).code).toBe(1);
    expect((await oauth('logout', 'acme')).stdout).toContain('Nobody is logged in');
    await expectNothingSaid(known);
  });

  it('logout forgets also when the server is down, and says that it was not told', async () => {
    await logIn();
    const { issuer } = server;
    await server.close();
    const logout = await oauth('logout', 'acme');
    server = await startOidcProvider();
    expect(logout.code).toBe(0);
    expect(logout.stderr).toContain(`${issuer} was not told`);
    expect(await storedProfile()).toBeUndefined();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s ends it with %i and leaves nothing behind: no listener, no profile, no draft',
    async (signal, exitCode) => {
      const running = startCli(['oauth', 'login', 'acme'], { home, env: ENV });
      await running.until(/http\S+\/auth\?\S+\n/);
      const redirect = new URL(/(http\S+\/auth\?\S+)/.exec(running.stderr())?.[1] ?? '').searchParams.get(
        'redirect_uri',
      );
      const { code, stderr } = await running.stop(signal);
      expect(code).toBe(exitCode);
      expect(stderr).toContain('The login was cancelled');
      await expect(fetch(redirect ?? '')).rejects.toThrow('fetch failed');
      const files = await readdir(join(home, '.clawdbot/sidecar'));
      expect(files.filter((name) => name.startsWith('auth-profiles'))).toEqual([]);
      expect(server.grants).toEqual([]);
    },
  );

  it('a provider that the settings do not name, and none at all, are told with what there is', async () => {
    const unknown = await oauth('login', 'acne');
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean acme?') });
    expect(await oauth('login')).toMatchObject({ code: 64, stderr: expect.stringContaining('acme') });
  });
});

describe('Login launched by an agent over HTTP', () => {
  it('needs-consent answers where to start, the login completes, and the next resolve has the token', async () => {
    const ask = await serve();
    const before = await ask('/v1/resolve?provider=acme');
    expect(before.status).toBe(424);
    expect(before.body['code']).toBe('no-auth');
    expect(JSON.stringify(before.body['hints'])).toContain('POST /v1/logins');

    const body = JSON.stringify({ provider: 'acme' });
    const started = await ask('/v1/logins', { method: 'POST', body });
    expect(started.status).toBe(201);
    expect(started.body).toEqual({
      loginId: expect.stringMatching(/^lg_[\w-]{22}$/),
      provider: 'acme',
      flow: 'code',
      authorizationUrl: expect.stringContaining(`${server.issuer}/auth?`),
      expiresAt: expect.stringMatching(/Z$/),
    });
    const progress = `/v1/logins/${String(started.body['loginId'])}`;
    expect((await ask(progress)).body).toMatchObject({ state: 'pending', provider: 'acme' });
    // An agent that asks again gets the login that waits.
    expect((await ask('/v1/logins', { method: 'POST', body })).body).toEqual(started.body);

    await signIn(createHttpBrowser(), String(started.body['authorizationUrl']), { login: 'grace' });
    await vi.waitFor(async () => {
      expect((await ask(progress)).body).toMatchObject({ state: 'complete', profileId: 'acme:default' });
    }, 15_000);
    const after = await ask('/v1/resolve?provider=acme');
    expect(after.body).toMatchObject({ auth: { mode: 'oauth', source: 'profile:acme:default' } });
    const profile = await storedProfile();
    expect(after.body['request']).toEqual({
      headers: { authorization: `Bearer ${String(profile?.['access'])}` },
    });
    await expectNothingSaid(await secrets());
  });

  it('denied: failed, with a code, and nothing of what the server said about it', async () => {
    const ask = await serve();
    const { body } = await ask('/v1/logins', { method: 'POST', body: '{"provider":"acme","flow":"code"}' });
    await signIn(createHttpBrowser(), String(body['authorizationUrl']), { answer: 'no' });
    const progress = `/v1/logins/${String(body['loginId'])}`;
    await vi.waitFor(async () => {
      expect((await ask(progress)).body).toMatchObject({ state: 'failed', code: 'access-denied' });
    }, 15_000);
    expect(said.join('\n')).not.toContain('<script>');
    expect(await storedProfile()).toBeUndefined();
  });

  it('the device flow: an address and a code for any browser', async () => {
    const ask = await serve();
    const started = await ask('/v1/logins', { method: 'POST', body: '{"provider":"acme","flow":"device"}' });
    expect(started.body).toEqual({
      loginId: expect.any(String),
      provider: 'acme',
      flow: 'device',
      verificationUri: `${server.issuer}/device`,
      userCode: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
      verificationUriComplete: expect.stringContaining('/device?user_code='),
      expiresAt: expect.any(String),
    });
  });

  it('what cannot be started is refused, and a login ends with the server', async () => {
    const ask = await serve();
    const post = (body: string) => ask('/v1/logins', { method: 'POST', body });
    expect(await post('{"provider":"nobody"}')).toMatchObject({
      status: 404,
      body: { code: 'unknown-provider' },
    });
    expect(await post('{"provider":"acme","flow":"magic"}')).toMatchObject({ status: 400 });
    expect(await post('{"provider":"acme","secret":"x"}')).toMatchObject({ status: 400 });
    expect(await ask('/v1/logins/lg_unknown')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const { body } = await post('{"provider":"acme"}');
    const redirect = new URL(String(body['authorizationUrl'])).searchParams.get('redirect_uri') ?? '';
    expect((await fetch(redirect)).status).toBe(400);
    expect((await sidecar?.stop())?.code).toBe(0);
    await expect(fetch(redirect)).rejects.toThrow('fetch failed');
  });
});
