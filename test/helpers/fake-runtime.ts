/**
 * A real HTTP server that plays a local runtime in tests. It records every request, can be stopped and
 * restarted on its port, and misbehaves on demand: for all routes or for one.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

/** One request as it arrived. */
export interface RecordedRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Method and path without query: `GET /api/tags`. */
  readonly route: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a route answers. Objects are sent as JSON, strings as they are. */
export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

/**
 * Ways to misbehave.
 *
 * - `silent` accepts and never answers; `slow-headers` answers after five seconds
 * - `slow-body` sends a byte every 50 ms and never ends; `endless` sends 64 KiB blocks for ever
 * - `reset` drops the connection; `truncated` promises more bytes than it sends
 * - `huge` answers 3 MB of JSON; `compressed` gzips the answer although nobody asked for that
 * - `redirect` answers 302 to another address; `wrong-type` calls the right body `text/html`
 * - `unauthorized` 401 JSON, `forbidden-empty` 403 without a body, `unavailable` 503 JSON, `not-found` 404
 * - `html`, `json`, `empty-list`: 200 to everything, as a web server or a catch-all API does
 * - `error-in-200`: 200 with an error in the body, as LM Studio answers an unknown route
 */
export type Fault =
  | 'silent'
  | 'slow-headers'
  | 'slow-body'
  | 'endless'
  | 'reset'
  | 'truncated'
  | 'huge'
  | 'compressed'
  | 'redirect'
  | 'wrong-type'
  | 'unauthorized'
  | 'forbidden-empty'
  | 'unavailable'
  | 'not-found'
  | 'html'
  | 'json'
  | 'empty-list'
  | 'error-in-200';

/** Where a fake listens. */
export interface ListenOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** @default 0, which picks a free port */
  readonly port?: number;
}

/** A running fake. Close it with `stop()`. */
export interface FakeRuntime {
  /** Root URL, `http://127.0.0.1:43210`. The same after a restart. */
  readonly url: string;
  readonly port: number;
  /** Every request so far, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** Largest number of requests to one route that were open at the same time. */
  peak(route: string): number;
  /** How often a route (`GET /api/tags`) was asked. */
  count(route: string): number;
  /** Forgets the recorded requests. */
  clearRequests(): void;
  /** Misbehaves on one route (`GET /api/tags`) or on all (`*`), for ever or so many times; null ends it. */
  setFault(fault: Fault | null, route?: string, times?: number): void;
  /** Waits this long before each answer, in milliseconds. */
  setDelay(delayMs: number): void;
  /** Closes the port and every connection. Safe to call twice. */
  stop(): Promise<void>;
  /** Listens on the same port again. */
  restart(): Promise<void>;
}

/** Decides the answer to one request. */
export type FakeHandler = (request: RecordedRequest) => FakeAnswer;

const HUGE_BYTES = 3 * 1024 * 1024;

/** Starts a fake that answers through `handle`. */
export async function startFakeRuntime(
  handle: FakeHandler,
  { host = '127.0.0.1', port: wantedPort = 0 }: ListenOptions = {},
): Promise<FakeRuntime> {
  const requests: RecordedRequest[] = [];
  const faults = new Map<string, { readonly fault: Fault; times: number }>();
  const open = new Map<string, number>();
  const peaks = new Map<string, number>();
  let delayMs = 0;

  const server = createServer((message, response) => {
    const answering = readBody(message).then((body) => {
      const request = toRecorded(message, body);
      requests.push(request);
      trackOpen(open, peaks, request.route, response);
      const respond = () => {
        const found = faults.get(request.route) ?? faults.get('*');
        if (found === undefined || found.times <= 0) {
          send(response, handle(request));
          return;
        }
        found.times -= 1;
        misbehave(found.fault, message, response, () => handle(request));
      };
      if (delayMs > 0) setTimeout(respond, delayMs).unref();
      else respond();
    });
    // A client that hangs up in the middle of its request needs no answer.
    answering.catch(() => response.destroy());
  });
  // Clients that hang up in the middle of an answer are part of the tests.
  server.on('clientError', (_error, socket) => socket.destroy());
  const port = await listen(server, host, wantedPort);

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    requests,
    peak: (route) => peaks.get(route) ?? 0,
    count: (route) => requests.filter((request) => request.route === route).length,
    clearRequests: () => {
      requests.length = 0;
    },
    setFault: (fault, route = '*', times = Number.POSITIVE_INFINITY) => {
      if (fault === null) faults.delete(route);
      else faults.set(route, { fault, times });
    },
    setDelay: (nextDelayMs) => {
      delayMs = nextDelayMs;
    },
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    restart: async () => {
      if (!server.listening) await listen(server, host, port);
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake has no port');
  return address.port;
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  message.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(message, 'end');
  return Buffer.concat(chunks).toString('utf8');
}

function toRecorded(message: IncomingMessage, body: string): RecordedRequest {
  const method = message.method ?? 'GET';
  const path = message.url ?? '/';
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { method, path, route: `${method} ${path.split('?', 1)[0] ?? path}`, headers, body };
}

function trackOpen(
  open: Map<string, number>,
  peaks: Map<string, number>,
  route: string,
  response: ServerResponse,
): void {
  const now = (open.get(route) ?? 0) + 1;
  open.set(route, now);
  peaks.set(route, Math.max(peaks.get(route) ?? 0, now));
  response.once('close', () => open.set(route, (open.get(route) ?? 1) - 1));
}

function send(response: ServerResponse, { status = 200, headers = {}, body = '' }: FakeAnswer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type: Record<string, string> =
    typeof body === 'string' ? {} : { 'content-type': 'application/json; charset=utf-8' };
  response.writeHead(status, { ...type, 'content-length': String(Buffer.byteLength(text)), ...headers });
  response.end(text);
}

function misbehave(
  fault: Fault,
  message: IncomingMessage,
  response: ServerResponse,
  rightAnswer: () => FakeAnswer,
): void {
  switch (fault) {
    case 'silent':
      return;
    case 'slow-headers':
      setTimeout(() => send(response, rightAnswer()), 5_000).unref();
      return;
    case 'slow-body':
      response.writeHead(200, { 'content-type': 'application/json' });
      return writeForever(response, ' ', 50);
    case 'endless':
      response.writeHead(200, { 'content-type': 'application/json' });
      return writeForever(response, ' '.repeat(65_536), 0);
    case 'reset':
      message.socket.resetAndDestroy();
      return;
    case 'truncated': {
      const text = bodyText(rightAnswer());
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': String(text.length + 100),
      });
      response.write(text, () => response.destroy());
      return;
    }
    case 'huge':
      return send(response, { body: { models: 'x'.repeat(HUGE_BYTES) } });
    case 'compressed': {
      const packed = gzipSync(bodyText(rightAnswer()));
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(packed);
      return;
    }
    case 'redirect':
      return send(response, { status: 302, headers: { location: 'http://127.0.0.1:9/login' } });
    case 'wrong-type': {
      const answer = rightAnswer();
      return send(response, { ...answer, headers: { 'content-type': 'text/html' }, body: bodyText(answer) });
    }
    case 'unauthorized':
      return send(response, { status: 401, body: { error: 'unauthorized' } });
    case 'forbidden-empty':
      return send(response, { status: 403 });
    case 'unavailable':
      return send(response, { status: 503, body: { error: 'overloaded' } });
    case 'not-found':
      return send(response, {
        status: 404,
        headers: { 'content-type': 'text/plain' },
        body: '404 page not found',
      });
    case 'html':
      return send(response, {
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: '<!doctype html><html><head><title>My app</title></head><body>Hello</body></html>',
      });
    case 'json':
      return send(response, { body: { status: 'ok' } });
    case 'empty-list':
      return send(response, { body: { object: 'list', data: [], models: [] } });
    case 'error-in-200':
      return send(response, {
        headers: { 'x-powered-by': 'Express' },
        body: { error: `Unexpected endpoint or method. (${message.method} ${message.url})` },
      });
  }
}

function bodyText({ body = '' }: FakeAnswer): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** Writes until the client hangs up. */
function writeForever(response: ServerResponse, block: string, pauseMs: number): void {
  const step = () => {
    if (response.destroyed) return;
    response.write(block, () => {
      setTimeout(step, pauseMs).unref();
    });
  };
  step();
}
