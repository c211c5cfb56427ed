/**
 * Talking to the running server as a client: over one connection, which proves itself first. The token is sent
 * over the very connection that showed that it leads to the right server, and over no other. The client library
 * does it in other people's programs, so no package is loaded for it.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { idOfToken } from '../domain/caller-token.ts';
import { messageOf, SidecarError } from '../domain/errors.ts';
import { isRecord } from '../domain/record.ts';
import type { Secret } from '../domain/secret.ts';
import { socketPathOf } from '../domain/server-url.ts';
import { proofFor, proofKeyOf } from './liveness-proof.ts';

/** Where the server is and what it has to know. */
export interface ServerAddress {
  /** `http://127.0.0.1:18780`, or `unix:///path`. */
  readonly url: string;
  readonly token: Secret;
}

/** A request to it. */
export interface ServerRequest {
  /** @default 'GET' */
  readonly method?: string;
  /** With query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Header lines beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds until the answer is whole. @default 3000 */
  readonly timeoutMs?: number;
}

/** An answer, with its body parsed where it is JSON. */
export interface ServerAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A server that has proved itself. */
export interface ProvenServer {
  /**
   * Rejects with a SidecarError `not-running` when the connection is lost or the deadline passes; its `cause` is what
   * the system says.
   */
  readonly ask: (request: ServerRequest) => Promise<ServerAnswer>;
  /** Resolves with an answer whose body goes on; nothing else can be asked meanwhile. Rejects as `ask` does. */
  readonly stream: (request: ServerRequest) => Promise<IncomingMessage>;
  readonly close: () => void;
}

const PROOF_DEADLINE_MS = 2_000;
const ANSWER_DEADLINE_MS = 3_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Opens one connection and has it prove itself. Undefined: nobody answers there, or somebody else does. */
export async function connectProven({ url, token }: ServerAddress): Promise<ProvenServer | undefined> {
  const agent = new OneConnection({ keepAlive: true, maxSockets: 1 });
  const { place, host } = whereIs(url);
  const send = (request: ServerRequest, bearer: Secret | null): ClientRequest => {
    const { method = 'GET', path, body, headers } = request;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sent = httpRequest({
      ...place,
      agent,
      method,
      path,
      headers: {
        ...headers,
        host,
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer.reveal()}` }),
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      },
    });
    // Once an answer has begun, it fails with the connection; an error that the request tells too is heard by nobody
    // else, and would end the program.
    sent.on('error', () => undefined);
    sent.end(text);
    return sent;
  };
  const ask = async (request: ServerRequest, bearer: Secret | null): Promise<ServerAnswer> => {
    const sent = send(request, bearer);
    const deadline = new AbortController();
    const timer = setTimeout(() => {
      deadline.abort(new Error('no answer in time'));
      sent.destroy();
    }, request.timeoutMs ?? ANSWER_DEADLINE_MS);
    try {
      const response = await answerTo(sent);
      return { status: response.statusCode ?? 0, body: await readJson(response) };
    } catch (error) {
      // To an answer that had begun, its deadline looks like a connection that was lost.
      deadline.signal.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
  const close = (): void => agent.destroy();
  if (!(await proves((path) => ask({ path, timeoutMs: PROOF_DEADLINE_MS }, null), host, token))) {
    close();
    return undefined;
  }
  return {
    ask: (request) => ask(request, token).catch(lost),
    stream: async (request) => {
      try {
        return await answerTo(send(request, token));
      } catch (error) {
        return lost(error);
      }
    },
    close,
  };
}

/** What a request that got no answer rejects with. */
function lost(cause: unknown): never {
  throw new SidecarError(
    'not-running',
    `The server did not answer (${messageOf(cause)})`,
    ['Look whether it runs: provider-sidecar status'],
    { cause },
  );
}

/** Whether the server behind an address answers, and is the one that is meant. Sends no token. */
export async function provesItself(address: ServerAddress): Promise<boolean> {
  const server = await connectProven(address);
  server?.close();
  return server !== undefined;
}

/** @param host what was dialled: whoever has that address and passes the challenge on gets the proof of another */
async function proves(
  ask: (path: string) => Promise<ServerAnswer>,
  host: string,
  token: Secret,
): Promise<boolean> {
  const challenge = randomBytes(32).toString('base64url');
  const id = idOfToken(token.reveal());
  try {
    const { body } = await ask(`/livez?challenge=${challenge}${id === undefined ? '' : `&caller=${id}`}`);
    if (!isRecord(body) || body['status'] !== 'ok' || typeof body['proof'] !== 'string') return false;
    const given = Buffer.from(body['proof']);
    const wanted = Buffer.from(proofFor(challenge, host, proofKeyOf(token)));
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  } catch {
    // Nobody answers, or not in this form: either way it is not that server.
    return false;
  }
}

/** An agent that makes one connection and never a second one: the next could lead to somebody else. */
class OneConnection extends Agent {
  #used = false;

  override createConnection(
    ...args: Parameters<Agent['createConnection']>
  ): ReturnType<Agent['createConnection']> {
    if (this.#used) throw new SidecarError('not-running', 'The connection to the server is lost');
    this.#used = true;
    return super.createConnection(...args);
  }
}

/** What is dialled, and how the Host line names it: over a Unix socket, as `localhost` without a port. */
function whereIs(url: string) {
  const socketPath = socketPathOf(url);
  if (socketPath !== undefined) return { place: { socketPath }, host: 'localhost' };
  const { hostname, port: written } = new URL(url);
  const port = written === '' ? '80' : written;
  return {
    place: { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) },
    host: `${hostname}:${port}`,
  };
}

async function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  const closed = new AbortController();
  // An answer that changes the protocol ends the request with neither an error nor a response.
  sent.once('close', () => closed.abort());
  const [response]: IncomingMessage[] = await once(sent, 'response', { signal: closed.signal });
  if (response === undefined) throw new SidecarError('not-running', 'The server gave no answer');
  return response;
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    chunks.push(part);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    // No answer of ours; its status says the rest.
    return undefined;
  }
}
