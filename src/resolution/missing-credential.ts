/**
 * Why a provider has no credential: of all places that hold none, the one that tells what a request meets. Requests,
 * lists and health say it by this one rule. Pure.
 */
import type { AuthPlace } from './auth-place.ts';

/** What the place comes to. */
export interface MissingCredential {
  readonly code: 'credential-source-down' | 'reauth-required' | 'auth-expired';
  /** In words that name the place. */
  readonly why: string;
  /** When a source that is down is asked again, in Unix milliseconds. */
  readonly retryAt?: number;
  readonly place: Exclude<AuthPlace, { kind: 'hit' }>;
}

/**
 * A source that is down before a login that somebody has to renew: there will be a credential again though nobody
 * acts. Of several the one that is asked again first. Then a login that has ended, then what has just expired; of
 * these the strongest place.
 *
 * @param places strongest first, none of which is used
 * @returns undefined where no place held a credential that could come again
 */
export function missingCredential(places: readonly AuthPlace[]): MissingCredential | undefined {
  const found = places.flatMap((place) => toMissing(place) ?? []);
  return found.reduce<MissingCredential | undefined>(
    (best, next) => (best === undefined || comesBefore(next, best) ? next : best),
    undefined,
  );
}

function toMissing(place: AuthPlace): MissingCredential | undefined {
  if (place.kind === 'hit') return undefined;
  const { kind, code = 'auth-expired', retryAt } = place;
  const why = `${place.place}: ${place.note ?? place.found}`;
  if (retryAt !== undefined) return { code: 'credential-source-down', why, retryAt, place };
  return kind === 'expired' ? { code, why, place } : undefined;
}

const RANK = { 'credential-source-down': 0, 'reauth-required': 1, 'auth-expired': 2 } as const;

function comesBefore(a: MissingCredential, b: MissingCredential): boolean {
  const rank = RANK[a.code] - RANK[b.code];
  return rank < 0 || (rank === 0 && (a.retryAt ?? 0) < (b.retryAt ?? 0));
}
