/** Places for a Unix socket, with real sockets. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fileExists } from '../../src/platform/files.ts';
import { takeSocketPath } from '../../src/platform/unix-socket.ts';
import { tempFolder } from './temp-folder.ts';

/** Listens at the path until the test ends; returns how many connections came. */
async function listenAt(path: string): Promise<() => number> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(path);
  await once(server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return () => connections;
}

/** Leaves a socket file that nobody answers: its process was killed. */
async function leaveStaleSocket(path: string): Promise<void> {
  const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('ready'))`;
  const child = spawn(process.execPath, ['--eval', code], { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Takes the path for somebody who listens later. */
async function take(path: string): Promise<void> {
  await takeSocketPath(path, async () => writeFile(path, ''));
}

describe('the place of a socket', () => {
  it('"in a 0700 folder": makes a missing one, parents too', async () => {
    const folder = await tempFolder();
    const before = process.umask(0);
    onTestFinished(() => {
      process.umask(before);
    });
    await take(join(folder, 'a', 'b', 'sidecar.sock'));
    for (const made of [join(folder, 'a'), join(folder, 'a', 'b')]) {
      expect((await stat(made)).mode & 0o777).toBe(0o700);
    }
  });

  it('removes a socket that nobody answers any more', async () => {
    const path = join(await tempFolder(), 'sidecar.sock');
    await leaveStaleSocket(path);
    expect((await lstat(path)).isSocket()).toBe(true);
    let wasFree = false;
    await takeSocketPath(path, async () => {
      wasFree = !fileExists(path);
      await listenAt(path);
    });
    expect(wasFree).toBe(true);
  });

  it('"a Unix socket (0600)", whatever the mask of the process is', async () => {
    const path = join(await tempFolder(), 'sidecar.sock');
    const before = process.umask(0);
    onTestFinished(() => {
      process.umask(before);
    });
    await takeSocketPath(path, async () => void (await listenAt(path)));
    expect((await lstat(path)).mode & 0o777).toBe(0o600);
  });

  it('of two that start at once over a socket that nobody answers, one gets the place and keeps it', async () => {
    const path = join(await tempFolder(), 'sidecar.sock');
    await leaveStaleSocket(path);
    const listening: (() => number)[] = [];
    const start = () =>
      takeSocketPath(path, async () => {
        listening.push(await listenAt(path));
      });
    const outcomes = await Promise.allSettled([start(), start()]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find((outcome) => outcome.status === 'rejected')?.reason).toMatchObject({
      code: 'address-in-use',
    });
    const socket = connect(path);
    await once(socket, 'close');
    // The one that looked whether somebody answers, and this one.
    expect(listening.map((connections) => connections())).toEqual([2]);
  });

  it('refuses a socket that somebody answers, and leaves it alone', async () => {
    const path = join(await tempFolder(), 'sidecar.sock');
    await listenAt(path);
    await expect(take(path)).rejects.toMatchObject({
      code: 'address-in-use',
      message: `${path} is taken`,
    });
    expect((await lstat(path)).isSocket()).toBe(true);
  });

  it.each([0o750, 0o705, 0o777, 0o710])('refuses a folder that others may enter: mode %i', async (mode) => {
    const folder = await tempFolder();
    await chmod(folder, mode);
    await expect(take(join(folder, 'sidecar.sock'))).rejects.toMatchObject({
      code: 'not-permitted',
      message: expect.stringContaining(folder),
    });
    expect((await stat(folder)).mode & 0o777).toBe(mode);
  });

  it('refuses a regular file, a folder and a link at the path, and removes none of them', async () => {
    const folder = await tempFolder();
    const [file, sub, link] = [join(folder, 'file'), join(folder, 'sub'), join(folder, 'link')];
    await writeFile(file, 'precious');
    await mkdir(sub);
    await symlink(file, link);
    for (const path of [file, sub, link]) {
      await expect(take(path)).rejects.toMatchObject({ code: 'address-in-use' });
      expect(fileExists(path)).toBe(true);
    }
    expect(await readFile(file, 'utf8')).toBe('precious');
  });

  it('refuses a link in the place of the folder: whoever made it can turn it elsewhere', async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, 'real'), { mode: 0o700 });
    await symlink(join(folder, 'real'), join(folder, 'link'));
    const attempt = take(join(folder, 'link', 'sidecar.sock'));
    await expect(attempt).rejects.toMatchObject({ code: 'not-permitted' });
  });

  it('says cannot-write where no folder can be made', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'file'), '');
    const attempt = take(join(folder, 'file', 'sub', 'sidecar.sock'));
    await expect(attempt).rejects.toMatchObject({ code: 'cannot-write' });
  });
});
