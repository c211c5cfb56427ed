/** What a target of the fuzzing is. */
import type * as fc from 'fast-check';

/** One reader of foreign input. */
export interface FuzzTarget {
  readonly name: string;
  /** Prepares it and gives the property, with what undoes the preparation. */
  readonly open: () => Promise<OpenTarget>;
}

interface OpenTarget {
  /** Must come to an end, and throws when a promise is broken. */
  readonly property: fc.IAsyncProperty<unknown>;
  readonly close: () => Promise<void>;
}

/** Longest that one input may take, in milliseconds. */
export const HANG_MS = 10_000;
