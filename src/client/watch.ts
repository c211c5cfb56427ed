/**
 * Following the server: a stream of events that is opened again whenever it breaks, also when the server is
 * started again somewhere else. Nothing is lost by a break, because each state is whole.
 */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SnapshotAnswer } from '../domain/answers/snapshot.ts';
import type { SidecarEvent } from '../domain/sidecar-event.ts';
import type { ProvenServer } from '../http/proven-server.ts';
import { isNotice, isSnapshotAnswer } from './answers.ts';
import { errorOfAnswer, SidecarClientError } from './client-error.ts';
import { createEventStreamParser, type StreamEvent } from './event-stream-parser.ts';

/** What `watch` gives: the whole state, or a notice of something that happened. */
export type WatchEvent = { readonly kind: 'snapshot'; readonly snapshot: SnapshotAnswer } | SidecarEvent;

export interface WatchOptions {
  /** Ends the watching. */
  readonly signal?: AbortSignal;
}

export interface WatchParts extends WatchOptions {
  /** Opens a connection to the server, wherever it is now. */
  readonly connect: () => Promise<ProvenServer>;
  /** A number from 0 to 1. */
  readonly random: () => number;
}

/** A stream is dead after this time without a sign of life, in milliseconds: the server gives one every 15 s. */
const SILENCE_MS = 45_000;

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

/** Attempts that a new token has to appear in `endpoint.json`, once the server has said that the old one ended. */
const ATTEMPTS_WITHOUT_TOKEN = 5;

/**
 * The events, for ever: the whole state first and after each change. Ends with the signal, or when the loop over it
 * is left.
 *
 * @throws SidecarClientError when no server runs at the beginning, or it refuses (a wrong token, for example);
 *   later a server that is away is waited for, unless it has ended the token and there is no other
 */
export async function* watchServer({
  connect,
  random,
  signal,
}: WatchParts): AsyncGenerator<WatchEvent, void> {
  let lastEventId: string | undefined;
  let failures = 0;
  let wasConnected = false;
  let isRevoked = false;
  const isEnded = (): boolean => signal?.aborted === true;
  for (;;) {
    if (isEnded()) return;
    let server: ProvenServer | undefined;
    const cut = (): void => server?.close();
    try {
      server = await connect();
      // It has proved that it knows the token.
      isRevoked = false;
      signal?.addEventListener('abort', cut);
      // A signal that fired while it connected fires no more.
      if (isEnded()) return;
      const response = await openStream(server, lastEventId);
      wasConnected = true;
      failures = 0;
      for await (const { event, data, lastEventId: id } of eventsOf(response)) {
        if (id !== '') lastEventId = id;
        isRevoked = event === 'revoked';
        const known = toWatchEvent(event, data);
        if (known !== undefined) yield known;
      }
    } catch (error) {
      if (isFinal(error, wasConnected)) throw error;
      failures += 1;
      if (isRevoked && failures >= ATTEMPTS_WITHOUT_TOKEN) throw tokenEnded(error);
    } finally {
      signal?.removeEventListener('abort', cut);
      server?.close();
    }
    await pause(delayBeforeRetry(failures, random), signal);
  }
}

/** Whether another attempt could not end otherwise. What was sent over a connection that broke can be tried again. */
function isFinal(error: unknown, wasConnected: boolean): boolean {
  if (!(error instanceof SidecarClientError)) return false;
  return error.status === null ? !wasConnected || error.code !== 'not-running' : error.status < 500;
}

/** A server gives an unknown token no proof and no answer, so what it said before is all that tells why. */
function tokenEnded(cause: unknown): SidecarClientError {
  const problem = {
    code: 'unauthorized',
    detail: 'The token was revoked, replaced or has expired',
    hints: [
      'Make another one: provider-sidecar token create',
      'See which there are: provider-sidecar token list',
    ],
  };
  return new SidecarClientError(problem, null, { cause });
}

/** Doubling, with a share of chance in it, so that many watchers do not come back at the same moment. */
export function delayBeforeRetry(failures: number, random: () => number): number {
  const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, 10));
  return longest / 2 + (longest / 2) * random();
}

async function openStream(server: ProvenServer, lastEventId: string | undefined): Promise<IncomingMessage> {
  const response = await server.stream({
    path: '/v1/events',
    headers: {
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
  });
  if (response.statusCode === 200) return response;
  throw errorOfAnswer(response.statusCode ?? 0, await jsonOf(response));
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<StreamEvent, void> {
  const parser = createEventStreamParser();
  const listen = () => setTimeout(() => response.destroy(new Error('The stream is silent')), SILENCE_MS);
  let silence = listen();
  try {
    response.setEncoding('utf8');
    for await (const text of response) {
      // While the program is busy with an event nobody listens, and what comes meanwhile waits.
      clearTimeout(silence);
      yield* parser.push(String(text));
      silence = listen();
    }
  } finally {
    clearTimeout(silence);
  }
}

async function jsonOf(response: IncomingMessage): Promise<unknown> {
  response.setEncoding('utf8');
  let text = '';
  for await (const part of response) text += String(part);
  try {
    return JSON.parse(text);
  } catch {
    // No answer of ours; its status says the rest.
    return undefined;
  }
}

function toWatchEvent(kind: string, data: string): WatchEvent | undefined {
  const content: unknown = JSON.parse(data);
  if (kind === 'snapshot') return isSnapshotAnswer(content) ? { kind, snapshot: content } : undefined;
  return isNotice(content) ? content : undefined;
}

/** Waits, or less long when the signal says so. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
