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
  readonly read: () => readonly Count[];
}

/** Starts empty. */
export function createTally(): Tally {
  const counts = new Map<string, { readonly values: readonly string[]; count: number }>();
  const addTo = (key: string, values: readonly string[]): void => {
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { values, count: 1 });
    else known.count += 1;
  };
  return {
    add(...values) {
      const key = values.join('\n');
      if (counts.has(key) || counts.size < MOST_SERIES) addTo(key, values);
      else
        addTo(
          OTHER,
          values.map(() => OTHER),
        );
    },
    read: () => [...counts.values()],
  };
}
