/** The walk-through of the exchange by its commands: login, whoami, submit, expiry, submit again, refusals. */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  awsVariables,
  IDENTITIES,
  startGpuDevApi,
  type StartedApi,
} from '../../fixtures/gpu-dev-api/start.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { runLogin } from '../../src/commands/login.ts';
import { request } from '../../src/commands/request.ts';
import { explain, resolve } from '../../src/commands/resolve.ts';
import type { CliResult } from '../helpers/cli.ts';

let home: string;
let api: StartedApi;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-gpu-dev-'));
  api = await startGpuDevApi();
});
afterEach(async () => {
  await api.close();
  await rm(home, { recursive: true, force: true });
});

const JOB = JSON.stringify({
  image: 'pytorch/pytorch:latest',
  instance_type: 'p5.48xlarge',
  duration_hours: 2,
});

type Variables = Readonly<Record<string, string>>;

/** Runs a command as John, unless the variables say otherwise. */
async function run(
  command: (context: CommandContext) => Promise<number>,
  env: Variables = {},
): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const code = await command({
    env: {
      CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
      GPU_DEV_API_URL: api.url,
      ...awsVariables(IDENTITIES.john),
      ...env,
    },
    home,
    clock: Date.now,
    print: (text) => void (stdout += text),
    printError: (text) => void (stderr += text),
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    stopSignal: new AbortController().signal,
  });
  // The rule of every step: AWS secrets are never printed.
  for (const secret of [IDENTITIES.john.secretAccessKey, IDENTITIES.john.sessionToken ?? '']) {
    expect(`${stdout}${stderr}`).not.toContain(secret);
  }
  return { code, stdout, stderr };
}

const gpuDev = (subcommand: string, env: Variables = {}, flags = {}): Promise<CliResult> =>
  run((context) => runLogin(context, 'gpu-dev', [subcommand], flags), env);
const post = (context: CommandContext, job: string): Promise<number> =>
  request(context, 'gpu-dev', 'POST', '/v1/jobs/submit', { data: job });
const submit = (job = JOB): Promise<CliResult> => run((context) => post(context, job));

const keyFile = (): string => join(home, '.gpu-dev/credentials.json');
const storedKey = async (): Promise<string> =>
  z.object({ api_key: z.string() }).parse(JSON.parse(await readFile(keyFile(), 'utf8'))).api_key;

describe('"The seed’s walk-through runs in a test"', () => {
  it('login, whoami, submit, expiry, submit again with one re-login, logout', async () => {
    expect(await gpuDev('whoami')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('Not authenticated. Run: provider-sidecar gpu-dev login'),
    });

    const login = await gpuDev('login');
    expect(login).toMatchObject({ code: 0, stderr: '' });
    expect(login.stdout.split('\n')).toEqual([
      'Authenticated successfully!',
      '   Username: john',
      `   AWS ARN: ${IDENTITIES.john.arn}`,
      expect.stringMatching(/^ {3}Expires: \d{4}-/),
      `   API key saved to: ${keyFile()}`,
      '',
    ]);
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);

    expect(await gpuDev('whoami')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Authenticated as: john'),
    });

    const first = await submit();
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ status: 'queued', user: 'john' });
    expect(api.counts).toEqual({ asked: 1, issued: 1, submitted: 1 });

    // The API ends the key before its time: the file still calls it good.
    const old = await storedKey();
    api.expireKeys();
    const again = await submit();
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('re-authenticating') });
    expect(JSON.parse(again.stdout)).toMatchObject({ status: 'queued' });
    expect(api.counts).toEqual({ asked: 2, issued: 2, submitted: 2 });
    expect(await storedKey()).not.toBe(old);

    expect(await gpuDev('logout')).toMatchObject({ code: 0 });
    expect(await gpuDev('whoami')).toMatchObject({ code: 1 });
  });

  it('"another 403 is not a reason to log in"', async () => {
    await gpuDev('login');
    const refused = await submit(JSON.stringify({ ...JSON.parse(JOB), duration_hours: 99 }));
    expect(refused).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('Nobody may reserve'),
      stderr: expect.stringContaining('status 403'),
    });
    expect(api.counts.asked).toBe(1);
  });

  it('a submit with no key at all logs in by itself', async () => {
    expect(await submit()).toMatchObject({ code: 0 });
    expect(api.counts).toEqual({ asked: 1, issued: 1, submitted: 1 });
  });

  it.each<[name: string, env: Readonly<Record<string, string>>, words: readonly string[]]>([
    [
      'role refused',
      awsVariables(IDENTITIES.mallory),
      ['Access denied:', 'got: ReadOnly', '   Required role: SSOCloudDevGpuReservation'],
    ],
    [
      'wrong account with the right role name refused',
      awsVariables(IDENTITIES.trudy),
      ['Access denied:', 'of account 999999999999'],
    ],
    [
      'bad signature refused',
      { AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) },
      ['Authentication failed:', 'AWS signature verification failed'],
    ],
    [
      'no AWS credentials',
      { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_SESSION_TOKEN: '' },
      [
        'Failed to get AWS credentials: No AWS credentials found. Please configure AWS credentials:',
        "  - Run 'aws configure' for long-term credentials",
        "  - Run 'aws sso login' for SSO",
        '  - Or set AWS_ACCESS_KEY_ID/AWS_SECRET_ACCESS_KEY env vars',
      ],
    ],
    ['no address', { GPU_DEV_API_URL: '' }, ['the variable GPU_DEV_API_URL is not set']],
    ['plain http', { GPU_DEV_API_URL: 'http://api.example.com' }, ['must be an https URL']],
  ])('%s: exit code 1, and nothing is stored', async (_name, env, words) => {
    const ran = await gpuDev('login', env);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    for (const word of words) expect(ran.stderr).toContain(word);
    await expect(stat(keyFile())).rejects.toThrow('ENOENT');
  });

  it.each(['login', 'status'])('%s without an address: exit code 1, and the variable', async (subcommand) => {
    const ran = await gpuDev(subcommand, { GPU_DEV_API_URL: '' });
    expect(ran.code).toBe(1);
    expect(ran.stdout + ran.stderr).toContain('the variable GPU_DEV_API_URL is not set');
  });

  it('"`whoami` and `status` read the file": both call a key good that another program stored, without an address', async () => {
    const key = { api_key: 'k-0123456789', username: 'john', aws_arn: null };
    const expires_at = new Date(Date.now() + 30 * 86_400_000).toISOString();
    await mkdir(join(home, '.gpu-dev'), { mode: 0o700 });
    await writeFile(keyFile(), JSON.stringify({ ...key, expires_at }), { mode: 0o600 });
    const env = { GPU_DEV_API_URL: '' };
    expect(await gpuDev('whoami', env)).toMatchObject({ code: 0 });
    const { code, stdout } = await gpuDev('status', env);
    expect(code).toBe(0);
    expect(stdout).toContain('authenticated as john');
    expect(stdout).toContain('(the variable GPU_DEV_API_URL is not set)');
  });

  it('whoami and logout ask the file alone, and need no address', async () => {
    const env = { GPU_DEV_API_URL: '' };
    expect(await gpuDev('whoami', env)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Not authenticated. Run: provider-sidecar gpu-dev login'),
    });
    await gpuDev('login');
    expect(await gpuDev('whoami', env)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Authenticated as: john'),
    });
    expect(await gpuDev('logout', env)).toMatchObject({ code: 0 });
    await expect(stat(keyFile())).rejects.toThrow('ENOENT');
  });

  it('network: the API is away', async () => {
    await api.close();
    const ran = await gpuDev('login');
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be reached (connection refused)'),
    });
  });

  it('whoami, status and logout know the server that the stored key came from, without the variable', async () => {
    const unnamed = { GPU_DEV_API_URL: '' };
    await gpuDev('login');
    expect(await gpuDev('whoami', unnamed)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Authenticated as: john'),
    });
    expect((await gpuDev('status', unnamed)).stdout).toContain(api.url);
    // Nothing is sent to an address that nobody names.
    expect((await gpuDev('login', unnamed)).stderr).toMatch(/^Login failed: /);
    expect((await gpuDev('logout', unnamed)).stdout).toContain('Removed the API key');
    await expect(stat(keyFile())).rejects.toThrow('ENOENT');
  });

  it('--json prints the same for programs, and no key', async () => {
    const login = await gpuDev('login', {}, { json: true });
    expect(JSON.parse(login.stdout)).toMatchObject({
      outcome: 'authenticated',
      username: 'john',
      path: keyFile(),
    });
    const status = await gpuDev('status', {}, { json: true });
    expect(JSON.parse(status.stdout)).toMatchObject({ authenticated: true, state: 'fresh', proof: 'keys' });
    expect(`${login.stdout}${status.stdout}`).not.toContain(await storedKey());
    const refused = await gpuDev('login', awsVariables(IDENTITIES.mallory), { json: true });
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ outcome: 'failed', reason: 'forbidden' });
  });
});

describe('resolution', () => {
  const flags = { provider: 'gpu-dev', offline: true };

  it('"explain says that it hands over the keys"', async () => {
    const explained = await run((context) => explain(context, undefined, flags));
    expect(explained.stdout).toContain(`a login hands over the AWS keys to ${api.url}`);
  });

  it('no-auth names what to do', async () => {
    const failed = await run(
      (context) => resolve(context, undefined, flags),
      awsVariables(IDENTITIES.mallory),
    );
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('no-auth:') });
    expect(failed.stderr).toContain('  - Required role: SSOCloudDevGpuReservation');
  });

  it('without an address the variable is named', async () => {
    const failed = await run((context) => resolve(context, undefined, flags), { GPU_DEV_API_URL: '' });
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('GPU_DEV_API_URL is not set') });
  });

  it('the source is exchange:<provider>, and the answer says when the key ends', async () => {
    const { stdout } = await run((context) => resolve(context, undefined, { ...flags, json: true }));
    expect(JSON.parse(stdout)).toMatchObject({
      provider: { id: 'gpu-dev', baseUrl: api.url },
      auth: {
        mode: 'api-key',
        source: 'exchange:gpu-dev',
        apiKey: await storedKey(),
        expiresAt: expect.stringMatching(/^\d{4}-/),
      },
      request: { headers: { authorization: `Bearer ${await storedKey()}` } },
    });
  });
});
