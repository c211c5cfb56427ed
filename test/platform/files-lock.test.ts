/** The lock of a file: one holder at a time, over processes too, and given back whatever happens. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withFileLock } from '../../src/platform/files.ts';
import { runChild, sourceUrl } from './child.ts';
import { tempFolder } from './temp-folder.ts';

const INCREMENT = `
  import { readFile } from 'node:fs/promises';
  import { withFileLock, writePrivateFile } from ${sourceUrl('platform/files.ts')};
  const [path, times] = process.argv.slice(-2);
  for (let round = 0; round < Number(times); round += 1) {
    await withFileLock(path, async () => {
      const count = Number(await readFile(path, 'utf8'));
      await writePrivateFile(path, String(count + 1));
    });
  }
`;

describe('withFileLock', () => {
  it('"written atomically under a lock": of the increments of several processes none is lost', async () => {
    const path = join(await tempFolder(), 'count');
    await writeFile(path, '0');
    await Promise.all(Array.from({ length: 3 }, () => runChild(INCREMENT, [path, '15'])));
    expect(await readFile(path, 'utf8')).toBe('45');
  });

  it('lets one caller in at a time within a process, and returns what the action returned', async () => {
    const path = join(await tempFolder(), 'file');
    let inside = 0;
    let most = 0;
    const answers = await Promise.all(
      [1, 2, 3, 4].map((number) =>
        withFileLock(path, async () => {
          inside += 1;
          most = Math.max(most, inside);
          await setImmediate();
          inside -= 1;
          return number;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(answers).toEqual([1, 2, 3, 4]);
  });

  it('is released after a throw, and the error comes through unchanged', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'file');
    const failure = new Error('the action failed');
    await expect(withFileLock(path, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await readdir(folder)).toEqual([]);
    expect(await withFileLock(path, async () => 'again')).toBe('again');
  });

  it('needs no file, only its folder', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'file');
    expect(await withFileLock(path, () => readdir(folder))).toEqual(['file.lock']);
    expect(await readdir(folder)).toEqual([]);
  });

  it(
    'says cannot-write at once when the folder is not there, and runs nothing',
    { timeout: 5_000 },
    async () => {
      let ran = false;
      const path = join(await tempFolder(), 'none', 'file');
      const attempt = withFileLock(path, async () => {
        ran = true;
      });
      await expect(attempt).rejects.toMatchObject({ code: 'cannot-write' });
      expect(ran).toBe(false);
    },
  );
});
