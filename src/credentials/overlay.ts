/** Laying maps over each other, the way in which one store's entries hide those of a weaker one. */

/** One map of all entries; of equal keys the strongest map's stays, and stronger entries come first. */
export function overlayMaps<T>(
  strongestFirst: ReadonlyArray<ReadonlyMap<string, T>>,
): ReadonlyMap<string, T> {
  const result = new Map<string, T>();
  for (const [key, value] of strongestFirst.flatMap((map) => [...map])) {
    if (!result.has(key)) result.set(key, value);
  }
  return result;
}
