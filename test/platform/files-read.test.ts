/** Reading: whatever stands at a path, the answer is its text or a named reason, and it comes at once. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fileExists, readTextFile } from '../../src/platform/files.ts';
import { tempFolder } from './temp-folder.ts';

const isRoot = process.getuid?.() === 0;

/** A file with a mode that no umask changes. */
async function put(path: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

async function mkfifo(path: string): Promise<string> {
  await promisify(execFile)('mkfifo', ['-m', '600', path]);
  return path;
}

describe.each(['plain', 'private'] as const)('readTextFile, trust %s', (trust) => {
  it('gives the text and the mode', async () => {
    const path = await put(join(await tempFolder(), 'file'), 'Größe\n');
    expect(await readTextFile(path, { trust })).toEqual({ kind: 'text', text: 'Größe\n', mode: 0o600 });
  });

  it('gives an empty file as empty text', async () => {
    const path = await put(join(await tempFolder(), 'file'), '');
    expect(await readTextFile(path, { trust })).toMatchObject({ kind: 'text', text: '' });
  });

  it('tells a file that is missing, also below a missing folder or below a file', async () => {
    const folder = await tempFolder();
    const file = await put(join(folder, 'file'), 'x');
    for (const path of [join(folder, 'none'), join(folder, 'none', 'none'), join(file, 'below')]) {
      expect(await readTextFile(path, { trust })).toEqual({ kind: 'missing' });
    }
  });

  it('"a FIFO is refused by name" and never waited for', async () => {
    const path = await mkfifo(join(await tempFolder(), 'fifo'));
    expect(await readTextFile(path, { trust })).toEqual({
      kind: 'refused',
      reason: 'not-a-file',
      detail: `${path} is not a regular file`,
    });
  });

  it('refuses a folder, a device and a socket', async () => {
    const folder = await tempFolder();
    const socket = join(folder, 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
    expect(await readTextFile(folder, { trust })).toMatchObject({ kind: 'refused', reason: 'not-a-file' });
    expect(await readTextFile('/dev/zero', { trust })).toMatchObject({ reason: 'not-a-file' });
    expect(await readTextFile(socket, { trust })).toMatchObject({ kind: 'refused', reason: 'unreadable' });
  });

  it('refuses a file that is one byte too large, and says the limit', async () => {
    const path = await put(join(await tempFolder(), 'file'), '12345');
    expect(await readTextFile(path, { trust, maxBytes: 5 })).toMatchObject({ text: '12345' });
    expect(await readTextFile(path, { trust, maxBytes: 4 })).toEqual({
      kind: 'refused',
      reason: 'too-large',
      detail: `${path} is larger than 4 bytes`,
    });
  });

  it('refuses bytes that are not UTF-8', async () => {
    const folder = await tempFolder();
    const broken = await put(join(folder, 'broken'), Uint8Array.of(0x7b, 0xff, 0x7d));
    const truncated = await put(join(folder, 'truncated'), Uint8Array.of(0x61, 0xe2, 0x82));
    for (const path of [broken, truncated]) {
      expect(await readTextFile(path, { trust })).toEqual({
        kind: 'refused',
        reason: 'not-utf8',
        detail: `${path} is not UTF-8 text`,
      });
    }
  });

  it('tells that a file cannot be read', async () => {
    // Root may read every file, so the refusal is one that holds for root too: a name that is too long.
    const path = join(await tempFolder(), 'x'.repeat(300));
    expect(await readTextFile(path, { trust })).toMatchObject({ kind: 'refused', reason: 'unreadable' });
  });
});

describe('readTextFile and trust', () => {
  it('private: "a symlink is refused by name"; plain follows it', async () => {
    const folder = await tempFolder();
    const link = join(folder, 'link');
    await symlink(await put(join(folder, 'file'), 'x'), link);
    expect(await readTextFile(link, { trust: 'private' })).toEqual({
      kind: 'refused',
      reason: 'symlink',
      detail: `${link} is a symbolic link`,
    });
    expect(await readTextFile(link)).toMatchObject({ kind: 'text', text: 'x' });
  });

  it('plain: a link to nothing is missing, a link to itself is refused', async () => {
    const folder = await tempFolder();
    await symlink(join(folder, 'none'), join(folder, 'dangling'));
    await symlink(join(folder, 'loop'), join(folder, 'loop'));
    expect(await readTextFile(join(folder, 'dangling'))).toEqual({ kind: 'missing' });
    expect(await readTextFile(join(folder, 'loop'))).toMatchObject({ kind: 'refused', reason: 'symlink' });
  });

  it.each([0o640, 0o604, 0o620, 0o601, 0o666])(
    'private: "a wide mode is refused by name" with the remedy: mode %i; plain takes it',
    async (mode) => {
      const path = await put(join(await tempFolder(), 'file'), 'x', mode);
      expect(await readTextFile(path, { trust: 'private' })).toEqual({
        kind: 'refused',
        reason: 'wide-mode',
        detail: `${path} can be read by other users; run: chmod 600 ${path}`,
      });
      expect(await readTextFile(path)).toEqual({ kind: 'text', text: 'x', mode });
    },
  );

  it('private: "a foreign owner is refused by name"; plain takes it', async () => {
    const path = isRoot ? await put(join(await tempFolder(), 'file'), 'x') : '/etc/passwd';
    if (isRoot) await chown(path, 65_534, 65_534);
    expect(await readTextFile(path, { trust: 'private' })).toMatchObject({ reason: 'foreign-owner' });
    expect(await readTextFile(path)).toMatchObject({ kind: 'text' });
  });
});

describe('fileExists', () => {
  it('is true for whatever stands there', async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, 'sub'));
    expect([folder, join(folder, 'sub'), join(folder, 'none')].map(fileExists)).toEqual([true, true, false]);
  });
});
