/** Who asks: what a request carries from the guard to its route. */
import type { CallerScope } from '../../domain/caller-scope.ts';

/** One caller for all requests with the same token, as long as that one is in force. */
export interface Caller {
  readonly token: boolean;
  /** Name of the token, for the audit; null without one. */
  readonly name: string | null;
  /** What the token may ask for; null: everything, or nothing secret where `token` is false. */
  readonly scope: CallerScope | null;
  /**
   * Aborts when the token is revoked, rotated or expired, or the server stops. An answer that stays open, such as
   * a stream of events, has to end then. Null without a token.
   */
  readonly ended: AbortSignal | null;
  /**
   * True once the token is revoked, rotated or expired, by the clock and not by a timer. A stop of the server ends no
   * token: what is under way then is still answered.
   */
  readonly isRefused: () => boolean;
}

/** Somebody who showed no token. Without one only open routes are reached, and they say nothing secret. */
export const ANONYMOUS: Caller = {
  token: false,
  name: null,
  scope: null,
  ended: null,
  isRefused: () => false,
};

/** True for a caller who may see all that concerns the whole machine: every provider, every runtime. */
export function seesEverything({ token, scope }: Caller): boolean {
  return token && (scope === null || (scope.providers === null && scope.models === null));
}
