/** Exchanged keys: who logs in, when, how often, and what becomes of the file. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { awsVariables, IDENTITIES } from '../../../fixtures/gpu-dev-api/start.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { serveLocally } from '../../helpers/local-server.ts';
import { exchangeRig, storedKey } from './rig.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const twenty = <T>(work: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 20 }, work));

describe('"a resolve with a missing, expired or nearly expired key logs in again, once"', () => {
  it('twenty who ask at once for a missing key cause one login and get the same key', async () => {
    const { api, make, env, time } = await exchangeRig();
    const keys = make();
    const outcomes = await twenty(() => keys.resolve({ providerId: 'gpu-dev', env }, time.now));
    expect(new Set(outcomes.map((outcome) => outcome.kind === 'key' && outcome.apiKey.reveal())).size).toBe(
      1,
    );
    expect(outcomes[0]).toMatchObject({ kind: 'key', expiresAt: time.now + 30 * DAY });
    expect(api.counts).toMatchObject({ asked: 1, issued: 1 });
  });

  it('the file has the four fields, 0600 in a 0700 folder; no AWS credential is stored anywhere', async () => {
    const { make, env, time, keyFile, read, modeOf, sidecarDir } = await exchangeRig();
    await make().resolve({ providerId: 'gpu-dev', env }, time.now);
    const fields: Record<string, unknown> = JSON.parse(await read());
    expect(Object.keys(fields)).toEqual(['api_key', 'username', 'expires_at', 'aws_arn']);
    expect(fields).toMatchObject({ username: 'john', aws_arn: IDENTITIES.john.arn });
    expect(await modeOf(keyFile)).toBe(0o600);
    expect(await modeOf(join(keyFile, '..'))).toBe(0o700);
    const names = await readdir(sidecarDir, { recursive: true, withFileTypes: true });
    const texts = await Promise.all(
      names.filter((name) => name.isFile()).map((name) => readFile(join(name.parentPath, name.name), 'utf8')),
    );
    expect(texts.length).toBeGreaterThan(0);
    for (const text of [...texts, await read()]) {
      expect(text).not.toContain(IDENTITIES.john.secretAccessKey);
      expect(text).not.toContain(IDENTITIES.john.sessionToken);
    }
    expect(texts.join('')).not.toContain(fields['api_key']);
  });

  it('a fresh key is used as it is; a nearly expired and an expired one are renewed', async () => {
    const { api, make, env, time } = await exchangeRig({ keyLife: 30 * DAY });
    const request = { providerId: 'gpu-dev', env };
    await make().resolve(request, time.now);
    time.now += 20 * DAY;
    await make().resolve(request, time.now);
    expect(api.counts.issued).toBe(1);
    time.now += 5 * DAY;
    await make().resolve(request, time.now);
    expect(api.counts.issued).toBe(2);
    time.now += 31 * DAY;
    expect(await make().resolve(request, time.now)).toMatchObject({ kind: 'key' });
    expect(api.counts.issued).toBe(3);
  });

  it('peek knows what was read, and forgets it when the file goes', async () => {
    const { make, env, time, keyFile } = await exchangeRig();
    const keys = make();
    const request = { providerId: 'gpu-dev', env };
    expect(keys.peek(request, time.now)).toBeNull();
    await keys.resolve(request, time.now);
    expect(keys.peek(request, time.now)).toMatchObject({ kind: 'key' });
    expect(keys.peek(request, time.now + 31 * DAY)).toBeNull();
    await rm(keyFile);
    expect(keys.peek(request, time.now)).toBeNull();
  });

  it('a provider without an exchange is none of this', async () => {
    const { api, make, env, time } = await exchangeRig();
    const request = { providerId: 'openai', env };
    expect(make().sourceOf(request)).toBeUndefined();
    expect(await make().resolve(request, time.now)).toMatchObject({ kind: 'failed' });
    expect(make().sourceOf({ providerId: 'gpu-dev', env: {} })).toBeUndefined();
    expect(api.counts.asked).toBe(0);
  });

  it('tells of each new key, by ids alone', async () => {
    const { make, env, time, events } = await exchangeRig();
    const keys = make();
    await keys.resolve({ providerId: 'gpu-dev', env }, time.now);
    await keys.resolve({ providerId: 'gpu-dev', env }, time.now);
    const source = 'exchange:gpu-dev';
    expect(events).toEqual([
      { kind: 'credential', provider: 'gpu-dev', profileId: null, source, change: 'rotated' },
    ]);
  });
});

describe('a key that has no place', () => {
  it('is not asked for where the folder of its record cannot be made', async () => {
    const { api, make, env, time, sidecarDir } = await exchangeRig();
    await mkdir(join(sidecarDir, 'exchange'), { recursive: true, mode: 0o700 });
    await writeFile(join(sidecarDir, 'exchange/origins'), '');
    expect(await make().resolve({ providerId: 'gpu-dev', env }, time.now)).toMatchObject({ kind: 'failed' });
    expect(api.counts.asked).toBe(0);
  });

  it('"the API is left alone for ten seconds, then longer": a key that cannot be stored is not asked for at each resolve', async () => {
    const { api, make, env, time, sidecarDir } = await exchangeRig();
    const record = join(sidecarDir, 'exchange/origins/gpu-dev.json');
    await mkdir(record, { recursive: true, mode: 0o700 });
    const keys = make();
    const request = { providerId: 'gpu-dev', env };
    for (let second = 0; second < 9; second += 1) {
      expect(await keys.resolve(request, time.now)).toMatchObject({
        kind: 'failed',
        detail: expect.stringContaining('a key was issued and cannot be stored'),
      });
      time.now += 1_000;
    }
    expect(api.counts.issued).toBe(1);
    await rm(record, { recursive: true });
    time.now += 1_000;
    expect(await keys.resolve(request, time.now)).toMatchObject({ kind: 'key' });
    expect(api.counts.issued).toBe(2);
  });
});

describe('"the old file stays until the new key is there"', () => {
  it('an expired key whose renewal fails stays as it is, and the failure says both', async () => {
    const { make, env, time, write, read, keyFile } = await exchangeRig();
    await write(storedKey(time.now - HOUR));
    const before = await read();
    const outcome = await make().resolve(
      { providerId: 'gpu-dev', env: { ...env, ...awsVariables(IDENTITIES.mallory) } },
      time.now,
    );
    if (outcome.kind === 'key') throw new Error('there should be no key');
    expect(outcome.detail).toContain(`the key in ${keyFile} expired at 2025-12-31T23:00:00.000Z`);
    expect(outcome.detail).toContain('got: ReadOnly');
    expect(outcome.hints[0]).toBe('Required role: SSOCloudDevGpuReservation');
    expect(await read()).toBe(before);
  });

  it('a nearly expired key is handed out when its renewal fails, with a note', async () => {
    const { api, make, env, time, write } = await exchangeRig();
    await write(storedKey(time.now + 60_000));
    await api.close();
    const outcome = await make().resolve({ providerId: 'gpu-dev', env }, time.now);
    expect(outcome).toMatchObject({ kind: 'key', note: expect.stringContaining('renewing it failed') });
  });

  it('without AWS credentials nothing is made, and the three ways to get them are named', async () => {
    const { api, make, time, keyFile } = await exchangeRig();
    const env = { GPU_DEV_API_URL: api.url };
    const outcome = await make().resolve({ providerId: 'gpu-dev', env }, time.now);
    expect(outcome).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('No AWS credentials found'),
      hints: [
        expect.stringContaining('aws configure'),
        expect.stringContaining('aws sso login'),
        expect.stringContaining('AWS_ACCESS_KEY_ID'),
      ],
    });
    await expect(readdir(join(keyFile, '..'))).rejects.toThrow('ENOENT');
  });

  it('half a pair of variables is a failure of its own, not another identity', async () => {
    const { api, make, time } = await exchangeRig();
    const env = { GPU_DEV_API_URL: api.url, AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE0000000' };
    const outcome = await make().resolve({ providerId: 'gpu-dev', env }, time.now);
    expect(outcome).toMatchObject({ detail: expect.stringContaining('AWS_SECRET_ACCESS_KEY is not') });
  });
});

describe('failures are remembered for a while', () => {
  it('an API that refused is not asked again at once, but later, and at once for another identity', async () => {
    const { api, make, env, time } = await exchangeRig();
    const keys = make();
    const refused = { providerId: 'gpu-dev', env: { ...env, ...awsVariables(IDENTITIES.mallory) } };
    await twenty(() => keys.resolve(refused, time.now));
    const again = await keys.resolve(refused, time.now);
    expect(again).toMatchObject({ detail: expect.stringContaining('not asked again before') });
    expect(api.counts.asked).toBe(1);
    time.now += 60_000;
    await keys.resolve(refused, time.now);
    expect(api.counts.asked).toBe(2);
    expect(await keys.resolve({ providerId: 'gpu-dev', env }, time.now)).toMatchObject({ kind: 'key' });
  });

  it('a person who logs in is not kept waiting', async () => {
    const { api, make, env } = await exchangeRig();
    const keys = make();
    const refused = { providerId: 'gpu-dev', env: { ...env, ...awsVariables(IDENTITIES.mallory) } };
    await keys.login(refused);
    await keys.login(refused);
    expect(api.counts.asked).toBe(2);
  });
});

describe('"a caller who got 403 expired gets a new key", once for each refused key', () => {
  it('twenty who report the same key cause one login', async () => {
    const { api, make, env, time } = await exchangeRig();
    const keys = make();
    const request = { providerId: 'gpu-dev', env };
    const first = await keys.resolve(request, time.now);
    if (first.kind === 'failed') throw new Error(first.detail);
    const renewed = await twenty(() => keys.renew(request, first.apiKey));
    expect(api.counts.issued).toBe(2);
    expect(renewed.every((outcome) => outcome.kind === 'key')).toBe(true);
    // The same report again: another key is there already.
    await keys.renew(request, first.apiKey);
    expect(api.counts.issued).toBe(2);
  });

  it('an API that gives the refused key once more is not asked for it again', async () => {
    const { make, env, time } = await exchangeRig();
    let asked = 0;
    const url = await serveLocally((_request, response) => {
      asked += 1;
      response.setHeader('content-type', 'application/json').end(JSON.stringify(storedKey(time.now + DAY)));
    });
    const keys = make();
    const request = { providerId: 'gpu-dev', env: { ...env, GPU_DEV_API_URL: url } };
    const refused = new Secret('stored-key-0123456789');
    await keys.resolve(request, time.now);
    expect(await keys.renew(request, refused)).toMatchObject({ kind: 'failed' });
    expect(await keys.renew(request, refused)).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('once more'),
    });
    expect(asked).toBe(2);
  });
});

describe('"a provider’s credential goes to that provider’s configured origin only"', () => {
  it('a key that was got from one server is not used at another one', async () => {
    const { api, make, env, time, read } = await exchangeRig();
    const other = await exchangeRig();
    const first = await make().resolve({ providerId: 'gpu-dev', env }, time.now);
    const moved = { providerId: 'gpu-dev', env: { ...env, GPU_DEV_API_URL: other.api.url } };
    const second = await make().resolve(moved, time.now);
    if (first.kind === 'failed' || second.kind === 'failed') throw new Error('both should have a key');
    expect(second.apiKey.reveal()).not.toBe(first.apiKey.reveal());
    expect(other.api.counts.issued).toBe(1);
    // And where no login is possible, the key stays, and stays unused.
    const before = await read();
    await other.api.close();
    const back = { providerId: 'gpu-dev', env: { GPU_DEV_API_URL: api.url } };
    expect(await make().resolve(back, time.now)).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining(`holds a key of ${other.api.url}, and ${api.url} is another server`),
    });
    expect(await read()).toBe(before);
  });

  it('a key that the API’s own command line stored is used', async () => {
    const { api, make, env, time, write } = await exchangeRig();
    await write(storedKey(time.now + DAY));
    expect(await make().resolve({ providerId: 'gpu-dev', env }, time.now)).toMatchObject({ kind: 'key' });
    expect(api.counts.asked).toBe(0);
  });
});

describe('logout', () => {
  it('removes the key and what is known of it; a second one finds nothing', async () => {
    const { make, env, time, keyFile } = await exchangeRig();
    const keys = make();
    const request = { providerId: 'gpu-dev', env };
    await keys.resolve(request, time.now);
    expect(await keys.forget(request)).toEqual({ kind: 'removed' });
    expect(await readdir(join(keyFile, '..'))).toEqual([]);
    expect(keys.peek(request, time.now)).toBeNull();
    expect(await keys.forget(request)).toEqual({ kind: 'nothing-stored' });
  });
});

describe('"source is down, try again" is told from "log in again"', () => {
  const answers = (status: number) =>
    serveLocally((_request, response) => void response.writeHead(status).end());

  it.each([
    ['down', 503, true],
    ['too busy', 429, true],
    ['one that says no', 401, false],
    ['one that is something else', 404, false],
  ])('an API that is %s', async (_what, status, isDown) => {
    const { make, env, time } = await exchangeRig();
    const url = await answers(status);
    const keys = make();
    const request = { providerId: 'gpu-dev', env: { ...env, GPU_DEV_API_URL: url } };
    const outcome = await keys.resolve(request, time.now);
    expect(outcome.kind).toBe('failed');
    const retryAt = isDown ? time.now + 10_000 : undefined;
    expect('retryAt' in outcome ? outcome.retryAt : undefined).toBe(retryAt);
    // Who asks within the pause learns the same.
    const again = await keys.resolve(request, time.now + 1);
    expect('retryAt' in again ? again.retryAt : undefined).toBe(retryAt);
  });

  it('the old key is handed out to its end, with the trouble', async () => {
    const { api, make, env, time } = await exchangeRig();
    const request = { providerId: 'gpu-dev', env };
    await make().resolve(request, time.now);
    await api.close();
    time.now += 29 * DAY + 23.9 * HOUR;
    const trouble = { retryAt: time.now + 10_000 };
    expect(await make().resolve(request, time.now)).toMatchObject({ kind: 'key', trouble });
  });
});
