/** A real llama-server in a test: models made for it, a process that can be killed and started again. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject, onTestFinished } from 'vitest';
import { freePort } from '../helpers/free-port.ts';

const WRITER = fileURLToPath(new URL('../../scripts/tiny-gguf.mjs', import.meta.url));

/** A folder for models that the server sees too; removed at the end of the test. */
export interface ModelFolder {
  /** The folder as this process sees it. */
  readonly path: string;
  /** The folder as the server sees it. */
  readonly seenPath: string;
  /** Writes a model and returns its path as the server sees it. */
  add(name: string, options?: { readonly context?: number; readonly ballastMib?: number }): string;
}

/** Makes a folder for models below the server's own root folder. */
export function makeModelFolder(): ModelFolder {
  const root = inject('llamaServer');
  mkdirSync(join(root, 'tmp'), { recursive: true });
  const path = mkdtempSync(join(root, 'tmp', 'models-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const seenPath = `/tmp/${basename(path)}`;
  return {
    path,
    seenPath,
    add: (name, { context = 32_768, ballastMib = 0 } = {}) => {
      const sizes = ['--context', String(context), '--ballast', String(ballastMib)];
      execFileSync(process.execPath, [WRITER, join(path, `${name}.gguf`), '--name', name, ...sizes]);
      return `${seenPath}/${name}.gguf`;
    },
  };
}

/** A running llama-server. */
export interface RealLlamaServer {
  readonly port: number;
  /** `http://127.0.0.1:43210`. */
  readonly url: string;
  /** What it has logged so far. */
  log(): string;
  /** Resolves when the health route says that the model is loaded. */
  ready(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on its port. */
  restart(): void;
}

/** Options of {@link startLlamaServer}. */
export interface RealLlamaServerOptions {
  /** `/pfx` where `--api-prefix` is among the flags, so that health is asked there. */
  readonly prefix?: string;
  /** Socket as this process sees it, where the server listens on no port. */
  readonly socketPath?: string;
}

/** Starts a server with these flags on a free port; it is stopped at the end of the test. */
export async function startLlamaServer(
  flags: readonly string[],
  { prefix = '', socketPath }: RealLlamaServerOptions = {},
): Promise<RealLlamaServer> {
  const root = inject('llamaServer');
  const port = await freePort();
  const where = socketPath === undefined ? ['--port', String(port)] : [];
  const chroot = ['chroot', root, '/usr/bin/llama-server', '--offline', ...flags, ...where];
  const [command = 'chroot', ...args] =
    process.getuid?.() === 0 ? chroot : ['unshare', '--map-root-user', ...chroot];
  let log = '';
  const start = () => {
    // None of this process's variables: some of them would be settings of llama-server.
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/tmp' };
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (text: Buffer) => (log += text.toString()));
    child.stderr.on('data', (text: Buffer) => (log += text.toString()));
    return child;
  };
  let child = start();
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  onTestFinished(() => end('SIGTERM'));
  const target = socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath };
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    log: () => log,
    ready: async () => {
      while ((await statusOf({ ...target, path: `${prefix}/health` })) !== 200) {
        if (child.exitCode !== null) throw new Error(`llama-server ended with ${child.exitCode}:\n${log}`);
      }
    },
    kill: () => end('SIGKILL'),
    restart: () => {
      child = start();
    },
  };
}

/** The status of a GET, or 0 when nobody answers; then a moment has passed. */
async function statusOf(target: object): Promise<number> {
  return new Promise((resolve) => {
    const later = () => setTimeout(resolve, 25, 0);
    const asking = request({ ...target, agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      response.on('end', () => (response.statusCode === 200 ? resolve(200) : later()));
      response.on('error', later);
    });
    asking.on('timeout', () => asking.destroy());
    asking.on('error', later);
    asking.end();
  });
}
