/**
 * The end of a token while a request of it is under way. The guard judged the caller when the request came; whatever
 * takes time is judged once more, in two moments: before something is done, and before an answer leaves.
 */
import { AWS_CREDENTIALS_PATH } from '../../credentials/aws/own-address.ts';
import { refusalResponse } from '../refusal.ts';
import type { Caller } from './caller.ts';
import { findRouteScope } from './route-scope.ts';
import { refuseEnded } from './scoped-answers.ts';

/** Routes whose answer, where it is a good one, leaves all the same. */
const STILL_ANSWERED: ReadonlySet<string> = new Set([
  // The default model is changed by then: a refusal would say that nothing was done.
  'POST /v1/setup/:provider',
  'PUT /v1/default-model',
  // The stream says itself that it ends, and why: who reads it then looks for another token.
  'GET /v1/events',
]);

/**
 * What a request brings, if its token is still in force when all of it is here: to send a body takes as long as its
 * sender likes.
 *
 * @throws SidecarError `unauthorized`
 */
export async function readInForce<T>(caller: Caller, reading: Promise<T>): Promise<T> {
  const read = await reading;
  refuseEnded(caller);
  return read;
}

/** The answer, or the guard's refusal in its place. What was answered at once was judged a moment before. */
export function refuseLate(
  answer: Response | Promise<Response>,
  caller: Caller,
  request: Pick<Request, 'method' | 'url'>,
): Response | Promise<Response> {
  if (!(answer instanceof Promise)) return answer;
  return answer.then((made) => (caller.isRefused() ? refusalOf(made, request) : made));
}

async function refusalOf(
  made: Response,
  { method, url }: Pick<Request, 'method' | 'url'>,
): Promise<Response> {
  const path = new URL(url).pathname;
  const route = findRouteScope(method, path)?.scope;
  if (made.ok && route !== undefined && STILL_ANSWERED.has(`${route.method} ${route.path}`)) return made;
  // Where it is a stream, nobody will read it.
  await made.body?.cancel();
  const isForAws = path.startsWith(AWS_CREDENTIALS_PATH);
  return refusalResponse({ code: 'unauthorized', ...(isForAws ? { forAws: true } : {}) });
}
