/**
 * One request to a provider. It always ends (deadline, size cap), follows no redirect, because a redirect would
 * carry the key to somebody else, uses no proxy, and never throws.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { messageOf, systemCodeOf } from '../domain/errors.ts';
import { isMetadataUrl } from '../domain/metadata-host.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { guardedLookup, METADATA_REFUSED } from '../platform/guarded-lookup.ts';

/** What to ask. */
export interface AskRequest {
  /** In capitals. */
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
}

/** What came back. */
export type AskAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly contentType: string;
      /** Undefined for a body that is no JSON, or that is too large. */
      readonly json: unknown;
      /** The body as it came; undefined when it is too large. */
      readonly text?: string | undefined;
    }
  | { readonly kind: 'unreachable'; readonly detail: string };

/** Asks. */
export type Ask = (request: AskRequest) => Promise<AskAnswer>;

/** Limits of a request. */
export interface AskLimits {
  /** Milliseconds for the whole request. @default 10000 */
  readonly timeoutMs?: number;
  /** Largest body that is read, in bytes. @default 8 MiB */
  readonly maxBytes?: number;
  /** Finds the address of a host name. @default the system's way */
  readonly lookup?: LookupFunction;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;

const METADATA_DETAIL = 'the address is the metadata service of a cloud, which is never asked';

/** Makes a function that asks within these limits. */
export function createAsk({
  timeoutMs = DEFAULT_TIMEOUT_MS,
  maxBytes = DEFAULT_MAX_BYTES,
  lookup,
}: AskLimits = {}): Ask {
  const guarded = guardedLookup(lookup);
  return async (asked) => {
    if (isMetadataUrl(asked.url)) return { kind: 'unreachable', detail: METADATA_DETAIL };
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await send(asked, signal, guarded);
      const contentType = mediaType(response.headers['content-type']);
      const text = await readCapped(response, maxBytes);
      return { kind: 'answer', status: response.statusCode ?? 0, contentType, json: parseJson(text), text };
    } catch (error) {
      const detail = signal.aborted ? `no complete answer within ${timeoutMs} ms` : reasonOf(error);
      return { kind: 'unreachable', detail };
    }
  };
}

/** Resolves with the head of the answer; a redirect is an answer like any other. */
function send(
  { method, url, headers, body }: AskRequest,
  signal: AbortSignal,
  lookup: LookupFunction,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      signal,
      lookup,
      // An agent of its own: the shared one goes through a proxy that the environment names (NODE_USE_ENV_PROXY),
      // which would read what is not encrypted, and look up the name without the guard.
      agent: false,
      headers: {
        accept: 'application/json',
        'user-agent': 'provider-sidecar',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    };
    const sent = url.toLowerCase().startsWith('https:')
      ? requestHttps(url, options)
      : requestHttp(url, options);
    sent.once('response', resolve);
    sent.once('error', reject);
    // An answer that changes the protocol ends the request with neither an error nor a response.
    sent.once('close', () => reject(new Error('the connection was closed without an answer')));
    sent.end(body);
  });
}

async function readCapped(response: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.byteLength;
    // Leaving the loop ends the stream and with it the connection.
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    // Not JSON is a finding of its own, told by the caller.
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const code = systemCodeOf(error);
  if (code === METADATA_REFUSED) return METADATA_DETAIL;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name cannot be resolved';
  return code ?? quoteUntrusted(messageOf(error), 120);
}
