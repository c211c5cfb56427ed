/** All readers of the event stream: how many there may be, one heartbeat for all, one end for all. */
import { createReader, type Reader, type StreamMessage } from './reader.ts';

/** Most readers and waiting polls at a time, of the whole server. */
export const MAX_READERS = 256;

/** How often a reader gets a sign of life, in milliseconds. */
export const HEARTBEAT_MS = 15_000;

export interface Readers {
  /** False when there are as many as may be, or all have been sent away. */
  readonly hasRoom: () => boolean;
  /** How many there are. */
  readonly count: () => number;
  /** One more reader. */
  readonly open: (options: OpenOptions) => ReadableStream<Uint8Array>;
  /** Keeps one place taken until the returned function is called, for a poll that waits. */
  readonly reserve: () => () => void;
  readonly send: (message: StreamMessage) => void;
  /** Ends all streams. No other ones are opened afterwards. */
  readonly close: () => void;
}

/** What a reader begins with, and how it ends. */
export interface OpenOptions {
  /** Sent before anything else. */
  readonly first: readonly StreamMessage[];
  /** Cuts the connection. */
  readonly drop: () => void;
  /** Aborts when the reader has lost the right to read. */
  readonly revoked?: AbortSignal;
  /** Sent last to a reader that has lost it. */
  readonly farewell: StreamMessage;
}

export interface ReadersOptions {
  /** Called at each heartbeat. */
  readonly onBeat: () => void;
  /** @default 15000 */
  readonly heartbeatMs?: number;
}

/** Creates the set; its timer runs only while somebody reads or waits. */
export function createReaders({ onBeat, heartbeatMs = HEARTBEAT_MS }: ReadersOptions): Readers {
  const readers = new Set<Reader>();
  let reserved = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const count = (): number => readers.size + reserved;
  const adjustTimer = (): void => {
    if (count() > 0 && !closed) {
      timer ??= setInterval(() => {
        for (const reader of readers) reader.beat();
        onBeat();
      }, heartbeatMs).unref();
      return;
    }
    clearInterval(timer);
    timer = undefined;
  };

  return {
    hasRoom: () => !closed && count() < MAX_READERS,
    count,
    open({ first, drop, revoked, farewell }) {
      const onRevoked = (): void => {
        reader.send(farewell);
        reader.end();
      };
      const reader = createReader({
        drop,
        onGone: () => {
          revoked?.removeEventListener('abort', onRevoked);
          readers.delete(reader);
          adjustTimer();
        },
      });
      readers.add(reader);
      adjustTimer();
      if (revoked?.aborted !== true) for (const message of first) reader.send(message);
      revoked?.addEventListener('abort', onRevoked);
      if (revoked?.aborted === true) onRevoked();
      if (closed) reader.end();
      return reader.stream;
    },
    reserve() {
      reserved += 1;
      adjustTimer();
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        reserved -= 1;
        adjustTimer();
      };
    },
    send(message) {
      for (const reader of readers) reader.send(message);
    },
    close() {
      closed = true;
      for (const reader of readers) reader.end();
      adjustTimer();
    },
  };
}
