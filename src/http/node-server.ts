/**
 * The guarded HTTP server: node's own listener runs the access guard over the raw request and only then
 * hands the request to the router. Deadlines and caps hold before, during and after that.
 */
import { type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError } from '@hono/node-server';
import { systemCodeOf } from '../domain/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { type AccessDecision, type AccessRules, decideAccess, type RefusalCode } from './access.ts';
import { ANONYMOUS, type Caller } from './callers/caller.ts';
import { ClosableServer } from './closable-server.ts';
import { problemResponse } from './problem-details.ts';
import { type ReadyBody, sendReady } from './ready-body.ts';
import { refuseRequest, refuseSocket, statusOf, type Refusal } from './refusal.ts';
import { type HeardClaim, hearClaim } from './repeated-claim.ts';
import { GuardedRequest, judgeBody, readCappedBody } from './request-body.ts';

/** What the router gets beside the request (Hono's bindings). */
export interface GuardedEnv {
  readonly caller: Caller;
  /** The connection of this request, for an answer that has to be cut off. */
  readonly connection: Pick<Duplex, 'destroy'>;
}

/** What was said last on one connection. */
interface Conversation {
  /** To know whether a refusal would land in the middle of an answer, or in the place of another one. */
  answer?: ServerResponse;
  answerBefore?: ServerResponse;
  heard?: HeardClaim;
}

/** Deadlines in milliseconds. */
interface ServerDeadlines {
  /** From the first byte of a connection or request to the end of its headers. @default 5000 */
  readonly headers?: number;
  /** To the end of the whole request. @default 10000 */
  readonly request?: number;
  /** How often both are looked at. @default 500 */
  readonly checkEvery?: number;
}

export interface GuardedServerOptions {
  /** The router. Behind the guard: it may trust Host, target and `env.caller`. */
  readonly fetch: (request: Request, env: GuardedEnv) => Response | Promise<Response>;
  /**
   * The body of a 200 answer to a GET where one is ready, so that neither the router nor a Request and a Response
   * are needed for it; undefined: the router answers. Asked behind the guard, like the router.
   */
  readonly ready?: (target: string, caller: Caller) => ReadyBody | undefined;
  /** Read once per request, so what changes counts from the next request on. */
  readonly rules: () => AccessRules;
  readonly log: Pick<Logger, 'error' | 'warn'>;
  /** Told of each refusal of the guard. */
  readonly onRefused?: (code: RefusalCode) => void;
  readonly deadlines?: ServerDeadlines;
  /** Most connections at a time. @default 4096 */
  readonly maxConnections?: number;
}

const KEEP_ALIVE_MS = 5_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_REQUESTS_PER_SOCKET = 100_000;
/** Many times what agents, readers and leases need; one more is closed at once, and costs nothing. */
const MAX_CONNECTIONS = 4_096;

/** Makes the server; it does not listen yet. */
export function createGuardedServer(options: GuardedServerOptions): Server {
  const { log, rules, deadlines = {} } = options;
  const route = createRoute(options);
  const conversations = new WeakMap<Duplex, Conversation>();
  const conversationOn = (connection: Duplex): Conversation => {
    const known = conversations.get(connection);
    if (known !== undefined) return known;
    const begun: Conversation = {};
    conversations.set(connection, begun);
    return begun;
  };

  const audit = (refusal: Refusal): void => {
    // The code alone: a target or a header value may hold a token.
    log.warn('Request refused', { code: refusal.code, status: statusOf(refusal) });
    options.onRefused?.(refusal.code);
  };
  const decide = (
    request: GuardedRequest,
    conversation: Conversation,
  ): { readonly decision: AccessDecision; readonly target: string } => {
    const { method = '', url: target = '', rawHeaders, httpVersion } = request;
    const asked = { method, target, rawHeaders, httpVersion };
    const heard = hearClaim(conversation.heard, asked, rules());
    conversation.heard = heard;
    // Of a repeated request the target of the first one: what is looked up by it is found without hashing it again.
    return { decision: decideAccess(heard.request, heard.rules, heard.claim), target: heard.request.target };
  };
  const refuse = (response: ServerResponse, refusal: Refusal): void => {
    audit(refusal);
    refuseRequest(response, refusal);
  };

  const routeChunked = async (request: GuardedRequest, response: ServerResponse): Promise<void> => {
    const body = await readCappedBody(request);
    if (body === 'lost') {
      response.destroy();
    } else if (body === 'too-large') {
      refuse(response, TOO_LARGE);
    } else {
      request.rawBody = body;
      await route(request, response);
    }
  };

  const onRequest = (request: GuardedRequest, response: ServerResponse, awaitsContinue: boolean): void => {
    const conversation = conversationOn(request.socket);
    if (conversation.answer !== undefined) conversation.answerBefore = conversation.answer;
    conversation.answer = response;
    const { decision, target } = decide(request, conversation);
    if (decision.kind === 'refuse') {
      refuse(response, decision);
      return;
    }
    const verdict = judgeBody(request);
    if (verdict === 'too-large') {
      refuse(response, TOO_LARGE);
      return;
    }
    request.caller = decision.caller;
    if (awaitsContinue) response.writeContinue();
    if (verdict === 'fits') {
      const ready = request.method === 'GET' ? options.ready?.(target, decision.caller) : undefined;
      if (ready !== undefined) {
        sendReady(response, ready);
        return;
      }
      void route(request, response);
      return;
    }
    void routeChunked(request, response);
  };

  const server = new ClosableServer(
    {
      IncomingMessage: GuardedRequest,
      headersTimeout: deadlines.headers ?? 5_000,
      requestTimeout: deadlines.request ?? 10_000,
      connectionsCheckingInterval: deadlines.checkEvery ?? 500,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The guard counts Host lines itself and answers in the form of every other refusal.
      requireHostHeader: false,
      insecureHTTPParser: false,
    },
    (request, response) => onRequest(request, response, false),
  );
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_SOCKET;
  server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  // By default node drops header lines past a count, so a second Host could hide there; bytes are capped above.
  server.maxHeadersCount = 0;
  server.on('checkContinue', (request, response) => onRequest(request, response, true));
  server.on('checkExpectation', (_request, response) => refuse(response, BAD_REQUEST));

  const refuseTunnel = (request: GuardedRequest, socket: Duplex): void => {
    const { decision } = decide(request, conversationOn(socket));
    const refusal = decision.kind === 'refuse' ? decision : BAD_REQUEST;
    audit(refusal);
    refuseSocket(socket, refusal);
  };
  server.on('connect', refuseTunnel);
  server.on('upgrade', refuseTunnel);

  server.on('clientError', (error, socket) => {
    const { answer, answerBefore } = conversations.get(socket) ?? {};
    // An answer has begun, or is still to come to a request that is whole: this is about something behind it.
    const isAwaited = isOpen(answerBefore) || (isOpen(answer) && (answer.headersSent || answer.req.complete));
    if (!socket.writable || isAwaited) {
      socket.destroy();
      return;
    }
    if (answer?.headersSent === true && (!answer.req.complete || !answer.shouldKeepAlive)) {
      // The request is answered already, and what comes now is the rest of it, or stands behind the last one of the
      // connection: a second answer would belong to nothing.
      socket.end(() => socket.destroy());
      return;
    }
    const refusal = refusalOfParserError(error);
    audit(refusal);
    refuseSocket(socket, refusal);
  });
  return server;
}

function isOpen(answer: ServerResponse | undefined): answer is ServerResponse {
  return answer !== undefined && !answer.writableFinished;
}

const BAD_REQUEST: Refusal = { code: 'bad-request' };
const TOO_LARGE: Refusal = { code: 'bad-request', status: 413 };

/** Statuses of the parser's and the deadlines' errors; every other one is 400. */
const PARSER_ERROR_STATUS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

function refusalOfParserError(error: unknown): Refusal {
  const status = PARSER_ERROR_STATUS[systemCodeOf(error) ?? ''];
  return status === undefined ? BAD_REQUEST : { code: 'bad-request', status };
}

/** The router behind the guard. Whatever it throws becomes an answer that says nothing of it. */
function createRoute(
  options: GuardedServerOptions,
): (request: GuardedRequest, response: ServerResponse) => Promise<void> {
  const { fetch, log } = options;
  const listener = getRequestListener(
    (request, { incoming }) =>
      // Every request of this server is of this class; the other arm gives no rights.
      fetch(request, {
        caller: incoming instanceof GuardedRequest ? incoming.caller : ANONYMOUS,
        connection: incoming.socket,
      }),
    {
      // The adapter's own Response costs half as much to send. This process is the server and nothing else,
      // so that it takes the place of the global one here disturbs nobody.
      overrideGlobalObjects: true,
      errorHandler: (error) => {
        if (error instanceof RequestError) {
          return problemResponse({ code: 'bad-request', detail: 'The request is not valid', hints: [] });
        }
        log.error('A route failed', { err: error });
        return problemResponse({
          code: 'internal',
          detail: 'The request could not be answered; the log says why',
          hints: [],
        });
      },
    },
  );
  return async (request, response) => {
    try {
      await listener(request, response);
    } catch (error) {
      log.error('An answer could not be written', { err: error });
      response.destroy();
    }
  };
}
