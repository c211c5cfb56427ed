/** Counts by label values. Plain numbers; how many combinations there can be is bounded. */

/** Most combinations of label values that are told apart; later ones count together. */
const MOST_SERIES = 2_000;

/** Stands for every value that is not told apart. */
export const OTHER = 'other';

/** One combination of label values, in the order of the tally's labels, and its count. */
export interface Count {
  readonly values: readonly string[];
  readonly count: number;
}

export interface Tally {
  readonly add: (...values: readonly string[]) => void;
  /** The same as a function to keep: adds one to this combination each time, without looking it up. */
  readonly counter: (...values: readonly string[]) => () => void;
  readonly read: () => readonly Count[];
}

/** Starts empty. */
export function createTally(): Tally {
  const counts = new Map<string, { readonly values: readonly string[]; count: number }>();
  const seriesAt = (key: string, values: readonly string[]): { count: number } => {
    const known = counts.get(key);
    if (known !== undefined) return known;
    const series = { values, count: 0 };
    counts.set(key, series);
    return series;
  };
  const seriesOf = (values: readonly string[]): { count: number } => {
    const key = values.join('\n');
    if (counts.has(key) || counts.size < MOST_SERIES) return seriesAt(key, values);
    return seriesAt(
      OTHER,
      values.map(() => OTHER),
    );
  };
  return {
    add(...values) {
      seriesOf(values).count += 1;
    },
    counter(...values) {
      const series = seriesOf(values);
      return () => {
        series.count += 1;
      };
    },
    read: () => [...counts.values()],
  };
}
