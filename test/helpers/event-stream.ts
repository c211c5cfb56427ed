/** A reader of the event stream over the real connection, with the field's own parser in it. */
import { once } from 'node:events';
import { get, IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import { vi } from 'vitest';
import { snapshotAnswer, type SnapshotAnswer } from '../../src/domain/answers/snapshot.ts';

/** One event as it arrived. */
export interface ReceivedEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

export interface EventStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: readonly ReceivedEvent[];
  readonly comments: readonly string[];
  /** The states so far, oldest first; each is checked against its schema. */
  readonly states: readonly SnapshotAnswer[];
  /** The data of the events of one kind so far. */
  dataOf(kind: string): unknown[];
  /** Waits until the condition holds for the newest state. */
  until(condition: (state: SnapshotAnswer) => boolean): Promise<SnapshotAnswer>;
  /** Resolves when the server has ended the stream; rejects when the connection broke. */
  readonly ended: Promise<void>;
  /** Goes away. */
  close(): void;
}

export interface EventStreamOptions {
  readonly url: string;
  readonly token: string;
  readonly lastEventId?: string;
  /** Shared by many streams, so that a state that all of them get is read once. @default one of its own */
  readonly parse?: StateParser;
}

/** Reads the data of a state and checks it against its schema. */
type StateParser = (data: string) => SnapshotAnswer;

/** A parser that knows what it has read already. */
export function createStateParser(): StateParser {
  const known = new Map<string, SnapshotAnswer>();
  return (data) => {
    const state = known.get(data) ?? snapshotAnswer.parse(JSON.parse(data));
    known.set(data, state);
    return state;
  };
}

/** Connects and reads until it is closed. */
export async function openEventStream({
  url,
  token,
  lastEventId,
  parse = createStateParser(),
}: EventStreamOptions): Promise<EventStream> {
  // Not fetch: when it is aborted it opens a spare connection, for which the server's end would have to wait.
  const request = get(`${url}/v1/events`, {
    agent: false,
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
  });
  const [response] = await once(request, 'response');
  if (!(response instanceof IncomingMessage)) throw new Error('no response');
  const events: ReceivedEvent[] = [];
  const comments: string[] = [];
  const states: SnapshotAnswer[] = [];
  const parser = createParser({
    onEvent: ({ event = 'message', id, data }) => {
      const state = event === 'snapshot' ? parse(data) : undefined;
      if (state !== undefined) states.push(state);
      events.push({ event, id, data: state ?? JSON.parse(data) });
    },
    onComment: (comment) => comments.push(comment),
  });
  const read = async (): Promise<void> => {
    response.setEncoding('utf8');
    for await (const chunk of response) parser.feed(String(chunk));
  };
  const ended = read();
  // Who does not wait for the end does not care how it came.
  ended.catch(() => undefined);
  const dataOf = (kind: string): unknown[] =>
    events.filter(({ event }) => event === kind).map(({ data }) => data);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    comments,
    states,
    dataOf,
    until: (condition) =>
      vi.waitFor(
        () => {
          const newest = states.at(-1);
          if (newest !== undefined && condition(newest)) return newest;
          throw new Error(`no such state; the newest is ${JSON.stringify(newest)?.slice(0, 2_000)}`);
        },
        { timeout: 10_000, interval: 5 },
      ),
    ended,
    close: () => void request.destroy(),
  };
}
