/**
 * What watchers of the server get: the event stream, and the same state as a long poll for clients that cannot
 * read a stream. Both come from one feed and count against one limit.
 */
import { setMaxListeners } from 'node:events';
import type { SidecarEvent } from '../../domain/sidecar-event.ts';
import { SidecarError } from '../../domain/errors.ts';
import type { EventHub } from '../../platform/event-hub.ts';
import { problemHeaders, toProblemDetails } from '../problem-details.ts';
import { refusalResponse } from '../refusal.ts';
import { createReaders, MAX_READERS, type Room } from './readers.ts';
import { createStateFeed, type PublishedState, type StateFeed, type StateFeedOptions } from './state-feed.ts';
import { eventsBetween } from './state-changes.ts';
import { eventMessage, GREETING, REVOKED, revisionOf } from './stream-text.ts';

/** Longest wait of a long poll, in milliseconds: shorter than what clients give up after by default. */
const POLL_MS = 25_000;

/** Seconds after which a client that found no room should try again. */
const RETRY_AFTER_S = 5;

/** Header lines of every stream. Its connection ends with it: kept alive, it would hold up the server's end. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  connection: 'close',
};

/** Who watches. */
interface Watcher {
  /** Name of the token of this request. */
  readonly token: string;
  /** Aborts when the token of this request is revoked, rotated or expired, and when the server stops. */
  readonly revoked?: AbortSignal;
}

export interface StreamRequest extends Watcher {
  /** The `Last-Event-ID` header, or null. */
  readonly lastEventId: string | null;
  /** Cuts the connection of this request. */
  readonly drop: () => void;
}

export interface PollRequest extends Watcher {
  /** The revision that the caller has, as it was written. */
  readonly since: string | undefined;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}

export interface Watching {
  readonly stream: (request: StreamRequest) => Promise<Response>;
  readonly poll: (request: PollRequest) => Promise<Response>;
  /** The snapshot was swapped. */
  readonly changed: () => void;
  /** How many read or wait now. */
  readonly readers: () => number;
  /** Ends all streams and answers all polls. */
  readonly close: () => void;
}

export interface WatchingOptions extends StateFeedOptions {
  readonly hub: EventHub<SidecarEvent>;
  /** Id of the provider that the default model belongs to, or null. */
  readonly providerInUse: () => string | null;
  /** @default 15000 */
  readonly heartbeatMs?: number;
  /** @default 25000 */
  readonly pollMs?: number;
}

/** Builds the watching; begins with the first `changed` or the first watcher. */
export function createWatching(options: WatchingOptions): Watching {
  const { hub, providerInUse, pollMs = POLL_MS, heartbeatMs } = options;
  const feed = createStateFeed(options);
  const readers = createReaders({
    // Credentials expire and cool-downs end by the clock alone.
    onBeat: () => void feed.recheck(),
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
  });
  const closing = new AbortController();
  // Every poll that waits listens.
  setMaxListeners(0, closing.signal);

  const unsubscribe = hub.subscribe((event) => {
    if (readers.count() > 0) readers.send(eventMessage(event));
    if (event.kind === 'credential') void feed.recheck();
  });
  feed.subscribe((state, before) => {
    if (readers.count() > 0) readers.send(state.message());
    if (before === undefined) return;
    for (const event of eventsBetween(before.answer, state.answer, providerInUse())) hub.publish(event);
  });

  return {
    async stream({ lastEventId, drop, token, revoked }) {
      const room = readers.roomFor(token);
      if (room.kind !== 'room') return noRoom(room);
      const release = readers.reserve(token);
      try {
        await feed.ready();
        // From here to the opening nothing waits, or a state could fall in between.
        const state = newestOf(feed);
        const isKnown = revisionOf(lastEventId) === state.answer.revision;
        const body = readers.open({
          first: isKnown ? [GREETING] : [GREETING, state.message()],
          token,
          drop,
          farewell: REVOKED,
          ...(revoked === undefined ? {} : { revoked }),
        });
        return new Response(body, { headers: EVENT_STREAM_HEADERS });
      } finally {
        release();
      }
    },
    async poll({ since, signal, token, revoked }) {
      const known = toRevision(since);
      await feed.ready();
      if (newestOf(feed).answer.revision === known) {
        const room = readers.roomFor(token);
        if (room.kind !== 'room') return noRoom(room);
        const release = readers.reserve(token);
        const ends = [signal, closing.signal, ...(revoked === undefined ? [] : [revoked])];
        await nextState(feed, pollMs, ends);
        release();
      }
      // A stop ends all tokens too, and takes nobody's right away: that answer is the one that was promised.
      if (revoked?.aborted === true && !closing.signal.aborted)
        return refusalResponse({ code: 'unauthorized' });
      return new Response(newestOf(feed).json(), {
        headers: {
          'content-type': 'application/json',
          'cache-control': 'no-store',
          ...(closing.signal.aborted ? { connection: 'close' } : {}),
        },
      });
    },
    changed: feed.changed,
    readers: readers.count,
    close() {
      unsubscribe();
      closing.abort();
      readers.close();
    },
  };
}

function newestOf(feed: StateFeed): PublishedState {
  const state = feed.latest();
  if (state === undefined) throw new Error('No state after it was described');
  return state;
}

/** Resolves at the first of: another state, the end of the time, one of the signals. */
function nextState(feed: StateFeed, ms: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      unsubscribe();
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    const unsubscribe = feed.subscribe(done);
    const timer = setTimeout(done, ms).unref();
    // Not one signal made of all: those that outlive the poll would remember each that was ever made of them.
    for (const signal of signals) signal.addEventListener('abort', done);
    if (signals.some(({ aborted }) => aborted)) done();
  });
}

function toRevision(since: string | undefined): number | undefined {
  if (since === undefined) return undefined;
  const revision = revisionOf(since);
  if (revision !== undefined) return revision;
  throw new SidecarError('bad-request', 'The parameter since is the revision of an earlier answer', [
    'Leave it out to get the state at once',
  ]);
}

/** There is no room for one more, which the next moment may change. */
function noRoom(room: Exclude<Room, { readonly kind: 'room' }>): Response {
  const [limit, whose] = room.kind === 'full' ? [MAX_READERS, ''] : [room.limit, ' of this token'];
  const problem = {
    code: 'too-many-readers',
    detail: `${limit} event streams and waiting polls${whose} are open, and there may be no more`,
    hints: ['Close streams that nobody reads', 'Share one stream among the parts of a program'],
  } as const;
  const details = toProblemDetails(problem);
  return new Response(JSON.stringify(details), {
    status: details.status,
    headers: { ...problemHeaders(details.status), 'retry-after': String(RETRY_AFTER_S) },
  });
}
