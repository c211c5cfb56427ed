/**
 * Hears the beacon by which Lemonade tells the local network where it listens. Only the port is taken from the
 * message; the host is the sender's, so that nobody can point at a third one.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import * as z from 'zod';
import type { Clock } from '../platform/clock.ts';
import type { Announced, Listener } from './announced.ts';

/** What the beacon is heard with. */
export interface BeaconDeps {
  readonly clock: Clock;
  /** UDP port. @default 13305 */
  readonly port?: number;
}

const BEACON_PORT = 13_305;
const MAX_BYTES = 2_048;
const MAX_SENDERS = 32;
/** A beacon that has been silent for so long is gone. */
const KEPT_MS = 60_000;

const messageSchema = z.object({ service: z.literal('lemonade'), url: z.string().max(200) });

/** Begins to listen. Rejects when the port cannot be had. */
export async function openBeacon({ clock, port = BEACON_PORT }: BeaconDeps): Promise<Listener> {
  const heard = new Map<string, { readonly host: Announced; readonly until: number }>();
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.on('message', (message, { address }) => {
    const host = readBeacon(message, address);
    if (host === undefined) return;
    const now = clock();
    for (const [sender, { until }] of heard) if (until <= now) heard.delete(sender);
    if (heard.has(address) || heard.size < MAX_SENDERS) heard.set(address, { host, until: now + KEPT_MS });
  });
  socket.bind(port);
  try {
    // Rejects with the socket's error when there is one instead.
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', () => undefined);
  socket.unref();
  return {
    hosts: () => [...heard.values()].filter(({ until }) => until > clock()).map(({ host }) => host),
    close: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

/** The host that a message announces, or undefined for any other message. Pure. */
export function readBeacon(message: Buffer, sender: string): Announced | undefined {
  if (message.length > MAX_BYTES) return undefined;
  const parsed = messageSchema.safeParse(parseJson(message.toString('utf8')));
  if (!parsed.success || !URL.canParse(parsed.data.url)) return undefined;
  const { protocol, port } = new URL(parsed.data.url);
  if (!/^https?:$/.test(protocol)) return undefined;
  return {
    scheme: protocol.slice(0, -1),
    host: sender,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    runtime: 'lemonade',
    foundBy: "Lemonade's beacon",
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Anybody may send anything to this port.
    return undefined;
  }
}
