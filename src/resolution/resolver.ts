/**
 * The resolver as the server asks it: the same `resolve`, with its answers kept for a moment. An answer
 * belongs to one snapshot, and is never kept past the life of the credential in it.
 */
import type { ResolutionOutcome } from '../domain/auth.ts';
import type { Clock } from '../platform/clock.ts';
import { resolve, type ResolveRequest } from './resolve.ts';
import type { Snapshot } from './snapshot.ts';

export interface Resolver {
  resolve(request: ResolveRequest): Promise<ResolutionOutcome>;
}

/** Longest time that an answer is kept: cool-downs end and tokens expire by the clock alone. */
const KEEP_MS = 1_000;

/** Most answers that are kept; a caller who asks for endless different refs must not fill the memory. */
const MOST_KEPT = 1_000;

interface Kept {
  readonly outcome: ResolutionOutcome;
  readonly until: number;
}

/** A resolver over whatever snapshot is current when a request comes. */
export function createResolver(current: () => Snapshot, clock: Clock): Resolver {
  let owner: Snapshot | undefined;
  let kept = new Map<string, Kept>();
  return {
    async resolve(request) {
      const snapshot = current();
      if (snapshot !== owner) {
        owner = snapshot;
        kept = new Map();
      }
      const answers = kept;
      const now = clock();
      const { model, provider, profileId, resolutionId } = request;
      const key = JSON.stringify([model, provider, profileId, resolutionId]);
      const known = answers.get(key);
      if (known !== undefined && now < known.until) return known.outcome;
      const outcome = await resolve(snapshot, request, now);
      if (answers.size >= MOST_KEPT) answers.clear();
      answers.set(key, { outcome, until: Math.min(now + KEEP_MS, expiryOf(outcome)) });
      return outcome;
    },
  };
}

function expiryOf(outcome: ResolutionOutcome): number {
  if (outcome.kind === 'failed') return Infinity;
  const { auth } = outcome.resolution;
  switch (auth.mode) {
    case 'none':
    case 'api-key':
      return Infinity;
    case 'token':
    case 'oauth':
      return auth.expiresAt ?? Infinity;
    case 'aws-sdk':
      return auth.credentials.kind === 'keys' ? (auth.credentials.keys.expiration ?? Infinity) : Infinity;
  }
}
