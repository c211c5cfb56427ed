/**
 * A disk with no space left: the built program with its state folder on a file system of its own, a quarter of a
 * megabyte large, in a mount namespace. Needs `unshare` and the right to mount, as on Linux.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import { closing } from './fault-rig.ts';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const MOUNTS = process.getuid?.() === 0 ? ['-m'] : ['-Urm'];
const canMount = spawnSync('unshare', [...MOUNTS, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
const PATIENCE = { timeout: 15_000, interval: 50 };

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-full-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

it.skipIf(!canMount)('fault: the disk is full', async () => {
  const ollama = closing(await startFakeOllama({ models: [{ name: 'one:1b', contextLength: 32_000 }] }));
  const mountPoint = join(home, '.clawdbot');
  await mkdir(mountPoint);
  const script = `mount -t tmpfs -o size=256k,mode=700 tmpfs "$1" && shift && exec "$@"`;
  const child = spawn(
    'unshare',
    [...MOUNTS, 'sh', '-c', script, 'sh', mountPoint, process.execPath, CLI, 'serve', '--port', '0'],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        OLLAMA_HOST: `127.0.0.1:${ollama.port}`,
        AWS_EC2_METADATA_DISABLED: 'true',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = once(child, 'close');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  try {
    await vi.waitFor(() => expect(said).toMatch(/Listening on/), PATIENCE);
    // The folder as the program sees it.
    const folder = join(`/proc/${child.pid}/root`, mountPoint, 'sidecar');
    const at = (name: string): string => join(folder, name);
    const { url, token }: { url: string; token: string } = JSON.parse(
      readFileSync(at('endpoint.json'), 'utf8'),
    );
    const ask = async (path: string, method = 'GET') => {
      const answer = await fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
      return { status: answer.status, text: await answer.text() };
    };
    expect((await ask('/v1/resolve?model=ollama/one:1b')).status).toBe(200);
    const before = readFileSync(at('models.json'), 'utf8');

    fill(at('filler'));
    ollama.setModels([{ name: 'one:1b' }, ...manyModels()]);
    await ask('/v1/discovery/scan', 'POST');
    await vi.waitFor(async () => expect((await ask('/health')).text).toContain('cannot-write'), PATIENCE);
    // What was good is whole, still counts, and no half of a draft lies beside it.
    expect(readFileSync(at('models.json'), 'utf8')).toBe(before);
    expect((await ask('/v1/resolve?model=ollama/one:1b')).status).toBe(200);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);

    rmSync(at('filler'));
    await ask('/v1/discovery/scan', 'POST');
    await vi.waitFor(
      async () => expect((await ask('/v1/resolve?model=ollama/model-3:1b')).status).toBe(200),
      PATIENCE,
    );
    expect((await ask('/health')).text).not.toContain('cannot-write');
    for (const name of readdirSync(folder)) {
      expect(statSync(at(name)).mode & 0o077, name).toBe(0);
    }
    expect(existsSync(at('models.json'))).toBe(true);
  } finally {
    child.kill();
    await ended;
  }
});

const manyModels = () => Array.from({ length: 60 }, (_, index) => ({ name: `model-${index}:1b` }));

/** Takes what is left of the disk. */
function fill(path: string): void {
  let text = '';
  for (;;) {
    text += 'x'.repeat(4_096);
    try {
      writeFileSync(path, text);
    } catch {
      return;
    }
  }
}
