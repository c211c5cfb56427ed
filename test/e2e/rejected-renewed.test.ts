/** Refused credentials that this program renews itself, on a running server: one renewal, the same identity. */
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { awsVariables, IDENTITIES, startGpuDevApi } from '../../fixtures/gpu-dev-api/start.ts';
import { getTokens } from '../helpers/oauth-browser.ts';
import { CLIENTS, startOidcProvider } from '../helpers/oidc-provider.ts';
import { type Answer, type Rig, startRig } from '../helpers/sidecar-rig.ts';

/** Closed in reverse order, the sidecar before what it asks. */
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});
function closeLater<T extends { close(): Promise<unknown> }>(part: T): T {
  open.push(part);
  return part;
}

const QUIET = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };

const answerSchema = z.looseObject({
  resolutionId: z.string(),
  auth: z.looseObject({
    source: z.string(),
    apiKey: z.string().optional(),
    accessToken: z.string().optional(),
  }),
});
const read = ({ status, text }: Answer) => {
  expect(status, text).toBe(200);
  const { resolutionId, auth } = answerSchema.parse(JSON.parse(text));
  return { resolutionId, source: auth.source, secret: auth.apiKey ?? auth.accessToken ?? '' };
};

const report = (rig: Rig, id: string, body: object): Promise<Answer> =>
  rig.ask(`/v1/resolve/${id}/rejected`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('"a caller who got 403 expired says so and gets a new key; another 403 is not a reason to log in"', () => {
  const EXPIRED = { status: 403, message: 'API key has expired' };
  const FORBIDDEN = { status: 403, message: 'Not your job' };

  async function started() {
    const api = closeLater(await startGpuDevApi({ serverId: 'farm.example.com' }));
    const rig = closeLater(
      await startRig({
        env: { ...QUIET, GPU_DEV_API_URL: api.url, ...awsVariables(IDENTITIES.john) },
      }),
    );
    return { api, rig, begun: read(await rig.ask('/v1/resolve?provider=gpu-dev')) };
  }

  it('twenty reports of one key are one login, and each gets the new key', async () => {
    const { api, rig, begun } = await started();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => report(rig, begun.resolutionId, EXPIRED)),
    );
    const renewed = answers.map(read);
    expect(new Set(renewed.map(({ secret }) => secret)).size).toBe(1);
    expect(renewed[0]).toMatchObject({ source: begun.source });
    expect(renewed[0]?.secret).not.toBe(begun.secret);
    expect(read(await rig.ask('/v1/resolve?provider=gpu-dev')).secret).toBe(renewed[0]?.secret);
    expect(read(await report(rig, begun.resolutionId, EXPIRED)).secret).toBe(renewed[0]?.secret);
    expect(api.counts.issued).toBe(2);
  });

  it('another 403 is the final error, and nobody logs in', async () => {
    const { api, rig, begun } = await started();
    const answer = await report(rig, begun.resolutionId, FORBIDDEN);
    expect([answer.status, answer.body]).toMatchObject([
      424,
      { code: 'no-auth', coolDown: { reason: 'forbidden' } },
    ]);
    expect(api.counts.issued).toBe(1);
  });
});

describe('an access token of an own login', () => {
  it('401: "refresh once", and the same profile gets the new token', async () => {
    const server = closeLater(await startOidcProvider());
    const { access, refresh } = await getTokens(server.issuer);
    const login = { issuer: server.issuer, clientId: CLIENTS.public.client_id, scopes: ['openid'] };
    const expires = Date.now() + 3_600_000;
    const profile = { type: 'oauth', provider: 'acme', access, refresh, expires, ...login };
    const acme = { baseUrl: 'https://api.acme.example/v1', auth: 'oauth', models: [{ id: 'm' }] };
    const rig = closeLater(
      await startRig({
        files: {
          'moltbot.json': { models: { providers: { acme } } },
          'sidecar/sidecar.json5': { oauth: { acme: login } },
          'sidecar/auth-profiles.json': {
            version: 1,
            profiles: { 'acme:default': { ...profile, obtained: Date.now() } },
          },
        },
        env: QUIET,
      }),
    );
    const begun = read(await rig.ask('/v1/resolve?model=acme/m'));
    expect(begun.secret).toBe(access);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => report(rig, begun.resolutionId, { status: 401 })),
    );
    const renewed = answers.map(read);
    expect(new Set(renewed.map(({ secret }) => secret)).size).toBe(1);
    expect(renewed[0]).toMatchObject({ source: 'profile:acme:default' });
    expect(renewed[0]?.secret).not.toBe(access);
    expect(server.grants.filter(({ grant }) => grant === 'refresh_token')).toHaveLength(1);
    expect(read(await rig.ask(`/v1/resolve?resolution=${begun.resolutionId}`)).secret).toBe(
      renewed[0]?.secret,
    );
  });
});
