/** Exchanged keys of a running server: one login for all callers, lists that wait for nobody, a log without secrets. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import {
  awsVariables,
  IDENTITIES,
  startGpuDevApi,
  type StartedApi,
} from '../../fixtures/gpu-dev-api/start.ts';
import { openEventStream } from '../helpers/event-stream.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';

const SERVER = 'farm.example.com';

let api: StartedApi;
let rig: Rig;
const time = { now: Date.now() };

beforeEach(async () => {
  time.now = Date.now();
  api = await startGpuDevApi({ clock: () => time.now, serverId: SERVER });
});
afterEach(async () => {
  await rig.close();
  await api.close();
});

const start = async (settings: object = {}, config: object = {}): Promise<void> => {
  rig = await startRig({
    clock: () => time.now,
    files: { 'sidecar/sidecar.json5': settings, 'moltbot.json': config },
    env: {
      CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
      GPU_DEV_API_URL: api.url,
      ...awsVariables(IDENTITIES.john),
    },
  });
};

const resolved = z.object({
  auth: z.object({ apiKey: z.string(), source: z.string(), expiresAt: z.string() }),
  resolutionId: z.string(),
});
const resolve = async (provider = 'gpu-dev') => {
  const { status, body } = await rig.ask(`/v1/resolve?provider=${provider}`);
  expect(status).toBe(200);
  return resolved.parse(body);
};

const statusOf = async (provider: string): Promise<unknown> => {
  const { body } = await rig.ask(`/v1/providers/${provider}`);
  return z.object({ auth: z.unknown() }).parse(body).auth;
};

describe('the server', () => {
  it('logs in once for all callers, and again when the key is nearly over', async () => {
    await start();
    expect(await statusOf('gpu-dev')).toMatchObject({ status: 'unverified' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => resolve()));
    expect(new Set(answers.map(({ auth }) => auth.apiKey)).size).toBe(1);
    expect(api.counts.issued).toBe(1);
    expect(await statusOf('gpu-dev')).toMatchObject({ status: 'satisfied', source: 'exchange:gpu-dev' });
    time.now += 29 * 24 * 3_600_000;
    const later = await resolve();
    expect(later.auth.apiKey).not.toBe(answers[0]?.auth.apiKey);
    expect(api.counts.issued).toBe(2);
  });

  it('a resolution that has begun goes on with the new key', async () => {
    await start();
    const { resolutionId, auth } = await resolve();
    time.now += 31 * 24 * 3_600_000;
    const { status, body } = await rig.ask(`/v1/resolve?resolution=${resolutionId}`);
    expect(status).toBe(200);
    expect(resolved.parse(body).auth.apiKey).not.toBe(auth.apiKey);
  });

  it('a logout elsewhere counts at once: the removed key is not served any more', async () => {
    await start();
    const { auth } = await resolve();
    await rm(join(rig.home, '.gpu-dev/credentials.json'));
    time.now += 2_000;
    expect((await resolve()).auth.apiKey).not.toBe(auth.apiKey);
  });

  it('an API that is away is told as a source that is down, and no list waits for it', async () => {
    await start();
    await api.close();
    const { status, body } = await rig.ask('/v1/resolve?provider=gpu-dev');
    expect(status).toBe(503);
    expect(body).toMatchObject({
      code: 'credential-source-down',
      detail: expect.stringContaining('cannot be reached'),
    });
    expect(await statusOf('gpu-dev')).toMatchObject({ status: 'unverified' });
  });

  it('a new key is told to those who watch, by ids alone', async () => {
    await start();
    const stream = await openEventStream({ url: rig.sidecar.url, token: rig.token });
    await resolve();
    await vi.waitFor(() => {
      const told = { provider: 'gpu-dev', profileId: null, source: 'exchange:gpu-dev', change: 'rotated' };
      expect(stream.dataOf('credential')).toEqual([expect.objectContaining(told)]);
    }, 15_000);
    stream.close();
  });

  it('neither log nor explain nor files show a secret', async () => {
    await start();
    const { auth } = await resolve();
    const explained = await rig.ask('/v1/explain?provider=gpu-dev');
    expect(explained.text).toContain(`a login hands over the AWS keys to ${api.url}`);
    const { secretAccessKey, sessionToken } = IDENTITIES.john;
    for (const text of [explained.text, JSON.stringify(rig.logged)]) {
      expect(text).not.toContain(auth.apiKey);
      expect(text).not.toContain(secretAccessKey);
      expect(text).not.toContain(sessionToken);
    }
    const file = await readFile(join(rig.home, '.gpu-dev/credentials.json'), 'utf8');
    expect(file).not.toContain(secretAccessKey);
  });
});

describe('"by settings, any other API of that form"', () => {
  it('a presigned proof gets the key, which stands beside the program’s own files', async () => {
    await start({ exchange: { farm: { url: api.url, proof: 'presigned', serverId: SERVER } } });
    const { auth } = await resolve('farm');
    expect(auth.source).toBe('exchange:farm');
    expect(await readFile(join(rig.stateDir, 'sidecar/exchange/farm.json'), 'utf8')).toContain(auth.apiKey);
    expect(api.bodies.join('')).not.toContain(IDENTITIES.john.secretAccessKey);
    const explained = await rig.ask('/v1/explain?provider=farm');
    expect(explained.text).toContain('a signed proof of the AWS identity, and no key');
  });

  it('an entry of the config that leads to another server does not get the key', async () => {
    const farm = { baseUrl: 'https://elsewhere.example/v1', models: [] };
    await start({ exchange: { farm: { url: api.url, proof: 'keys' } } }, { models: { providers: { farm } } });
    const { status, body } = await rig.ask('/v1/resolve?provider=farm');
    expect(status).toBe(424);
    expect(body).toMatchObject({ detail: expect.stringContaining('cfg leads to another server') });
    expect(api.counts.asked).toBe(0);
  });

  it('unless the settings say that the key is used there', async () => {
    const farm = { baseUrl: 'https://elsewhere.example/v1', models: [] };
    await start(
      { exchange: { farm: { url: api.url, baseUrl: 'https://elsewhere.example', proof: 'keys' } } },
      { models: { providers: { farm } } },
    );
    expect((await resolve('farm')).auth.source).toBe('exchange:farm');
  });

  it('a stored profile comes first, and nobody logs in', async () => {
    rig = await startRig({
      files: {
        'sidecar/auth-profiles.json': {
          version: 1,
          profiles: {
            'gpu-dev:default': { type: 'api_key', provider: 'gpu-dev', key: 'profile-key-0123456789' },
          },
        },
      },
      env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', GPU_DEV_API_URL: api.url, ...awsVariables(IDENTITIES.john) },
    });
    const { body } = await rig.ask('/v1/resolve?provider=gpu-dev');
    expect(body).toMatchObject({ auth: { source: 'profile:gpu-dev:default' } });
    expect(api.counts.asked).toBe(0);
  });
});
