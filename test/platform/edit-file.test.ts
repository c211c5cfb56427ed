import { chmod, mkdtemp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { editTextFile } from '../../src/platform/edit-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecar-edit-'));
  path = join(folder, '.env');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (): Promise<number> => (await stat(path)).mode & 0o777;

describe('editTextFile', () => {
  it('keeps mode, byte order mark and line ends, and leaves nothing beside the file', async () => {
    await writeFile(path, '\ufeffA=1\r\n');
    await chmod(path, 0o640);
    await editTextFile(path, (text) => `${text ?? ''}B=2\r\n`);
    expect(await readFile(path, 'utf8')).toBe('\ufeffA=1\r\nB=2\r\n');
    expect(await modeOf()).toBe(0o640);
    expect(await readdir(folder)).toEqual(['.env']);
  });

  it('makes a file that is not there, 0600', async () => {
    await editTextFile(path, (text) => (text === null ? 'new\n' : 'wrong'));
    expect(await readFile(path, 'utf8')).toBe('new\n');
    expect(await modeOf()).toBe(0o600);
  });

  it('an edit that throws, or that changes nothing, writes nothing', async () => {
    await writeFile(path, 'old');
    const before = await stat(path);
    const stop = editTextFile(path, () => {
      throw new Error('stop');
    });
    await expect(stop).rejects.toThrow('stop');
    await editTextFile(path, () => 'old');
    const after = await stat(path);
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  });

  it('refuses by name what is no plain UTF-8 file', async () => {
    const edit = () => editTextFile(path, () => 'x');
    await symlink(join(folder, 'target'), path);
    await expect(edit()).rejects.toThrow(/is a symbolic link and was not changed/);
    await rm(path);
    await mkdir(path);
    await expect(edit()).rejects.toThrow(/not a regular file|cannot be read/);
    await rm(path, { recursive: true });
    await writeFile(path, Buffer.from([0x41, 0xff]));
    await expect(edit()).rejects.toThrow(/is not UTF-8 text/);
    expect(await readFile(path)).toEqual(Buffer.from([0x41, 0xff]));
  });

  it('a draft that a killed edit left behind, with every secret of the file in it, is removed', async () => {
    await writeFile(`${path}.0123456789ab.tmp`, 'KEY=canary');
    await editTextFile(path, () => 'new');
    expect(await readdir(folder)).toEqual(['.env']);
  });

  it('edits of many writers at once all count', async () => {
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => editTextFile(path, (text) => `${text ?? ''}line ${index}\n`)),
    );
    expect((await readFile(path, 'utf8')).split('\n').filter(Boolean)).toHaveLength(8);
  });
});
