/**
 * Finds a key that one JSON object has twice. A parser keeps the last one without a word, so two readers of
 * the same file may use two different credentials; a file of secrets with such a key is refused instead.
 */

/** Strings and the marks that open, close and separate; numbers and words do not matter here. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** The first key that some object of a JSON text has twice, or undefined. The text has to be valid JSON. */
export function findDuplicateKey(json: string): string | undefined {
  const open: (Set<string> | null)[] = [];
  let lastString = '';
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const key: unknown = JSON.parse(lastString);
      const keys = open.at(-1);
      if (typeof key !== 'string' || !keys) continue;
      if (keys.has(key)) return key;
      keys.add(key);
    } else lastString = token;
  }
  return undefined;
}
