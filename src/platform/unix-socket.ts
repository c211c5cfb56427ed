/** A place for a Unix socket: in a folder of ours alone, and free. */
import { chmod, lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { messageOf, SidecarError, systemCodeOf } from '../domain/errors.ts';
import { makeFolders, withFileLock } from './files.ts';

/**
 * Makes the folder when it is missing, removes a socket that nobody answers any more, listens, and closes the socket
 * to other users; until then the folder protects it. Of two programs that start at once one waits for the other, and
 * finds its socket.
 *
 * @throws SidecarError `not-permitted` for a folder that others may enter, `address-in-use` for a path that is taken,
 * and what `listen` throws
 */
export async function takeSocketPath(path: string, listen: () => Promise<void>): Promise<void> {
  await prepareFolder(dirname(path));
  await withFileLock(path, async () => {
    await removeStale(path);
    await listen();
    await chmod(path, 0o600);
  });
}

async function prepareFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder);
  } catch (error) {
    throw new SidecarError(
      'cannot-write',
      `Cannot make ${folder} (${systemCodeOf(error) ?? messageOf(error)})`,
    );
  }
  const facts = await lstat(folder);
  const isOurs = process.getuid === undefined || facts.uid === process.getuid();
  if (!facts.isDirectory() || !isOurs || (facts.mode & 0o077) !== 0) {
    throw new SidecarError(
      'not-permitted',
      `${folder} can be entered by other users, so no socket is put there`,
      ['Choose a path in a folder with mode 0700, for example in the sidecar’s own folder'],
    );
  }
}

async function removeStale(path: string): Promise<void> {
  const standing = await lstat(path).catch(() => undefined);
  if (standing === undefined) return;
  const uid = process.getuid?.();
  const isOwn = uid === undefined || standing.uid === uid;
  const isStale = standing.isSocket() && isOwn && !(await somebodyAnswers(path));
  if (!isStale) {
    throw new SidecarError('address-in-use', `${path} is taken`, [
      'Run "provider-sidecar status" to see whether a sidecar is running already',
    ]);
  }
  await rm(path);
}

function somebodyAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (value: boolean): void => {
      socket.destroy();
      resolve(value);
    };
    socket.setTimeout(1_000, () => answer(true));
    socket.on('connect', () => answer(true));
    socket.on('error', (error) => answer(systemCodeOf(error) !== 'ECONNREFUSED'));
  });
}
