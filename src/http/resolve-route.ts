/**
 * `GET /v1/resolve`, defined once for both ways in which its answers go out: through the router, and below it where
 * an answer is kept. What belongs to an answer, its count, its limits, its audit line and its body, is in here only.
 */
import type { Resolution, ResolutionOutcome } from '../domain/auth.ts';
import type { Clock } from '../platform/clock.ts';
import { toResolveAnswer } from '../resolution/answers/resolve-answer.ts';
import type { Resolver } from '../resolution/resolver.ts';
import type { Snapshot } from '../resolution/snapshot.ts';
import type { Caller } from './callers/caller.ts';
import { refuseNow } from './callers/scoped-answers.ts';
import type { CredentialAudit } from './credential-audit.ts';
import type { Metrics } from './metrics/metrics.ts';
import { JSON_HEADERS, type ReadyBody, toReadyBody } from './ready-body.ts';
import { problemResponse } from './problem-details.ts';
import type { ResolveRequest } from '../resolution/resolve.ts';
import { readQuery, RESOLVE_PARAMETERS, toResolveRequest } from './query.ts';
import { pathOf } from './request-target.ts';

export interface ResolveRouteParts {
  readonly snapshot: () => Snapshot;
  readonly resolver: Pick<Resolver, 'resolve' | 'kept'>;
  readonly metrics: Pick<Metrics, 'timer' | 'resolved'>;
  readonly audit: CredentialAudit;
  readonly clock: Clock;
}

export interface ResolveRoute {
  /** As the router writes it. */
  readonly path: string;
  /**
   * The answer of the router. Not a promise where it is kept, so that it goes out without a turn of the event loop.
   *
   * @param target path and query, or a whole URL
   * @param method `HEAD`: the header lines alone leave, so nothing is counted or written down as handed out
   * @throws SidecarError `bad-request`, `scope-not-allowed`; `unauthorized` when the token ended meanwhile
   */
  readonly answer: (target: string, caller: Caller, method: string) => Response | Promise<Response>;
  /** The body of that answer where it is kept and a 200; undefined: the router answers. Never throws. */
  readonly ready: (target: string, caller: Caller) => ReadyBody | undefined;
  /** The answer for an outcome that came about in another way, and is not counted as one of this route. */
  readonly respond: (outcome: ResolutionOutcome, caller: Caller) => Response;
}

const PATH = '/v1/resolve';

/** Most targets whose reading is kept: agents ask for a few models, and for each in one or two spellings. */
const MOST_TARGETS = 1_000;

/** Builds the route. */
export function createResolveRoute(parts: ResolveRouteParts): ResolveRoute {
  const { snapshot, resolver, metrics, audit, clock } = parts;
  const bodyOf = rememberBody((resolution: Resolution) => toResolveAnswer(resolution, 'secrets'));

  const requests = new Map<string, ResolveRequest>();
  const requestOf = (target: string): ResolveRequest => {
    const known = requests.get(target);
    if (known !== undefined) return known;
    const request = toResolveRequest(readQuery(target, RESOLVE_PARAMETERS));
    if (requests.size >= MOST_TARGETS) requests.clear();
    requests.set(target, request);
    return request;
  };
  const begin = (target: string) => {
    const request = requestOf(target);
    return { request, began: metrics.timer(), kept: resolver.kept(request) };
  };
  /** Every credential that leaves passes here, whichever way it goes. */
  const handOut = (resolution: Resolution, caller: Caller, leaves = true): ReadyBody => {
    refuseNow(snapshot(), caller, resolution);
    if (leaves) audit.handedOut(resolution, caller);
    return bodyOf(resolution);
  };
  const respond = (outcome: ResolutionOutcome, caller: Caller, leaves = true): Response => {
    if (outcome.kind === 'resolved') {
      return new Response(handOut(outcome.resolution, caller, leaves).text, { headers: JSON_HEADERS });
    }
    return problemResponse(outcome.problem, {}, clock());
  };

  return {
    path: PATH,
    respond: (outcome, caller) => respond(outcome, caller),
    answer(target, caller, method) {
      const leaves = method !== 'HEAD';
      const { request, began, kept } = begin(target);
      if (kept !== undefined) {
        if (leaves) metrics.resolved(kept, began, true);
        return respond(kept, caller, leaves);
      }
      return resolver.resolve(request).then((outcome) => {
        if (leaves) metrics.resolved(outcome, began, false);
        return respond(outcome, caller, leaves);
      });
    },
    ready(target, caller) {
      if (pathOf(target) !== PATH) return undefined;
      try {
        const { began, kept } = begin(target);
        if (kept?.kind !== 'resolved') return undefined;
        const body = handOut(kept.resolution, caller);
        metrics.resolved(kept, began, true);
        return body;
      } catch {
        // Whatever it is, the router meets it again and says it in the form of every other problem.
        return undefined;
      }
    },
  };
}

/** Serialises each object once: the resolver hands out the same resolution until something changes. */
function rememberBody<T extends object>(toBody: (value: T) => unknown): (value: T) => ReadyBody {
  const bodies = new WeakMap<T, ReadyBody>();
  return (value) => {
    const known = bodies.get(value);
    if (known !== undefined) return known;
    const body = toReadyBody(JSON.stringify(toBody(value)));
    bodies.set(value, body);
    return body;
  };
}
