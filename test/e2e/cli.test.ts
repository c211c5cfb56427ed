import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type CliResult, runCli, startCli } from '../helpers/cli.ts';
import { type FakeOllama, startFakeOllama } from '../helpers/fake-ollama.ts';
import { freePort } from '../helpers/free-port.ts';

let home: string;
const open: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-cli-'));
});

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  await rm(home, { recursive: true, force: true });
});

async function write(path: string, text: string): Promise<void> {
  const target = join(home, '.clawdbot', path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text);
}

async function ollamaUp(contextLength = 32_768): Promise<FakeOllama> {
  const ollama = await startFakeOllama({ models: [{ name: 'llama3:chat', contextLength }] });
  open.push(() => ollama.stop());
  return ollama;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

const endpointFile = z.object({
  url: z.string(),
  token: z.string(),
  pid: z.number(),
  version: z.string(),
  startedAt: z.string(),
});

async function readEndpoint(): Promise<z.infer<typeof endpointFile>> {
  const text = await readFile(join(home, '.clawdbot/sidecar/endpoint.json'), 'utf8');
  return endpointFile.parse(JSON.parse(text));
}

function run(args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
  return runCli(args, { home, env });
}

/** No provider of this machine is looked at by accident: Ollama's variable leads to a dead port. */
async function nothingRunning(): Promise<Record<string, string>> {
  return { OLLAMA_HOST: `127.0.0.1:${await freePort()}` };
}

describe('serve', () => {
  it('with an empty home and nothing running listens, says how to get a default model, and stops cleanly', async () => {
    const port = await freePort();
    const server = startCli(['serve', '--port', String(port)], { home, env: await nothingRunning() });
    await server.until(/Listening on http:\/\/127\.0\.0\.1/);
    expect(server.stdout()).toContain('No default model is set');
    expect(server.stdout()).toContain('ollama serve');

    const live = await fetch(`http://127.0.0.1:${port}/livez`);
    expect([live.status, await live.text()]).toEqual([200, '{"status":"ok"}']);
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    expect([health.status, await health.json()]).toEqual([
      503,
      { status: 'failing', code: 'no-default-model' },
    ]);

    const endpoint = await readEndpoint();
    expect(endpoint).toMatchObject({ url: `http://127.0.0.1:${port}`, pid: server.child.pid });
    const folder = join(home, '.clawdbot/sidecar');
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(folder)) {
      expect([name, (await stat(join(folder, name))).mode & 0o777]).toEqual([name, 0o600]);
    }

    expect(await server.stop('SIGTERM')).toMatchObject({ code: 0 });
    expect(await isListening(port)).toBe(false);
    expect(await readdir(folder)).not.toContain('endpoint.json');
  });

  it('ends on SIGINT too, and keeps the same token at the next start', async () => {
    const env = await nothingRunning();
    const first = startCli(['serve', '--port', '0'], { home, env });
    await first.until(/Listening/);
    const { token } = await readEndpoint();
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(await first.stop('SIGINT')).toMatchObject({ code: 0 });
    const second = startCli(['serve', '--port', '0'], { home, env });
    await second.until(/Listening/);
    expect((await readEndpoint()).token).toBe(token);
    await second.stop();
  });

  it('"endpoint.json … removed on exit": also when the terminal is closed', async () => {
    const server = startCli(['serve', '--port', '0'], { home, env: await nothingRunning() });
    await server.until(/Listening/);
    await server.stop('SIGHUP');
    expect(server.child.signalCode).toBe('SIGHUP');
    expect(await readdir(join(home, '.clawdbot/sidecar'))).not.toContain('endpoint.json');
  });

  it('logs JSON when standard output is no terminal, and never the token', async () => {
    const server = startCli(['serve', '--port', '0'], { home, env: await nothingRunning() });
    await server.until(/Listening/);
    const { token } = await readEndpoint();
    const { stdout, stderr } = await server.stop();
    const lines = stdout.trim().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'info', msg: expect.stringContaining('Listening on') }),
    );
    expect(stdout + stderr).not.toContain(token);
  });

  it('a default model without auth: nothing ever listens, exit code 78, the block names model and variable; doctor agrees', async () => {
    const port = await freePort();
    await write('moltbot.json', `{ agents: { defaults: { model: 'anthropic/claude-opus-4-5' } } }`);
    const env = await nothingRunning();
    let sawListener = false;
    const server = startCli(['serve', '--port', String(port)], { home, env });
    const watch = setInterval(() => void isListening(port).then((up) => (sawListener ||= up)), 10);
    const served = await server.ended();
    clearInterval(watch);
    expect(sawListener).toBe(false);
    expect(served.code).toBe(78);
    expect(served.stderr).toMatch(
      /^Startup validation failed: .+\n  Configured model: anthropic\/claude-opus-4-5\n\nSuggestions:\n(  - .+\n)+$/,
    );
    expect(served.stderr).toContain('ANTHROPIC_API_KEY');

    const checked = await run(['doctor'], env);
    expect(checked.code).toBe(78);
    expect(checked.stderr).toBe(served.stderr);
  });

  it('a default model whose runtime is down names the command that starts it', async () => {
    const env = await nothingRunning();
    const { code, stderr } = await run(
      ['serve', '--port', '0', '--default-model', 'ollama/llama3:chat'],
      env,
    );
    expect(code).toBe(78);
    expect(stderr).toContain('Configured model: ollama/llama3:chat');
    expect(stderr).toContain('ollama serve');
  });

  it('a model that was not pulled names the pull, and a model that is there', async () => {
    const ollama = await ollamaUp();
    const env = { OLLAMA_HOST: ollama.url };
    const { code, stderr } = await run(['doctor', '--default-model', 'ollama/qwen3:8b'], env);
    expect(code).toBe(78);
    expect(stderr).toContain('ollama pull qwen3:8b');
    expect(stderr).toContain('ollama/llama3:chat');
  });

  it('a config with a syntax error stops the start with file, line and column', async () => {
    await write('moltbot.json', '{\n  agents: {\n    defaults: oops oops\n  }\n}');
    const { code, stderr } = await run(['serve', '--port', '0'], await nothingRunning());
    expect(code).toBe(78);
    expect(stderr).toContain('Startup validation failed');
    expect(stderr).toContain(join(home, '.clawdbot/moltbot.json'));
    expect(stderr).toMatch(/line 3\b.*column \d+/);
  });

  it('an unknown key in sidecar.json5 stops the start with a suggestion', async () => {
    await write('sidecar/sidecar.json5', '{ prot: 1234 }');
    const { code, stderr } = await run(['serve'], await nothingRunning());
    expect(code).toBe(78);
    expect(stderr).toContain('did you mean "port"?');
  });

  it('an address in use is exit code 69 and says what to do', async () => {
    const other: Server = createServer((_request, response) => response.end('other')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    open.push(async () => other.close());
    const address = other.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const { code, stderr } = await run(['serve', '--port', String(port)], await nothingRunning());
    expect(code).toBe(69);
    expect(stderr).toContain(`port ${port}`);
    expect(stderr).toContain('--port');
    expect(await readdir(join(home, '.clawdbot/sidecar'))).not.toContain('endpoint.json');
  });

  it('a host that is not loopback is refused with exit code 78', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.5']) {
      const { code, stderr } = await run(['serve', '--host', host, '--port', '0'], await nothingRunning());
      expect([host, code]).toEqual([host, 78]);
      expect(stderr).toContain('loopback');
    }
  });

  it('a folder that cannot be written is exit code 73', async () => {
    await writeFile(join(home, 'not-a-folder'), '');
    const env = { ...(await nothingRunning()), CLAWDBOT_STATE_DIR: join(home, 'not-a-folder') };
    const { code, stderr } = await run(['serve', '--port', '0'], env);
    expect(code).toBe(73);
    expect(stderr).toContain('Cannot write');
  });

  it('CLAWDBOT_SKIP_STARTUP_VALIDATION counts only under NODE_ENV=test, loudly, and health is never ok', async () => {
    const broken = ['serve', '--port', '0', '--default-model', 'anthropic/claude-opus-4-5'];
    const env = { ...(await nothingRunning()), CLAWDBOT_SKIP_STARTUP_VALIDATION: '1' };
    expect((await run(broken, env)).code).toBe(78);

    const ollama = await ollamaUp();
    const server = startCli(['serve', '--port', '0'], {
      home,
      env: { OLLAMA_HOST: ollama.url, CLAWDBOT_SKIP_STARTUP_VALIDATION: '1', NODE_ENV: 'test' },
    });
    await server.until(/Listening/);
    expect(server.stdout()).toContain('STARTUP VALIDATION SKIPPED - NOT FOR PRODUCTION');
    const { url } = await readEndpoint();
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'unvalidated' });
    await server.stop();

    const unusable = startCli(broken, { home, env: { ...env, NODE_ENV: 'test' } });
    await unusable.until(/Listening/);
    const answer = await fetch(`${(await readEndpoint()).url}/health`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: 'unvalidated', code: 'no-auth' });
    await unusable.stop();
  });

  it('serves a Unix socket, 0600 in a 0700 folder, with the same guard', async () => {
    const socket = join(home, 'run/sidecar.sock');
    const server = startCli(['serve', '--port', '0', '--socket', socket], {
      home,
      env: await nothingRunning(),
    });
    await server.until(/sidecar\.sock/);
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(socket))).mode & 0o777).toBe(0o700);
    const ask = async (head: string): Promise<string> => {
      const connection = connect(socket);
      connection.end(`GET /livez HTTP/1.1\r\n${head}\r\nConnection: close\r\n\r\n`);
      return (await connection.setEncoding('utf8').toArray()).join('');
    };
    expect(await ask('Host: localhost')).toMatch(/^HTTP\/1\.1 200/);
    expect(await ask('Host: evil.example')).toMatch(/^HTTP\/1\.1 403/);
    await server.stop();
    await expect(stat(socket)).rejects.toThrow('ENOENT');
  });
});

describe('with Ollama up', () => {
  it('resolve --json prints what the server answers, and masks nothing because there is nothing to mask', async () => {
    const ollama = await ollamaUp();
    const env = { OLLAMA_HOST: ollama.url };
    const server = startCli(['serve', '--port', '0'], { home, env });
    await server.until(/Listening/);
    expect(server.stdout()).toContain(
      'Health: OK (provider=ollama, model=llama3:chat, ctx=32768, authMode=none)',
    );
    const { url, token } = await readEndpoint();
    const served: unknown = await (
      await fetch(`${url}/v1/resolve`, { headers: { authorization: `Bearer ${token}` } })
    ).json();
    const { code, stdout } = await run(['resolve', '--json'], env);
    expect(code).toBe(0);
    const { revision: _served, ...expected } = z.looseObject({ revision: z.number() }).parse(served);
    expect(JSON.parse(stdout)).toMatchObject(expected);

    const status = await run(['status'], env);
    expect(status.code).toBe(0);
    expect(status.stdout).toContain(url);
    expect(status.stdout).toContain('Health: OK');
    expect(status.stdout).not.toContain(token);
    await server.stop();
    expect(await run(['status'], env)).toMatchObject({ code: 69 });
  });

  it('doctor prints the Health line and exits 0', async () => {
    const ollama = await ollamaUp();
    const { code, stdout } = await run(['doctor'], { OLLAMA_HOST: ollama.url });
    expect(code).toBe(0);
    expect(stdout).toContain('Health: OK (provider=ollama, model=llama3:chat, ctx=32768, authMode=none)\n');
  });

  it('discover lists the endpoint with its models, providers and models list what can be used', async () => {
    const ollama = await ollamaUp();
    const env = { OLLAMA_HOST: ollama.url };
    const discovered = await run(['discover'], env);
    expect(discovered.stdout).toMatch(
      new RegExp(`${ollama.url}\\s+ollama\\s+ollama\\s+up\\s+0\\.32\\.7\\s+1 model`),
    );
    expect(discovered.stdout).toContain('llama3:chat  context 32768 (trained-max)');
    const providers = await run(['providers'], env);
    expect(providers.stdout).toMatch(/ollama\s+models\.json\s+none\s+provider-policy\s+1\s/);
    const models = await run(['models', '--json'], env);
    expect(JSON.parse(models.stdout)).toMatchObject({
      object: 'list',
      data: [{ id: 'ollama/llama3:chat', object: 'model', owned_by: 'ollama', context_window: 32_768 }],
    });
  });

  it('explain draws every place that was looked at, with what it shadows', async () => {
    const ollama = await ollamaUp();
    await write(
      'moltbot.json',
      `{ models: { providers: { ollama: { baseUrl: 'http://10.0.0.9:1/v1', apiKey: 'shadowed-key-1234', models: [] } } } }`,
    );
    const { code, stdout } = await run(['explain', 'ollama/llama3:chat'], {
      OLLAMA_HOST: ollama.url,
      OLLAMA_API_KEY: 'shadowed-env-1234',
    });
    expect(code).toBe(0);
    expect(stdout).toContain(`models.json: ${ollama.url}/v1, auth none, 1 model ✓`);
    expect(stdout).toMatch(/cfg: models\.providers: .* shadowed/);
    expect(stdout).toContain('provider policy: auth "none" in models.json ✓');
    expect(stdout).toMatch(/env: OLLAMA_API_KEY: an API key .*shadowed/);
    expect(stdout).not.toMatch(/shadowed-(key|env)-1234/);
  });

  it('resolve --offline answers from models.json as it is on disk', async () => {
    const ollama = await ollamaUp();
    const env = { OLLAMA_HOST: ollama.url };
    await run(['discover'], env);
    await ollama.stop();
    expect((await run(['resolve', 'ollama/llama3:chat', '--offline'], env)).code).toBe(0);
    expect(await run(['resolve', 'ollama/llama3:chat'], env)).toMatchObject({ code: 69 });
  });
});

describe('secrets on the command line', () => {
  it('resolve hides them unless --reveal, or --json into a pipe', async () => {
    const env = { ...(await nothingRunning()), ANTHROPIC_API_KEY: 'sk-ant-test-0123456789' };
    const plain = await run(['resolve', 'anthropic/claude-opus-4-5'], env);
    expect(plain.code).toBe(0);
    expect(plain.stdout).toContain('env: ANTHROPIC_API_KEY');
    expect(plain.stdout).not.toContain('sk-ant-test');
    expect((await run(['resolve', 'anthropic/claude-opus-4-5', '--reveal'], env)).stdout).toContain(
      'sk-ant-test',
    );
    const piped = await run(['resolve', 'anthropic/claude-opus-4-5', '--json'], env);
    expect(JSON.parse(piped.stdout)).toMatchObject({
      auth: { mode: 'api-key', source: 'env: ANTHROPIC_API_KEY', apiKey: 'sk-ant-test-0123456789' },
      request: { headers: { 'x-api-key': 'sk-ant-test-0123456789', 'anthropic-version': '2023-06-01' } },
    });
  });
});

it('doctor has a line for each thing that can be done', async () => {
  const { code, stdout } = await run(['doctor', '--offline'], await nothingRunning());
  expect([code, stdout]).toEqual([
    0,
    expect.stringContaining(
      'Warning (no-default-model): No default model is set and no running runtime offers one\n' +
        '  - Start a local runtime, for example: ollama serve\n' +
        '  - Name one: provider-sidecar serve --default-model anthropic/claude-opus-4-5\n' +
        '  - Or set agents.defaults.model in moltbot.json\n',
    ),
  ]);
});

describe('usage', () => {
  it('every command has --help, an unknown one is exit code 64', async () => {
    for (const command of [
      'serve',
      'discover',
      'providers',
      'models',
      'resolve',
      'explain',
      'doctor',
      'status',
    ]) {
      const { code, stdout } = await run([command, '--help']);
      expect([command, code]).toEqual([command, 0]);
      expect(stdout).toContain(`Usage: provider-sidecar ${command}`);
    }
    expect((await run(['frobnicate'])).code).toBe(64);
    expect((await run(['resolve', '--frobnicate'])).code).toBe(64);
  });

  it.each([
    [['resolve', '--frobnicate', '--json'], "unknown option '--frobnicate'"],
    [['token', 'create', '--json'], "required option '--name <name>' not specified"],
    [['frobnicate', '--json'], "unknown command 'frobnicate'"],
  ])('"--json … or a problem document", also where the command line is wrong: %j', async (args, detail) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      64,
      { code: 'bad-request', detail, hints: ['See: provider-sidecar --help'] },
    ]);
    expect(stderr).toContain(`error: ${detail}\n`);
  });

  it('a wrong command line says where to look, and prints nothing for programs that asked for none', async () => {
    for (const args of [['frobnicate'], ['exec', '--frobnicate', '--', 'echo', '--json']]) {
      const { code, stdout, stderr } = await run(args);
      expect([code, stdout]).toEqual([64, '']);
      expect(stderr).toContain('\n  - See: provider-sidecar --help\n');
    }
  });
});
