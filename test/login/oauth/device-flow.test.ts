/** The device flow: against the certified server, and against one that says whatever a test wants. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpBrowser, signIn } from '../../helpers/http-browser.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../../helpers/oidc-provider.ts';
import { startLogin } from '../../../src/login/oauth/start-login.ts';
import { createLoginRig, type LoginRig, type LoginRigOptions } from './login-rig.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function rigFor(options: LoginRigOptions): Promise<LoginRig> {
  const rig = await createLoginRig(options);
  closing.push(async () => {
    rig.stop.abort();
    await rig.close();
  });
  return rig;
}

/** What the scripted token endpoint says to one poll: an OAuth error, tokens, a status, or nothing. */
type Reply = { error: string } | 'tokens' | 'drop' | { status: number };

interface ScriptedServer {
  readonly issuer: string;
  polls: number;
}

/** A server whose token endpoint answers with these, one after the other, and the last one for ever. */
async function scripted(
  replies: readonly Reply[],
  device: Readonly<Record<string, unknown>> = {},
): Promise<ScriptedServer> {
  const server: Server = createServer((request, response) => {
    const json = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    request.resume();
    const at = (path: string): string => `${script.issuer}${path}`;
    if (request.url === '/.well-known/openid-configuration') {
      json(200, {
        issuer: script.issuer,
        token_endpoint: at('/token'),
        device_authorization_endpoint: at('/device'),
      });
    } else if (request.url === '/device') {
      json(200, {
        device_code: 'device-code-canary',
        user_code: 'ABCD-EFGH',
        verification_uri: at('/type-it'),
        expires_in: 600,
        ...device,
      });
    } else {
      const reply = replies[Math.min(script.polls, replies.length - 1)] ?? 'drop';
      script.polls += 1;
      if (reply === 'drop') request.socket.destroy();
      else if (reply === 'tokens') {
        json(200, { access_token: 'access-canary-1', token_type: 'Bearer', expires_in: 60 });
      } else if ('status' in reply) json(reply.status, { message: 'no' });
      else json(400, reply);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  const script = {
    issuer: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    polls: 0,
  };
  return script;
}

const PENDING = { error: 'authorization_pending' };

async function deviceLogin(script: ScriptedServer, parts: LoginRigOptions['parts'] = {}) {
  const rig = await rigFor({
    issuer: script.issuer,
    clientId: 'device-client',
    settings: { scopes: [] },
    parts,
  });
  return { rig, login: await rig.start('device') };
}

describe('Done when: device flow against the certified server', () => {
  const certified = async (): Promise<{ server: TestServer; rig: LoginRig }> => {
    const server = await startOidcProvider();
    closing.push(() => server.close());
    return { server, rig: await rigFor({ issuer: server.issuer, clientId: CLIENTS.public.client_id }) };
  };

  it('pending until the person has typed the code and allowed it, then tokens', async () => {
    const { server, rig } = await certified();
    const { task, outcome } = await rig.start('device');
    if (task.flow !== 'device') throw new Error('not a device flow');
    expect(task.userCode).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
    expect(task.verificationUriComplete).toContain(task.userCode);
    const page = await signIn(createHttpBrowser(), task.verificationUriComplete ?? '', { login: 'grace' });
    expect(page.text).toContain('You can close this page');
    expect(await outcome).toMatchObject({ kind: 'complete', profileId: 'acme:default' });
    const stored = await rig.stored();
    expect(stored).toMatchObject({ type: 'oauth', issuer: server.issuer, clientId: 'public-client' });
    const me = await fetch(`${server.issuer}/api/me`, {
      headers: { authorization: `Bearer ${String(stored?.['access'])}` },
    });
    expect(await me.json()).toMatchObject({ id: 'grace' });
    // The server names no interval: 5 seconds (RFC 8628 section 3.2).
    expect(new Set(rig.waits)).toEqual(new Set([5_000]));
  });

  it('denied: the login ends', async () => {
    const { rig } = await certified();
    const { task, outcome } = await rig.start('device');
    if (task.flow !== 'device') throw new Error('not a device flow');
    await signIn(createHttpBrowser(), task.verificationUriComplete ?? '', { answer: 'no' });
    expect(await outcome).toMatchObject({ kind: 'failed', code: 'access-denied' });
    expect(await rig.files()).toEqual([]);
  });
});

describe('Done when: device flow: pending, slow_down for good, expired, denied, network loss', () => {
  it('pending: asks again after the interval that the server named', async () => {
    const { rig, login } = await deviceLogin(await scripted([PENDING, PENDING, 'tokens'], { interval: 7 }));
    expect(await login.outcome).toMatchObject({ kind: 'complete', renewable: false });
    expect(rig.waits).toEqual([7_000, 7_000, 7_000]);
  });

  it('slow_down adds 5 seconds, for all polls that follow', async () => {
    const slow = { error: 'slow_down' };
    const script = await scripted([slow, PENDING, slow, PENDING, 'tokens']);
    const { rig, login } = await deviceLogin(script);
    expect(await login.outcome).toMatchObject({ kind: 'complete' });
    expect(rig.waits).toEqual([5_000, 10_000, 10_000, 15_000, 15_000]);
  });

  it.each([
    ['expired_token', 'expired'],
    ['access_denied', 'access-denied'],
    ['invalid_client', 'server-refused'],
    ['something_new', 'server-refused'],
  ])('%s: the login ends, and nobody asks again', async (error, code) => {
    const script = await scripted([PENDING, { error }]);
    const { rig, login } = await deviceLogin(script);
    expect(await login.outcome).toMatchObject({ kind: 'failed', code });
    expect(script.polls).toBe(2);
    expect(await rig.files()).toEqual([]);
  });

  it('network loss: backs off, goes on when it is over, and still slows down as it was told', async () => {
    const script = await scripted([
      { error: 'slow_down' },
      'drop',
      'drop',
      { status: 503 },
      PENDING,
      'tokens',
    ]);
    const { rig, login } = await deviceLogin(script);
    expect(await login.outcome).toMatchObject({ kind: 'complete' });
    expect(rig.waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 10_000]);
  });

  it('the server stays away: the login ends when the code expires, with a bounded number of calls', async () => {
    const script = await scripted(['drop']);
    let now = 1_700_000_000_000;
    const waits: number[] = [];
    const { login } = await deviceLogin(script, {
      clock: () => now,
      sleep: (ms) => {
        waits.push(ms);
        now += ms;
        return Promise.resolve();
      },
    });
    expect(await login.outcome).toMatchObject({ kind: 'failed', code: 'expired' });
    expect(script.polls).toBeLessThan(20);
    expect(Math.max(...waits)).toBe(60_000);
  });

  it('cancelled while it waits: the wait ends, nothing is left', async () => {
    const script = await scripted([PENDING]);
    const { rig, login } = await deviceLogin(script, {
      sleep: (_ms, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    });
    rig.stop.abort();
    expect(await login.outcome).toMatchObject({ kind: 'failed', code: 'cancelled' });
    expect(script.polls).toBe(0);
    expect(await rig.files()).toEqual([]);
  });
});

describe('what a server says is not believed', () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['an address that is no web address', { verification_uri: 'javascript:alert(1)' }],
    ['an address with control characters', { verification_uri: 'https://x.example/\u001b]0;' }],
    ['a code with control characters', { user_code: 'AB\u001b[2J' }],
    ['a code without end', { user_code: 'A'.repeat(5_000) }],
  ])('%s: the login does not begin', async (_name, device) => {
    const script = await scripted(['tokens'], device);
    const rig = await rigFor({ issuer: script.issuer, clientId: 'c' });
    expect(await startLogin(rig.parts, 'acme', 'device', rig.stop.signal)).toMatchObject({
      kind: 'failed',
      code: 'invalid-answer',
    });
    expect(script.polls).toBe(0);
  });

  it('a complete address that is none is left out', async () => {
    const { login } = await deviceLogin(
      await scripted([PENDING], { verification_uri_complete: 'file:///etc/passwd' }),
    );
    expect(login.task).not.toHaveProperty('verificationUriComplete');
  });

  it('a server without the endpoint: the login says so', async () => {
    const script = await scripted(['tokens']);
    const endpoints = {
      token: `${script.issuer}/token`,
      authorization: `${script.issuer}/auth`,
      deviceAuthorization: null,
      revocation: null,
    };
    const rig = await rigFor({ issuer: script.issuer, clientId: 'c', settings: { endpoints } });
    expect(await startLogin(rig.parts, 'acme', 'device', rig.stop.signal)).toMatchObject({
      kind: 'failed',
      code: 'not-offered',
    });
  });
});
