/** Laying one config value over another, as `$include` does it. Pure. */
import { isRecord } from '../../domain/record.ts';

/** Objects merge key by key, lists are joined, anything else of `over` replaces what was there. */
export function deepMerge(under: unknown, over: unknown): unknown {
  if (Array.isArray(under) && Array.isArray(over)) return [...under, ...over];
  if (!isRecord(under) || !isRecord(over)) return over;
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    merged.set(key, merged.has(key) ? deepMerge(merged.get(key), value) : value);
  }
  // fromEntries makes own properties, so a key named __proto__ stays a plain key.
  return Object.fromEntries(merged);
}
