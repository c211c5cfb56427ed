/** Attacks on the redirect address, as raw bytes, with the calls of the token endpoint counted. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { head, openSocket, type RawAnswer, readToEnd, sendRaw } from '../../helpers/raw-http.ts';
import { logInAt } from '../../helpers/oauth-browser.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../../helpers/oidc-provider.ts';
import type { LoginOutcome } from '../../../src/login/oauth/login-outcome.ts';
import { createLoginRig, type LoginRig } from './login-rig.ts';

/** In every value that an attacker chooses: it must come back nowhere. */
const MARK = 'canary<script>alert(1)</script>';

let server: TestServer;
let rig: LoginRig;
let outcome: Promise<LoginOutcome>;
/** The redirect as the server would really send it. */
let redirect: URL;

beforeEach(async () => {
  server = await startOidcProvider();
  rig = await createLoginRig({ issuer: server.issuer, clientId: CLIENTS.public.client_id });
  const { task, outcome: ends } = await rig.start('code');
  outcome = ends;
  if (task.flow !== 'code') throw new Error('not a code flow');
  redirect = await logInAt(task.authorizationUrl);
});
afterEach(async () => {
  rig.stop.abort();
  await rig.close();
  await server.close();
});

const tokenCalls = (): number => server.requests.filter((request) => request === 'POST /token').length;

/** The real query with these parameters instead; null removes one, a list repeats it. */
function query(changes: Readonly<Record<string, string | null | readonly string[]>>): string {
  const parameters = new URLSearchParams(redirect.search);
  for (const [name, value] of Object.entries(changes)) {
    parameters.delete(name);
    for (const each of value === null ? [] : [value].flat()) parameters.append(name, each);
  }
  return parameters.toString();
}

interface Attack {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly lines?: readonly string[];
}

function send({ method = 'GET', path = redirect.pathname, query: given, lines }: Attack): Promise<RawAnswer> {
  const target = `${path}?${given ?? query({})}`;
  return sendRaw(
    Number(redirect.port),
    head(`${method} ${target} HTTP/1.1`, ...(lines ?? [`Host: ${redirect.host}`])),
  );
}

function expectRefusal(answer: RawAnswer): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.text).not.toContain('canary');
  expect(answer.text).not.toContain('script>');
  expect(answer.text).not.toContain(redirect.searchParams.get('code') ?? 'no code');
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
}

describe('Done when: redirect attacks each refused with no token call and no reflected input', () => {
  it.each<[string, () => Attack]>([
    ['wrong state', () => ({ query: query({ state: MARK }) })],
    ['a state that is right but for its end', () => ({ query: query({ state: `${stateOf()}x` }) })],
    ['missing state', () => ({ query: query({ state: null }) })],
    ['empty state', () => ({ query: query({ state: '' }) })],
    ['doubled state, the right one first', () => ({ query: query({ state: [stateOf(), MARK] }) })],
    ['doubled state, the right one last', () => ({ query: query({ state: [MARK, stateOf()] }) })],
    ['doubled state, both right', () => ({ query: query({ state: [stateOf(), stateOf()] }) })],
    ['POST', () => ({ method: 'POST' })],
    ['HEAD', () => ({ method: 'HEAD' })],
    ['other path', () => ({ path: '/auth/redirect/' })],
    ['another spelling of the path', () => ({ path: '/auth/%72edirect' })],
    ['path in another case', () => ({ path: '/Auth/Redirect' })],
    ['wrong Host', () => ({ lines: ['Host: evil.example'] })],
    ['Host with another port', () => ({ lines: ['Host: 127.0.0.1:1'] })],
    ['Host that leads here by another name', () => ({ lines: [`Host: localhost:${redirect.port}`] })],
    ['two Host lines', () => ({ lines: [`Host: ${redirect.host}`, `Host: ${redirect.host}`] })],
    ['no Host', () => ({ lines: ['Accept: */*'] })],
    ['absolute target', () => ({ path: `http://evil.example${redirect.pathname}` })],
    [
      'error=access_denied with a wrong state',
      () => ({ query: query({ state: MARK, code: null, error: 'access_denied', error_description: MARK }) }),
    ],
  ])('%s: refused, and the login goes on for its rightful browser', async (_name, attack) => {
    expectRefusal(await send(attack()));
    expect(tokenCalls()).toBe(0);
    const page = await send({});
    expect(page.status).toBe(200);
    expect(await outcome).toMatchObject({ kind: 'complete' });
    expect(tokenCalls()).toBe(1);
  });

  it.each<[string, string, () => Attack]>([
    ['wrong iss', 'invalid-answer', () => ({ query: query({ iss: 'https://evil.example' }) })],
    ['missing iss, where the server promises one', 'invalid-answer', () => ({ query: query({ iss: null }) })],
    ['doubled code', 'invalid-answer', () => ({ query: query({ code: [MARK, 'x'] }) })],
    ['no code', 'invalid-answer', () => ({ query: query({ code: null }) })],
    [
      'error=access_denied&error_description=<script>',
      'access-denied',
      () => ({ query: query({ code: null, error: 'access_denied', error_description: MARK }) }),
    ],
    [
      'an error with a wrong iss',
      'invalid-answer',
      () => ({ query: query({ code: null, error: 'server_error', iss: 'https://evil.example' }) }),
    ],
  ])('%s with the right state: refused, and it ends the login', async (_name, code, attack) => {
    expectRefusal(await send(attack()));
    expect(await outcome).toMatchObject({ kind: 'failed', code });
    expect(tokenCalls()).toBe(0);
    await expect(fetch(redirect)).rejects.toThrow('fetch failed');
  });

  it('second use: nobody listens any more, and there is one token call', async () => {
    expect((await send({})).status).toBe(200);
    await outcome;
    await expect(fetch(redirect)).rejects.toThrow('fetch failed');
    expect(tokenCalls()).toBe(1);
  });

  it('second use on the same connection and at the same moment: one token call', async () => {
    const request = head(`GET ${redirect.pathname}${redirect.search} HTTP/1.1`, `Host: ${redirect.host}`);
    const sockets = await Promise.all([1, 2, 3].map(() => openSocket(Number(redirect.port))));
    const answers = sockets.map((socket) => readToEnd(socket));
    for (const socket of sockets) socket.write(request + request);
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toEqual([200]);
    expect(await outcome).toMatchObject({ kind: 'complete' });
    expect(tokenCalls()).toBe(1);
  });

  it('second use while the code of the first is exchanged: refused at once', async () => {
    const request = head(`GET ${redirect.pathname}${redirect.search} HTTP/1.1`, `Host: ${redirect.host}`);
    // Begun before, so that the connection is no idle one that is closed with the listener.
    const second = await openSocket(Number(redirect.port));
    const refused = readToEnd(second);
    second.write(request.slice(0, 10));
    server.faults.delay = 300;
    const first = send({});
    await vi.waitFor(() => expect(tokenCalls()).toBe(1), 15_000);
    second.write(request.slice(10));
    expectRefusal(await refused);
    expect((await first).status).toBe(200);
    expect(await outcome).toMatchObject({ kind: 'complete' });
    expect(tokenCalls()).toBe(1);
  });

  it("somebody else's code with the right state buys nothing: it was made for another verifier", async () => {
    const other = await rig.start('code');
    if (other.task.flow !== 'code') throw new Error('not a code flow');
    const foreign = (await logInAt(other.task.authorizationUrl, 'mallory')).searchParams.get('code');
    const answer = await send({ query: query({ code: foreign }) });
    expect(answer.status).toBe(400);
    expect(await outcome).toMatchObject({ kind: 'failed', code: 'server-refused' });
    expect(await rig.files()).toEqual([]);
  });

  it('a client that sends nothing does not keep the browser out, nor the listener open', async () => {
    const idle = await Promise.all([1, 2, 3, 4].map(() => openSocket(Number(redirect.port))));
    idle[0]?.write('GET /auth/redirect HTTP/1.1\r\nHost:');
    const ended = idle.map((socket) => readToEnd(socket));
    expect((await send({})).status).toBe(200);
    expect(await outcome).toMatchObject({ kind: 'complete' });
    await Promise.all(ended);
  });
});

function stateOf(): string {
  return redirect.searchParams.get('state') ?? '';
}
