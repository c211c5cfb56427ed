/**
 * One request to a provider. It always ends (deadline, size cap), follows no
 * redirect, because a redirect would carry the key to somebody else, and never throws.
 */
import { messageOf, systemCodeOf } from '../domain/errors.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';

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
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;

/** Makes a function that asks within these limits. */
export function createAsk({
  timeoutMs = DEFAULT_TIMEOUT_MS,
  maxBytes = DEFAULT_MAX_BYTES,
}: AskLimits = {}): Ask {
  return async ({ method, url, headers, body }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        signal,
        headers: {
          accept: 'application/json',
          'user-agent': 'provider-sidecar',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      });
      const contentType = mediaType(response.headers.get('content-type'));
      const text = await readCapped(response, maxBytes);
      return { kind: 'answer', status: response.status, contentType, json: parseJson(text), text };
    } catch (error) {
      const detail = signal.aborted ? `no complete answer within ${timeoutMs} ms` : reasonOf(error);
      return { kind: 'unreachable', detail };
    }
  };
}

async function readCapped(response: Response, maxBytes: number): Promise<string | undefined> {
  if (response.body === null) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    // Leaving the loop cancels the stream and with it the connection.
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function mediaType(header: string | null): string {
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
  const cause = error instanceof Error ? error.cause : undefined;
  const code = systemCodeOf(cause) ?? systemCodeOf(error);
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name cannot be resolved';
  return code ?? quoteUntrusted(messageOf(cause ?? error), 120);
}
