/** What a measure is, and what it reports. */
import type { Scope } from './scope.ts';

export type Unit = 'req/s' | 'µs' | 'ms' | 'MB' | '% of a core';

/** A limit that the design sets. */
export interface Goal {
  /** What is held against the limit: the figure itself or its comparison with the rival. */
  readonly of: 'value' | 'comparison';
  readonly sense: 'at-least' | 'at-most';
  /** In the figure's unit; a comparison by ratio has none. */
  readonly limit: number;
}

/** One figure of a measure. */
export interface Figure {
  readonly what: string;
  /** In `unit`: the median of the rounds, unless `what` says otherwise. */
  readonly value: number;
  readonly unit: Unit;
  /** The same figure of the rival, from the same interleaved run. */
  readonly rival?: { readonly what: string; readonly value: number };
  /** Median of the comparisons of single rounds, which is steadier than a comparison of two medians. */
  readonly comparison?: { readonly by: 'ratio' | 'difference'; readonly value: number };
  readonly goal?: Goal;
  readonly rounds: number;
  /** What a reader must know to trust the figure. */
  readonly note?: string;
}

/** What a measure is given. */
export interface MeasureContext {
  /** True: fewer and shorter rounds. Good enough to see that it works, not to quote. */
  readonly quick: boolean;
  /** Everything that the measure opens is closed through it. */
  readonly scope: Scope;
}

/** One measure. */
export interface Measure {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** True when it reads the figures of processes from `/proc`, which only Linux has. */
  readonly needsProc: boolean;
  /** Rejects when it could not measure. A missed goal is a result, not a failure. */
  run(context: MeasureContext): Promise<readonly Figure[]>;
}

/** Whether a figure meets its goal; null without one. */
export function meetsGoal({ goal, value, comparison }: Figure): boolean | null {
  if (goal === undefined) return null;
  const measured = goal.of === 'value' ? value : comparison?.value;
  if (measured === undefined) return null;
  return goal.sense === 'at-least' ? measured >= goal.limit : measured <= goal.limit;
}
