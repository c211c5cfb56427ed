/**
 * Reading and writing files so that nothing is lost: readers never hang and never trust what is not a
 * plain file of ours, writers replace a file in one step and with its final mode from the first byte.
 */
import { randomBytes } from 'node:crypto';
import fs, { constants, existsSync } from 'node:fs';
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { messageOf, SidecarError, systemCodeOf } from '../domain/errors.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { toIso } from './clock.ts';

/** Why a file that exists was not read. */
export type FileRefusal =
  | 'not-a-file'
  | 'symlink'
  | 'dead-link'
  | 'foreign-owner'
  | 'wide-mode'
  | 'too-large'
  | 'not-utf8'
  | 'byte-order-mark'
  | 'nul-character'
  | 'unreadable';

/** Reasons that say that the content is none of ours, and not that the file may not be used at all. */
export const CORRUPT: ReadonlySet<FileRefusal> = new Set([
  'too-large',
  'not-utf8',
  'byte-order-mark',
  'nul-character',
]);

/** What became of a read. */
export type FileRead =
  | { readonly kind: 'missing' }
  | { readonly kind: 'text'; readonly text: string; readonly mode: number }
  | { readonly kind: 'refused'; readonly reason: FileRefusal; readonly detail: string };

export interface ReadOptions {
  /** Largest file that is read, in bytes. @default 8 MiB */
  readonly maxBytes?: number;
  /** `private`: no symlink, owned by this user, not readable by others, nothing but text. @default 'plain' */
  readonly trust?: 'plain' | 'private';
  /** True: a symbolic link that leads nowhere is refused, and not taken for a file that is missing. @default false */
  readonly refuseDeadLink?: boolean;
}

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;

/** Reads a UTF-8 file. Opens without blocking, so a FIFO is refused and never waited for. */
export async function readTextFile(path: string, options: ReadOptions = {}): Promise<FileRead> {
  const { maxBytes = DEFAULT_MAX_BYTES, trust = 'plain' } = options;
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (trust === 'private' ? constants.O_NOFOLLOW : 0);
  const opened = await open(path, flags).catch((error: unknown) => ({ failure: error }));
  if ('failure' in opened) {
    const failure = readFailure(path, opened.failure);
    if (failure.kind !== 'missing' || options.refuseDeadLink !== true) return failure;
    const target = await readlink(path).catch(() => undefined);
    if (target === undefined) return failure;
    return refused(
      'dead-link',
      `${path} is a symbolic link that leads nowhere, to ${quoteUntrusted(target)}`,
    );
  }
  try {
    const facts = await opened.stat();
    if (facts.isDirectory()) return refused('not-a-file', `${path} is a folder, not a file`);
    if (!facts.isFile()) return refused('not-a-file', `${path} is not a regular file`);
    if (facts.size > maxBytes) return refused('too-large', `${path} is larger than ${maxBytes} bytes`);
    if (trust === 'private') {
      const uid = process.getuid?.();
      if (uid !== undefined && facts.uid !== uid)
        return refused('foreign-owner', `${path} belongs to another user`);
      if ((facts.mode & 0o077) !== 0 && process.platform !== 'win32') {
        return refused('wide-mode', `${path} can be read by other users; run: chmod 600 ${path}`);
      }
    }
    const bytes = await readCapped(opened, facts.size, maxBytes);
    if (bytes === undefined) return refused('too-large', `${path} is larger than ${maxBytes} bytes`);
    const text = decodeUtf8(bytes);
    const defect = trust === 'private' ? textDefect(path, bytes) : undefined;
    return defect ?? { kind: 'text', text, mode: facts.mode & 0o777 };
  } catch (error) {
    if (error instanceof TypeError) return refused('not-utf8', `${path} is not UTF-8 text`);
    return readFailure(path, error);
  } finally {
    await opened.close();
  }
}

/**
 * Reads to the end of an open file.
 *
 * @param size what the file is said to have; some of the system's own files say 0, and others grow meanwhile
 * @returns undefined for one that has more than `maxBytes`
 */
export async function readCapped(
  file: FileHandle,
  size: number,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  let buffer = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(size, 4_095)) + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.byteLength - length, null);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
    if (length > maxBytes) return undefined;
    if (length === buffer.byteLength) {
      buffer = Buffer.concat([buffer], Math.min(maxBytes + 1, buffer.byteLength * 2));
    }
  }
}

/** What no program of ours writes into a file of secrets, and what two readers may take in two ways. */
function textDefect(path: string, bytes: Uint8Array): FileRead | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    const detail = `${path} begins with a byte order mark; save it as UTF-8 without one`;
    return refused('byte-order-mark', detail);
  }
  return bytes.includes(0) ? refused('nul-character', `${path} holds a NUL character`) : undefined;
}

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

function refused(reason: FileRefusal, detail: string): FileRead {
  return { kind: 'refused', reason, detail };
}

function readFailure(path: string, error: unknown): FileRead {
  const code = systemCodeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
  if (code === 'ELOOP') return refused('symlink', `${path} is a symbolic link`);
  if (code === 'EISDIR') return refused('not-a-file', `${path} is a folder, not a file`);
  return refused('unreadable', `${path} cannot be read (${code ?? messageOf(error)})`);
}

/** Makes a folder 0700, with its parents, and corrects the mode of one that is ours and too wide. */
export async function ensurePrivateFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder);
    const facts = await stat(folder);
    if ((facts.mode & 0o077) !== 0) await chmod(folder, 0o700);
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}

/**
 * Makes a folder 0700, with its parents. One by one: `recursive` of node 20 never ends where the file system says
 * that a folder is missing whose parent is there, as `/proc` does.
 */
export async function makeFolders(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeFolders(parent);
  await mkdir(folder, { mode: 0o700 }).catch(async (error: unknown) => {
    // Another process may have made it meanwhile.
    if (!(await isFolder(folder))) throw error;
  });
}

async function isFolder(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts?.isDirectory() === true;
}

/** Writes a file 0600 in one step (temporary file, fsync, rename). A symlink in its place is refused. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts !== undefined && !facts.isFile()) {
    throw new SidecarError('not-permitted', `${path} is not a regular file and was not replaced`, [
      `Remove ${path} and try again`,
    ]);
  }
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDurably(draft, text);
    await rename(draft, path);
  } catch (error) {
    // The first failure is the one to tell; a draft that cannot even be named was never made.
    await rm(draft, { force: true }).catch(() => undefined);
    throw cannotWrite(path, error);
  }
}

/** Creates the file with its final mode, writes all of it, and returns when the disk has it. */
async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Removes the temporary files that writers of `path` left behind when they were killed: a secret that was
 * on its way must not lie around. Only for one who holds the lock of `path`, as nobody writes then.
 */
export async function removeDrafts(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  const drafts = names.filter(
    (name) => name.startsWith(prefix) && /^[0-9a-f]{12}\.tmp$/.test(name.slice(prefix.length)),
  );
  await Promise.all(drafts.map((name) => rm(join(dirname(path), name), { force: true })));
}

/** Removes a file; one that is not there is fine. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** Renames a broken file to `<name>.corrupt-<time>` and returns the new path, so nothing good is overwritten. */
export async function moveAside(path: string, now: number): Promise<string> {
  const target = `${path}.corrupt-${toIso(now).replaceAll(/[:.]/g, '-')}`;
  try {
    await rename(path, target);
  } catch (error) {
    throw cannotWrite(path, error);
  }
  return target;
}

/** How a lock is held and waited for. */
export interface LockOptions {
  /** A lock whose holder gave no sign for so long is taken over. Milliseconds. @default 10000 */
  readonly staleMs?: number;
  /** How often the holder gives a sign, in milliseconds. @default 2000 */
  readonly heartbeatMs?: number;
  /** How often a lock that another process holds is asked for: 40 times take about 15 seconds. @default 40 */
  readonly attempts?: number;
}

/** Runs `action` while this process alone holds the lock of `path` (a folder `<path>.lock`). */
export async function withFileLock<T>(
  path: string,
  action: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  let compromised: Error | undefined;
  let release: () => Promise<void>;
  try {
    release = await acquireLock(path, options, (error) => {
      compromised = error;
    });
  } catch (error) {
    throw cannotWrite(`${basename(path)}.lock in ${dirname(path)}`, error);
  }
  try {
    return await action();
  } finally {
    // A lock that was taken over is no longer ours to release.
    if (compromised === undefined) await release().catch(() => undefined);
  }
}

async function acquireLock(
  path: string,
  { staleMs: stale = 10_000, heartbeatMs: update = 2_000, attempts = 40 }: LockOptions,
  onCompromised: (error: Error) => void,
): Promise<() => Promise<void>> {
  // On first use: most programs that read files of ours never lock one.
  const { default: lockfile } = await import('proper-lockfile');
  for (let attempt = 1; ; attempt += 1) {
    try {
      // The library's own handler throws from a timer and would end the process after a laptop's sleep.
      return await lockfile.lock(path, {
        realpath: false,
        stale,
        update,
        onCompromised,
        fs: makesPrivateFolders(),
      });
    } catch (error) {
      // Its own retries would wait just as long for a folder that is missing or may not be written.
      if (systemCodeOf(error) !== 'ELOCKED' || attempt === attempts) throw error;
      await setTimeout(Math.min(500, 20 * 1.3 ** attempt) * (0.5 + Math.random()));
    }
  }
}

/** The file system as the library of locks asks for it: its folders are as private as everything beside them. */
function makesPrivateFolders() {
  return {
    ...fs,
    mkdir: (path: string, done: (error: Error | null) => void): void => fs.mkdir(path, 0o700, done),
  };
}

/** A failed write as an error that says what to do. */
export function cannotWrite(path: string, error: unknown): SidecarError {
  if (systemCodeOf(error) === 'ELOCKED') {
    return new SidecarError(
      'cannot-write',
      `${path} is held by another process`,
      [
        'Try again when that process has finished; a lock that nobody holds any more is taken over after a moment',
      ],
      { cause: error },
    );
  }
  const code = systemCodeOf(error);
  return new SidecarError(
    'cannot-write',
    `Cannot write ${path} (${code ?? messageOf(error)})`,
    [REMEDIES.get(code ?? '') ?? 'Check the permissions and the free space of the folder'],
    { cause: error },
  );
}

/** What to do about a system error, where it has one cause. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'The disk is full: make room on it and try again'],
  ['EDQUOT', 'The disk quota is used up: make room and try again'],
  [
    'EROFS',
    'The file system is read-only: make it writable, or choose another folder with CLAWDBOT_STATE_DIR',
  ],
  ['EACCES', 'This user may not write there: check the permissions of the folder'],
  ['EPERM', 'This user may not write there: check the permissions of the folder'],
  ['ENOENT', 'Its folder is gone: make it again, or start the program anew'],
  ['EEXIST', 'A file, or a symbolic link that leads nowhere, stands in place of a folder: remove it'],
  ['ENOTDIR', 'A file stands in place of a folder in that path: remove it, or choose another path'],
]);

/** True when something stands at the path, whatever it is. */
export function fileExists(path: string): boolean {
  return existsSync(path);
}
