/** Files in every state that a file can be in, for tests of readers. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { SidecarError } from '../../src/domain/errors.ts';
import { findPaths, type Paths } from '../../src/platform/paths.ts';
import { tempFolder } from '../platform/temp-folder.ts';

/** What must never be shown. */
export const CANARY = 'sk-canary-0123456789-abcdefghijklmnopqrstuvwxyz';

/** Only root can give a file away. */
export const isRoot = process.getuid?.() === 0;

/** A file that some part of the program reads. */
export interface ReadFile {
  readonly path: (paths: Paths) => string;
  /** What a good one holds. */
  readonly content: string;
}

/** Makes one defect of a good file that is there. */
type Spoil = (path: string, content: string) => Promise<void>;

export const SPOILS = {
  nothing: () => Promise.resolve(),
  'a symbolic link': async (path) => {
    await rename(path, `${path}.target`);
    await symlink(`${path}.target`, path);
  },
  'a link to nowhere': async (path) => {
    await rename(path, `${path}.target`);
    await symlink(`${path}.none`, path);
  },
  'a link to itself': async (path) => {
    await rename(path, `${path}.target`);
    await symlink(path, path);
  },
  'a foreign owner': (path) => chown(path, 65_534, 65_534),
  'a wide mode': (path) => chmod(path, 0o644),
  'a FIFO': async (path) => {
    await rename(path, `${path}.target`);
    await promisify(execFile)('mkfifo', ['-m', '600', path]);
  },
  'a folder': async (path) => {
    await rename(path, `${path}.target`);
    await mkdir(path, { mode: 0o700 });
  },
  '100 MiB': (path) => truncate(path, 100 * 1024 * 1024),
  'not UTF-8': (path) => writeFile(path, Uint8Array.of(0x7b, 0xff, 0x7d)),
  'a byte order mark': (path, content) => writeFile(path, `\ufeff${content}`),
  'a NUL': (path, content) => writeFile(path, `${content}\0`),
  'truncated text': (path, content) => writeFile(path, content.slice(0, -3)),
} as const satisfies Readonly<Record<string, Spoil>>;

export type Defect = keyof typeof SPOILS;

/** A home with the good file in it, spoiled. */
export async function homeWith(
  file: ReadFile,
  defect: Defect = 'nothing',
): Promise<{ readonly paths: Paths; readonly path: string }> {
  const home = await tempFolder();
  const paths = findPaths({}, home, () => false);
  const path = file.path(paths);
  await mkdir(paths.stateDir, { recursive: true, mode: 0o700 });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, file.content, { mode: 0o600 });
  await SPOILS[defect](path, file.content);
  return { paths, path };
}

/** `used`, or the code and the message of the refusal. */
export async function verdictOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'used';
  } catch (error) {
    if (error instanceof SidecarError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
