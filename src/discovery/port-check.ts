/**
 * Whether anything listens at an endpoint, by a bare TCP connection: the cheapest question about a runtime
 * that is away, and one that leaves no line in anybody's log.
 */
import { connect, type LookupFunction } from 'node:net';

const TIMEOUT_MS = 500;

/** True when any of the root URLs takes a connection. Never throws. */
export async function anyListens(roots: readonly string[], lookup?: LookupFunction): Promise<boolean> {
  const origins = new Set(roots.map((root) => new URL(root).origin));
  const answers = await Promise.all([...origins].map((origin) => listens(new URL(origin), lookup)));
  return answers.includes(true);
}

function listens({ protocol, hostname, port }: URL, lookup?: LookupFunction): Promise<boolean> {
  return new Promise((resolve) => {
    const number = Number(port || (protocol === 'https:' ? 443 : 80));
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: number, ...(lookup === undefined ? {} : { lookup }) });
    const end = (answer: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), TIMEOUT_MS);
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
