/** When an exchanged key is renewed. Pure; all in milliseconds. */

import { renewalAhead } from '../renewal-times.ts';

/** What a key is good for now. */
export type KeyAge = 'fresh' | 'due' | 'expired';

/** When a key began and ends, in Unix milliseconds. */
export interface KeyLife {
  /** Null when nobody knows, because another program stored the key. */
  readonly obtainedAt: number | null;
  readonly expiresAt: number;
}

/**
 * `due` means: to be renewed before it is used, and still good if that fails. Ten minutes or a fifth of its life
 * before the end, whichever is more, but never more than half of it: a key that lives seconds is used too.
 */
export function ageOf({ obtainedAt, expiresAt }: KeyLife, now: number): KeyAge {
  if (now >= expiresAt) return 'expired';
  const life = obtainedAt === null ? null : Math.max(0, expiresAt - obtainedAt);
  const ahead = Math.min(renewalAhead(life), life === null ? Infinity : life / 2);
  return expiresAt - now <= ahead ? 'due' : 'fresh';
}
