/**
 * Load over plain sockets: a fixed request on kept connections, the next one as soon as the answer is whole.
 * An HTTP client costs more processor time than the servers that are measured here, and would measure itself.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  readonly port: number;
  /** Target of the GET request, with query. */
  readonly target: string;
  readonly token: string;
  /** Kept connections, each with one request under way. */
  readonly connections: number;
  readonly stopAfter: { readonly ms: number } | { readonly answers: number };
}

export interface LoadResult {
  readonly answers: number;
  readonly elapsedMs: number;
  /** From the write of a request to its whole answer, in microseconds, of each request. */
  readonly latenciesUs: readonly number[];
  /** Body of the first answer. */
  readonly body: string;
}

/** Runs the load. Rejects when an answer is not a 200 with a length, or a connection ends. */
export async function driveLoad(options: LoadOptions): Promise<LoadResult> {
  const { port, target, token, connections, stopAfter } = options;
  const request = Buffer.from(
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\n\r\n`,
    'latin1',
  );
  const sockets = await Promise.all(Array.from({ length: connections }, () => openSocket(port)));
  try {
    const latenciesUs: number[] = [];
    const startedAt = performance.now();
    const goesOn = (now: number): boolean =>
      'ms' in stopAfter ? now - startedAt < stopAfter.ms : latenciesUs.length < stopAfter.answers;
    const bodies = await Promise.all(
      sockets.map((socket) =>
        converse(socket, request, (latencyMs, now) => {
          latenciesUs.push(latencyMs * 1_000);
          return goesOn(now);
        }),
      ),
    );
    const elapsedMs = performance.now() - startedAt;
    return { answers: latenciesUs.length, elapsedMs, latenciesUs, body: bodies[0] ?? '' };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Asks until `onAnswer` says that it is enough; resolves with the body of the first answer. */
function converse(
  socket: Socket,
  request: Buffer,
  onAnswer: (latencyMs: number, now: number) => boolean,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    let sentAt = 0;
    let firstBody: string | undefined;
    const send = (): void => {
      sentAt = performance.now();
      socket.write(request);
    };
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.on('error', fail);
    socket.on('close', () => reject(new Error('The server closed a connection under load')));
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const body = wholeBody(received);
      if (body === 'incomplete') return;
      if ('defect' in body) {
        fail(new Error(body.defect));
        return;
      }
      const now = performance.now();
      firstBody ??= received.toString('utf8', body.start);
      received = Buffer.alloc(0);
      if (onAnswer(now - sentAt, now)) send();
      else resolve(firstBody);
    });
    send();
  });
}

/** Where the body of exactly one whole answer begins. */
function wholeBody(bytes: Buffer): { readonly start: number } | { readonly defect: string } | 'incomplete' {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return 'incomplete';
  const head = bytes.toString('latin1', 0, end);
  if (!head.startsWith('HTTP/1.1 200 ')) return { defect: `Answer under load: ${head.slice(0, 80)}` };
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) return { defect: 'Answer under load without Content-Length' };
  const start = end + 4;
  const missing = start + Number(length) - bytes.length;
  if (missing > 0) return 'incomplete';
  return missing === 0 ? { start } : { defect: 'More bytes than one answer has' };
}
