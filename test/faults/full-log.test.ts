/** A log whose file takes no more: the built program, writing to a device that is always full and past a size limit. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const PATIENCE = { timeout: 15_000, interval: 50 };
const LIMIT_BYTES = 2_048;

/** Starts a server below a home of its own, its log where the shell script says. */
async function startServer(script: string) {
  const home = await mkdtemp(join(tmpdir(), 'sidecar-log-'));
  const child = spawn('bash', ['-c', script, 'bash', process.execPath, CLI, 'serve', '--port', '0'], {
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      OPENAI_API_KEY: 'sk-canary-0123',
      CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(home, { recursive: true, force: true });
  });
  const endpointFile = join(home, '.clawdbot/sidecar/endpoint.json');
  await vi.waitFor(() => expect(existsSync(endpointFile)).toBe(true), PATIENCE);
  const { url, token }: { url: string; token: string } = JSON.parse(readFileSync(endpointFile, 'utf8'));
  return {
    log: join(home, 'log'),
    /** Has a line logged. */
    resolve: async () =>
      (
        await fetch(`${url}/v1/resolve?model=openai/gpt-4o`, {
          headers: { authorization: `Bearer ${token}` },
        })
      ).status,
    stop: async () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

it.skipIf(!existsSync('/dev/full'))('fault: the disk under the log is full', async () => {
  const full = await startServer('exec "$@" > /dev/full');
  expect(await full.resolve()).toBe(200);
  expect(await full.stop()).toEqual([0, null]);

  const limited = await startServer(`ulimit -f ${LIMIT_BYTES / 1_024}; exec "$@" >> "$HOME/log"`);
  await vi.waitFor(async () => {
    expect(await limited.resolve()).toBe(200);
    expect(readFileSync(limited.log).length).toBe(LIMIT_BYTES);
  }, PATIENCE);
  expect(await limited.resolve()).toBe(200);
  // There is room again: what comes is written, each line whole.
  truncateSync(limited.log);
  expect(await limited.resolve()).toBe(200);
  expect(await limited.stop()).toEqual([0, null]);
  const lines = readFileSync(limited.log, 'utf8').trim().split('\n');
  expect(lines.map((line): unknown => JSON.parse(line)).at(-1)).toMatchObject({ msg: 'Stopping' });
});
