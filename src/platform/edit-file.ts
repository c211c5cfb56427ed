/**
 * Changing a text file that belongs to somebody else: read, edited and replaced in one step under a lock, with
 * its mode, its byte order mark and every byte that the edit does not touch.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { SidecarError, systemCodeOf } from '../domain/errors.ts';
import { cannotWrite, readCapped, removeDrafts, withFileLock } from './files.ts';

/** Larger than any settings file by far. */
const MAX_BYTES = 1024 * 1024;

/** Mode of a file that is made here. */
const NEW_FILE_MODE = 0o600;

/**
 * Replaces the text of a file by what `edit` makes of it. Nothing is written when `edit` throws, or returns the
 * text as it was.
 *
 * @param edit gets null when there is no file
 * @throws SidecarError `not-permitted` for what is no plain UTF-8 file, `cannot-write` when it cannot be stored
 */
export async function editTextFile(path: string, edit: (text: string | null) => string): Promise<void> {
  await withFileLock(path, async () => {
    await removeDrafts(path);
    const file = await read(path);
    const text = edit(file?.text ?? null);
    if (text === file?.text) return;
    const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await write(draft, text, file?.mode ?? NEW_FILE_MODE);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw cannotWrite(path, error);
    }
  });
}

async function read(path: string): Promise<{ text: string; mode: number } | undefined> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const opened = await open(path, flags).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw refused(path, systemCodeOf(error) === 'ELOOP' ? 'is a symbolic link' : 'cannot be read');
  });
  if (opened === undefined) return undefined;
  try {
    const facts = await opened.stat();
    if (!facts.isFile()) throw refused(path, 'is not a regular file');
    if (facts.size > MAX_BYTES) throw refused(path, `is larger than ${MAX_BYTES} bytes`);
    const bytes = await readCapped(opened, facts.size, MAX_BYTES);
    if (bytes === undefined) throw refused(path, `is larger than ${MAX_BYTES} bytes`);
    const text = decode(bytes);
    if (text === undefined) throw refused(path, 'is not UTF-8 text');
    return { text, mode: facts.mode & 0o777 };
  } finally {
    await opened.close();
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The caller says it with the path.
    return undefined;
  }
}

function refused(path: string, why: string): SidecarError {
  return new SidecarError('not-permitted', `${path} ${why} and was not changed`, [
    `Change ${path} by hand, or put a plain file in its place`,
  ]);
}

async function write(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', NEW_FILE_MODE);
  try {
    await file.writeFile(text, 'utf8');
    // Only once the text is in it: until then nobody else reads the draft.
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}
