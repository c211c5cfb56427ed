/** All readers of the event stream: how many there may be, one heartbeat for all, one end for all. */
import { ENDPOINT_TOKEN_NAME } from '../../domain/caller-token.ts';
import { createReader, type Reader, type StreamMessage } from './reader.ts';

/** Most readers and waiting polls at a time, of the whole server. */
export const MAX_READERS = 256;

/** Most of them that hold the same token with a name: such a token is one program's, and may be a limited one. */
export const MAX_READERS_PER_TOKEN = MAX_READERS / 4;

/** Most of them that hold the endpoint's token, which many programs share: what one other token may have is left. */
export const MAX_ENDPOINT_READERS = MAX_READERS - MAX_READERS_PER_TOKEN;

/** Why one more cannot be taken, or that it can. */
export type Room =
  | { readonly kind: 'room' }
  /** There are as many as may be, or all have been sent away. */
  | { readonly kind: 'full' }
  /** The token has as many as it may have. */
  | { readonly kind: 'token-full'; readonly limit: number };

/** How often a reader gets a sign of life, in milliseconds. */
export const HEARTBEAT_MS = 15_000;

export interface Readers {
  /** Whether the token with this name may have one more. */
  readonly roomFor: (token: string) => Room;
  /** How many there are. */
  readonly count: () => number;
  /** One more reader. */
  readonly open: (options: OpenOptions) => ReadableStream<Uint8Array>;
  /** Keeps one place of the token taken until the returned function is called, for a poll that waits. */
  readonly reserve: (token: string) => () => void;
  readonly send: (message: StreamMessage) => void;
  /** Ends all streams. No other ones are opened afterwards. */
  readonly close: () => void;
}

/** What a reader begins with, and how it ends. */
export interface OpenOptions {
  /** Name of the token that it holds. */
  readonly token: string;
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
  /** Readers and reserved places by the name of their token. */
  const taken = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const count = (): number => [...taken.values()].reduce((sum, places) => sum + places, 0);
  const take = (token: string): (() => void) => {
    taken.set(token, (taken.get(token) ?? 0) + 1);
    adjustTimer();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (taken.get(token) ?? 0) - 1;
      // No name of a token that is long gone stays behind.
      if (left > 0) taken.set(token, left);
      else taken.delete(token);
      adjustTimer();
    };
  };
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
    roomFor(token) {
      const limit = token === ENDPOINT_TOKEN_NAME ? MAX_ENDPOINT_READERS : MAX_READERS_PER_TOKEN;
      if (closed || count() >= MAX_READERS) return { kind: 'full' };
      return (taken.get(token) ?? 0) >= limit ? { kind: 'token-full', limit } : { kind: 'room' };
    },
    count,
    open({ token, first, drop, revoked, farewell }) {
      const onRevoked = (): void => {
        reader.send(farewell);
        reader.end();
      };
      const reader = createReader({
        drop,
        onGone: () => {
          revoked?.removeEventListener('abort', onRevoked);
          readers.delete(reader);
          release();
        },
      });
      readers.add(reader);
      const release = take(token);
      if (revoked?.aborted !== true) for (const message of first) reader.send(message);
      revoked?.addEventListener('abort', onRevoked);
      if (revoked?.aborted === true) onRevoked();
      if (closed) reader.end();
      return reader.stream;
    },
    reserve: take,
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
