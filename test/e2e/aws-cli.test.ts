/** AWS on the built program: `credential-process`, the start with and without an identity, and what is loaded for it. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fromProcess } from '@aws-sdk/credential-providers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { runCli, startCli } from '../helpers/cli.ts';
import { startFakeAws } from '../helpers/fake-aws.ts';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const MODEL = 'amazon-bedrock/amazon.nova-lite-v1:0';

let home = '';
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'aws-cli-'));
});

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await rm(home, { recursive: true, force: true });
});

async function awsFile(name: 'config' | 'credentials', text: string): Promise<void> {
  await mkdir(join(home, '.aws'), { recursive: true });
  await writeFile(join(home, '.aws', name), text, { mode: 0o600 });
}

const STORED = '[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = canary-work\n';

/** No look at runtimes of this machine: it would only take time. */
const QUIET = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };

describe('aws credential-process', () => {
  it('"`credential_process` output is accepted by the SDK’s own `fromProcess`"', async () => {
    const fake = await startFakeAws();
    closers.push(() => fake.close());
    const outer = await mkdtemp(join(tmpdir(), 'aws-outer-'));
    closers.push(() => rm(outer, { recursive: true, force: true }));
    const variables = `HOME='${home}' AWS_CONTAINER_CREDENTIALS_FULL_URI='${fake.url}/container'`;
    const command = `env ${variables} '${process.execPath}' '${CLI}' aws credential-process`;
    await writeFile(join(outer, 'config'), `[profile sidecar]\ncredential_process = ${command}\n`);
    const provider = fromProcess({
      profile: 'sidecar',
      configFilepath: join(outer, 'config'),
      filepath: join(outer, 'credentials'),
    });
    const keys = await provider();
    expect(keys).toMatchObject({
      accessKeyId: 'AKIAFAKE0001',
      secretAccessKey: 'canary-secret-1',
      sessionToken: 'canary-session-1',
    });
    expect(keys.expiration?.getTime()).toBeGreaterThan(Date.now());
  });

  it('keys of a profile, and of another provider that is authenticated with AWS', async () => {
    await awsFile('credentials', STORED);
    const env = { AWS_PROFILE: 'work' };
    const first = await runCli(['aws', 'credential-process'], { home, env });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(first.stdout)).toEqual({
      Version: 1,
      AccessKeyId: 'AKIAWORK',
      SecretAccessKey: 'canary-work',
    });
    const models = { providers: { mine: { auth: 'aws-sdk', baseUrl: 'https://mine.example', models: [] } } };
    await mkdir(join(home, '.clawdbot'), { recursive: true, mode: 0o700 });
    await writeFile(join(home, '.clawdbot/moltbot.json'), JSON.stringify({ models }));
    const other = await runCli(['aws', 'credential-process', '--provider', 'mine'], { home, env });
    expect(other).toMatchObject({ code: 0, stdout: first.stdout });
  });

  it('a failure is told on standard error, without a secret, and nothing is printed', async () => {
    await awsFile('config', "[profile work]\ncredential_process = sh -c 'echo canary >&2; exit 1'\n");
    const failed = await runCli(['aws', 'credential-process'], { home, env: { AWS_PROFILE: 'work' } });
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toContain('its credential_process ended with an error');
    expect(failed.stderr).not.toContain('canary');
    const unknown = await runCli(['aws', 'credential-process', '--provider', 'nobody'], { home });
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('unknown-provider');
  });

  it('a profile whose command is this program asks once, not without end', async () => {
    const counter = join(home, 'count');
    const command = `sh -c 'echo x >> ${counter}; exec "${process.execPath}" "${CLI}" aws credential-process'`;
    await awsFile('config', `[profile circle]\ncredential_process = ${command}\n`);
    const { code, stdout } = await runCli(['aws', 'credential-process'], {
      home,
      env: { AWS_PROFILE: 'circle' },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(await readFile(counter, 'utf8')).toBe('x\n');
  });
});

describe('"Default model on Bedrock"', () => {
  it('"with no AWS identity anywhere: exit 78 in seconds, not the instance-metadata time-outs"', async () => {
    const silent = await startFakeAws();
    closers.push(() => silent.close());
    silent.isSilent = true;
    const env = {
      ...QUIET,
      AWS_EC2_METADATA_DISABLED: 'false',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: silent.url,
    };
    const args = ['serve', '--port', '0', '--default-model', MODEL];
    const { code, stderr } = await runCli(args, { home, env });
    expect(code).toBe(78);
    expect(stderr).toContain('Startup validation failed: No usable credential for provider "amazon-bedrock"');
    expect(stderr).toContain(`Configured model: ${MODEL}`);
    expect(stderr).toContain('no instance metadata');
    // Each question to the metadata service is given up after 600 ms, and there are no more than these.
    expect(silent.requests).toHaveLength(2);
    const doctor = await runCli(['doctor', '--default-model', MODEL], { home, env });
    expect(doctor.code).toBe(78);
  });

  it('"with a profile in a shared credentials file, healthy"', async () => {
    await awsFile('credentials', STORED);
    const env = { ...QUIET, AWS_PROFILE: 'work' };
    const server = startCli(['serve', '--port', '0', '--default-model', MODEL], { home, env });
    await server.until(/Listening on/);
    const status = await runCli(['status', '--json'], { home, env });
    expect(JSON.parse(status.stdout)).toMatchObject({ health: { status: 'ok' } });
    expect(server.stdout() + server.stderr()).not.toContain('canary');
    expect((await server.stop()).code).toBe(0);
  });

  it('auth status waits for the chain, auth list does not', async () => {
    await awsFile('credentials', STORED);
    const env = { ...QUIET, AWS_PROFILE: 'work' };
    const one = await runCli(['auth', 'status', 'bedrock', '--json'], { home, env });
    expect(JSON.parse(one.stdout)).toMatchObject({
      providers: [{ id: 'amazon-bedrock', source: 'env: AWS_PROFILE', status: 'satisfied' }],
    });
    const all = await runCli(['auth', 'list', '--json'], { home, env });
    expect(JSON.parse(all.stdout)).toMatchObject({
      providers: [{ id: 'amazon-bedrock', source: null, status: 'unverified' }],
    });
  });

  it('doctor refuses our own container URL as the start does', async () => {
    const env = {
      ...QUIET,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://localhost:18780/v1/aws/credentials/amazon-bedrock',
    };
    for (const command of ['doctor', 'serve']) {
      const { code, stderr } = await runCli([command], { home, env });
      expect(code).toBe(78);
      expect(stderr).toMatch(/^Startup validation failed: AWS_CONTAINER_CREDENTIALS_FULL_URI leads to/m);
      expect(stderr).toContain('env -u AWS_CONTAINER_CREDENTIALS_FULL_URI provider-sidecar serve');
    }
  });
});

describe('"The AWS packages load only when used"', () => {
  /** Every script that each process of the program loaded, as V8 itself reports it. */
  async function scriptsOf(coverage: string): Promise<string[][]> {
    const report = z.object({ result: z.array(z.object({ url: z.string() })) });
    const files = await readdir(coverage);
    return Promise.all(
      files.map(async (file) => {
        const { result } = report.parse(JSON.parse(await readFile(join(coverage, file), 'utf8')));
        return result.map(({ url }) => url);
      }),
    );
  }
  const isServer = (url: string): boolean => /dist\/program\/serve-\w+\.js$/.test(url);
  const isAws = (url: string): boolean => /@aws-sdk|@smithy/.test(url);

  async function serve(env: Readonly<Record<string, string>>): Promise<string[][]> {
    const coverage = join(home, 'coverage');
    const server = startCli(['serve', '--port', '0'], {
      home,
      env: { ...QUIET, ...env, NODE_V8_COVERAGE: coverage },
    });
    await server.until(/Listening on/);
    const { url, token } = z
      .object({ url: z.string(), token: z.string() })
      .parse(JSON.parse(await readFile(join(home, '.clawdbot/sidecar/endpoint.json'), 'utf8')));
    const headers = { authorization: `Bearer ${token}` };
    for (const path of [
      '/health',
      '/v1/providers?all=true',
      '/v1/models',
      '/v1/resolve?model=openai/gpt-4o',
    ]) {
      await (await fetch(`${url}${path}`, { headers })).text();
    }
    if ('AWS_PROFILE' in env) {
      await vi.waitFor(
        async () =>
          expect((await fetch(`${url}/v1/resolve?provider=amazon-bedrock`, { headers })).status).toBe(200),
        { timeout: 25_000 },
      );
    }
    expect((await server.stop()).code).toBe(0);
    return scriptsOf(coverage);
  }

  it('`serve` without AWS does not import them, and starts no process that does', async () => {
    const processes = await serve({});
    expect(processes).toHaveLength(1);
    expect(processes.flat().some(isServer)).toBe(true);
    expect(processes.flat().filter(isAws)).toEqual([]);
  });

  it('with AWS they are loaded in a process of their own and never in the server', async () => {
    await awsFile('credentials', STORED);
    const processes = await serve({ AWS_PROFILE: 'work' });
    const [server, ...others] = processes.sort((a, b) => Number(b.some(isServer)) - Number(a.some(isServer)));
    expect(server?.filter(isAws)).toEqual([]);
    expect(others.flat().some(isAws)).toBe(true);
  });
});
