/**
 * The text form of the stream: Server-Sent Events, as the HTML standard defines them. JSON has no line breaks of
 * its own, so one `data` line holds all of it.
 */
import type { SnapshotAnswer } from '../../domain/answers/snapshot.ts';
import type { SidecarEvent } from '../../domain/sidecar-event.ts';
import type { StreamMessage } from './reader.ts';

/** How long a client should wait before it connects again, in milliseconds. */
const RETRY_MS = 1_000;

const encoder = new TextEncoder();

/** The first message of a stream. */
export const GREETING: StreamMessage = { kind: 'notice', bytes: encoder.encode(`retry: ${RETRY_MS}\n\n`) };

/** The last message to a reader whose token no longer counts: to connect again with it would be in vain. */
export const REVOKED: StreamMessage = {
  kind: 'notice',
  bytes: encoder.encode('event: revoked\ndata: {}\n\n'),
};

/** A state; its id is its revision, which a client gives back in `Last-Event-ID`. */
export function stateMessage({ revision }: SnapshotAnswer, json: string): StreamMessage {
  return {
    kind: 'state',
    bytes: encoder.encode(`event: snapshot\nid: ${revision}\ndata: ${json}\n\n`),
  };
}

/** Everything else; it has no id, so that the id of the last state stays the one to resume from. */
export function eventMessage(event: SidecarEvent): StreamMessage {
  return {
    kind: 'notice',
    bytes: encoder.encode(`event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`),
  };
}

/** The revision that a client has seen last; undefined for anything that is none. */
export function revisionOf(text: string | null | undefined): number | undefined {
  return text !== null && text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
