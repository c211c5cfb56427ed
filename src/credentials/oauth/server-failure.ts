/**
 * What a failed call to an authorization server means: did it say no, is it out of reach, or did it answer with
 * something that cannot be used? The library's errors carry whole answers; of those only codes are taken over.
 */
import { systemCodeOf } from '../../domain/errors.ts';
import { isRecord } from '../../domain/record.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';

/** A failed call. Texts show no token; what the server said is quoted and cut. */
export type ServerFailure =
  /** An error of the protocol (RFC 6749 section 5.2): another try would come to the same. */
  | { readonly kind: 'refused'; readonly error: string; readonly detail: string }
  /** No answer, or one of a server in trouble: another try may succeed. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** An answer that is not what the protocol demands, or that does not belong to the request. */
  | { readonly kind: 'unusable'; readonly detail: string };

/** Reads what the library threw. */
export function readServerFailure(thrown: unknown): ServerFailure {
  const code = systemCodeOf(thrown);
  if (code === 'OAUTH_RESPONSE_BODY_ERROR' && isRecord(thrown) && typeof thrown['error'] === 'string') {
    return refusal(thrown['error'], thrown['error_description'], thrown['status']);
  }
  if (code === 'OAUTH_WWW_AUTHENTICATE_CHALLENGE') {
    return { kind: 'refused', error: 'invalid_client', detail: 'it does not accept the client (401)' };
  }
  const status = statusOf(thrown);
  if (status !== undefined && isTrouble(status)) {
    return { kind: 'unreachable', detail: `it answered ${status}` };
  }
  if (code === 'OAUTH_TIMEOUT') return { kind: 'unreachable', detail: 'no answer in time' };
  if (code?.startsWith('OAUTH_') === true) {
    const what = status === undefined ? code : `${code}, status ${status}`;
    return { kind: 'unusable', detail: `its answer is not what the protocol demands (${what})` };
  }
  // The platform's fetch says everything in the cause.
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  const system = systemCodeOf(cause) ?? code;
  if (system === 'ECONNREFUSED') return { kind: 'unreachable', detail: 'connection refused' };
  return { kind: 'unreachable', detail: `the connection failed (${system ?? 'no reason given'})` };
}

function refusal(error: string, description: unknown, status: unknown): ServerFailure {
  if (error === 'server_error' || error === 'temporarily_unavailable' || isTrouble(status)) {
    return { kind: 'unreachable', detail: `it answered ${quoteUntrusted(error, 40)}` };
  }
  const words = typeof description === 'string' ? `: ${quoteUntrusted(description, 160)}` : '';
  return { kind: 'refused', error, detail: `it answered ${quoteUntrusted(error, 40)}${words}` };
}

/** Statuses of a server that cannot say yes or no at the moment. */
function isTrouble(status: unknown): boolean {
  return typeof status === 'number' && (status === 429 || status >= 500);
}

/** The status of the answer that an error is about, where it carries one. */
function statusOf(thrown: unknown): number | undefined {
  let current = thrown;
  for (let depth = 0; depth < 4 && isRecord(current); depth += 1) {
    // Not by class: the server of this program has put another Response in the global one's place.
    if (typeof current['status'] === 'number') return current['status'];
    current = current['cause'];
  }
  return undefined;
}
