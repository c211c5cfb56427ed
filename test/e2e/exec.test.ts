/** `exec` and `env` of the built program: what the child gets, and that no ending leaves a live token behind. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RunningCli, runCli, startCli } from '../helpers/cli.ts';
import { freePort } from '../helpers/free-port.ts';

const KEYS = {
  MOONSHOT_API_KEY: 'sk-moonshot-0123456789',
  OPENAI_API_KEY: 'sk-openai-0123456789',
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'aws-secret-0123456789',
  AWS_SESSION_TOKEN: 'aws-session-0123456789',
};

let home: string;
let port: string;
let server: RunningCli | undefined;
const running: RunningCli[] = [];

/** One server serves many tests; those that end it start another one. */
async function serve(): Promise<RunningCli> {
  if (server !== undefined && isRunning(server)) return server;
  server = startCli(['serve', '--port', port], {
    home,
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', ...KEYS },
  });
  await server.until(/Listening/);
  return server;
}

function isRunning({ child }: RunningCli): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** Starts a program that says its process id and its token, and then waits. */
async function startProgram(
  script = 'echo "pid=$$ token=$PROVIDER_SIDECAR_TOKEN"; exec sleep 60',
  flags: readonly string[] = [],
) {
  const program = startCli(['exec', ...flags, '--', 'sh', '-c', script], { home });
  running.push(program);
  await program.until(/token=psc_/);
  const [, pid = '', token = ''] = /pid=(\d+) token=(\S+)/.exec(program.stdout()) ?? [];
  return { program, pid: Number(pid), token };
}

const statusOf = async (token: string, path = '/v1/models'): Promise<number> =>
  (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;

const isRefused = (token: string): Promise<void> =>
  vi.waitFor(async () => expect(await statusOf(token)).toBe(401), { timeout: 15_000 });

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-exec-'));
  port = String(await freePort());
});

beforeEach(() => serve());

afterEach(async () => {
  await Promise.all(
    running
      .splice(0)
      .filter(isRunning)
      .map((cli) => cli.stop('SIGKILL')),
  );
});

afterAll(async () => {
  await server?.stop();
  await rm(home, { recursive: true, force: true });
});

describe('"exec leaves no live token behind in any ending"', () => {
  it('the program ends well', async () => {
    const { program, token } = await startProgram('echo "pid=$$ token=$PROVIDER_SIDECAR_TOKEN"; sleep 0.2');
    expect(await program.ended()).toMatchObject({ code: 0 });
    await isRefused(token);
  });

  it('the program fails: its exit code is passed through', async () => {
    const { program, token } = await startProgram('echo "pid=$$ token=$PROVIDER_SIDECAR_TOKEN"; exit 7');
    expect(await program.ended()).toMatchObject({ code: 7 });
    await isRefused(token);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('exec gets %s: the program gets it, and the exit code is %d', async (signal, code) => {
    const { program, token } = await startProgram();
    expect(await statusOf(token)).toBe(200);
    expect(await program.stop(signal)).toMatchObject({ code });
    await isRefused(token);
  });

  it('a program that handles the signal ends in its own way', async () => {
    const script =
      'trap "exit 9" TERM; echo "pid=$$ token=$PROVIDER_SIDECAR_TOKEN"; while :; do sleep 0.05; done';
    const { program, token } = await startProgram(script);
    expect(await program.stop('SIGTERM')).toMatchObject({ code: 9 });
    await isRefused(token);
  });

  it('the program is killed with -9', async () => {
    const { program, pid, token } = await startProgram();
    process.kill(pid, 'SIGKILL');
    expect(await program.ended()).toMatchObject({ code: 137 });
    await isRefused(token);
  });

  it('exec itself is killed with -9, and the program lives on', async () => {
    const { program, pid, token } = await startProgram();
    expect(await statusOf(token)).toBe(200);
    program.child.kill('SIGKILL');
    await isRefused(token);
    process.kill(pid, 'SIGKILL');
    await program.ended();
  });

  it('the server is killed with -9, and then exec: the next server knows the token no more', async () => {
    const { program, pid, token } = await startProgram();
    await server?.stop('SIGKILL');
    program.child.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await program.ended();
    await serve();
    expect(await statusOf(token)).toBe(401);
  });

  it('the server is started again while the program runs: the token counts as long as the program', async () => {
    const { program, token } = await startProgram();
    await server?.stop('SIGKILL');
    await serve();
    await vi.waitFor(async () => expect(await statusOf(token)).toBe(200), { timeout: 15_000 });
    await program.stop();
    await isRefused(token);
  });

  it('the server stops in peace: it does not wait for the program', async () => {
    const { program } = await startProgram();
    expect(await server?.stop()).toMatchObject({ code: 0 });
    expect(await program.stop()).toMatchObject({ code: 143 });
  });

  it('nothing of it is in a file', async () => {
    const { program, token } = await startProgram();
    const folder = join(home, '.clawdbot/sidecar');
    await expect(readFile(join(folder, 'tokens.json'), 'utf8')).rejects.toThrow('ENOENT');
    expect(await readFile(join(folder, 'endpoint.json'), 'utf8')).not.toContain(token);
    await program.stop();
  });
});

describe('what the program gets', () => {
  const print = 'echo "pid=$$ token=$PROVIDER_SIDECAR_TOKEN"; env; exec sleep 60';

  it('a token within its scope, and neither the server’s own nor anything of it in argv', async () => {
    const own: { token: string } = JSON.parse(
      await readFile(join(home, '.clawdbot/sidecar/endpoint.json'), 'utf8'),
    );
    const { program, token } = await startProgram(print, ['--providers', 'moonshot']);
    await program.until(/PROVIDER_SIDECAR_URL=/);
    expect(program.stdout()).toContain(`PROVIDER_SIDECAR_URL=http://127.0.0.1:${port}`);
    expect(program.stdout()).not.toContain(own.token);
    expect(program.stdout()).not.toContain('AWS_CONTAINER');
    const argv = await readFile(`/proc/${String(program.child.pid)}/cmdline`, 'utf8');
    expect(argv).not.toContain('psc_');
    expect(argv).not.toContain(own.token);
    expect(await statusOf(token, '/v1/resolve?provider=moonshot')).toBe(200);
    expect(await statusOf(token, '/v1/resolve?provider=openai')).toBe(403);
    await program.stop();
  });

  it('"the AWS container variables where an AWS provider is in scope"', async () => {
    const { program, token } = await startProgram(print, ['--providers', 'amazon-bedrock,moonshot']);
    await program.until(/AWS_CONTAINER_AUTHORIZATION_TOKEN=/);
    expect(program.stdout()).toContain(
      `AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:${port}/v1/aws/credentials/amazon-bedrock\n`,
    );
    expect(program.stdout()).toContain(`AWS_CONTAINER_AUTHORIZATION_TOKEN=Bearer ${token}\n`);
    await program.stop();
  });

  it('the AWS client that a program brings gets its keys by them, as they are', async () => {
    const sdk = import.meta.resolve('@aws-sdk/credential-providers');
    const script = `import(${JSON.stringify(sdk)}).then(({ fromHttp }) => fromHttp()()).then((keys) => console.log(keys.accessKeyId))`;
    const ran = await runCli(
      ['exec', '--providers', 'amazon-bedrock', '--', process.execPath, '-e', script],
      { home },
    );
    expect(ran).toMatchObject({ code: 0, stdout: 'AKIAEXAMPLE\n' });
  });

  it('without secrets: lists, and no credential and no AWS variables', async () => {
    const { program, token } = await startProgram(print, ['--providers', 'amazon-bedrock', '--no-secrets']);
    await program.until(/PROVIDER_SIDECAR_URL=/);
    expect(await statusOf(token)).toBe(200);
    expect(await statusOf(token, '/v1/resolve')).toBe(403);
    expect(program.stdout()).not.toContain('AWS_CONTAINER');
    await program.stop();
  });

  it('limits that name what the server does not know: one line on standard error, and everything runs', async () => {
    const limits = ['--providers', 'moonshot,opnai', '--models', 'moonshot/kimi-k2.5,moonshot/kimi-k25'];
    const warning =
      /^Warning: no provider or model is known now as "opnai", "moonshot\/kimi-k25"; .*Did you mean openai or moonshot\/kimi-k2/;
    const run = await runCli(['exec', ...limits, '--', 'echo', 'ran'], { home });
    expect(run).toMatchObject({ code: 0, stdout: 'ran\n', stderr: expect.stringMatching(warning) });
    const made = await runCli(['env', ...limits, '--json'], { home });
    expect(made.stderr).toMatch(warning);
    const { name }: { name: string } = JSON.parse(made.stdout);
    await runCli(['token', 'revoke', name], { home });
    const plain = await runCli(['exec', '--providers', 'moonshot,ollama', '--', 'true'], { home });
    expect(plain).toMatchObject({ code: 0, stderr: '' });
  });

  it('its options are its own, and a program that is not there is exit code 127', async () => {
    const echo = await runCli(['exec', 'sh', '-c', 'echo "$@"', 'sh', '--json', '--providers'], { home });
    expect(echo).toMatchObject({ code: 0, stdout: '--json --providers\n' });
    expect(await runCli(['exec', '--', 'no-such-program-here'], { home })).toMatchObject({
      code: 127,
      stderr: '"no-such-program-here" was not found\n',
    });
    expect(await runCli(['exec', '--', home], { home })).toMatchObject({ code: 126 });
  });

  it('nothing at all while no server runs, or with a scope that names nothing', async () => {
    const script = ['--', 'sh', '-c', 'echo ran'];
    expect(await runCli(['exec', '--providers', ',', ...script], { home })).toMatchObject({
      code: 64,
      stdout: '',
    });
    await server?.stop();
    expect(await runCli(['exec', ...script], { home })).toMatchObject({
      code: 69,
      stdout: '',
      stderr: expect.stringContaining('not-running'),
    });
  });
});

describe('env', () => {
  it('prints what a shell evaluates, with a token that ends and that can be revoked by its name', async () => {
    const { stdout, stderr, code } = await runCli(['env', '--providers', 'moonshot', '--ttl', '30m'], {
      home,
    });
    expect(code).toBe(0);
    const token = /^export PROVIDER_SIDECAR_TOKEN='(psc_\S+)'$/m.exec(stdout)?.[1] ?? '';
    const name = /^export PROVIDER_SIDECAR_TOKEN_NAME='(env-[0-9a-f]{8})'$/m.exec(stdout)?.[1] ?? '';
    expect(stdout).toContain(`export PROVIDER_SIDECAR_URL='http://127.0.0.1:${port}'\n`);
    expect(stderr).toContain(`provider-sidecar token revoke ${name}`);
    expect(stderr).not.toContain(token);
    expect(await statusOf(token, '/v1/resolve?provider=moonshot')).toBe(200);
    expect(await statusOf(token, '/v1/resolve?provider=openai')).toBe(403);
    expect(await runCli(['token', 'revoke', name], { home })).toMatchObject({ code: 0 });
    expect(await statusOf(token)).toBe(401);
  });
});

describe('token', () => {
  it('prints a token once, lists it without, and replaces it', async () => {
    const made = await runCli(['token', 'create', '--name', 'ci', '--ttl', '8h'], { home });
    const first = made.stdout.trim();
    expect(first).toMatch(/^psc_[0-9a-f]{12}_[\w-]{43}$/);
    expect(await statusOf(first)).toBe(200);
    const list = await runCli(['token', 'list', '--json'], { home });
    expect(list.stdout).not.toContain('psc_');
    const listed: { tokens: object[] } = JSON.parse(list.stdout);
    expect(listed.tokens[0]).toMatchObject({ name: 'endpoint', kind: 'endpoint' });
    expect(listed.tokens.at(-1)).toMatchObject({
      name: 'ci',
      kind: 'stored',
      providers: null,
      models: null,
      secrets: true,
      expired: false,
    });
    const second = (await runCli(['token', 'rotate', 'ci'], { home })).stdout.trim();
    expect(await statusOf(first)).toBe(401);
    expect(await statusOf(second)).toBe(200);
  });

  it('"rotate": endpoint.json has a new token, and the old one is refused when the command returns', async () => {
    const path = join(home, '.clawdbot/sidecar/endpoint.json');
    const tokenOf = async (): Promise<string> => {
      const { token }: { token: string } = JSON.parse(await readFile(path, 'utf8'));
      return token;
    };
    const before = await tokenOf();
    expect(await runCli(['token', 'rotate', '--json'], { home })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"inForce": true'),
    });
    const after = await tokenOf();
    expect(after).not.toBe(before);
    expect(await statusOf(before)).toBe(401);
    expect(await statusOf(after)).toBe(200);
    expect(await runCli(['status'], { home })).toMatchObject({ stdout: expect.stringContaining('Running') });
  });

  it('a rotated token of endpoint.json does not end what exec runs', async () => {
    const { program, token } = await startProgram();
    await runCli(['token', 'rotate'], { home });
    await vi.waitFor(async () => expect(await statusOf(token)).toBe(200), { timeout: 15_000 });
    await program.stop();
    await isRefused(token);
  });
});
