/** Tokens of own logins in one process, against a certified server that rotates and revokes for reuse. */
import { createHash } from 'node:crypto';
import { mkdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OAuthTokenOutcome } from '../../../src/credentials/oauth/oauth-tokens.ts';
import { freePort } from '../../helpers/free-port.ts';
import { createOAuthRig, type OAuthRig } from '../../helpers/oauth-rig.ts';

const HOUR = 3_600_000;
const PATIENCE = { timeout: 20_000, interval: 10 };

let rig: OAuthRig;
beforeEach(async () => {
  rig = await createOAuthRig();
});
afterEach(() => rig.close());

function tokenOf(outcome: OAuthTokenOutcome | null): string {
  if (outcome?.kind !== 'token') throw new Error(`no token: ${JSON.stringify(outcome)}`);
  return outcome.accessToken.reveal();
}

const refreshes = (): number => rig.server.grants.filter(({ grant }) => grant === 'refresh_token').length;
const tokenCalls = (): number => rig.server.requests.filter((request) => request === 'POST /token').length;

describe('a good token', () => {
  it('is handed out at once, and nobody is asked', async () => {
    await rig.logIn();
    const outcome = rig.keeper().peek(await rig.request());
    expect(tokenOf(outcome)).toBe((await rig.stored()).access.reveal());
    expect(rig.server.requests).toEqual([]);
  });

  it('"Refresh ahead of expiry in the background": it is handed out, and the next caller gets the new one', async () => {
    await rig.logIn(9 * 60);
    const old = (await rig.stored()).access.reveal();
    const keeper = rig.keeper({ background: true });
    const request = await rig.request();
    expect(tokenOf(keeper.peek(request))).toBe(old);
    await vi.waitFor(async () => expect((await rig.stored()).access.reveal()).not.toBe(old), PATIENCE);
    // The same request: its snapshot does not know of the new token yet.
    await vi.waitFor(() => expect(tokenOf(keeper.peek(request))).not.toBe(old), PATIENCE);
    expect(tokenOf(keeper.peek(request))).toBe((await rig.stored()).access.reveal());
    expect(refreshes()).toBe(1);
  });

  it('a program that ends soon leaves it to those that go on', async () => {
    await rig.logIn(9 * 60);
    const keeper = rig.keeper({ background: false });
    tokenOf(await keeper.resolve(await rig.request()));
    await keeper.close();
    expect(rig.server.requests).toEqual([]);
  });

  it('with less than a minute left callers wait for the new one', async () => {
    await rig.logIn(50);
    const old = (await rig.stored()).access.reveal();
    const keeper = rig.keeper();
    expect(keeper.peek(await rig.request())).toBeNull();
    const access = tokenOf(await keeper.resolve(await rig.request()));
    expect(access).not.toBe(old);
    expect(await rig.accepts(access)).toBe(200);
  });
});

describe('an expired token', () => {
  it('"in-process single-flight": a hundred callers, one call, one token, on the disk before anybody has it', async () => {
    await rig.logIn(-1);
    const held = rig.hold();
    const keeper = rig.keeper();
    const request = await rig.request();
    void held.arrived.then(() => held.release());
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const access = tokenOf(await keeper.resolve(request));
        return [access, (await rig.stored()).access.reveal()];
      }),
    );
    expect(new Set(outcomes.flat()).size).toBe(1);
    expect(rig.reads()).toBeLessThan(10);
    expect(refreshes()).toBe(1);
    const login = await rig.stored();
    expect(login.renewing).toBeNull();
    expect(login.expires).toBeGreaterThan(Date.now() + HOUR - 60_000);
  });

  it('"re-read after the lock": what another process got meanwhile is used', async () => {
    await rig.logIn(-1);
    const request = await rig.request();
    const first = tokenOf(await rig.keeper().resolve(request));
    const second = tokenOf(await rig.keeper().resolve(request));
    expect(second).toBe(first);
    expect(refreshes()).toBe(1);
  });

  it('"re-read after the lock": two at the same time, the second uses what the first got', async () => {
    await rig.logIn(-1);
    const held = rig.hold();
    const request = await rig.request();
    const both = [rig.keeper(), rig.keeper()].map((keeper) => keeper.resolve(request));
    await held.arrived;
    held.release();
    const [first, second] = await Promise.all(both);
    expect(tokenOf(second ?? null)).toBe(tokenOf(first ?? null));
    expect(refreshes()).toBe(1);
  });

  it('one that another program wrote meanwhile, with a time that no date can hold: its end is unknown', async () => {
    await rig.logIn(-1);
    const request = await rig.request();
    await rig.store.changeEntry('acme:default', (entry) => ({
      ...entry,
      access: 'access-by-hand',
      expires: 8_640_000_000_000_001,
    }));
    const outcome = await rig.keeper().resolve(request);
    expect(tokenOf(outcome)).toBe('access-by-hand');
    expect(outcome).toMatchObject({ expiresAt: null });
  });

  it('is renewed again and again, each time with the newest refresh token', async () => {
    await rig.logIn(-1);
    let now = Date.now();
    const keeper = rig.keeper({ clock: () => now });
    const seen = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      seen.add(tokenOf(await keeper.resolve(await rig.request(now))));
      now += 2 * HOUR;
    }
    expect(seen.size).toBe(3);
    expect(rig.server.grants).toEqual(
      Array.from({ length: 3 }, () => ({ grant: 'refresh_token', outcome: 'success' })),
    );
  });

  it('keeps what else the file says of the profile', async () => {
    await rig.logIn(-1);
    await rig.store.changeEntry('acme:default', (entry) => ({ ...entry, note: 'mine', email: 'a@b.c' }));
    await rig.keeper().resolve(await rig.request());
    const entry = await rig.store.readEntry('acme:default');
    expect(entry).toMatchObject({
      note: 'mine',
      email: 'a@b.c',
      issuer: rig.server.issuer,
      scopes: expect.arrayContaining(['openid']),
    });
  });
});

describe('"With the clock an hour off in both directions: as the recipe says"', () => {
  it.each([HOUR, -HOUR])('%d ms: one refresh, and the new token counts from its receipt', async (skew) => {
    const clock = (): number => Date.now() + skew;
    await rig.logIn(-2 * 3600);
    const keeper = rig.keeper({ clock });
    const outcome = await keeper.resolve(await rig.request(clock()));
    const access = tokenOf(outcome);
    expect(await rig.accepts(access)).toBe(200);
    expect(tokenOf(keeper.peek(await rig.request(clock())))).toBe(access);
    expect(refreshes()).toBe(1);
    expect(Math.abs(((await rig.stored()).obtained ?? 0) - clock())).toBeLessThan(60_000);
  });

  it('a clock that was set back since the receipt makes the token new again', async () => {
    await rig.logIn(3600);
    const now = Date.now() - HOUR;
    const keeper = rig.keeper({ clock: () => now });
    expect(keeper.peek(await rig.request(now))).toBeNull();
    tokenOf(await keeper.resolve(await rig.request(now)));
    expect(refreshes()).toBe(1);
    expect(keeper.peek(await rig.request(now))?.kind).toBe('token');
  });
});

describe('"`invalid_grant` re-reads before it gives up and is then `reauth-required`, no loop"', () => {
  it('one call, then none, also in other processes, until somebody logs in again', async () => {
    await rig.logIn(-1);
    await rig.server.revokeAll();
    const keeper = rig.keeper();
    const first = await keeper.resolve(await rig.request());
    expect(first).toMatchObject({
      kind: 'reauth-required',
      hints: [expect.stringContaining('provider-sidecar oauth login acme')],
    });
    for (let again = 0; again < 5; again += 1) {
      expect((await keeper.resolve(await rig.request())).kind).toBe('reauth-required');
      expect((await rig.keeper().resolve(await rig.request())).kind).toBe('reauth-required');
    }
    expect(tokenCalls()).toBe(1);
    await rig.logIn(-1);
    tokenOf(await keeper.resolve(await rig.request()));
  });

  it('a program that does not know yet finds it in the store, and does not ask', async () => {
    await rig.logIn(-1);
    await rig.server.revokeAll();
    const request = await rig.request();
    await rig.keeper().resolve(request);
    expect((await rig.keeper().resolve(request)).kind).toBe('reauth-required');
    expect(tokenCalls()).toBe(1);
  });

  it('a token that is still good is used to its end, with a note', async () => {
    await rig.logIn(50);
    await rig.server.revokeAll();
    const keeper = rig.keeper();
    const outcome = await keeper.resolve(await rig.request());
    expect(outcome).toMatchObject({ kind: 'token', note: expect.stringMatching(/^log in again: /) });
    // Whatever way a token goes out, the log knows it by then.
    expect([...rig.learned]).toContain(tokenOf(outcome));
    const later = Date.now() + 51_000;
    expect(keeper.peek(await rig.request(later))?.kind).toBe('reauth-required');
    expect(tokenCalls()).toBe(1);
  });

  it('a race that another one won is recovered', async () => {
    await rig.logIn(-1);
    const request = await rig.request();
    const before = await rig.stored();
    const held = rig.hold();
    const waiting = rig.keeper().resolve(request);
    await held.arrived;
    // Another tool without the lock rotates first.
    await rig.server.revokeAll();
    await rig.store.changeEntry('acme:default', (entry) => ({
      ...entry,
      access: 'access-of-the-winner',
      refresh: 'refresh-of-the-winner',
      expires: Date.now() + HOUR,
    }));
    held.release();
    expect(tokenOf(await waiting)).toBe('access-of-the-winner');
    expect((await rig.stored()).version).not.toBe(before.version);
    expect((await rig.stored()).refusal).toBeNull();
  });
});

it('the lock of a renewal that was killed is taken over like any other: after ten seconds without a sign', async () => {
  await rig.logIn(-1);
  const name = createHash('sha256').update('acme\0acme:default').digest('hex');
  const lock = join(rig.stateDir, 'sidecar/locks', `oauth-${name}.lock`);
  await mkdir(lock, { recursive: true });
  const past = new Date(Date.now() - 11_000);
  await utimes(lock, past, past);
  tokenOf(await rig.keeper().resolve(await rig.request()));
  expect(tokenCalls()).toBe(1);
});

describe('"a server that is down keeps the old token in use until it really expires, with back-off"', () => {
  it('old token with a note, then failed, and calls stay few', async () => {
    await rig.logIn(50);
    rig.server.faults.status = 503;
    let now = Date.now();
    const end = now + 50_000;
    const keeper = rig.keeper({ clock: () => now });
    const request = await rig.request(now);
    const kinds: string[] = [];
    // Ten minutes, asked once a second.
    for (; now < end + 550_000; now += 1000) {
      const outcome = await keeper.resolve({ ...request, now });
      kinds.push(outcome.kind);
      if (outcome.kind === 'token') expect(outcome.note).toMatch(/503/);
      else expect(outcome).toMatchObject({ kind: 'failed', detail: expect.stringContaining('503') });
    }
    expect(kinds.filter((kind) => kind === 'token')).toHaveLength(50);
    expect(tokenCalls()).toBeLessThan(20);
    rig.server.faults.status = null;
    now += 61_000;
    tokenOf(await keeper.resolve({ ...request, now }));
  });

  it('a server that nobody can reach costs nothing of the login', async () => {
    await rig.logIn(-1);
    const settings = {
      endpoints: {
        token: `http://127.0.0.1:${await freePort()}/token`,
        authorization: null,
        deviceAuthorization: null,
        revocation: null,
      },
    };
    const outcome = await rig.keeper({ settings }).resolve(await rig.request());
    expect(outcome).toMatchObject({ kind: 'failed', detail: expect.stringContaining('connection refused') });
    expect((await rig.stored()).renewing).toBeNull();
    tokenOf(await rig.keeper().resolve(await rig.request()));
  });
});

describe('new tokens that cannot be written down', () => {
  const UNSAVED = {
    kind: 'token',
    trouble: { kind: 'failed', detail: 'its renewed tokens are not stored: the disk is full' },
  };

  async function renewOnFullDisk() {
    await rig.logIn(-1);
    const disk = { isFull: true };
    let now = Date.now();
    const keeper = rig.keeper({ refuseWrites: () => disk.isFull, clock: () => now });
    const request = await rig.request();
    const outcome = await keeper.resolve(request);
    expect(outcome).toMatchObject(UNSAVED);
    const access = tokenOf(outcome);
    expect((await rig.stored()).access.reveal()).not.toBe(access);
    const later = (ms: number) => {
      now += ms;
      return { ...request, now };
    };
    return { disk, keeper, access, later };
  }

  it('count all the same, are said, and are stored as soon as there is room', async () => {
    const { disk, keeper, access, later } = await renewOnFullDisk();
    expect(keeper.peek(later(0))).toMatchObject(UNSAVED);
    disk.isFull = false;
    await vi.waitFor(async () => expect((await rig.stored()).access.reveal()).toBe(access), PATIENCE);
    await vi.waitFor(() => expect(keeper.peek(later(0))).not.toHaveProperty('trouble'), PATIENCE);
    expect((await rig.stored()).renewing).toBeNull();
    expect(refreshes()).toBe(1);
  });

  it('are stored by a program that stops', async () => {
    const { disk, keeper, access } = await renewOnFullDisk();
    disk.isFull = false;
    await keeper.close();
    expect((await rig.stored()).access.reveal()).toBe(access);
  });

  it('are not renewed before they are stored, and then with the refresh token that counts', async () => {
    const { disk, keeper, access, later } = await renewOnFullDisk();
    expect(await keeper.resolve(later(2 * HOUR))).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('its renewed tokens are not stored: the disk is full'),
    });
    expect(refreshes()).toBe(1);
    disk.isFull = false;
    const next = tokenOf(await keeper.resolve(later(HOUR)));
    expect(next).not.toBe(access);
    expect(await rig.accepts(next)).toBe(200);
    expect(refreshes()).toBe(2);
  });

  it('give way to a login in between', async () => {
    const { disk, keeper } = await renewOnFullDisk();
    await rig.logIn();
    const { version } = await rig.stored();
    disk.isFull = false;
    await keeper.close();
    expect((await rig.stored()).version).toBe(version);
  });
});

describe('an answer that gets lost after the server rotated', () => {
  it('of an expired token: "one clear error, no loop"', async () => {
    await rig.logIn(-1);
    rig.server.faults.dropAnswers = 1;
    const keeper = rig.keeper();
    const outcome = await keeper.resolve(await rig.request());
    expect(outcome).toMatchObject({
      kind: 'reauth-required',
      detail: expect.stringContaining('the answer to a renewal was lost on its way'),
    });
    for (let again = 0; again < 5; again += 1) await rig.keeper().resolve(await rig.request());
    expect(tokenCalls()).toBe(2);
  });

  it('a request that never got there is made again at once', async () => {
    await rig.logIn(-1);
    rig.server.faults.dropRequests = 1;
    const access = tokenOf(await rig.keeper().resolve(await rig.request()));
    expect(await rig.accepts(access)).toBe(200);
    expect(tokenCalls()).toBe(2);
  });

  it('of a token that is still good: it is used to its end, and no process tries again before', async () => {
    await rig.logIn(50);
    const old = (await rig.stored()).access.reveal();
    rig.server.faults.dropAnswers = 1;
    const keeper = rig.keeper();
    expect(tokenOf(await keeper.resolve(await rig.request()))).toBe(old);
    expect(tokenOf(await rig.keeper().resolve(await rig.request()))).toBe(old);
    expect(await rig.accepts(old)).toBe(200);
    expect(tokenCalls()).toBe(1);
    const now = Date.now() + 51_000;
    const late = rig.keeper({ clock: () => now });
    expect((await late.resolve(await rig.request(now))).kind).toBe('reauth-required');
  });
});

describe('"compare-and-swap against logins and logouts in between"', () => {
  it('"Logout during a refresh wins": nothing is stored again, and the new refresh token is revoked', async () => {
    await rig.logIn(-1);
    const held = rig.hold();
    const waiting = rig.keeper().resolve(await rig.request());
    await held.arrived;
    await rig.store.remove('acme');
    held.release();
    const outcome = await waiting;
    expect(outcome).toMatchObject({ kind: 'reauth-required', detail: 'somebody logged out' });
    expect(await rig.store.readEntry('acme:default')).toBeUndefined();
    expect(rig.server.requests).toContain('POST /token/revocation');
    expect(await rig.readText()).not.toContain('refresh');
  });

  it('a login during a refresh wins', async () => {
    await rig.logIn(-1);
    // Somebody else's tokens: nobody can get new ones while the server holds everything back.
    const other = { access: 'access-of-the-login', refresh: 'refresh-of-the-login' };
    const held = rig.hold();
    const waiting = rig.keeper().resolve(await rig.request());
    await held.arrived;
    await rig.store.changeEntry('acme:default', (entry) => ({
      ...entry,
      ...other,
      expires: Date.now() + HOUR,
    }));
    held.release();
    const { access } = other;
    expect(tokenOf(await waiting)).toBe(access);
    expect((await rig.stored()).access.reveal()).toBe(access);
  });
});

describe('"Tokens carry their issuer and are sent nowhere else"', () => {
  it.each([
    ['another issuer', { issuer: 'http://127.0.0.1:9' }],
    ['another client', { clientId: 'somebody-else' }],
  ])('settings that name %s: reauth-required, and nobody is asked', async (_name, settings) => {
    await rig.logIn(-1);
    const keeper = rig.keeper({ settings });
    expect((await keeper.resolve(await rig.request())).kind).toBe('reauth-required');
    await rig.logIn(3600);
    expect(keeper.peek(await rig.request())?.kind).toBe('reauth-required');
    expect(rig.server.requests).toEqual([]);
  });
});

describe('a provider that refuses a token', () => {
  const auth = async () => {
    const { access: accessToken, expires: expiresAt } = await rig.stored();
    const source = 'profile:acme:default';
    return { mode: 'oauth' as const, source, profileId: 'acme:default', accessToken, expiresAt };
  };
  const refusal = { status: 401, message: null, retryAfter: null };

  it('401: refreshed once, and not again for the token that was refused then', async () => {
    await rig.logIn();
    const keeper = rig.keeper();
    const old = await auth();
    tokenOf(keeper.peek(await rig.request()));
    expect(keeper.renewer.owns('acme', old)).toBe(true);
    const outcomes = await Promise.all([
      keeper.renewer.renew('acme', old, refusal),
      keeper.renewer.renew('acme', old, refusal),
    ]);
    expect(outcomes).toEqual([{ kind: 'renewed' }, { kind: 'renewed' }]);
    expect(await keeper.renewer.renew('acme', old, refusal)).toEqual({ kind: 'renewed' });
    expect(refreshes()).toBe(1);
    expect(tokenOf(keeper.peek(await rig.request()))).not.toBe(old.accessToken.reveal());
    // A provider that refuses the new one too refuses something else.
    expect(await keeper.renewer.renew('acme', await auth(), refusal)).toEqual({ kind: 'no-reason' });
    expect(refreshes()).toBe(1);
  });

  it('401 and a login that ended: reauth-required, and the refused token is not handed out again', async () => {
    await rig.logIn();
    const keeper = rig.keeper();
    tokenOf(keeper.peek(await rig.request()));
    await rig.server.revokeAll();
    const outcome = await keeper.renewer.renew('acme', await auth(), refusal);
    expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'reauth-required' } });
    expect(keeper.peek(await rig.request())?.kind).toBe('reauth-required');
  });

  it('403 and what others handed out: no reason', async () => {
    await rig.logIn();
    const keeper = rig.keeper();
    expect(keeper.renewer.owns('acme', await auth())).toBe(false);
    tokenOf(keeper.peek(await rig.request()));
    expect(await keeper.renewer.renew('acme', await auth(), { ...refusal, status: 403 })).toEqual({
      kind: 'no-reason',
    });
    expect(keeper.renewer.owns('other', await auth())).toBe(false);
  });
});

it('"No token in any log", and every one was announced before it was used', async () => {
  await rig.logIn(-1);
  const first = await rig.stored();
  rig.server.faults.status = 500;
  const failed = await rig.keeper().resolve(await rig.request());
  rig.server.faults.status = null;
  const renewed = await rig.keeper().resolve(await rig.request());
  const second = await rig.stored();
  const secrets = [first, second].flatMap(({ access, refresh }) => [
    access.reveal(),
    refresh?.reveal() ?? '',
  ]);
  const texts = [...rig.logged, JSON.stringify(failed), JSON.stringify(renewed)].join('\n');
  for (const secret of secrets) expect(texts).not.toContain(secret);
  expect(rig.logged.length).toBeGreaterThan(0);
  for (const secret of secrets.slice(1)) expect([...rig.learned]).toContain(secret);
});
