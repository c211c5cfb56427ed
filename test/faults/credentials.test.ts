/** Sources of credentials that are down: calls stay few, what is good stays in use, and nobody restarts anything. */
import { expect, it, vi } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { startFakeAws } from '../helpers/fake-aws.ts';
import { getTokens } from '../helpers/oauth-browser.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../helpers/oidc-provider.ts';
import type { Rig } from '../helpers/sidecar-rig.ts';
import { closing, cpuOf, movableClock, sidecarWith } from './fault-rig.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const QUIET = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };

/** A sidecar whose default model needs a login, with a token of one hour. */
async function loggedIn(server: TestServer, clock: () => number): Promise<{ rig: Rig; access: string }> {
  const { access, refresh } = await getTokens(server.issuer);
  const client = { issuer: server.issuer, clientId: CLIENTS.public.client_id, scopes: ['openid'] };
  const expires = clock() + HOUR;
  const profile = { type: 'oauth', provider: 'acme', access, refresh, expires, obtained: clock(), ...client };
  const models = [{ id: 'm1', contextWindow: 32_000 }];
  const acme = { baseUrl: 'https://api.acme.example/v1', api: 'openai-completions', auth: 'oauth', models };
  server.requests.length = 0;
  const rig = await sidecarWith({
    files: {
      'moltbot.json': { models: { providers: { acme } } },
      'sidecar/sidecar.json5': { oauth: { acme: client } },
      'sidecar/auth-profiles.json': { version: 1, profiles: { 'acme:default': profile } },
    },
    env: QUIET,
    flags: { defaultModel: 'acme/m1' },
    clock,
  });
  return { rig, access };
}

/** Seconds after which the server asks to be asked again. */
const retryAfter = ({ headers }: { readonly headers: Headers }): number =>
  Number(headers.get('retry-after') ?? Number.NaN);

const tokenCalls = (server: TestServer): number =>
  server.requests.filter((request) => request === 'POST /token').length;

it('fault: an authorization server that is down for minutes', async () => {
  const { clock, move } = movableClock();
  const server = closing(await startOidcProvider());
  const { rig, access } = await loggedIn(server, clock);
  const bearer = async (): Promise<unknown> => (await rig.ask('/v1/resolve')).body;
  const old = { auth: { accessToken: access } };
  expect(await bearer()).toMatchObject(old);
  expect(tokenCalls(server)).toBe(0);

  server.faults.status = 503;
  move(51 * MINUTE);
  const failures = (): number =>
    rig.logged.filter((line) => JSON.stringify(line).includes('A token could not be renewed')).length;
  const cpu = await cpuOf(async () => {
    for (let round = 1; round <= 6; round += 1) {
      // Many ask, and ask again within the pause: one call, and the old token for all of them.
      for (const wait of [0, 1_500, 1_500]) {
        move(wait);
        const answers = await Promise.all(Array.from({ length: 20 }, () => rig.ask('/v1/resolve')));
        for (const { status, body } of answers) {
          expect(status).toBe(200);
          expect(body).toMatchObject(old);
        }
        await vi.waitFor(() => expect(failures()).toBe(round), { timeout: 10_000 });
      }
      expect(tokenCalls(server)).toBe(round);
      // The token is good, and health says that nothing will follow it.
      expect((await rig.ask('/health')).body).toMatchObject({
        status: 'degraded',
        code: 'credential-source-down',
        findings: [{ hint: expect.stringMatching(/^Wait: its source is asked again from \d{4}-.*Z on/) }],
      });
      // Longer than the longest pause, a minute and a tenth.
      move(67_000);
    }
  });
  expect(cpu).toBeLessThan(20_000);

  // The token's real end: "503 + Retry-After", and everybody who tells of it says the same.
  move(3 * MINUTE);
  const down = { code: 'credential-source-down' };
  const refused = await rig.ask('/v1/resolve');
  expect(refused.status).toBe(503);
  expect(refused.body).toMatchObject({ ...down, retryAt: expect.stringMatching(/Z$/) });
  expect(retryAfter(refused)).toBeGreaterThanOrEqual(1);
  expect(retryAfter(refused)).toBeLessThanOrEqual(66);
  expect(refused.text).not.toContain(access);
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'failing', ...down });
  expect((await rig.ask('/v1/explain')).body).toMatchObject({ outcome: down.code });
  const told = { status: 'expired', trouble: expect.objectContaining(down) };
  const acme = expect.objectContaining({ id: 'acme', auth: expect.objectContaining(told) });
  await vi.waitFor(
    async () =>
      expect((await rig.ask('/v1/snapshot')).body).toMatchObject({
        health: down,
        providers: expect.arrayContaining([acme]),
      }),
    { timeout: 10_000 },
  );
  const client = createClient({ url: rig.sidecar.url, token: rig.token });
  await expect(client.resolve()).rejects.toMatchObject({ ...down, status: 503, retryAt: expect.any(String) });

  // "calls ≤ cap": who asks waits for each call, so every one that is made is counted.
  const before = server.requests.length;
  for (let waited = 0; waited < 10 * MINUTE; waited += 6_000) {
    move(6_000);
    const { status } = await rig.ask('/v1/resolve');
    expect(status).toBe(503);
  }
  // Once a minute, less a tenth; the metadata of the server are asked for by two ways.
  expect(server.requests.length - before).toBeGreaterThanOrEqual(8);
  expect(server.requests.length - before).toBeLessThanOrEqual(2 * 12);

  server.faults.status = null;
  move(2 * MINUTE);
  await vi.waitFor(async () => expect((await rig.ask('/v1/resolve')).status).toBe(200), { timeout: 10_000 });
  const renewed = await rig.ask('/v1/resolve');
  expect(renewed.text).not.toContain(access);
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' });
  expect(
    server.grants.filter(({ grant, outcome }) => grant === 'refresh_token' && outcome === 'success'),
  ).toHaveLength(1);
});

it('fault: an authorization server that takes connections and never answers', async () => {
  const { clock, move } = movableClock();
  const server = closing(await startOidcProvider());
  const { rig, access } = await loggedIn(server, clock);
  let release: () => void = () => undefined;
  server.faults.gate = new Promise((resolve) => {
    release = resolve;
  });
  move(52 * MINUTE);
  for (let round = 0; round < 20; round += 1) {
    const { status, text } = await rig.ask('/v1/resolve');
    // Renewed behind the answer: who asks does not wait for it.
    expect(status).toBe(200);
    expect(text).toContain(access);
  }
  await vi.waitFor(() => expect(tokenCalls(server)).toBe(1), { timeout: 10_000 });
  release();
  server.faults.gate = null;
  await vi.waitFor(async () => expect((await rig.ask('/v1/resolve')).text).not.toContain(access), {
    timeout: 10_000,
  });
});

it('fault: the AWS chain fails', async () => {
  const { clock, move } = movableClock();
  const fake = closing(await startFakeAws(clock));
  fake.lifeMs = 10 * HOUR;
  const model = 'amazon-bedrock/amazon.nova-lite-v1:0';
  const rig = await sidecarWith({
    env: { ...QUIET, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${fake.url}/container` },
    flags: { defaultModel: model },
    clock,
  });
  const ask = () => rig.ask('/v1/resolve');
  expect((await ask()).text).toContain('AKIAFAKE0001');
  const before = fake.requests.length;
  fake.isDown = true;
  move(10 * HOUR - 90 * MINUTE);
  let minutes = 0;
  // The keys are good for all of that time, and are handed out; the chain is tried again and again behind them.
  await vi.waitFor(
    async () => {
      const answers = await Promise.all([ask(), ask(), ask()]);
      for (const { text } of answers) expect(text).toContain('AKIAFAKE0001');
      minutes += 1;
      move(MINUTE);
      expect(fake.requests.length - before).toBeGreaterThanOrEqual(3);
    },
    { timeout: 20_000, interval: 200 },
  );
  expect(minutes).toBeLessThan(85);
  // The pause after a failure grows to a minute; an attempt is up to four requests of the SDK.
  expect(fake.requests.length - before).toBeLessThanOrEqual(4 * (minutes + 3));
  const down = { code: 'credential-source-down' };
  await vi.waitFor(
    async () => expect((await rig.ask('/health')).body).toMatchObject({ status: 'degraded', ...down }),
    { timeout: 10_000 },
  );
  move(90 * MINUTE);
  const over = await ask();
  expect(over).toMatchObject({ status: 503, body: down });
  expect(retryAfter(over)).toBeGreaterThanOrEqual(1);
  expect(retryAfter(over)).toBeLessThanOrEqual(60);
  expect(over.text).not.toContain('canary');
  const forSdks = await rig.ask('/v1/aws/credentials/amazon-bedrock');
  expect(forSdks).toMatchObject({ status: 503, body: { ...down, Code: down.code } });
  expect(retryAfter(forSdks)).toBeGreaterThanOrEqual(1);
  // Who asks now waits for each attempt, so every one that is made is counted: one a minute, of up to five requests.
  const then = fake.requests.length;
  for (let waited = 0; waited < MINUTE; waited += 10_000) {
    move(10_000);
    expect((await ask()).status).toBe(503);
  }
  expect(fake.requests.length - then).toBeLessThanOrEqual(3 * 5);
  // An identity that is refused is another thing: somebody has to act.
  fake.isDown = false;
  fake.refuses = true;
  move(2 * MINUTE);
  expect(await ask()).toMatchObject({ status: 424, body: { code: 'no-auth' } });
  fake.refuses = false;
  move(2 * MINUTE);
  await vi.waitFor(async () => expect((await ask()).text).toContain('AKIAFAKE0002'), { timeout: 10_000 });
  expect(JSON.stringify(rig.logged)).not.toContain('canary');
});

it.each([
  ['an hour forward', HOUR],
  ['a day forward, as after the sleep of a laptop', 24 * HOUR],
  ['an hour back', -HOUR],
  ['a day back', -24 * HOUR],
])('fault: the clock is set %s', async (_how, ms) => {
  const { clock, move } = movableClock();
  const server = closing(await startOidcProvider());
  const { rig } = await loggedIn(server, clock);
  expect((await rig.ask('/v1/resolve')).status).toBe(200);
  move(ms);
  const answers = await Promise.all(Array.from({ length: 20 }, () => rig.ask('/v1/resolve')));
  for (const { status } of answers) expect(status).toBe(200);
  // What expired, or whose age nobody can tell any more, is renewed: once for all who ask.
  expect(tokenCalls(server)).toBe(1);
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' });
  move(-ms);
  expect((await rig.ask('/v1/resolve')).status).toBe(200);
  await rig.ask('/v1/snapshot');
  expect(tokenCalls(server)).toBeLessThanOrEqual(2);
  expect(rig.logged.filter(({ level }) => level === 'error' || level === 50)).toEqual([]);
});

it('fault: the clock jumps a day back while a server is down: the pause ends with the jump', async () => {
  const { clock, move } = movableClock();
  const server = closing(await startOidcProvider());
  const { rig, access } = await loggedIn(server, clock);
  server.faults.status = 503;
  move(2 * HOUR);
  expect((await rig.ask('/v1/resolve')).body).toMatchObject({ code: 'credential-source-down' });
  const calls = tokenCalls(server);
  server.faults.status = null;
  // Until now nobody asks again, for the pause is on.
  expect((await rig.ask('/v1/resolve')).status).not.toBe(200);
  expect(tokenCalls(server)).toBe(calls);
  move(-24 * HOUR);
  const { status, text } = await rig.ask('/v1/resolve');
  expect(status).toBe(200);
  expect(text).not.toContain(access);
  expect(tokenCalls(server)).toBe(calls + 1);
});

it('fault: the clock jumps a day back while the AWS chain fails: the pause ends with the jump', async () => {
  const { clock, move } = movableClock();
  const fake = closing(await startFakeAws(clock));
  fake.refuses = true;
  const rig = await sidecarWith({
    env: { ...QUIET, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${fake.url}/container` },
    clock,
  });
  const ask = () => rig.ask('/v1/resolve?provider=amazon-bedrock');
  expect((await ask()).status).not.toBe(200);
  fake.refuses = false;
  expect((await ask()).status).not.toBe(200);
  move(-24 * HOUR);
  expect((await ask()).text).toContain('AKIAFAKE0001');
});
