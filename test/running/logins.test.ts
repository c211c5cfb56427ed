/** Logins that other programs start: one of a kind at a time, told as events, ended with the server. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SidecarEvent } from '../../src/domain/sidecar-event.ts';
import { createLogins, type RunningLogins } from '../../src/running/logins.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { createHttpBrowser, signIn } from '../helpers/http-browser.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../helpers/oidc-provider.ts';
import { createLoginRig, type LoginRig } from '../login/oauth/login-rig.ts';

let server: TestServer;
let rig: LoginRig;
let logins: RunningLogins;
let events: SidecarEvent[];
/** What was done when a profile was stored, in the order of the events. */
let stored: number;
/** Milliseconds that the clock is ahead. */
let clock: number;

beforeEach(async () => {
  server = await startOidcProvider();
  clock = 0;
  rig = await createLoginRig({
    issuer: server.issuer,
    clientId: CLIENTS.public.client_id,
    clock: () => Date.now() + clock,
  });
  events = [];
  stored = 0;
  logins = createLogins({
    ...rig.parts,
    clients: { acme: rig.settings },
    onStored: () => {
      stored += 1;
      // The login is not complete before the stored profile counts.
      expect(events.at(-1)).toMatchObject({ state: 'pending' });
      return Promise.resolve();
    },
    publish: (event) => events.push(event),
    log: silentLogger,
  });
});
afterEach(async () => {
  await logins.close();
  await rig.close();
  await server.close();
});

const ended = (loginId: string): Promise<void> => expectState(loginId, /complete|failed/);
async function expectState(loginId: string, state: RegExp): Promise<void> {
  await expect.poll(() => logins.progress(loginId).state).toMatch(state);
}

describe('an event on the event stream, and GET /v1/logins/:id → pending | complete | failed with a code', () => {
  it('complete: the profile is in force before anybody is told', async () => {
    const { loginId, authorizationUrl = '' } = await logins.start('acme', 'code');
    expect(logins.progress(loginId)).toMatchObject({ state: 'pending', provider: 'acme', flow: 'code' });
    await signIn(createHttpBrowser(), authorizationUrl);
    await ended(loginId);
    expect(stored).toBe(1);
    expect(events).toEqual([
      { kind: 'login', loginId, provider: 'acme', state: 'pending' },
      { kind: 'login', loginId, provider: 'acme', state: 'complete' },
    ]);
  });

  it('failed: with its code', async () => {
    const { loginId, authorizationUrl = '' } = await logins.start('ACME', 'code');
    await signIn(createHttpBrowser(), authorizationUrl, { answer: 'no' });
    await ended(loginId);
    expect(logins.progress(loginId)).toMatchObject({ state: 'failed', code: 'access-denied' });
    expect(events.at(-1)).toEqual({
      kind: 'login',
      loginId,
      provider: 'acme',
      state: 'failed',
      code: 'access-denied',
    });
    expect(stored).toBe(0);
  });
});

describe('a bounded number of logins', () => {
  it('whoever asks while one waits, or at the same moment, gets that one', async () => {
    const [one, two] = await Promise.all([logins.start('acme', 'code'), logins.start('acme', 'code')]);
    expect(two).toEqual(one);
    expect(await logins.start('acme', 'code')).toEqual(one);
    const device = await logins.start('acme', 'device');
    expect(device.loginId).not.toBe(one.loginId);
    expect(events.map(({ kind }) => kind)).toEqual(['login', 'login']);
  });

  it('the next one is new when one has ended, and those that ended long ago are forgotten', async () => {
    const ids: string[] = [];
    for (let turn = 0; turn < 70; turn += 1) {
      const { loginId, authorizationUrl = '' } = await logins.start('acme', 'code');
      ids.push(loginId);
      const redirect = new URL(authorizationUrl).searchParams;
      const query = new URLSearchParams({ error: 'access_denied', iss: server.issuer });
      query.set('state', redirect.get('state') ?? '');
      await fetch(`${redirect.get('redirect_uri')}?${query.toString()}`);
      await ended(loginId);
    }
    expect(new Set(ids).size).toBe(70);
    expect(() => logins.progress(ids[0] ?? '')).toThrow('no such login');
    expect(logins.progress(ids.at(-1) ?? '')).toMatchObject({ state: 'failed' });
  });

  it('they end with the server', async () => {
    const { loginId, authorizationUrl = '' } = await logins.start('acme', 'code');
    await logins.start('acme', 'device');
    await logins.close();
    expect(logins.progress(loginId)).toMatchObject({ state: 'failed', code: 'cancelled' });
    const redirect = new URL(authorizationUrl).searchParams.get('redirect_uri') ?? '';
    await expect(fetch(redirect)).rejects.toThrow('fetch failed');
  });

  it('one that cannot begin leaves no trace, and the next one may begin', async () => {
    await expect(logins.start('nobody', 'code')).rejects.toMatchObject({ code: 'unknown-provider' });
    const [wasUp, port] = [server, Number(new URL(server.issuer).port)];
    await wasUp.close();
    const twice = [logins.start('acme', 'code'), logins.start('acme', 'code')];
    for (const start of twice) await expect(start).rejects.toMatchObject({ code: 'login-server-down' });
    expect(events).toEqual([]);
    server = await startOidcProvider({ port });
    // That the server was away is remembered for some seconds.
    clock += 60_000;
    expect(await logins.start('acme', 'code')).toMatchObject({ flow: 'code' });
  });
});
