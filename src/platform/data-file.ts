/** Data files that ship with the program, beside its code. */
import { readFileSync } from 'node:fs';
import { messageOf, SidecarError, systemCodeOf } from '../domain/errors.ts';

/**
 * Reads a shipped data file at once: it is small, local, and nothing can be answered before it is there.
 *
 * @throws SidecarError `internal` when the file is missing or unreadable, which means a broken installation
 */
export function readDataFile(url: URL): string {
  try {
    return readFileSync(url, 'utf8');
  } catch (error) {
    throw new SidecarError(
      'internal',
      `The data file ${url.pathname} cannot be read (${systemCodeOf(error) ?? messageOf(error)})`,
      ['Install the program again'],
      { cause: error },
    );
  }
}
