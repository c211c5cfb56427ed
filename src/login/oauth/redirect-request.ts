/**
 * Judges what arrives at the redirect address of a login. Only the browser that was sent to the authorization
 * server knows the login's `state`, so whoever comes without it is a stranger and changes nothing; whoever has it
 * is the answer, and there is one answer (RFC 6749 section 4.1.2, RFC 9207, RFC 9700 section 4.7).
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** A request as it came off the wire. */
export interface RedirectRequest {
  readonly method: string;
  /** The raw request target. */
  readonly target: string;
  /** Flat name, value pairs, every line of them. */
  readonly rawHeaders: readonly string[];
}

/** What the answer to one login looks like. */
export interface ExpectedRedirect {
  /** The only Host value that is right, with its port. */
  readonly host: string;
  /** Exact path, not decoded. */
  readonly path: string;
  readonly state: string;
  /** Issuer that the request was made to; null where the settings name none. */
  readonly issuer: string | null;
  /** True: the server says that it always names itself (`authorization_response_iss_parameter_supported`). */
  readonly issuerRequired: boolean;
}

/** What a request is to the login that waits. */
export type RedirectVerdict =
  /** Somebody else's: refused, and the login goes on. */
  | { readonly kind: 'stray'; readonly status: 400 | 404 | 405 }
  /** The answer, with a code. The parameters are each there once. */
  | { readonly kind: 'code'; readonly parameters: URLSearchParams }
  /** The answer, with the server's own error code and its words, both untrusted. */
  | { readonly kind: 'server-error'; readonly error: string; readonly description: string | null }
  /** The answer, from another server than the one that was asked. */
  | { readonly kind: 'wrong-issuer' }
  /** The answer, and nothing that could be used. */
  | { readonly kind: 'malformed' };

/** Decides about one request. Pure. */
export function judgeRedirect(request: RedirectRequest, expected: ExpectedRedirect): RedirectVerdict {
  const mark = request.target.indexOf('?');
  const path = mark === -1 ? request.target : request.target.slice(0, mark);
  if (!hasOnlyHost(request.rawHeaders, expected.host)) return { kind: 'stray', status: 400 };
  if (path !== expected.path) return { kind: 'stray', status: 404 };
  if (request.method !== 'GET') return { kind: 'stray', status: 405 };
  const parameters = new URLSearchParams(mark === -1 ? '' : request.target.slice(mark + 1));
  const states = parameters.getAll('state');
  const [state = ''] = states;
  if (states.length !== 1 || !sameText(state, expected.state)) return { kind: 'stray', status: 400 };
  const names = [...parameters.keys()];
  if (new Set(names).size !== names.length) return { kind: 'malformed' };
  const issuer = parameters.get('iss');
  if (issuer === null ? expected.issuerRequired : expected.issuer !== null && issuer !== expected.issuer) {
    return { kind: 'wrong-issuer' };
  }
  const error = parameters.get('error');
  if (error !== null) {
    return { kind: 'server-error', error, description: parameters.get('error_description') };
  }
  return (parameters.get('code') ?? '') === '' ? { kind: 'malformed' } : { kind: 'code', parameters };
}

/** Two Host lines, or one that names something else, come from no browser that was sent here. */
function hasOnlyHost(rawHeaders: readonly string[], host: string): boolean {
  const hosts = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host',
  );
  return hosts.length === 1 && hosts[0]?.toLowerCase() === host;
}

/** Compares in a time that tells nothing. */
function sameText(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
