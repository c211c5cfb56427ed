/** Compares an answer as a page shows it with the real one: same fields, same values but for those of the moment. */
import { isRecord } from '../../src/domain/record.ts';

/** Fields whose values no two runs have in common. */
const VOLATILE = new Set([
  'Expiration',
  'at',
  'digest',
  'pid',
  'resolutionId',
  'revision',
  'scannedAt',
  'since',
  'startedAt',
  'token',
]);

/**
 * What differs, one sentence each. Of a list, each element that the page shows has to be in the answer; the
 * answer may have more, unless the page shows none at all.
 */
export function differences(documented: unknown, answered: unknown, place = '$'): string[] {
  if (Array.isArray(documented) && Array.isArray(answered))
    return listDifferences(documented, answered, place);
  if (!isRecord(documented) || !isRecord(answered)) {
    if (Object.is(documented, answered)) return [];
    return [`${place} is ${JSON.stringify(answered)}, not ${JSON.stringify(documented)}`];
  }
  const missing = Object.keys(documented).filter((key) => !Object.hasOwn(answered, key));
  const unsaid = Object.keys(answered).filter((key) => !Object.hasOwn(documented, key));
  const both = Object.keys(documented).filter((key) => Object.hasOwn(answered, key) && !VOLATILE.has(key));
  return [
    ...missing.map((key) => `${place}.${key} is not in the answer`),
    ...unsaid.map((key) => `${place}.${key} is not on the page`),
    ...both.flatMap((key) => differences(documented[key], answered[key], `${place}.${key}`)),
  ];
}

function listDifferences(
  documented: readonly unknown[],
  answered: readonly unknown[],
  place: string,
): string[] {
  if (documented.length === 0 && answered.length > 0)
    return [`${place} is empty on the page and not in the answer`];
  return documented.flatMap((item, index) => {
    const found = answered.some((candidate) => differences(item, candidate).length === 0);
    return found ? [] : [`${place}[${index}] is not in the answer: ${JSON.stringify(item)}`];
  });
}
