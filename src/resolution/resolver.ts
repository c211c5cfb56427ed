/**
 * The resolver as the server asks it: the same `resolve`, with its answers kept for a moment. An answer
 * belongs to one snapshot, and is never kept past the life of the credential in it.
 */
import { expiryOf, type ResolutionOutcome } from '../domain/auth.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { runtimeOfProviderId } from '../domain/provider-id.ts';
import { type Span, stillLasts } from '../domain/span.ts';
import type { Clock } from '../platform/clock.ts';
import { resolve, type ResolveRequest } from './resolve.ts';
import type { Snapshot } from './snapshot.ts';

export interface Resolver {
  readonly resolve: (request: ResolveRequest) => Promise<ResolutionOutcome>;
  /** The answer if it is kept and still counts: without a wait, which is what most requests need. */
  readonly kept: (request: ResolveRequest) => ResolutionOutcome | undefined;
  /** Drops every kept answer, also those that are being made: what they rest on is not true any more. */
  readonly forget: () => void;
}

/** Longest time that an answer is kept: cool-downs end and tokens expire by the clock alone. */
const KEEP_MS = 1_000;

/** Most answers that are kept; a caller who asks for endless different refs must not fill the memory. */
const MOST_KEPT = 1_000;

interface Kept extends Span {
  readonly outcome: ResolutionOutcome;
}

/**
 * A resolver over whatever snapshot is current when a request comes.
 *
 * @param onMiss called before a request for a local runtime fails: the runtime may have started, or got the
 * model, a moment ago. Resolves when what could be learned is in the current snapshot; must not reject.
 */
export function createResolver(
  current: () => Snapshot,
  clock: Clock,
  onMiss?: () => Promise<void>,
): Resolver {
  let owner: Snapshot | undefined;
  let kept = new Map<string, Kept>();
  /** A caller that hands in the same request again, the same object, finds its answer without spelling it out. */
  const keys = new WeakMap<ResolveRequest, string>();
  const keyOf = (request: ResolveRequest): string => {
    const known = keys.get(request);
    if (known !== undefined) return known;
    const { model, provider, profileId, resolutionId } = request;
    const key = JSON.stringify([model, provider, profileId, resolutionId]);
    keys.set(request, key);
    return key;
  };
  /** The answers of the current snapshot. */
  const answersNow = (): Map<string, Kept> => {
    const snapshot = current();
    if (snapshot !== owner) {
      owner = snapshot;
      kept = new Map();
    }
    return kept;
  };
  const lookUp = (request: ResolveRequest): ResolutionOutcome | undefined => {
    const known = answersNow().get(keyOf(request));
    return known !== undefined && stillLasts(known, clock()) ? known.outcome : undefined;
  };
  return {
    kept: lookUp,
    forget() {
      kept = new Map();
    },
    async resolve(request) {
      const known = lookUp(request);
      if (known !== undefined) return known;
      const snapshot = current();
      const answers = answersNow();
      const now = clock();
      const outcome = await resolve(snapshot, request, now);
      if (onMiss !== undefined && isMiss(outcome, request)) {
        await onMiss();
        // What was learned is in another snapshot, with answers of its own.
        if (current() !== snapshot) return resolve(current(), request, clock());
      }
      if (answers.size >= MOST_KEPT) answers.clear();
      answers.set(keyOf(request), { outcome, since: now, until: Math.min(now + KEEP_MS, endOf(outcome)) });
      return outcome;
    },
  };
}

const MISSES: ReadonlySet<ErrorCode> = new Set(['runtime-down', 'unknown-provider', 'unknown-model']);

/** True for a failure that a look at the local runtimes could mend. */
function isMiss(outcome: ResolutionOutcome, { model, provider }: ResolveRequest): boolean {
  if (outcome.kind !== 'failed' || !MISSES.has(outcome.problem.code)) return false;
  if (outcome.problem.code === 'runtime-down' || outcome.provider?.origin === 'models.json') return true;
  const id = outcome.provider?.id ?? provider ?? model?.split('/', 1)[0] ?? '';
  return runtimeOfProviderId(id.trim().toLowerCase()) !== undefined;
}

function endOf(outcome: ResolutionOutcome): number {
  return outcome.kind === 'failed' ? Infinity : (expiryOf(outcome.resolution.auth) ?? Infinity);
}
