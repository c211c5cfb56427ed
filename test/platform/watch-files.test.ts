/** Watching real files: each kind of change is told, with its path and no other. */
import { writeFileSync } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { writePrivateFile } from '../../src/platform/files.ts';
import { type FileWatch, watchFiles } from '../../src/platform/watch-files.ts';
import { tempFolder } from './temp-folder.ts';

const PATIENCE = { timeout: 10_000, interval: 10 };

interface Rig {
  readonly watch: FileWatch;
  /** Does something and waits until a change of that path has been told since. */
  readonly told: (path: string, action: () => Promise<void>) => Promise<void>;
  readonly changes: string[];
}

/** A watch that ends with the test; no failure of it goes unseen. */
function startWatch(paths: readonly string[]): Rig {
  const changes: string[] = [];
  const errors: unknown[] = [];
  const watch = watchFiles(
    (path) => changes.push(path),
    (error) => errors.push(error),
  );
  onTestFinished(async () => {
    await watch.close();
    expect(errors).toEqual([]);
  });
  watch.setFiles(paths);
  return {
    watch,
    changes,
    async told(path, action) {
      changes.length = 0;
      await action();
      await vi.waitFor(() => expect(changes).toContain(path), PATIENCE);
    },
  };
}

describe('watchFiles', () => {
  it('tells a change that comes right after the watch began', async () => {
    const path = join(await tempFolder(), 'file');
    await writeFile(path, 'a');
    const { told } = startWatch([path]);
    await told(path, () => writeFile(path, 'other text'));
  });

  it('tells creation, change, atomic replacement, removal and creation anew', async () => {
    const path = join(await tempFolder(), 'file');
    const { told } = startWatch([path]);
    await told(path, () => writeFile(path, 'one'));
    await told(path, () => writeFile(path, 'changed'));
    await told(path, () => writePrivateFile(path, 'replaced'));
    await told(path, () => writePrivateFile(path, 'replaced again'));
    await told(path, () => writeFile(path, 'changed in place after that'));
    await told(path, () => rm(path));
    await told(path, () => writeFile(path, 'anew'));
    await told(path, () => writePrivateFile(path, 'replaced anew'));
  });

  it('tells a file in a folder that does not exist yet', async () => {
    const path = join(await tempFolder(), 'later', 'deep', 'file');
    const { told } = startWatch([path]);
    await told(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'one');
    });
    await told(path, () => writeFile(path, 'changed'));
  });

  it('goes on after the folder was removed and made again', async () => {
    const path = join(await tempFolder(), 'folder', 'file');
    await mkdir(dirname(path));
    await writeFile(path, 'one');
    const { told } = startWatch([path]);
    await told(path, () => writeFile(path, 'changed'));
    await told(path, () => rm(dirname(path), { recursive: true }));
    await told(path, async () => {
      await mkdir(dirname(path));
      await writeFile(path, 'anew');
    });
    await told(path, () => writeFile(path, 'changed again'));
  });

  it('tells a change of the file that a link leads to, and of the link', async () => {
    const folder = await tempFolder();
    const [path, target, other] = [
      join(folder, 'a', 'link'),
      join(folder, 'b', 'file'),
      join(folder, 'other'),
    ];
    for (const file of [path, target]) await mkdir(dirname(file));
    for (const file of [target, other]) await writeFile(file, 'one');
    await symlink(target, path);
    const { told } = startWatch([path]);
    await told(path, () => writeFile(target, 'changed'));
    await told(path, async () => {
      await rm(path);
      await symlink(other, path);
    });
    await told(path, () => rm(other));
  });

  it('tells a change of the mode, which decides whether a file may be trusted', async () => {
    const path = join(await tempFolder(), 'file');
    await writeFile(path, 'x');
    const { told } = startWatch([path]);
    await told(path, () => chmod(path, 0o666));
  });

  it('does not forget a change when the set of files is given again before it was told', async () => {
    const path = join(await tempFolder(), 'file');
    await writeFile(path, 'one');
    const { told, watch } = startWatch([path]);
    await told(path, async () => {
      writeFileSync(path, 'changed');
      watch.setFiles([path]);
    });
  });

  it('tells a file that is moved into place', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'file');
    await writeFile(join(folder, 'draft'), 'x');
    const { told } = startWatch([path]);
    await told(path, () => rename(join(folder, 'draft'), path));
  });

  it('names only the files that it was asked to watch', async () => {
    const folder = await tempFolder();
    const [path, missing] = [join(folder, 'file'), join(folder, 'missing')];
    await writeFile(path, 'one');
    const { told, changes, watch } = startWatch([path, missing]);
    const seen: string[] = [];
    await told(path, () => writeFile(path, 'two'));
    seen.push(...changes);
    await told(missing, async () => {
      await writeFile(join(folder, 'neighbour'), 'x');
      await mkdir(join(folder, 'sub'));
      await writeFile(join(folder, 'sub', 'file'), 'x');
      await writeFile(missing, 'now it is there');
    });
    seen.push(...changes);
    await watch.close();
    expect([...new Set(seen)].sort()).toEqual([path, missing].sort());
  });

  it('a new set of files replaces the old', async () => {
    const folder = await tempFolder();
    const [old, kept, added] = ['old', 'kept', 'added'].map((name) => join(folder, name));
    if (old === undefined || kept === undefined || added === undefined) throw new Error('three names');
    for (const path of [old, kept, added]) await writeFile(path, 'one');
    const { told, changes, watch } = startWatch([old, kept]);
    await told(old, () => writeFile(old, 'two'));
    watch.setFiles([kept, added]);
    await told(added, async () => {
      await writeFile(old, 'three');
      await writeFile(added, 'two');
    });
    await told(kept, () => writeFile(kept, 'two'));
    expect(changes).not.toContain(old);
    watch.setFiles([old]);
    await told(old, () => writeFile(old, 'watched again'));
  });

  it('tells nothing any more once it is closed', async () => {
    const path = join(await tempFolder(), 'file');
    const first = startWatch([path]);
    const second = startWatch([path]);
    await first.told(path, () => writeFile(path, 'one'));
    await first.watch.close();
    first.changes.length = 0;
    await second.told(path, () => writeFile(path, 'changed'));
    expect(first.changes).toEqual([]);
  });
});
