/**
 * Lines on their way out. Most are written at once; those of which there may be thousands in a second wait a moment
 * and go together. The order stays, and `flush` at the end leaves nothing behind.
 */

export interface LineBuffer {
  /** Writes a line now, after those that wait. */
  readonly write: (line: string) => void;
  /** Writes a line within `SOON_MS`. */
  readonly writeSoon: (line: string) => void;
  /** Writes what waits. */
  readonly flush: () => void;
}

/** Longest that a line waits, in milliseconds. Writing to a pipe costs more than a request's whole answer. */
const SOON_MS = 20;

/** Most characters that wait. */
const MOST_WAITING = 64 * 1024;

/** @param write takes one or more whole lines */
export function createLineBuffer(write: (lines: string) => void): LineBuffer {
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === '') return;
    const lines = waiting;
    waiting = '';
    write(lines);
  };
  return {
    write(line) {
      flush();
      write(line);
    },
    writeSoon(line) {
      waiting += line;
      if (waiting.length >= MOST_WAITING) flush();
      else timer ??= setTimeout(flush, SOON_MS);
    },
    flush,
  };
}
