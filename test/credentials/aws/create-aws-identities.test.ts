/** The whole chain for real: the AWS SDK in its own process, against shared files and servers on the loopback. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAwsIdentities } from '../../../src/credentials/aws/create-aws-identities.ts';
import type { AwsIdentities, AwsIdentityOutcome } from '../../../src/credentials/aws/identities.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { runCommand } from '../../../src/platform/run-command.ts';
import { type FakeAws, startFakeAws } from '../../helpers/fake-aws.ts';

let home = '';
let aws: FakeAws;
let refusing: FakeAws;
let silent: FakeAws;
const secrets: string[] = [];
const opened: AwsIdentities[] = [];

const CONFIG = `
[profile region-only]
region = eu-north-1 ; where the work is

[profile broken-process]
credential_process = sh -c 'echo canary-stderr >&2; exit 3'
[profile endless]
credential_process = sh -c 'echo "{\\"Version\\":1,\\"AccessKeyId\\":\\"AKIAPROCESS\\",\\"SecretAccessKey\\":\\"canary-process\\",\\"Expiration\\":\\"soon\\"}"'
[profile process]
credential_process = sh -c 'echo "{\\"Version\\":1,\\"AccessKeyId\\":\\"AKIAPROCESS\\",\\"SecretAccessKey\\":\\"canary-process\\"}"'
region = ap-south-1
[profile garbage]
credential_process = echo 'canary-output {'
[profile circle]
credential_process = sh -c 'echo "{\\"Version\\":1,\\"AccessKeyId\\":\\"$PROVIDER_SIDECAR_AWS_CHAIN\\",\\"SecretAccessKey\\":\\"canary-process\\"}"'

[profile role]
role_arn = arn:aws:iam::111122223333:role/fake
source_profile = stored
[profile ended]
sso_session = work
sso_account_id = 111122223333
sso_role_name = dev
[profile behind-sso]
role_arn = arn:aws:iam::111122223333:role/fake
source_profile = ended
[profile sso]
sso_session = alive
sso_account_id = 111122223333
sso_role_name = dev
[profile by-web-identity]
role_arn = arn:aws:iam::111122223333:role/fake
web_identity_token_file = HOME_FOLDER/web-token
[sso-session work]
sso_start_url = https://ended.example
sso_region = us-east-1
[sso-session alive]
sso_start_url = https://alive.example
sso_region = us-east-1
`;

const CREDENTIALS = `
[stored]
aws_access_key_id = AKIASTORED
aws_secret_access_key = canary-stored
[half]
aws_access_key_id = AKIAHALF
`;

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), text, { mode: 0o600 });
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'aws-home-'));
  [aws, refusing, silent] = await Promise.all([startFakeAws(), startFakeAws(), startFakeAws()]);
  refusing.refuses = true;
  silent.isSilent = true;
  await write('.aws/config', CONFIG.replaceAll('HOME_FOLDER', home));
  await write('.aws/credentials', CREDENTIALS);
  await write('web-token', 'canary-web-token');
  const token = {
    accessToken: 'canary-sso-token',
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    region: 'us-east-1',
    startUrl: 'https://alive.example',
  };
  const name = createHash('sha1').update('alive').digest('hex');
  await write(`.aws/sso/cache/${name}.json`, JSON.stringify(token));
});

afterAll(async () => {
  for (const identities of opened) identities.close();
  await Promise.all([aws.close(), refusing.close(), silent.close()]);
  await rm(home, { recursive: true, force: true });
});

/** The program as it is built: what loads TypeScript would take most of the time. */
const runBuilt: typeof runCommand = (request) => runCommand({ ...request, args: [PROGRAM] });
const PROGRAM = resolve(import.meta.dirname, '../../../dist/program/chain-program.js');

function open(at = home, ownPorts: readonly number[] = [], run = runBuilt): AwsIdentities {
  const identities = createAwsIdentities({
    home: at,
    ownPorts,
    run,
    clock: systemClock,
    random: () => 0.5,
    onSecret: (value) => secrets.push(value),
  });
  opened.push(identities);
  return identities;
}

function environment(env: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'],
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL_STS: aws.url,
    AWS_ENDPOINT_URL_SSO: aws.url,
    ...env,
  };
}

function ask(env: Readonly<Record<string, string>>, at?: string): Promise<AwsIdentityOutcome> {
  return open(at).resolve({ env: environment(env), region: null }, Date.now());
}

const WEB_IDENTITY = {
  get AWS_WEB_IDENTITY_TOKEN_FILE() {
    return `${home}/web-token`;
  },
  AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/fake',
};

/** A server that refuses everything, in words that repeat the token that it was sent. */
async function startRepeating(): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const { 'x-amz-sso_bearer_token': bearer = '' } = request.headers;
      const token = new URLSearchParams(body).get('WebIdentityToken') ?? '';
      const said = `you sent ${String(bearer)}${token}`;
      const isSts = request.method === 'POST';
      response.writeHead(403, { 'content-type': isSts ? 'text/xml' : 'application/json' });
      response.end(
        isSts
          ? `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${said}</Message></Error></ErrorResponse>`
          : JSON.stringify({ code: 'Denied', message: said }),
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${address.port}`, close };
}

describe.concurrent('"environment, shared files, SSO, assumed roles, web identity, process, container, instance"', () => {
  it.concurrent('stored keys of a named profile: the source is env: AWS_PROFILE, the detail says which file', async () => {
    const found = await ask({ AWS_PROFILE: 'stored' });
    expect(found).toMatchObject({
      kind: 'found',
      source: 'env: AWS_PROFILE',
      detail: `keys of the profile "stored" (stored keys, ${home}/.aws/credentials)`,
      keys: { accessKeyId: 'AKIASTORED', sessionToken: null, expiration: null, region: null },
    });
  });

  it.concurrent('a command, whose region is the profile’s', async () => {
    expect(await ask({ AWS_PROFILE: 'process' })).toMatchObject({
      kind: 'found',
      detail: `keys of the profile "process" (credential_process, ${home}/.aws/config)`,
      keys: { accessKeyId: 'AKIAPROCESS', region: 'ap-south-1' },
    });
  });

  it.concurrent('a command of a profile knows that this program asks', async () => {
    const found = await ask({ AWS_PROFILE: 'circle' });
    expect(found).toMatchObject({ kind: 'found', keys: { accessKeyId: 'profile:circle' } });
  });

  it.concurrent('an assumed role, and AWS_DEFAULT_REGION', async () => {
    expect(await ask({ AWS_PROFILE: 'role', AWS_DEFAULT_REGION: 'eu-west-1' })).toMatchObject({
      kind: 'found',
      detail: expect.stringMatching(/^keys of the profile "role" \(assumed role, .*\), expires 20/),
      keys: { accessKeyId: expect.stringMatching(/^AKIAFAKE/), region: 'eu-west-1' },
    });
  });

  it.concurrent('SSO', async () => {
    expect(await ask({ AWS_PROFILE: 'sso' })).toMatchObject({
      kind: 'found',
      detail: expect.stringContaining('"sso" (SSO, '),
      keys: { accessKeyId: expect.stringMatching(/^AKIAFAKE/) },
    });
  });

  it.concurrent('a web identity', async () => {
    const env = {
      AWS_WEB_IDENTITY_TOKEN_FILE: join(home, 'web-token'),
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/web',
    };
    expect(await ask(env)).toMatchObject({
      kind: 'found',
      source: 'aws-sdk default chain',
      detail: expect.stringContaining('keys of the web identity of AWS_WEB_IDENTITY_TOKEN_FILE, expires'),
    });
  });

  it.concurrent('a container, also under a profile of settings alone, whose region counts', async () => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.url}/container` };
    expect(await ask({ ...env, AWS_PROFILE: 'region-only' })).toMatchObject({
      kind: 'found',
      detail: expect.stringContaining('the container credentials of AWS_CONTAINER_CREDENTIALS_FULL_URI'),
      keys: { region: 'eu-north-1', sessionToken: expect.anything() },
    });
  });

  it.concurrent('an instance', async () => {
    const env = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: aws.url };
    expect(await ask(env)).toMatchObject({
      kind: 'found',
      source: 'aws-sdk default chain',
      detail: expect.stringContaining('keys of the instance metadata service, expires'),
    });
  });

  it.concurrent('the environment’s own keys, for one who asks the chain alone', async () => {
    expect(await ask({ AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'canary-env' })).toMatchObject({
      kind: 'found',
      source: 'env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY',
      keys: { accessKeyId: 'AKIAENV' },
    });
  });
});

describe.concurrent('what is configured and does not work is told with what to do', () => {
  it.concurrent.each([
    ['ended', {}, /"ended" \(SSO, .*does not work: ".*SSO session/, 'aws sso login --profile ended'],
    ['behind-sso', {}, /SSO session/, 'aws sso login --profile ended'],
    ['role', 'refused', /not authorized to perform: sts:AssumeRole/, /^Check the role of the profile "role"/],
    ['broken-process', {}, /its credential_process ended with an error/, /^Run the credential_process/],
    ['endless', {}, /keys whose Expiration is no time/, /^Run the credential_process/],
    ['garbage', {}, /credential_process returned invalid JSON/, /^Run the credential_process/],
    ['half', {}, /Could not resolve credentials/, 'aws configure --profile half'],
    [
      'roll',
      {},
      /names the profile "roll": it is not in .*config or .*credentials/,
      'Did you mean AWS_PROFILE=role?',
    ],
  ] as const)('profile %s', async (name, how, detail, hint) => {
    const env = how === 'refused' ? { AWS_ENDPOINT_URL_STS: refusing.url } : how;
    const outcome = await ask({ AWS_PROFILE: name, ...env });
    expect(outcome).toMatchObject({ kind: 'failed', source: 'env: AWS_PROFILE' });
    if (outcome.kind !== 'failed') return;
    expect(outcome.detail).toMatch(detail);
    expect(outcome.hints[0]).toMatch(hint);
    expect(JSON.stringify(outcome)).not.toContain('canary');
  });

  it.concurrent('a named profile that fails is never replaced by another identity', async () => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.url}/container` };
    expect(await ask({ ...env, AWS_PROFILE: 'broken-process' })).toMatchObject({ kind: 'failed' });
  });

  it.concurrent.each([
    ['web identity', (url: string) => ({ AWS_ENDPOINT_URL_STS: url, ...WEB_IDENTITY })],
    [
      'web identity of a profile',
      (url: string) => ({ AWS_ENDPOINT_URL_STS: url, AWS_PROFILE: 'by-web-identity' }),
    ],
    ['SSO', (url: string) => ({ AWS_ENDPOINT_URL_SSO: url, AWS_PROFILE: 'sso' })],
  ])('a server of %s that repeats what it was sent gives nothing away', async (_way, variables) => {
    const server = await startRepeating();
    try {
      const outcome = await ask({ ...variables(server.url) });
      expect(outcome).toMatchObject({ kind: 'failed' });
      expect(JSON.stringify(outcome)).toContain('you sent');
      expect(JSON.stringify(outcome)).toContain('[secret]');
      expect(JSON.stringify(outcome)).not.toContain('canary');
    } finally {
      server.close();
    }
  });

  it.concurrent('a container whose server refuses', async () => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${refusing.url}/container` };
    expect(await ask(env)).toMatchObject({
      kind: 'failed',
      source: 'aws-sdk default chain',
      detail: expect.stringContaining('status: 403'),
      hints: ['Check that the server of AWS_CONTAINER_CREDENTIALS_FULL_URI runs and takes the token'],
    });
  });
});

describe('nothing anywhere', () => {
  it('"not the instance-metadata time-outs": a metadata service that never answers is given up', async () => {
    const env = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: silent.url };
    expect(await ask(env, join(home, 'nobody'))).toEqual({
      kind: 'none',
      source: 'aws-sdk default chain',
      detail: 'no profile with keys, no web identity, no container credentials, no instance metadata',
    });
    expect(silent.requests).toEqual([
      'PUT /latest/api/token',
      'GET /latest/meta-data/iam/security-credentials/',
    ]);
  });

  it('AWS_EC2_METADATA_DISABLED is honoured', async () => {
    const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: refusing.url };
    expect(await ask(env, join(home, 'nobody'))).toMatchObject({
      kind: 'none',
      detail: expect.stringContaining('instance metadata switched off'),
    });
    expect(refusing.requests.filter((request) => request.includes('/latest/'))).toEqual([]);
  });
});

describe('one attempt for all', () => {
  it('single flight per variables; another profile is another identity; the provider’s region beats all', async () => {
    const server = await startFakeAws();
    const identities = open();
    const env = environment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/container` });
    const request = { env, region: null };
    const all = await Promise.all(Array.from({ length: 20 }, () => identities.resolve(request, Date.now())));
    expect(new Set(all.map((one) => (one.kind === 'found' ? one.keys.accessKeyId : one.kind))).size).toBe(1);
    expect(server.issued()).toBe(1);
    expect(await identities.resolve({ env, region: 'sa-east-1' }, Date.now())).toMatchObject({
      keys: { region: 'sa-east-1' },
    });
    await identities.resolve({ env: { ...env, AWS_PROFILE: 'region-only' }, region: null }, Date.now());
    expect(server.issued()).toBe(2);
    await server.close();
  });

  it('lists are answered without asking: what is known, else that nothing points to an identity, else null', async () => {
    const identities = open();
    const request = { env: environment({ AWS_PROFILE: 'stored' }), region: null };
    expect(identities.peek(request, Date.now())).toBeNull();
    expect(identities.unasked(request, Date.now())).toBeNull();
    await identities.resolve(request, Date.now());
    expect(identities.peek(request, Date.now())).toMatchObject({ kind: 'found' });
    expect(identities.unasked(request, Date.now())).toMatchObject({ kind: 'found' });
    const nobody = open(join(home, 'nobody'));
    expect(nobody.unasked({ env: {}, region: null }, Date.now())).toMatchObject({ kind: 'none' });
  });

  it('a changed shared file ends what is remembered, keys and failures alike', async () => {
    const own = join(home, 'changing');
    await write('changing/.aws/credentials', '[other]\naws_access_key_id = AKIAOTHER\n');
    const identities = open(own);
    const request = { env: environment({ AWS_PROFILE: 'work' }), region: null };
    expect(await identities.resolve(request, Date.now())).toMatchObject({ kind: 'failed' });
    for (const id of ['AKIAONE', 'AKIATWO']) {
      await write(
        'changing/.aws/credentials',
        `[work]\naws_access_key_id = ${id}\naws_secret_access_key = canary-changed\n`,
      );
      expect(identities.peek(request, Date.now())).toBeNull();
      expect(await identities.resolve(request, Date.now())).toMatchObject({ keys: { accessKeyId: id } });
    }
  });

  it('the log learns each secret before anybody gets it', async () => {
    const before = secrets.length;
    await open().resolve({ env: environment({ AWS_PROFILE: 'stored' }), region: null }, Date.now());
    expect(secrets.slice(before)).toContain('canary-stored');
  });
});

describe('"Our own container URL in our own environment": it is never asked', () => {
  it.each([
    'http://127.0.0.1:18780/v1/aws/credentials/amazon-bedrock',
    'http://localhost:18780/v1/aws/credentials/x',
    'http://[::1]:18780/v1/aws/credentials/x',
    'http://[::ffff:127.0.0.1]:18780/v1/aws/credentials/x',
    'http://2130706433:18780/v1/aws/credentials/x',
    'http://127.1:18780/v1/./aws/credentials/x',
  ])('%s', async (url) => {
    const request = { env: environment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url }), region: null };
    expect(await open(home, [18_780]).resolve(request, Date.now())).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('leads to provider-sidecar itself'),
    });
  });

  it('a command of a profile that is this program again is told so', async () => {
    const env = environment({ PROVIDER_SIDECAR_AWS_CHAIN: 'chain' });
    expect(await open().resolve({ env, region: null }, Date.now())).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('credential_process of the profile is provider-sidecar itself'),
    });
  });
});

it('of more sets of variables than are held, the one that was not used for longest goes', async () => {
  const asked: (string | undefined)[] = [];
  const run: typeof runCommand = ({ env }) => {
    asked.push(env['AWS_ACCESS_KEY_ID']);
    const keys = { accessKeyId: 'AKIATEST', secretAccessKey: 'canary-held', sessionToken: null };
    const answer = { kind: 'found', ...keys, expiration: null, features: [] };
    return Promise.resolve({ kind: 'finished', stdout: JSON.stringify(answer) });
  };
  const identities = open(home, [], run);
  const use = (name: string) =>
    identities.resolve(
      { env: environment({ AWS_ACCESS_KEY_ID: name, AWS_SECRET_ACCESS_KEY: 'x' }), region: null },
      Date.now(),
    );
  const others = Array.from({ length: 7 }, (_, index) => `other-${index}`);
  for (const name of ['in use', ...others, 'in use', 'one more']) await use(name);
  expect(asked).toEqual(['in use', ...others, 'one more']);
  // The last of them had no place any more.
  for (const name of ['in use', 'one more', ...others.slice(1), 'other-0']) await use(name);
  expect(asked.slice(9)).toEqual(['other-0']);
});

it('after close nothing is asked any more, and what was being asked ends', async () => {
  const identities = open();
  const env = environment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${silent.url}/container` });
  const pending = identities.resolve({ env, region: null }, Date.now());
  identities.close();
  expect(await pending).toMatchObject({ kind: 'failed' });
  expect(await identities.resolve({ env, region: null }, Date.now())).toMatchObject({ kind: 'failed' });
});
