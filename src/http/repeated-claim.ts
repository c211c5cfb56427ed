/**
 * The claim of a request that is, byte for byte, the one before it on its connection: agents ask for the same again and
 * again, and reading a request anew costs more than the rest of its answer. Who shows the token, and whether it may,
 * is asked each time, so what is revoked is refused at once.
 *
 * What is kept belongs to one connection. Nobody can find out, by the time that an answer takes, what another said.
 */
import type { Secret } from '../domain/secret.ts';
import { type AccessClaim, type AccessRequest, type AccessRules, readClaim } from './access.ts';

/** What was heard last, and what it was judged by. */
export interface HeardClaim {
  readonly request: AccessRequest;
  readonly rules: AccessRules;
  /** No target may hold it, so another one is another judgement. */
  readonly endpointToken: Secret;
  readonly claim: AccessClaim;
}

/** What was heard, if it is this request again and would be judged by the same; or this request, read now. */
export function hearClaim(
  before: HeardClaim | undefined,
  request: AccessRequest,
  rules: AccessRules,
): HeardClaim {
  const endpointToken = rules.callers.endpointToken();
  if (
    before !== undefined &&
    before.rules === rules &&
    before.endpointToken === endpointToken &&
    isSame(before.request, request)
  ) {
    return before;
  }
  return { request, rules, endpointToken, claim: readClaim(request, rules) };
}

function isSame(one: AccessRequest, other: AccessRequest): boolean {
  if (
    one.target !== other.target ||
    one.method !== other.method ||
    one.httpVersion !== other.httpVersion ||
    one.rawHeaders.length !== other.rawHeaders.length
  ) {
    return false;
  }
  for (let index = 0; index < one.rawHeaders.length; index += 1) {
    if (one.rawHeaders[index] !== other.rawHeaders[index]) return false;
  }
  return true;
}
