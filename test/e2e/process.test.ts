/** The process keeps what it knows: no inspector, no revealing flags, clean last words, nothing for children. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCli, startCli } from '../helpers/cli.ts';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const QUIET = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-process-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('"no inspector on SIGUSR1"', () => {
  it('the server gets the signal, opens nothing and serves on', async () => {
    const server = startCli(['serve', '--port', '0'], { home, env: QUIET });
    await server.until(/Listening/);
    server.child.kill('SIGUSR1');
    expect(await runCli(['status'], { home })).toMatchObject({ stdout: expect.stringContaining('Running') });
    expect(server.stderr()).not.toMatch(/debugger|inspector/i);
    expect(await server.stop()).toMatchObject({ code: 0 });
  });

  it.each(['--inspect=0', '--inspect-brk=0', '--heapsnapshot-signal=SIGUSR2', '--report-uncaught-exception'])(
    'a server under %s does not start',
    async (flag) => {
      const env = { ...QUIET, NODE_OPTIONS: flag.replace('--inspect-brk', '--inspect') };
      const server = startCli(['serve', '--port', '0'], { home, env });
      await server.until(/Listening|not-permitted/);
      const refused = server.stdout().includes('Listening') ? await server.stop() : await server.ended();
      expect(refused.code).toBe(77);
      expect(refused.stderr).toContain('not-permitted: Node was started with --');
      expect(refused.stdout).not.toContain('Listening');
    },
  );
});

describe('"uncaught errors end in one clean line and exit 70 with no secret in it"', () => {
  /** Runs the program with something thrown in it, once the server listens. */
  async function runWith(code: string, env: Record<string, string>) {
    const preload = join(home, 'throw.mjs');
    const endpoint = JSON.stringify(join(home, '.clawdbot/sidecar/endpoint.json'));
    await writeFile(
      preload,
      `import { existsSync } from 'node:fs';
      const timer = setInterval(() => {
        if (!existsSync(${endpoint})) return;
        clearInterval(timer);
        ${code}
      }, 20).unref();`,
    );
    const child = spawn(process.execPath, ['--import', preload, CLI, 'serve', '--port', '0'], {
      cwd: home,
      env: { PATH: process.env['PATH'], HOME: home, ...QUIET, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await once(child, 'close');
    return { code: child.exitCode, stderr };
  }

  it.each([
    ['an exception', 'throw new Error("lost sk-canary-0123456789\\nand \\u001b[31mmore");'],
    ['a rejection', 'Promise.reject(new Error("lost sk-canary-0123456789\\nand \\u001b[31mmore"));'],
  ])('%s', async (_what, code) => {
    const end = await runWith(code, { OPENAI_API_KEY: 'sk-canary-0123456789' });
    expect(end).toEqual({
      code: 70,
      stderr: 'provider-sidecar failed: lost [secret]\\u000aand \\u001b[31mmore\n',
    });
  });

  it('knows the secrets of the config and the server’s own token', async () => {
    await mkdir(join(home, '.clawdbot'));
    await writeFile(
      join(home, '.clawdbot/moltbot.json'),
      '{ models: { providers: { openai: { apiKey: "config-canary-0123456789" } } } }',
    );
    const code = [
      'const { readFileSync } = await import("node:fs");',
      'const { token } = JSON.parse(readFileSync(process.env.HOME + "/.clawdbot/sidecar/endpoint.json"));',
      'throw new Error(`config-canary-0123456789 ${token}`);',
    ].join(' ');
    const end = await runWith(`(async () => { ${code} })();`, {});
    expect(end).toEqual({ code: 70, stderr: 'provider-sidecar failed: [secret] [secret]\n' });
  });
});

describe('"no secrets in … environment of children"', () => {
  it('a secret command sees neither the token nor any key', async () => {
    const seen = join(home, 'seen');
    const command = join(home, 'command.sh');
    await writeFile(
      command,
      `#!/bin/sh\nenv > ${seen}.tmp; cat /proc/self/cmdline >> ${seen}.tmp; mv ${seen}.tmp ${seen}\necho '{"protocolVersion":1,"values":{"x":"sk-from-command-012345"}}'\n`,
    );
    await chmod(command, 0o700);
    await mkdir(join(home, '.clawdbot/sidecar'), { recursive: true, mode: 0o700 });
    await writeFile(
      join(home, '.clawdbot/sidecar/sidecar.json5'),
      `{ secrets: { allowExec: true, exec: [{ alias: 'vault', command: '${command}' }] } }`,
    );
    await writeFile(
      join(home, '.clawdbot/moltbot.json'),
      '{ models: { providers: { openai: { apiKey: { source: "exec", provider: "vault", id: "x" } } } } }',
    );
    const token = 'canary-token-0123456789-abcdefghijk';
    const server = startCli(['serve', '--port', '0'], {
      home,
      env: { ...QUIET, PROVIDER_SIDECAR_TOKEN: token, MOONSHOT_API_KEY: 'sk-canary-0123456789' },
    });
    await server.until(/Listening/);
    const { url }: { url: string } = JSON.parse(
      await readFile(join(home, '.clawdbot/sidecar/endpoint.json'), 'utf8'),
    );
    const answer = await fetch(`${url}/v1/resolve?provider=openai`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(200);
    const environment = await vi.waitFor(() => readFile(seen, 'utf8'), 15_000);
    expect(environment).toContain('PATH=');
    expect(environment).not.toContain('canary');
    await server.stop();
  });
});
