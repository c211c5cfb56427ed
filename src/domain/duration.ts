/** Spans of time as people write them: `90s`, `30m`, `8h`, `7d`. */

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Longest span that is meant seriously: ten years, in milliseconds. */
const LONGEST_MS = 3_650 * UNITS.d;

/** Milliseconds, or undefined for a text that is no span of at least a second. */
export function parseDuration(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^([1-9]\d{0,8})([smhd])$/.exec(text.trim()) ?? [];
  if (!isUnit(unit)) return undefined;
  const ms = Number(digits) * UNITS[unit];
  return ms <= LONGEST_MS ? ms : undefined;
}

function isUnit(text: string): text is keyof typeof UNITS {
  return Object.hasOwn(UNITS, text);
}
