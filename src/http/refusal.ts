/**
 * How the guard says no, below the router: one small document per code, of constant shape, with nothing of
 * the request in it, no CORS header, and the connection closed afterwards.
 */
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { factsOf, type Problem } from '../domain/errors.ts';
import type { RefusalCode } from './access.ts';
import { problemHeaders, toProblemDetails } from './problem-details.ts';

/** A refusal: its code, and a status where HTTP has a closer one than the code's own. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly status?: number;
  /** True: the members that AWS SDKs show stand beside. */
  readonly forAws?: true;
}

/** Status that a refusal has on the wire. */
export function statusOf(refusal: Refusal): number {
  return refusal.status ?? factsOf(refusal.code).status;
}

/** Answers a request with a refusal; its connection is closed once that is written, whatever is still being sent. */
export function refuseRequest(response: ServerResponse, refusal: Refusal): void {
  const status = statusOf(refusal);
  const body = bodyOf(refusal, status);
  response.writeHead(status, {
    ...problemHeaders(status),
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  });
  // Node drops the body of an answer to HEAD.
  response.end(body);
}

/** Writes a refusal to a connection that has no response object (unparsable input, CONNECT, Upgrade) and closes it. */
export function refuseSocket(socket: Duplex, refusal: Refusal): void {
  // The peer may be gone already; its reset is not news, and unheard it would end the process.
  socket.on('error', () => undefined);
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = statusOf(refusal);
  const body = bodyOf(refusal, status);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(problemHeaders(status)).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** The refusal of a request that has got past the guard; its connection is closed afterwards too. */
export function refusalResponse(refusal: Refusal): Response {
  const status = statusOf(refusal);
  return new Response(bodyOf(refusal, status), {
    status,
    headers: { ...problemHeaders(status), Connection: 'close' },
  });
}

function bodyOf(refusal: Refusal, status: number): string {
  const { code, forAws } = refusal;
  const problem = refusalProblem(code);
  const beside = forAws === true ? { Code: code, Message: problem.detail } : {};
  return JSON.stringify(toProblemDetails(problem, { status, ...beside }));
}

/** What a refusal says; the same for everybody who is refused with this code. */
export function refusalProblem(code: RefusalCode): Problem {
  return { code, ...WORDS[code] };
}

/** Constant words for each code, so that a refusal tells a prober nothing but the code. */
const WORDS: Readonly<Record<RefusalCode, Omit<Problem, 'code'>>> = {
  'bad-request': {
    detail: 'The request is ambiguous, malformed, too large or too slow',
    hints: ['Send one Host line, a plain path, and the token in the Authorization header only'],
  },
  'host-not-allowed': {
    detail: 'The Host header does not name this server',
    hints: ['Call the url of endpoint.json as it is written there'],
  },
  'origin-not-allowed': {
    detail: 'This server does not answer web pages',
    hints: ['Call it from a local process, without an Origin header'],
  },
  'forwarded-not-allowed': {
    detail: 'This server does not answer through a proxy',
    hints: ['Call it directly; a proxy variable may need 127.0.0.1 in NO_PROXY'],
  },
  unauthorized: {
    detail: 'This route needs the token of this server',
    hints: ['Send "Authorization: Bearer <token>" with the token of endpoint.json'],
  },
  'scope-not-allowed': {
    detail: 'The token is limited, and this is beyond its limits',
    hints: ['See what it may do: provider-sidecar token list'],
  },
};
