/**
 * The HTTP client for authorization servers: no redirect is followed, no answer is read without end, and
 * whoever asked can tell whether a request that failed may have had its effect on the server.
 */
import { systemCodeOf } from '../../domain/errors.ts';
import { withoutSecrets } from '../../domain/sent-secrets.ts';
import { isMetadataUrl } from '../../domain/metadata-host.ts';
import { watchSending } from '../../platform/send-watch.ts';

/** What became of one request. `unanswered`: it may have reached the server, and its answer never came. */
export type RequestFate =
  | { readonly kind: 'not-sent' }
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'answered'; readonly status: number };

/** As much of a fetch as the OAuth library asks for. */
export type ServerFetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: ArrayBuffer | null | ReadableStream | string | Uint8Array | undefined | URLSearchParams;
    readonly redirect: 'manual';
    readonly signal?: AbortSignal;
  },
) => Promise<Response>;

export interface ServerFetchOptions {
  /** Ends every request, beside the deadline of each. */
  readonly signal?: AbortSignal;
  /** Told once for each request. */
  readonly onFate?: (fate: RequestFate) => void;
}

/** Largest answer that is read, in bytes: metadata with all their lists are a tenth of it. */
const MAX_ANSWER_BYTES = 512 * 1024;

/**
 * Makes the client. It throws what the platform's own fetch throws. A server on the internet may have to be asked
 * through the proxy that the environment names (NODE_USE_ENV_PROXY), which sees nothing of what TLS protects.
 */
export function createServerFetch({
  signal,
  onFate = () => undefined,
}: ServerFetchOptions = {}): ServerFetch {
  return async (url, init) => {
    const given = AbortSignal.any([signal, init.signal].filter((each) => each !== undefined));
    let fate: RequestFate = { kind: 'not-sent' };
    const watch = watchSending(url);
    let line: DirectLine | undefined;
    try {
      // Metadata of a server may name any address. Names need no look-up here: whatever is not this machine has
      // to speak TLS under its name, which no metadata service does.
      if (isMetadataUrl(url)) throw new TypeError('the address is the metadata service of a cloud', NOBODY);
      given.throwIfAborted();
      const { body = null } = init;
      const request = { ...init, body, redirect: 'manual' as const, signal: given };
      if (isPlain(url)) line = await openDirectLine();
      fate = { kind: 'unanswered' };
      const response = await (line?.fetch(url, request) ?? fetch(url, request));
      const text = await readCapped(response);
      fate = { kind: 'answered', status: response.status };
      // A refusal ends in messages, and careless servers repeat in it what they refuse.
      const told = response.ok ? text : withoutSecrets(text, secretsIn(init.headers, body));
      // A status of its own without a body, such as 204, may not carry even an empty one.
      return new Response(told === '' ? null : told, { status: response.status, headers: response.headers });
    } catch (error) {
      if (neverArrived(error) || watch.sentNothing()) fate = { kind: 'not-sent' };
      throw error;
    } finally {
      watch.stop();
      onFate(fate);
      await line?.close();
    }
  };
}

type Init = Parameters<ServerFetch>[1];

interface DirectRequest extends Omit<Init, 'body' | 'redirect'> {
  readonly body: NonNullable<Init['body']> | null;
  readonly redirect: 'follow' | 'manual';
}

interface DirectLine {
  readonly fetch: (url: string, request: DirectRequest) => Promise<Response>;
  readonly close: () => Promise<void>;
}

/** Without TLS a server is on this machine: any proxy would read its secrets, and come back from elsewhere. */
function isPlain(url: string): boolean {
  return new URL(url).protocol === 'http:';
}

/** A connection past every proxy. The platform's fetch knows no way to ask for one. */
async function openDirectLine(): Promise<DirectLine> {
  const { Agent, fetch } = await import('../../platform/http-library.ts');
  const dispatcher = new Agent();
  return {
    fetch: (url, request) => fetch(url, { ...request, dispatcher }),
    close: () => dispatcher.destroy(),
  };
}

/** Looks to the caller like a server that is not there. */
const NOBODY = { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) };

/** Network errors of a request that found no server. */
const NOT_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_\w+|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+)$/;

function neverArrived(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return NOT_SENT.test(systemCodeOf(cause) ?? systemCodeOf(error) ?? '');
}

/** Parameters of the protocol that are no secret; servers name them in their answers. */
const OPEN_PARAMETERS: ReadonlySet<string> = new Set([
  'client_assertion_type',
  'client_id',
  'grant_type',
  'redirect_uri',
  'resource',
  'response_type',
  'scope',
  'token_type_hint',
]);

/** What a request carries that nobody else may see: tokens, codes, and the secret of the client. */
function secretsIn(headers: Readonly<Record<string, string>>, body: unknown): readonly string[] {
  const form = typeof body === 'string' || body instanceof URLSearchParams ? String(body) : '';
  const inForm = [...new URLSearchParams(form)].filter(([name]) => !OPEN_PARAMETERS.has(name));
  const [, scheme = '', credentials = ''] =
    /^(\S+) (.+)$/.exec(new Headers(headers).get('authorization') ?? '') ?? [];
  const pair = scheme.toLowerCase() === 'basic' ? Buffer.from(credentials, 'base64').toString('utf8') : '';
  // Both halves are written as in a form (RFC 6749, section 2.3.1).
  const [, secret] = [...new URLSearchParams(`=${pair.slice(pair.indexOf(':') + 1)}`)][0] ?? [];
  return [credentials, pair, secret ?? '', ...inForm.map(([, value]) => value)];
}

async function readCapped(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let text = '';
  for (let size = 0; ;) {
    const part = await reader.read();
    if (part.done) return text + decoder.decode();
    size += part.value.byteLength;
    if (size > MAX_ANSWER_BYTES) {
      await reader.cancel();
      throw new TypeError(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    }
    text += decoder.decode(part.value, { stream: true });
  }
}
