/** AWS identities through a whole server: real AWS SDK clients, a source whose expiry the test controls, a clock that it moves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHttp } from '@aws-sdk/credential-providers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type FakeAws, startFakeAws } from '../helpers/fake-aws.ts';
import { freePort } from '../helpers/free-port.ts';
import { sendRaw } from '../helpers/raw-http.ts';
import { type Rig, type RigOptions, startRig } from '../helpers/sidecar-rig.ts';

const ROUTE = '/v1/aws/credentials/amazon-bedrock';
const MODEL = 'amazon-bedrock/amazon.nova-lite-v1:0';
const MINUTE = 60_000;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function rigWith(options: RigOptions): Promise<Rig> {
  const rig = await startRig(options);
  closers.push(() => rig.close());
  return rig;
}

async function fakeAws(now?: () => number): Promise<FakeAws> {
  const fake = await startFakeAws(now);
  closers.push(() => fake.close());
  return fake;
}

const container = (fake: FakeAws) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${fake.url}/container` });

describe('"A real AWS SDK client and a raw one get credentials from the route"', () => {
  it('through a rotation of the token file and refreshes, never with under five minutes left', async () => {
    let shift = 0;
    const clock = () => Date.now() + shift;
    const fake = await fakeAws(clock);
    const rig = await rigWith({ env: container(fake), clock });
    const tokenFile = join(rig.home, 'token');
    const client = fromHttp({
      awsContainerCredentialsFullUri: `${rig.sidecar.url}${ROUTE}`,
      awsContainerAuthorizationTokenFile: tokenFile,
      maxRetries: 8,
    });
    await writeFile(tokenFile, 'not-the-token');
    const once = fromHttp({
      awsContainerCredentialsFullUri: `${rig.sidecar.url}${ROUTE}`,
      awsContainerAuthorizationTokenFile: tokenFile,
      maxRetries: 0,
    });
    await expect(once()).rejects.toThrow('status: 401');

    const seen = new Set<string>();
    for (let step = 0; step < 24; step += 1) {
      // The file is read on each call; the bare token and the scheme with it both count here.
      await writeFile(tokenFile, step % 2 === 0 ? rig.token : `Bearer ${rig.token}`);
      const keys = await client();
      expect((keys.expiration?.getTime() ?? 0) - clock()).toBeGreaterThan(5 * MINUTE);
      expect(keys.sessionToken).toMatch(/^canary-session-\d+$/);
      seen.add(keys.accessKeyId);
      shift += 6 * MINUTE;
    }
    expect([...seen]).toEqual(['AKIAFAKE0001', 'AKIAFAKE0002', 'AKIAFAKE0003']);
    expect(fake.issued()).toBe(3);
    expect(JSON.stringify(rig.logged)).not.toContain('canary');
  });

  it('a raw client with the three headers of the SDK', async () => {
    const rig = await rigWith({ env: container(await fakeAws()) });
    await vi.waitFor(async () => expect((await rig.ask(ROUTE)).status).toBe(200), { timeout: 25_000 });
    const { port, host } = new URL(rig.sidecar.url);
    const ask = (authorization: string) =>
      sendRaw(
        Number(port),
        `GET ${ROUTE} HTTP/1.1\r\nauthorization: ${authorization}\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
      );
    const answer = await ask(rig.token);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(JSON.parse(answer.body)).toEqual({
      AccessKeyId: 'AKIAFAKE0001',
      SecretAccessKey: 'canary-secret-1',
      Token: 'canary-session-1',
      Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect((await ask(`${rig.token}x`)).status).toBe(401);
    expect((await rig.ask('/v1/resolve', { headers: { authorization: rig.token } })).status).toBe(401);
  });

  it('keys of the environment without a session token: the SDK takes the empty one', async () => {
    const rig = await rigWith({ env: { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'secret-0123' } });
    const client = fromHttp({
      awsContainerCredentialsFullUri: `${rig.sidecar.url}${ROUTE}`,
      awsContainerAuthorizationToken: rig.token,
    });
    expect(await client()).toMatchObject({
      accessKeyId: 'AKIA1',
      secretAccessKey: 'secret-0123',
      sessionToken: '',
    });
  });

  it('"it answers within a second, always": a source that is silent gives 503, in the words of AWS too', async () => {
    const fake = await fakeAws();
    fake.isSilent = true;
    const rig = await rigWith({ env: container(fake) });
    expect((await rig.ask(ROUTE)).body).toMatchObject({
      status: 503,
      code: 'no-auth',
      Code: 'no-auth',
      Message: 'The AWS credentials are still being fetched',
    });
  });
});

describe('"Same resolver as everything else"', () => {
  it('resolve, the route and health agree; the detail says where the keys came from', async () => {
    const fake = await fakeAws();
    const files = { 'moltbot.json': { models: { providers: { 'amazon-bedrock': { auth: 'aws-sdk' } } } } };
    const rig = await rigWith({ files, env: container(fake), flags: { defaultModel: MODEL } });
    const { body } = await rig.ask('/v1/resolve');
    expect(body).toMatchObject({
      auth: {
        mode: 'aws-sdk',
        source: 'aws-sdk default chain',
        aws: { accessKeyId: 'AKIAFAKE0001', region: 'us-east-1', expiration: expect.stringMatching(/^20/) },
      },
    });
    expect((await rig.ask(ROUTE)).body).toMatchObject({ AccessKeyId: 'AKIAFAKE0001' });
    expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' });
    const explained = await rig.ask('/v1/explain');
    expect(explained.body).toMatchObject({ outcome: 'resolved' });
    expect(explained.text).toContain('the container credentials of AWS_CONTAINER_CREDENTIALS_FULL_URI');
    expect(explained.text).not.toContain('canary');
    expect(fake.issued()).toBe(1);
  });

  it('a region of the profile: the base URL of the catalog and the keys name the same one', async () => {
    const rig = await rigWith({
      env: { AWS_PROFILE: 'work' },
      onHome: (stateDir) => writeAwsFiles(join(stateDir, '..'), 'region = eu-central-1'),
    });
    expect((await rig.ask(`/v1/resolve?model=${MODEL}`)).body).toMatchObject({
      provider: { baseUrl: 'https://bedrock-runtime.eu-central-1.amazonaws.com' },
      auth: { source: 'env: AWS_PROFILE', aws: { accessKeyId: 'AKIAWORK', region: 'eu-central-1' } },
    });
  });
});

describe('lists never wait for the chain', () => {
  it('nothing points to AWS: the catalog’s provider is not listed, and nothing is asked', async () => {
    const fake = await fakeAws();
    const env = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: fake.url };
    const rig = await rigWith({ env });
    const { text } = await rig.ask('/v1/providers');
    expect(text).not.toContain('amazon-bedrock');
    expect((await rig.ask('/v1/models')).text).not.toContain('amazon-bedrock');
    expect((await rig.ask('/v1/providers/amazon-bedrock')).body).toMatchObject({
      auth: { status: 'missing' },
    });
    expect(fake.requests).toEqual([]);
    // Asked for by name, an instance is found.
    expect((await rig.ask('/v1/resolve?provider=amazon-bedrock')).status).toBe(200);
    expect(fake.issued()).toBe(1);
  });

  it('a sign of AWS: asked at the start, so lists know it soon', async () => {
    const rig = await rigWith({ env: container(await fakeAws()) });
    await vi.waitFor(
      async () =>
        expect((await rig.ask('/v1/providers/amazon-bedrock')).body).toMatchObject({
          auth: { mode: 'aws-sdk', source: 'aws-sdk default chain', status: 'satisfied' },
        }),
      { timeout: 25_000 },
    );
    expect((await rig.ask('/v1/models')).text).toContain('amazon-bedrock/');
  });
});

describe('"Our own container URL in our own environment is refused at start"', () => {
  it('the address that the settings name', async () => {
    const port = await freePort();
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://localhost:${port}${ROUTE}` };
    const rig = await rigWith({ env, flags: { port: String(port) } });
    expect(rig.outcome).toMatchObject({
      kind: 'refused',
      exitCode: 78,
      problem: {
        code: 'config-invalid',
        detail: expect.stringContaining('leads to provider-sidecar itself'),
        hints: [expect.stringContaining('env -u AWS_CONTAINER_CREDENTIALS_FULL_URI'), expect.any(String)],
      },
    });
  });

  it('the address that endpoint.json of this state directory names', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const endpoint = { url, token: 'old-token-0123456789', pid: 1, version: '0', startedAt: 'x' };
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://[::1]:${port}${ROUTE}` };
    const rig = await rigWith({ env, files: { 'sidecar/endpoint.json': endpoint } });
    expect(rig.outcome).toMatchObject({ kind: 'refused', exitCode: 78 });
  });

  it('another program’s address on this machine is fine', async () => {
    const rig = await rigWith({ env: container(await fakeAws()) });
    expect(rig.outcome.kind).toBe('started');
  });
});

function writeAwsFiles(home: string, more: string): void {
  mkdirSync(join(home, '.aws'), { recursive: true });
  const keys = 'aws_access_key_id = AKIAWORK\naws_secret_access_key = canary-work';
  writeFileSync(join(home, '.aws/credentials'), `[work]\n${keys}\n${more}\n`, { mode: 0o600 });
}
