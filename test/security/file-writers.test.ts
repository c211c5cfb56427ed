/**
 * Every file that the program writes, under faults: a full disk, a read-only folder, a folder that is gone, a kill
 * in the middle. Nothing good is lost, the message names the file and what to do, no mode is ever wide.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { createModelsJsonFile } from '../../src/discovery/models-json.ts';
import { SidecarError } from '../../src/domain/errors.ts';
import { NOTHING_SCANNED } from '../../src/domain/runtime-state.ts';
import { NOW } from '../helpers/snapshot-fixture.ts';
import { tempFolder } from '../platform/temp-folder.ts';
import { isRoot } from './spoiled-files.ts';
import { type Writer, WRITERS } from './writers.ts';

const run = promisify(execFile);

async function putOld(folder: string, { name, old }: Writer): Promise<void> {
  if (old !== null) await writeFile(join(folder, name), old, { mode: 0o600 });
}

const textOf = (folder: string, { name }: Writer): Promise<string | null> =>
  readFile(join(folder, name), 'utf8').catch(() => null);

/** The refusal of a write that cannot succeed. */
async function refusalOf(work: Promise<unknown>): Promise<SidecarError> {
  const error: unknown = await work.then(
    () => new Error('it was written'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SidecarError) return error;
  throw error;
}

async function wideFilesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith('.lock'));
  const modes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).mode & 0o777));
  return names.filter((_name, index) => ((modes[index] ?? 0) & 0o177) !== 0);
}

describe('"mode never wider than 0600 (umask 000)"', () => {
  it.each(WRITERS)('$name', async (writer) => {
    const before = process.umask(0);
    onTestFinished(() => {
      process.umask(before);
    });
    const folder = await tempFolder();
    await writer.write(folder, 1, 10);
    expect(await textOf(folder, writer)).not.toBeNull();
    expect(await wideFilesIn(folder)).toEqual([]);
  });
});

describe('"drafts swept"', () => {
  it.each(WRITERS)('$name: what a killed writer left goes, and nothing else', async (writer) => {
    const folder = await tempFolder();
    await putOld(folder, writer);
    const [draft, other] = [`${writer.name}.0123456789ab.tmp`, `${writer.name}.mine.tmp`];
    for (const name of [draft, other]) await writeFile(join(folder, name), 'half a sec');
    await writer.write(folder, 1, 10);
    const names = await readdir(folder);
    expect([names.includes(draft), names.includes(other)]).toEqual([false, true]);
  });
});

/** A file system of 64 KiB; null where this user may not mount one, or the system has none. */
async function mountSmall(): Promise<string | null> {
  if (!isRoot || process.platform !== 'linux') return null;
  const folder = await mkdtemp(join(tmpdir(), 'small-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', folder]);
    return folder;
  } catch {
    await rm(folder, { recursive: true });
    return null;
  }
}

describe('on a disk of its own', () => {
  let mounted: string | null = null;

  beforeAll(async () => {
    mounted = await mountSmall();
  });

  afterAll(async () => {
    if (mounted === null) return;
    await run('umount', [mounted]);
    await rm(mounted, { recursive: true });
  });

  /** The mounted folder with nothing but the old file in it. A test that cannot have it is reported as skipped. */
  const diskWith = async (writer: Writer, context: TestContext): Promise<string> => {
    if (mounted === null) return context.skip('root is needed to mount a small file system');
    for (const name of await readdir(mounted)) await rm(join(mounted, name), { recursive: true });
    await putOld(mounted, writer);
    return mounted;
  };

  it.for(WRITERS)('"a full disk": $name stays as it was, and it says what to do', async (writer, context) => {
    const folder = await diskWith(writer, context);
    const filled = writeFile(join(folder, 'filler'), Buffer.alloc(128 * 1024));
    await expect(filled).rejects.toMatchObject({ code: 'ENOSPC' });
    const error = await refusalOf(writer.write(folder, 1, 8_000));
    expect([error.code, error.message]).toEqual([
      'cannot-write',
      `Cannot write ${join(folder, writer.name)} (ENOSPC)`,
    ]);
    expect(error.hints).toEqual(['The disk is full: make room on it and try again']);
    expect(await textOf(folder, writer)).toBe(writer.old);
    expect((await readdir(folder)).toSorted()).toEqual(
      [...(writer.old === null ? [] : [writer.name]), 'filler'].toSorted(),
    );
    await rm(join(folder, 'filler'));
    await writer.write(folder, 2, 10);
    expect(await textOf(folder, writer)).not.toBe(writer.old);
  });

  it.for(WRITERS)('"read-only": $name stays as it was, and it says what to do', async (writer, context) => {
    const folder = await diskWith(writer, context);
    await run('mount', ['-o', 'remount,ro', folder]);
    try {
      const error = await refusalOf(writer.write(folder, 1, 10));
      expect(error.code).toBe('cannot-write');
      expect(error.message).toContain(writer.name);
      expect(error.message).toContain(folder);
      expect(error.hints.join()).toContain('read-only: make it writable');
      expect(await textOf(folder, writer)).toBe(writer.old);
    } finally {
      await run('mount', ['-o', 'remount,rw', folder]);
    }
  });

  it('a corrupt models.json on a full disk is kept, and rebuilt when there is room again', async (context) => {
    const writer = WRITERS.find(({ name }) => name === 'models.json');
    if (writer === undefined) throw new Error('nobody writes models.json');
    const folder = await diskWith({ ...writer, old: '{broken' }, context);
    const file = createModelsJsonFile({
      path: join(folder, writer.name),
      clock: () => NOW,
      log: { warn: () => undefined },
    });
    const sync = () =>
      file.sync(
        { ...NOTHING_SCANNED, scannedAt: '2026-01-01T00:00:00.000Z' },
        { explicit: false, claims: new Map() },
      );
    await writeFile(join(folder, 'filler'), Buffer.alloc(128 * 1024)).catch(() => undefined);
    expect((await refusalOf(sync())).message).toContain('ENOSPC');
    const [kept = ''] = (await readdir(folder)).filter((name) => name.includes('.corrupt-'));
    expect(await readFile(join(folder, kept), 'utf8')).toBe('{broken');
    await rm(join(folder, 'filler'));
    expect(await sync()).toEqual({ kind: 'written' });
  });
});

describe('"a vanished folder"', () => {
  it.each(WRITERS)('$name: the folder is made again, or it says which one is gone', async (writer) => {
    const folder = join(await tempFolder(), 'gone');
    try {
      await writer.write(folder, 1, 10);
      expect(await wideFilesIn(folder)).toEqual([]);
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error;
      expect(error.code).toBe('cannot-write');
      expect(error.message).toContain(folder);
      expect(error.hints.join()).toContain('Its folder is gone');
    }
  });
});

describe('"kill -9 mid-write"', () => {
  /** Folders in which one process writes at the same time: a kill falls into another moment in each. */
  const FOLDERS = 12;
  const ROUNDS = 2;

  const child = `
    import { WRITERS } from ${JSON.stringify(new URL('./writers.ts', import.meta.url).href)};
    process.umask(0);
    const folders = process.argv.slice(-${FOLDERS});
    let begun = 0;
    const writeOn = async ({ write }, folder) => {
      for (let round = 0; ; round += 1) {
        await write(folder, round, (round * 997) % 60_000);
        begun += round === 0 ? 1 : 0;
        if (round === 0 && begun === WRITERS.length * folders.length) process.stdout.write('ready');
        await new Promise(setImmediate);
      }
    };
    await Promise.all(folders.flatMap((folder) => WRITERS.map((writer) => writeOn(writer, folder))));
  `;

  /** A lock whose owner is dead is taken over ten seconds later; here those have passed. */
  const ageLocks = async (folder: string): Promise<void> => {
    const longAgo = new Date(Date.now() - 60_000);
    for (const name of await readdir(folder)) {
      if (name.endsWith('.lock')) await utimes(join(folder, name), longAgo, longAgo);
    }
  };

  it.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))(
    'every file is the old or the new one, and the next write leaves no drafts: round %i',
    async () => {
      const root = await tempFolder();
      const folders = Array.from({ length: FOLDERS }, (_, index) => join(root, String(index)));
      for (const folder of folders) {
        await mkdir(folder, { mode: 0o700 });
        for (const writer of WRITERS) await putOld(folder, writer);
      }
      const args = ['--import', 'tsx', '--input-type=module', '--eval', child, '--', ...folders];
      const writing = spawn(process.execPath, args, {
        env: { PATH: process.env['PATH'] },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const closed = once(writing, 'close');
      await once(writing.stdout, 'data');
      // A random moment is the point: some kills fall into a write, some beside one.
      await sleep(Math.random() * 60);
      writing.kill('SIGKILL');
      await closed;
      for (const folder of folders) {
        expect(await wideFilesIn(folder)).toEqual([]);
        for (const writer of WRITERS) {
          const text = await textOf(folder, writer);
          expect(text === null ? `${writer.name} is gone` : writer.isWhole(text)).toBe(true);
        }
        await ageLocks(folder);
        // The identity was there before the first round ended, so no kill fell into it.
        for (const { write } of WRITERS) await write(folder, 1_000, 5);
        expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      }
    },
    60_000,
  );
});
