/**
 * One reader of the event stream. What it has not taken yet waits in a queue that cannot grow: a newer state
 * takes the place of an older one, notices are counted, and a reader that takes nothing from one heartbeat to
 * the next is let go.
 */

/** A piece of the stream. The bytes are made once and shared by all readers. */
export interface StreamMessage {
  /** `state` replaces a state that still waits; a `notice` stands for itself. */
  readonly kind: 'state' | 'notice';
  readonly bytes: Uint8Array;
}

/** A reader as the server sees it. */
export interface Reader {
  readonly stream: ReadableStream<Uint8Array>;
  readonly send: (message: StreamMessage) => void;
  /** Sends a sign of life, or lets the reader go when it has taken nothing since the last one. */
  readonly beat: () => void;
  /** Ends the stream once everything that waits was taken. */
  readonly end: () => void;
}

export interface ReaderOptions {
  /** Cuts the connection. */
  readonly drop: () => void;
  /** Called once, when nothing more can be sent. */
  readonly onGone: () => void;
}

/** Most messages that wait for one reader. */
const MAX_WAITING = 256;

const HEARTBEAT = new TextEncoder().encode(': heartbeat\n\n');

/** Creates a reader; its stream is what the answer's body is made of. */
export function createReader({ drop, onGone }: ReaderOptions): Reader {
  let waiting: StreamMessage[] = [];
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** True while the other side has asked for something and there was nothing. */
  let wanted = false;
  let taken = 0;
  let takenAtBeat = -1;
  let state: 'open' | 'ending' | 'gone' = 'open';

  const gone = (): void => {
    if (state === 'gone') return;
    state = 'gone';
    waiting = [];
    onGone();
  };
  const letGo = (): void => {
    gone();
    drop();
  };
  const give = (bytes: Uint8Array): void => {
    wanted = false;
    taken += 1;
    controller?.enqueue(bytes);
  };
  const finish = (): void => {
    gone();
    controller?.close();
  };

  const stream = new ReadableStream<Uint8Array>(
    {
      start(started) {
        controller = started;
      },
      pull() {
        const next = waiting.shift();
        if (next !== undefined) give(next.bytes);
        else if (state === 'ending') finish();
        else wanted = true;
      },
      cancel: gone,
    },
    // Nothing is kept here: the queue above is the only one.
    { highWaterMark: 0 },
  );

  return {
    stream,
    send(message) {
      if (state !== 'open') return;
      if (wanted) {
        give(message.bytes);
        return;
      }
      if (message.kind === 'state') waiting = waiting.filter(({ kind }) => kind !== 'state');
      waiting.push(message);
      if (waiting.length > MAX_WAITING) letGo();
    },
    beat() {
      if (state === 'gone') return;
      if (wanted) {
        give(HEARTBEAT);
      } else if (takenAtBeat === taken) {
        // Also one that has been told to end: who does not take its last words would keep a place for ever.
        letGo();
      }
      takenAtBeat = taken;
    },
    end() {
      if (state !== 'open') return;
      state = 'ending';
      if (wanted) finish();
    },
  };
}
