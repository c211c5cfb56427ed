/**
 * The machine that the pages are written for: a home folder, a shell with `provider-sidecar` and `npm` on its
 * PATH, an Ollama with `llama3:chat` on its default port, and nobody else. Real ports are mapped to free ones.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { vi } from 'vitest';
import { type FakeOllama, startFakeOllama } from '../helpers/fake-ollama.ts';
import { freePort } from '../helpers/free-port.ts';
import { mappedPorts } from '../helpers/mapped-ports.ts';
import { ROOT } from './pages.ts';

const DEFAULT_PORT = '18780';

/** One page's machine. */
export interface DocMachine {
  /** Runs a command in the page's shell and gives what it printed, in the page's words. */
  run(command: string): Promise<string>;
  /** Starts a command in a terminal of its own, in place of the one before. */
  startServer(command: string): Promise<{ readonly output: () => string }>;
  /** Writes a file; `~/` is the home folder. */
  write(path: string, text: string): Promise<void>;
  /** An empty home, and no server. */
  freshHome(): Promise<void>;
  /** Ollama goes away; resolves when a running server has noticed. */
  stopOllama(): Promise<void>;
  close(): Promise<void>;
}

/** Builds the machine. */
export async function startDocMachine(): Promise<DocMachine> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-docs-'));
  const home = join(folder, 'home');
  const bin = join(folder, 'bin');
  await mkdir(home);
  await writeCommands(bin);
  const ollama = await startFakeOllama({ models: [{ name: 'llama3:chat', contextLength: 32_768 }] });
  const [port, nobody] = [await freePort(), await freePort()];
  const env = {
    PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
    HOME: home,
    PROVIDER_SIDECAR_PORT: String(port),
    ...mappedPorts(ollama.port, nobody),
    // The same map for the Python of an example.
    PYTHONPATH: join(import.meta.dirname, '../helpers/python'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const shell = startShell(env, home);
  const toPage = (text: string): string =>
    text.replaceAll(home, '/home/you').replaceAll(`:${port}`, `:${DEFAULT_PORT}`);
  const toMachine = (text: string): string => text.replaceAll(`:${DEFAULT_PORT}`, `:${port}`);
  let server: ChildProcess | undefined;

  const stopServer = async (): Promise<void> => {
    const running = server;
    server = undefined;
    if (running?.pid === undefined || running.exitCode !== null) return;
    const closed = once(running, 'close');
    // The whole group: a shell between us and the program would not pass the signal on.
    process.kill(-running.pid, 'SIGTERM');
    await closed;
  };

  return {
    run: async (command) => toPage(await shell.run(toMachine(command))),
    async startServer(command) {
      await stopServer();
      let output = '';
      const child = spawn('sh', ['-c', toMachine(command)], {
        cwd: home,
        env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      server = child;
      const add = (text: string): void => {
        output += text;
      };
      child.stdout.setEncoding('utf8').on('data', add);
      child.stderr.setEncoding('utf8').on('data', add);
      return { output: () => toPage(output) };
    },
    async write(path, text) {
      const target = path.replace(/^~\//, `${home}/`);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await writeFile(target, text, { mode: 0o600 });
    },
    async freshHome() {
      await stopServer();
      await rm(join(home, '.clawdbot'), { recursive: true, force: true });
    },
    async stopOllama() {
      await stopOllamaAndWait(ollama, server === undefined ? undefined : `http://127.0.0.1:${port}/health`);
    },
    async close() {
      await stopServer();
      await shell.close();
      await ollama.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function stopOllamaAndWait(ollama: FakeOllama, health: string | undefined): Promise<void> {
  await ollama.stop();
  if (health === undefined) return;
  await vi.waitFor(
    async () => {
      const { status } = await fetch(health);
      if (status !== 503) throw new Error(`health is still ${status}`);
    },
    { timeout: 15_000, interval: 50 },
  );
}

/**
 * `npm ci` has been done by whoever runs the tests; the other scripts do what package.json says. What a page
 * installs is here already: this program itself, or a package that its tests use.
 */
async function writeCommands(bin: string): Promise<void> {
  await mkdir(bin);
  const commands = {
    'provider-sidecar': `exec "${process.execPath}" "${join(ROOT, 'dist/cli.js')}" "$@"`,
    npm: [
      'case "$1" in ci) ;; start) shift; exec provider-sidecar serve "$@" ;;',
      `install) mkdir -p node_modules; case "$2" in provider-sidecar) ln -s "${ROOT}" "node_modules/$2" ;;`,
      `openai) ln -s "${join(ROOT, 'node_modules')}/$2" "node_modules/$2" ;; *) exit 64 ;; esac; echo "added $2" ;;`,
      '*) exit 64 ;; esac',
    ].join('\n'),
  };
  for (const [name, line] of Object.entries(commands)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${line}\n`);
    await chmod(join(bin, name), 0o755);
  }
}

/** A shell that lives as long as the page: what one block exports, the next one has. */
function startShell(env: Readonly<Record<string, string>>, cwd: string) {
  const child = spawn('sh', ['-s'], { cwd, env, stdio: ['pipe', 'pipe', 'ignore'] });
  const closed = once(child, 'close');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stdin.write('exec 2>&1\n');
  let count = 0;
  return {
    async run(command: string): Promise<string> {
      count += 1;
      const mark = `\n<end ${count}>\n`;
      output = '';
      // The exit code stays what the command left, for a page that prints it.
      child.stdin.write(`${command}\nlast=$?; printf '\\n<end ${count}>\\n'; (exit $last)\n`);
      await vi.waitFor(
        () => {
          if (!output.includes(mark)) throw new Error(`${command} did not end; so far:\n${output}`);
        },
        { timeout: 20_000, interval: 10 },
      );
      return output.slice(0, output.indexOf(mark));
    },
    async close(): Promise<void> {
      child.stdin.end();
      await closed;
    },
  };
}
