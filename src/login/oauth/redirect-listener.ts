/**
 * Listens for the one redirect that ends a login in the browser (RFC 8252 section 7.3): on loopback only, from the
 * moment the login begins until its answer came, and not a moment longer.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf, systemCodeOf } from '../../domain/errors.ts';
import { type RedirectPage, sendRedirectPage } from './redirect-page.ts';
import { type ExpectedRedirect, judgeRedirect, type RedirectVerdict } from './redirect-request.ts';

/** The address where the settings name none: the system chooses the port. */
const DEFAULT_REDIRECT_URI = 'http://127.0.0.1:0/auth/redirect';

/** The answer of a login, as it came in. */
export interface Redirect {
  readonly verdict: Exclude<RedirectVerdict, { kind: 'stray' }>;
  /** Tells the browser what came of it. The first call counts. */
  readonly show: (page: Exclude<RedirectPage, 'not-ours'>) => void;
}

export interface RedirectListener {
  /** The address as the authorization server must be told, with the port that is really open. */
  readonly redirectUri: string;
  /** The one answer, or null when the listener was closed before it came. Never rejects. */
  readonly redirect: Promise<Redirect | null>;
  /** Stops listening and ends every connection; resolves when nothing of it is left. */
  readonly close: () => Promise<void>;
}

/** A listener, or why there is none. */
export type ListenOutcome =
  | { readonly kind: 'listening'; readonly listener: RedirectListener }
  | { readonly kind: 'failed'; readonly reason: 'in-use' | 'not-possible'; readonly detail: string };

export interface ListenOptions extends Omit<ExpectedRedirect, 'host' | 'path'> {
  /** The loopback address that the settings fix; null: one of 127.0.0.1 with a port that the system chooses. */
  readonly redirectUri: string | null;
}

/** How long a request may take to arrive and how many may be open, so that nobody keeps the browser out. */
const LIMITS = { headersTimeout: 5_000, requestTimeout: 5_000, connectionsCheckingInterval: 500 } as const;
const MAX_CONNECTIONS = 64;

/** Milliseconds in which a page reaches a browser of the same machine. */
const CLOSE_GRACE_MS = 250;

/** Begins to listen. */
export async function listenForRedirect(options: ListenOptions): Promise<ListenOutcome> {
  const address = new URL(options.redirectUri ?? DEFAULT_REDIRECT_URI);
  /** Null before the port is known and after the answer came: then nobody is expected. */
  let expected: ExpectedRedirect | null = null;
  let answer: (redirect: Redirect | null) => void = () => undefined;
  const redirect = new Promise<Redirect | null>((resolve) => {
    answer = resolve;
  });

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    const { method = '', url: target = '', rawHeaders } = request;
    const verdict: RedirectVerdict =
      expected === null
        ? { kind: 'stray', status: 400 }
        : judgeRedirect({ method, target, rawHeaders }, expected);
    if (verdict.kind === 'stray') {
      sendRedirectPage(response, verdict.status, 'not-ours');
      return;
    }
    // From here on every other request is a stranger's, also one that is on its way already.
    expected = null;
    if (opened.kind === 'opened') for (const { server } of opened.servers) server.close();
    answer({
      verdict,
      show: (page) => {
        if (!response.headersSent) sendRedirectPage(response, page === 'done' ? 200 : 400, page);
      },
    });
  };

  const opened = await openAll(hostsOf(address), Number(address.port || '80'), onRequest);
  if (opened.kind === 'failed') return opened;
  if (address.port === '0') address.port = String(opened.port);
  expected = { ...options, host: address.host, path: address.pathname };
  return {
    kind: 'listening',
    listener: {
      redirectUri: address.href,
      redirect,
      close: async () => {
        expected = null;
        answer(null);
        await closeAll(opened.servers);
      },
    },
  };
}

/** A browser may take either family for `localhost`. */
function hostsOf({ hostname }: URL): readonly string[] {
  return hostname === 'localhost' ? ['127.0.0.1', '::1'] : [hostname.replace(/^\[|\]$/g, '')];
}

interface OpenServer {
  readonly server: Server;
  readonly closed: Promise<unknown>;
}

type Opened =
  | { readonly kind: 'opened'; readonly port: number; readonly servers: readonly OpenServer[] }
  | Extract<ListenOutcome, { readonly kind: 'failed' }>;

type OnRequest = (request: IncomingMessage, response: ServerResponse) => void;

async function openAll(hosts: readonly string[], port: number, onRequest: OnRequest): Promise<Opened> {
  const servers: OpenServer[] = [];
  let bound = port;
  for (const host of hosts) {
    try {
      const server = await openOne(host, bound, onRequest);
      servers.push({ server, closed: new Promise((resolve) => server.once('close', resolve)) });
      bound = portOf(server);
    } catch (error) {
      const code = systemCodeOf(error);
      // A machine without the other family has nobody there either.
      if (servers.length > 0 && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) continue;
      await closeAll(servers);
      if (code === 'EADDRINUSE') {
        return { kind: 'failed', reason: 'in-use', detail: `Another program listens on port ${port}` };
      }
      const detail = `Port ${port} cannot be listened on (${code ?? messageOf(error)})`;
      return { kind: 'failed', reason: 'not-possible', detail };
    }
  }
  return { kind: 'opened', port: bound, servers };
}

async function openOne(host: string, port: number, onRequest: OnRequest): Promise<Server> {
  const server = createServer({ ...LIMITS, maxHeaderSize: 16 * 1024, requireHostHeader: false }, onRequest);
  server.maxConnections = MAX_CONNECTIONS;
  // By default node drops header lines past a count: two Host lines must be seen as two.
  server.maxHeadersCount = 0;
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('checkExpectation', (_request, response) => sendRedirectPage(response, 400, 'not-ours'));
  for (const event of ['upgrade', 'connect'] as const)
    server.on(event, (_request, socket) => socket.destroy());
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  // What fails now is a single connection, which is gone by itself.
  server.on('error', () => undefined);
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The listener has no port');
  return address.port;
}

async function closeAll(servers: readonly OpenServer[]): Promise<void> {
  for (const { server } of servers) {
    server.close();
    server.closeIdleConnections();
  }
  // A page on its way is sent first; what is open after that is somebody else's.
  const timer = setTimeout(() => {
    for (const { server } of servers) server.closeAllConnections();
  }, CLOSE_GRACE_MS);
  await Promise.all(servers.map(({ closed }) => closed));
  clearTimeout(timer);
}
