/** Writing: whole or not at all, 0600 from the first byte, and never through somebody else's link. */
import { readdirSync, statSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SidecarError } from '../../src/domain/errors.ts';
import { ensurePrivateFolder, moveAside, removeFile, writePrivateFile } from '../../src/platform/files.ts';
import { tempFolder } from './temp-folder.ts';

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

/** The error that a promise rejects with; fails when it is none of ours. */
async function refusalOf(promise: Promise<unknown>): Promise<SidecarError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof SidecarError) return thrown;
  throw new Error(`expected a SidecarError, got ${String(thrown)}`);
}

/** Lets every mode through until the test ends. */
function withoutUmask(): void {
  const before = process.umask(0);
  onTestFinished(() => {
    process.umask(before);
  });
}

describe('writePrivateFile', () => {
  it('"files with secrets are 0600 from the moment they exist", whatever the umask', async () => {
    withoutUmask();
    const folder = await tempFolder();
    const path = join(folder, 'file');
    const modes = new Set<number>();
    const state = { writing: true };
    // Large, so that the file can be seen while it is being written.
    const done = writePrivateFile(path, 'x'.repeat(24 * 1024 * 1024)).finally(() => {
      state.writing = false;
    });
    const names = new Set<string>();
    while (state.writing) {
      for (const name of readdirSync(folder)) {
        const facts = statSync(join(folder, name), { throwIfNoEntry: false });
        if (facts === undefined) continue;
        names.add(name);
        modes.add(facts.mode & 0o777);
      }
      await setImmediate();
    }
    await done;
    expect([...names].some((name) => name !== 'file')).toBe(true);
    expect([...modes]).toEqual([0o600]);
    expect(await modeOf(path)).toBe(0o600);
  });

  it('replaces a file in one step: the old one stays whole for whoever has it open', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'file');
    await writePrivateFile(path, 'old');
    const before = await stat(path);
    await writePrivateFile(path, 'new');
    const after = await stat(path);
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(after.ino).not.toBe(before.ino);
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('a reader sees the old text or the new, never a part', async () => {
    const path = join(await tempFolder(), 'file');
    const texts = ['a', 'b'].map((letter) => letter.repeat(100_000));
    await writePrivateFile(path, texts[0] ?? '');
    const state = { writing: true };
    const writes = (async () => {
      for (let round = 0; round < 20; round += 1) await writePrivateFile(path, texts[round % 2] ?? '');
      state.writing = false;
    })();
    const seen = new Set<boolean>();
    while (state.writing) seen.add(texts.includes(await readFile(path, 'utf8')));
    await writes;
    expect([...seen]).toEqual([true]);
  });

  it('narrows the mode of a file that it replaces', async () => {
    const path = join(await tempFolder(), 'file');
    await writeFile(path, 'old');
    await chmod(path, 0o644);
    await writePrivateFile(path, 'new');
    expect(await modeOf(path)).toBe(0o600);
  });

  it('"a symlink is refused by name": neither the link nor its target changes', async () => {
    const folder = await tempFolder();
    const [target, link] = [join(folder, 'target'), join(folder, 'link')];
    await writeFile(target, 'precious');
    await symlink(target, link);
    const error = await refusalOf(writePrivateFile(link, 'new'));
    expect(error.code).toBe('not-permitted');
    expect(error.message).toContain(link);
    expect(await readFile(target, 'utf8')).toBe('precious');
  });

  it('refuses a dangling link and a folder too', async () => {
    const folder = await tempFolder();
    await symlink(join(folder, 'none'), join(folder, 'link'));
    await mkdir(join(folder, 'sub'));
    for (const name of ['link', 'sub']) {
      expect((await refusalOf(writePrivateFile(join(folder, name), 'x'))).code).toBe('not-permitted');
    }
    expect(await readdir(folder)).toEqual(['link', 'sub']);
  });

  it('says cannot-write, with the path and the reason, when the folder is not there', async () => {
    const path = join(await tempFolder(), 'none', 'file');
    const error = await refusalOf(writePrivateFile(path, 'x'));
    expect([error.code, error.message]).toEqual(['cannot-write', `Cannot write ${path} (ENOENT)`]);
    expect(error.hints).not.toEqual([]);
  });

  it('keeps the old file, and leaves no other, when a write fails', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'x'.repeat(250));
    await writeFile(path, 'old');
    // The temporary file's name is longer than the file system takes.
    expect((await refusalOf(writePrivateFile(path, 'new'))).code).toBe('cannot-write');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toHaveLength(1);
  });
});

describe('ensurePrivateFolder', () => {
  it('"all of the sidecar’s own folders are 0700", parents too, whatever the umask', async () => {
    withoutUmask();
    const folder = await tempFolder();
    await ensurePrivateFolder(join(folder, 'a', 'b'));
    expect(await modeOf(join(folder, 'a'))).toBe(0o700);
    expect(await modeOf(join(folder, 'a', 'b'))).toBe(0o700);
  });

  it('narrows a folder that is too wide, and leaves a narrow one alone', async () => {
    const folder = await tempFolder();
    await chmod(folder, 0o755);
    await ensurePrivateFolder(folder);
    expect(await modeOf(folder)).toBe(0o700);
    await chmod(folder, 0o500);
    await ensurePrivateFolder(folder);
    expect(await modeOf(folder)).toBe(0o500);
  });

  it('says cannot-write where a file stands in the way', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'file'), '');
    for (const path of [join(folder, 'file'), join(folder, 'file', 'sub')]) {
      const error = await refusalOf(ensurePrivateFolder(path));
      expect(error.code).toBe('cannot-write');
      expect(error.hints.join()).toContain('in place of a folder');
    }
  });

  it('a link that leads nowhere is no folder', async () => {
    const link = join(await tempFolder(), 'link');
    await symlink(join(link, '..', 'nothing'), link);
    for (const path of [link, join(link, 'sub')]) {
      expect((await refusalOf(ensurePrivateFolder(path))).code).toBe('cannot-write');
    }
  });

  it.runIf(process.platform === 'linux')(
    'never hangs where the file system makes no folders and says that they are missing',
    async () => {
      expect((await refusalOf(ensurePrivateFolder('/proc/none/sub'))).code).toBe('cannot-write');
    },
  );
});

describe('moveAside', () => {
  it('"moved aside (`<name>.corrupt-<time>`)", with its content and mode', async () => {
    const path = join(await tempFolder(), 'models.json');
    await writePrivateFile(path, '{broken');
    const target = await moveAside(path, Date.UTC(2026, 0, 31, 12, 30, 5, 7));
    expect(target).toBe(`${path}.corrupt-2026-01-31T12-30-05-007Z`);
    expect(await readFile(target, 'utf8')).toBe('{broken');
    expect(await modeOf(target)).toBe(0o600);
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says cannot-write when there is nothing to move', async () => {
    const path = join(await tempFolder(), 'none');
    expect((await refusalOf(moveAside(path, 0))).code).toBe('cannot-write');
  });
});

describe('removeFile', () => {
  it('removes a file, a link but not its target, and minds nothing that is gone already', async () => {
    const folder = await tempFolder();
    const [file, link] = [join(folder, 'file'), join(folder, 'link')];
    await writeFile(file, 'x');
    await symlink(file, link);
    await removeFile(link);
    await removeFile(link);
    expect(await readdir(folder)).toEqual(['file']);
  });
});
