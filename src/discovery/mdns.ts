/**
 * Browses the local network by mDNS. The library is loaded on first use, and only its socket is used: its own
 * browser drops services that are alive, never asks twice, and needs every record in one packet.
 */
import * as z from 'zod';
import { messageOf } from '../domain/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Listener } from './announced.ts';
import { createRecordBook, type MdnsQuestion } from './mdns-records.ts';

/** A multicast socket that speaks mDNS. */
export interface MdnsSocket {
  onAnswer(listener: (packet: unknown) => void): void;
  onError(listener: (error: unknown) => void): void;
  ask(questions: readonly MdnsQuestion[]): void;
  close(): Promise<void>;
}

/** What a browser is built from. */
export interface MdnsDeps {
  readonly socket: MdnsSocket;
  readonly serviceTypes: readonly string[];
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
}

/** Records live for two minutes as a rule, so this asks again before they expire. */
const ASK_EVERY_MS = 45_000;

/** Begins to browse. */
export function browseMdns({ socket, serviceTypes, clock, log }: MdnsDeps): Listener {
  const book = createRecordBook(serviceTypes);
  let hasFailed = false;
  const fail = (error: unknown): void => {
    if (!hasFailed) log.warn(`mDNS does not work here: ${messageOf(error)}`);
    hasFailed = true;
  };
  const ask = (questions: readonly MdnsQuestion[]): void => {
    if (questions.length === 0 || hasFailed) return;
    try {
      socket.ask(questions);
    } catch (error) {
      fail(error);
    }
  };
  socket.onError(fail);
  // What is thrown here would be thrown inside the socket's event and end the process.
  socket.onAnswer((packet) => {
    try {
      ask(book.take(packet, clock()));
    } catch (error) {
      fail(error);
    }
  });
  const askForAll = () => ask(serviceTypes.map((type) => ({ name: `${type}.local`, type: 'PTR' })));
  askForAll();
  const timer = setInterval(askForAll, ASK_EVERY_MS).unref();
  return {
    hosts: () => book.hosts(clock()),
    close: async () => {
      clearInterval(timer);
      await socket.close();
    },
  };
}

/** What is used of the library's socket, which its types do not show. */
interface RawSocket {
  on(event: string, listener: (value: unknown) => void): void;
  query(question: { readonly questions: readonly MdnsQuestion[] }): void;
}

const rawSocket = z.custom<RawSocket>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    'on' in value &&
    typeof value.on === 'function' &&
    'query' in value &&
    typeof value.query === 'function',
);
const insides = z.object({ server: z.object({ mdns: rawSocket }) });

/** Opens a socket on the usual port, by the library. Rejects when the library is not what it was. */
export async function openMdnsSocket(): Promise<MdnsSocket> {
  const { Bonjour } = await import('bonjour-service');
  const listeners = new Set<(error: unknown) => void>();
  const bonjour = new Bonjour({}, (error: unknown) => listeners.forEach((listener) => listener(error)));
  const known = insides.safeParse(bonjour);
  if (!known.success) {
    // Its socket is open all the same.
    bonjour.destroy();
    throw known.error;
  }
  const { mdns } = known.data.server;
  // Without a listener a busy port would end the process; the library's own callback is not told.
  mdns.on('error', (error) => listeners.forEach((listener) => listener(error)));
  return {
    onAnswer: (listener) => mdns.on('response', listener),
    onError: (listener) => void listeners.add(listener),
    ask: (questions) => mdns.query({ questions }),
    close: () =>
      new Promise((resolve) => {
        bonjour.destroy(() => resolve());
      }),
  };
}
