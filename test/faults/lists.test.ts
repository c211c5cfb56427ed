/**
 * "The same question is answered by one function": what the lists say of a credential whose source is down is what
 * a request meets, and no list asks the source.
 */
import { expect, it } from 'vitest';
import * as z from 'zod';
import { awsVariables, IDENTITIES } from '../../fixtures/gpu-dev-api/start.ts';
import { storedKey } from '../credentials/exchange/rig.ts';
import { startFakeAws } from '../helpers/fake-aws.ts';
import { getTokens } from '../helpers/oauth-browser.ts';
import { CLIENTS, startOidcProvider, type TestServer } from '../helpers/oidc-provider.ts';
import { serveLocally } from '../helpers/local-server.ts';
import type { Rig } from '../helpers/sidecar-rig.ts';
import { closing, sidecarWith } from './fault-rig.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const QUIET = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };
const MODELS = [{ id: 'm1', contextWindow: 32_000 }];
const PATIENCE = 60_000;

const problem = z.looseObject({ code: z.string().optional(), retryAt: z.string().optional() });
const provider = z.object({
  auth: z.looseObject({ status: z.string(), source: z.string().nullable(), trouble: problem.optional() }),
});
const models = z.object({ data: z.array(z.object({ id: z.string() })) });

/** What the lists say of a provider. */
async function listed(rig: Rig, id: string) {
  const { auth } = provider.parse((await rig.ask(`/v1/providers/${id}`)).body);
  const { data } = models.parse((await rig.ask('/v1/models')).body);
  // The list of all and the state that is watched are made of the same; that nothing is asked holds for them too.
  await rig.ask('/v1/providers?all=true');
  await rig.ask('/v1/snapshot');
  return { ...auth, models: data.filter((model) => model.id.startsWith(`${id}/`)).map((model) => model.id) };
}

/** What a request meets, which asks the source where it has to. */
async function requested(rig: Rig, id: string) {
  const { status, body } = await rig.ask(`/v1/resolve?provider=${id}`);
  const { code, retryAt } = problem.parse(body);
  return { status, code, retryAt };
}

/** A clock that a test moves, and that stands still meanwhile: how long a pause still lasts is the same for all. */
function clockByHand(): { readonly clock: () => number; readonly move: (ms: number) => void } {
  let now = Date.now();
  return { clock: () => now, move: (ms) => void (now += ms) };
}

const DOWN = expect.objectContaining({ code: 'credential-source-down', retryAt: expect.any(String) });

/** A sidecar whose provider `farm` gets its key from an exchange, with the key that its file holds. */
async function withKey(
  url: string,
  { expiresAt, clock, env }: { expiresAt: number; clock: () => number; env: Record<string, string> },
): Promise<Rig> {
  const farm = { baseUrl: url, api: 'openai-completions', models: MODELS };
  return sidecarWith({
    files: {
      'moltbot.json': { models: { providers: { farm } } },
      'sidecar/sidecar.json5': { exchange: { farm: { url, proof: 'keys' } } },
      'sidecar/exchange/farm.json': storedKey(expiresAt),
    },
    env: { ...QUIET, ...env },
    clock,
  });
}

it('an exchanged key that is due, then expired, while its API is down', { timeout: PATIENCE }, async () => {
  const { clock, move } = clockByHand();
  let asked = 0;
  const url = await serveLocally((_request, response) => {
    asked += 1;
    response.writeHead(503).end();
  });
  const expiresAt = clock() + 9 * MINUTE;
  const rig = await withKey(url, { expiresAt, clock, env: awsVariables(IDENTITIES.john) });
  const inHand = { status: 'satisfied', source: 'exchange:farm', models: ['farm/m1'] };

  // Nobody has asked yet: what the file holds is known.
  expect(await listed(rig, 'farm')).toMatchObject(inHand);
  expect(asked).toBe(0);
  expect(await requested(rig, 'farm')).toMatchObject({ status: 200 });
  expect(await listed(rig, 'farm')).toMatchObject({ ...inHand, trouble: DOWN });
  // After the pause as well: nothing has changed that a list could know.
  move(2 * MINUTE);
  const before = asked;
  expect(await listed(rig, 'farm')).toMatchObject({ ...inHand, trouble: DOWN });
  expect(asked).toBe(before);

  move(8 * MINUTE);
  const refused = await requested(rig, 'farm');
  expect(refused).toMatchObject({ status: 503, code: 'credential-source-down' });
  const then = asked;
  const { code, retryAt } = refused;
  expect(await listed(rig, 'farm')).toMatchObject({
    status: 'unverified',
    source: null,
    trouble: { code, retryAt },
    models: [],
  });
  move(10 * MINUTE);
  expect(await listed(rig, 'farm')).toMatchObject({ status: 'unverified', trouble: DOWN, models: [] });
  expect(asked).toBe(then);
});

it(
  'an exchanged key that is due, then expired, while AWS is down behind the exchange',
  {
    timeout: PATIENCE,
  },
  async () => {
    const { clock, move } = clockByHand();
    const aws = closing(await startFakeAws(clock));
    aws.isDown = true;
    const expiresAt = clock() + 9 * MINUTE;
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.url}/container` };
    const rig = await withKey('http://127.0.0.1:9', { expiresAt, clock, env });
    expect(await requested(rig, 'farm')).toMatchObject({ status: 200 });
    expect(await listed(rig, 'farm')).toMatchObject({
      status: 'satisfied',
      trouble: DOWN,
      models: ['farm/m1'],
    });
    move(10 * MINUTE);
    const refused = await requested(rig, 'farm');
    expect(refused).toMatchObject({ status: 503, code: 'credential-source-down' });
    const asked = aws.requests.length;
    const { code, retryAt } = refused;
    expect(await listed(rig, 'farm')).toMatchObject({
      status: 'unverified',
      trouble: { code, retryAt },
      models: [],
    });
    expect(aws.requests.length).toBe(asked);
  },
);

it('an API that refuses is told as a request tells it: no credential, and nothing to wait for', async () => {
  const { clock } = clockByHand();
  const url = await serveLocally((_request, response) => void response.writeHead(403).end());
  const rig = await withKey(url, { expiresAt: clock() - 1, clock, env: awsVariables(IDENTITIES.john) });
  expect(await listed(rig, 'farm')).toMatchObject({ status: 'unverified' });
  expect(await requested(rig, 'farm')).toMatchObject({ status: 424, code: 'no-auth' });
  expect(await listed(rig, 'farm')).toMatchObject({ status: 'missing', models: [] });
});

it('an identity that is missing is told without asking anybody', async () => {
  const { clock } = clockByHand();
  const rig = await withKey('http://127.0.0.1:9', { expiresAt: clock() - 1, clock, env: {} });
  expect(await listed(rig, 'farm')).toMatchObject({ status: 'missing' });
  expect(await requested(rig, 'farm')).toMatchObject({ status: 424, code: 'no-auth' });
});

/** A sidecar with a login at `acme`, whose token has so long to live. */
async function withToken(server: TestServer, clock: () => number, left: number): Promise<Rig> {
  const { access, refresh } = await getTokens(server.issuer);
  const client = { issuer: server.issuer, clientId: CLIENTS.public.client_id, scopes: ['openid'] };
  const expires = clock() + left;
  const obtained = expires - HOUR;
  const profile = { type: 'oauth', provider: 'acme', access, refresh, expires, obtained, ...client };
  const api = { baseUrl: 'https://api.acme.example/v1', api: 'openai-completions', auth: 'oauth' };
  const rig = await sidecarWith({
    files: {
      'moltbot.json': { models: { providers: { acme: { ...api, models: MODELS } } } },
      'sidecar/sidecar.json5': { oauth: { acme: client } },
      'sidecar/auth-profiles.json': { version: 1, profiles: { 'acme:default': profile } },
    },
    env: QUIET,
    clock,
  });
  server.requests.length = 0;
  return rig;
}

it(
  'an OAuth token that is nearly over, then expired, while its server is down',
  {
    timeout: PATIENCE,
  },
  async () => {
    const { clock, move } = clockByHand();
    const server = closing(await startOidcProvider());
    const rig = await withToken(server, clock, 5 * MINUTE);
    server.faults.status = 503;
    const inHand = { status: 'satisfied', source: 'profile:acme:default', models: ['acme/m1'] };

    // Due, and nobody uses it: a list is no reason to renew it.
    expect(await listed(rig, 'acme')).toMatchObject(inHand);
    move(4 * MINUTE + 20 * SECOND);
    // With so little left a request waits for a new one; what is in hand is listed.
    expect(await listed(rig, 'acme')).toMatchObject(inHand);
    expect(server.requests).toEqual([]);
    expect(await requested(rig, 'acme')).toMatchObject({ status: 200 });
    const asked = server.requests.length;
    expect(await listed(rig, 'acme')).toMatchObject({ ...inHand, trouble: DOWN });
    move(10 * SECOND);
    expect(await listed(rig, 'acme')).toMatchObject({ ...inHand, trouble: DOWN });
    expect(server.requests).toHaveLength(asked);

    move(5 * MINUTE);
    const refused = await requested(rig, 'acme');
    expect(refused).toMatchObject({ status: 503, code: 'credential-source-down' });
    const then = server.requests.length;
    const { code, retryAt } = refused;
    expect(await listed(rig, 'acme')).toMatchObject({
      status: 'expired',
      source: null,
      trouble: { code, retryAt },
      models: [],
    });
    // When the pause is over, a list still knows what came of the last attempt.
    move(10 * MINUTE);
    expect(await listed(rig, 'acme')).toMatchObject({ status: 'expired', trouble: DOWN, models: [] });
    expect(server.requests).toHaveLength(then);

    server.faults.status = null;
    expect(await requested(rig, 'acme')).toMatchObject({ status: 200 });
    const { trouble, ...now } = await listed(rig, 'acme');
    expect(now).toMatchObject(inHand);
    expect(trouble).toBeUndefined();
  },
);
