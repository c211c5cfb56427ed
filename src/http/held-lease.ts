/**
 * A token that is in force for as long as this process keeps a connection open. The connection is the lease: the
 * system closes it however the process ends. A server that starts anew is told of the token again.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { CallerScope } from '../domain/caller-scope.ts';
import type { NewCallerToken } from '../domain/caller-token.ts';
import { SidecarError } from '../domain/errors.ts';
import type { ProvenServer } from './proven-server.ts';

export interface LeaseRequest {
  /** `exec:<program>:<process id>`. */
  readonly name: string;
  readonly token: Pick<NewCallerToken, 'id' | 'digest'>;
  readonly scope: CallerScope;
  /** Finds the server, which proves itself; undefined while there is none. */
  readonly connect: () => Promise<ProvenServer | undefined>;
}

/** A lease that is kept. */
export interface HeldLease {
  /** Ends the lease; the token counts no more as soon as the server sees it, which is at once. */
  readonly release: () => Promise<void>;
}

/** Waits between attempts to find a server that went away, in milliseconds; the last one stays. */
const RETRY_MS = [50, 100, 250, 500, 1_000] as const;

/** Longest wait until the server says that the token is in force, in milliseconds. */
const BEGIN_WITHIN_MS = 5_000;

const problemSchema = z.looseObject({ detail: z.string() });

/**
 * Takes the lease over a connection that has proved itself, and keeps it until it is released.
 *
 * @throws SidecarError `not-running` when the server does not grant it
 */
export async function holdLease(first: ProvenServer, request: LeaseRequest): Promise<HeldLease> {
  const released = new AbortController();
  const opened = await open(first, request);
  let current: Open | undefined = opened;
  const keep = async (): Promise<void> => {
    await opened.ended;
    for (let attempt = 0; !released.signal.aborted; attempt += 1) {
      const pause = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)];
      await sleep(pause, undefined, { signal: released.signal }).catch(() => undefined);
      if (released.signal.aborted) return;
      const server = await request.connect().catch(() => undefined);
      if (server === undefined) continue;
      // It may have been released while the server was looked for.
      const next = released.signal.aborted ? undefined : await open(server, request).catch(() => undefined);
      if (next === undefined) {
        server.close();
        continue;
      }
      current = next;
      if (released.signal.aborted) next.close();
      await next.ended;
      attempt = -1;
    }
  };
  const kept = keep();
  return {
    async release() {
      released.abort();
      current?.close();
      await kept;
    },
  };
}

interface Open {
  /** Resolves when the connection is gone, whoever closed it. */
  readonly ended: Promise<void>;
  readonly close: () => void;
}

async function open(server: ProvenServer, { name, token, scope }: LeaseRequest): Promise<Open> {
  // The answer is a stream without an end, so only its beginning has a deadline.
  const timer = setTimeout(server.close, BEGIN_WITHIN_MS);
  try {
    return await begin(server, { name, token, scope });
  } catch (error) {
    server.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function begin(
  server: ProvenServer,
  { name, token, scope }: Omit<LeaseRequest, 'connect'>,
): Promise<Open> {
  const answer = await server.stream({
    method: 'POST',
    path: '/v1/tokens/lease',
    body: { name, id: token.id, sha256: token.digest, ...scope },
  });
  if (answer.statusCode !== 200) {
    const problem = problemSchema.safeParse(await readJson(answer));
    throw new SidecarError(
      'not-running',
      `The server did not take the token: ${problem.data?.detail ?? `status ${String(answer.statusCode)}`}`,
      ['Start the server again: it may be of another version'],
    );
  }
  // A lost connection is how a lease ends, and no error of anybody.
  answer.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => void answer.once('close', resolve));
  // The first line says that the token is in force.
  const outcome = await Promise.race([
    once(answer, 'data').then(
      () => 'granted' as const,
      () => 'lost' as const,
    ),
    ended.then(() => 'lost' as const),
  ]);
  if (outcome === 'lost') {
    throw new SidecarError('not-running', 'The server went away before the token was in force', [
      'Start it: provider-sidecar serve',
    ]);
  }
  answer.resume();
  return {
    ended: ended.then(() => server.close()),
    close: () => {
      answer.destroy();
      server.close();
    },
  };
}

async function readJson(answer: IncomingMessage): Promise<unknown> {
  let text = '';
  try {
    for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
