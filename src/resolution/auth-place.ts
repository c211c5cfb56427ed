/**
 * One place where a credential may stand, as it was found: looked at, or still to be looked into when the stronger
 * places are known.
 */
import type { ResolvedAuth } from '../domain/auth.ts';
import type { CoolDown } from '../domain/cool-down.ts';
import type { Problem } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { SecretRef } from '../domain/secret-ref.ts';

/** One place, and what came of looking there. */
export type AuthPlace =
  | {
      readonly kind: 'hit';
      readonly place: string;
      readonly found: string;
      readonly auth: ResolvedAuth;
      readonly note?: string;
      /** Why nothing takes its place when it ends, as the problem of a request then. */
      readonly trouble?: Problem;
      /** The cool-down that the credential is in. */
      readonly coolDown?: CoolDown;
      /** True: weaker places come first. */
      readonly setAside?: boolean;
    }
  | {
      /** `unverified`: it may hold a credential, and this question was not worth the wait. */
      readonly kind: 'empty' | 'skipped' | 'error' | 'expired' | 'unverified';
      readonly place: string;
      readonly found: string;
      readonly note?: string;
      /** What to do there, where that is known better than "look". */
      readonly remedy?: string | readonly string[];
      /** The file that something is wrong with, where `place` does not name it. */
      readonly file?: string;
      /** A better code than the kind's own. */
      readonly code?: 'reauth-required';
      /** When its source, which is down, is asked again, in Unix milliseconds. */
      readonly retryAt?: number;
      /** Something stands there that only looks like a key. */
      readonly isPlaceholder?: boolean;
    };

/** A place and what came of it, in words: with the file that something is wrong with, and that only once. */
export function lookedAt(place: AuthPlace): string {
  const what = place.note ?? place.found;
  const file = place.kind === 'error' ? place.file : undefined;
  const where = file === undefined ? place.place : `${place.place} in ${file}`;
  return what.startsWith(`${where} `) ? what : `${where}: ${what}`;
}

/** A place that says where the secret stands. */
export interface ReferringPlace {
  readonly kind: 'reference';
  readonly place: string;
  readonly found: string;
  readonly note?: string;
  readonly reference: SecretRef;
  readonly toAuth: (value: Secret) => ResolvedAuth;
}

/** A place whose credential is fetched or renewed while the program runs. */
export interface PendingPlace {
  readonly kind: 'pending';
  readonly place: string;
  readonly found: string;
  /** What would be handed out now without waiting; null when that has to be fetched. May renew it behind that. */
  readonly known: () => AuthPlace | null;
  /** What is known where nobody waits, such as the last failure; null for nothing, which is `unverified`. */
  readonly unasked: () => Promise<AuthPlace | null>;
  /** Fetches it. Never rejects. */
  readonly fetch: () => Promise<AuthPlace>;
}

/** A place that still has to be looked into. */
export type OpenPlace = ReferringPlace | PendingPlace;
