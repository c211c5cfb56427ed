/**
 * One probe is one HTTP request to an endpoint that nobody has vouched for. It carries no credential, no
 * cookie and no Origin, follows no redirect, uses no proxy, and always ends: by answer, deadline or size cap.
 */
import type { LookupFunction } from 'node:net';
import { messageOf, systemCodeOf } from '../domain/errors.ts';
import type { Evidence } from '../domain/runtime-state.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { toIso, type Clock } from '../platform/clock.ts';

/** An HTTP answer, whole, with its headers in lower case. */
export interface ProbeAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Media type without parameters, lower case; empty when the server names none. */
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON, or undefined when it is none. Not checked: parse it with a schema. */
  json(): unknown;
  readonly evidence: Evidence;
}

/** No usable answer. `refused` means that no connection came to be: nothing listens there, or no way leads there. */
export interface ProbeFailure {
  readonly kind: 'refused' | 'timeout' | 'too-large' | 'reset' | 'error';
  readonly evidence: Evidence;
}

/** What became of one request. */
export type ProbeResult = ProbeAnswer | ProbeFailure;

/** Limits of one request. */
export interface ProbeOptions {
  /** Milliseconds for the whole request: connect, headers and body. @default 1000 */
  readonly timeoutMs?: number;
  /** Largest body that is read, in bytes. @default 2 MiB */
  readonly maxBytes?: number;
  /** Ends the request early, as a timeout. */
  readonly signal?: AbortSignal;
}

/** Sends probes. Close it when nothing more will be asked. */
export interface Probe {
  /** Never throws: every failure is a result. */
  get(url: string, options?: ProbeOptions): Promise<ProbeResult>;
  /** Posts a JSON body. Never throws. */
  post(url: string, json: unknown, options?: ProbeOptions): Promise<ProbeResult>;
  close(): Promise<void>;
}

/** What a probe is built from. */
export interface ProbeDeps {
  readonly clock: Clock;
  /** Finds the address of a host name. @default the system's way */
  readonly lookup?: LookupFunction;
}

const DEFAULT_TIMEOUT_MS = 1_000;
const DEFAULT_MAX_BYTES = 2 * 1024 * 1024;

const REFUSED = 'connection refused';
const NO_CONNECTION = 'no connection came to be';
const NO_WAY = 'the host cannot be reached';

/** Why no connection came to be, by the code of the error. */
const UNREACHED: ReadonlyMap<string, string> = new Map([
  // Nothing listens at the address, or this machine has no such address family.
  ['ECONNREFUSED', REFUSED],
  ['EADDRNOTAVAIL', REFUSED],
  ['EAFNOSUPPORT', REFUSED],
  ['ENOTFOUND', 'there is no host of that name (ENOTFOUND)'],
  ['EAI_AGAIN', 'the host name cannot be looked up now (EAI_AGAIN)'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN'].map(
    (code) => [code, `${NO_WAY} (${code})`] as const,
  ),
  ['UND_ERR_CONNECT_TIMEOUT', NO_CONNECTION],
  ['ETIMEDOUT', NO_CONNECTION],
]);
const TIMEOUT_CODES = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const RESET_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** Creates a probe with an agent of its own, so that a proxy set for the process or by variable is never used. */
export function createProbe({ clock, lookup }: ProbeDeps): Probe {
  let line: Promise<Line> | undefined;
  let closed = false;
  const send = async (
    method: 'GET' | 'POST',
    url: string,
    body: string | undefined,
    options: ProbeOptions,
  ) => {
    const { agent, request } = await (line ??= openLine(lookup));
    if (closed) await agent.destroy();
    return sendOnce({ method, url, body, options, clock, agent, request });
  };
  return {
    get: (url, options = {}) => send('GET', url, undefined, options),
    post: (url, json, options = {}) => send('POST', url, JSON.stringify(json), options),
    async close() {
      closed = true;
      await (await line)?.agent.destroy();
    },
  };
}

/** What requests go through. */
type Line = Awaited<ReturnType<typeof openLine>>;

/** Loaded with the first request: it takes as long as all else that a command which sends none does. */
async function openLine(lookup: LookupFunction | undefined) {
  const { Agent, request } = await import('../platform/http-library.ts');
  const agent = new Agent({
    connect: { timeout: DEFAULT_TIMEOUT_MS, ...(lookup === undefined ? {} : { lookup }) },
    headersTimeout: 5_000,
    bodyTimeout: 5_000,
  });
  return { agent, request };
}

interface Request extends Line {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body: string | undefined;
  readonly options: ProbeOptions;
  readonly clock: Clock;
}

async function sendOnce({
  method,
  url,
  body,
  options,
  clock,
  agent,
  request,
}: Request): Promise<ProbeResult> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES, signal } = options;
  const evidenceOf = (answer: string): Evidence => ({
    request: `${method} ${url}`,
    answer,
    at: toIso(clock()),
  });
  // A timer of our own: undici's timers are too coarse for a deadline of one second.
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  try {
    const response = await request(url, {
      method,
      signal: controller.signal,
      headers: {
        'user-agent': 'provider-sidecar',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      // `Connection: close`: a kept socket that the server drops in between would look like a reset.
      reset: true,
      ...(body === undefined ? {} : { body }),
      dispatcher: agent,
    });
    const headers = plainHeaders(response.headers);
    const read = await readCapped(response.body, maxBytes);
    if (read === undefined) {
      return {
        kind: 'too-large',
        evidence: evidenceOf(`${response.statusCode}, more than ${maxBytes} bytes`),
      };
    }
    const text = read.toString('utf8');
    return {
      kind: 'answer',
      status: response.statusCode,
      contentType: mediaType(headers['content-type']),
      headers,
      body: text,
      json: once(() => parseJson(text)),
      evidence: evidenceOf(describeAnswer(response.statusCode, headers, text, read.length)),
    };
  } catch (error) {
    const kind = controller.signal.aborted ? 'timeout' : failureKind(error);
    return { kind, evidence: evidenceOf(describeFailure(kind, error, timeoutMs)) };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Reads a body, or gives undefined as soon as it grows beyond the cap. */
async function readCapped(body: AsyncIterable<unknown>, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    // Leaving the loop destroys the stream and with it the connection.
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function plainHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return plain;
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is a finding, not a failure: the caller asks for a shape and does not get it.
    return undefined;
  }
}

function failureKind(error: unknown): ProbeFailure['kind'] {
  const code = systemCodeOf(error) ?? '';
  if (UNREACHED.has(code)) return 'refused';
  if (TIMEOUT_CODES.has(code)) return 'timeout';
  return RESET_CODES.has(code) ? 'reset' : 'error';
}

function describeAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
  size: number,
): string {
  const location = headers['location'];
  const type = mediaType(headers['content-type']);
  const parts = [
    String(status),
    ...(location === undefined ? [] : [`to ${quoteUntrusted(location)}`]),
    ...(type === '' ? [] : [quoteUntrusted(type).slice(1, -1)]),
    `${size} bytes`,
  ];
  return body === '' ? parts.join(', ') : `${parts.join(', ')}: ${quoteUntrusted(body)}`;
}

function describeFailure(kind: ProbeFailure['kind'], error: unknown, timeoutMs: number): string {
  switch (kind) {
    case 'refused':
      return UNREACHED.get(systemCodeOf(error) ?? '') ?? NO_CONNECTION;
    case 'timeout':
      return `no complete answer within ${timeoutMs} ms`;
    case 'reset':
      return 'connection closed before the answer was complete';
    case 'too-large':
    case 'error':
      return quoteUntrusted(messageOf(error), 120);
  }
}

/** Every runtime that shares a port reads the same answer; a large one is parsed once. */
function once<T>(compute: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => (result ??= { value: compute() }).value;
}
