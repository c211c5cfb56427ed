/**
 * Finds a key that one object of a JSON5 text has twice. The parser keeps the last one without a word; in
 * settings that is a slip of the pen like any other, and the first of the two may be the one that was meant.
 */
import JSON5 from 'json5';

/** Comments, strings of both kinds, bare words and numbers, and the marks that open, close and separate. */
const TOKENS =
  /\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|[{}[\]:,]|[^\s{}[\]:,"'/]+/g;

/** The first key that some object has twice, or undefined. The text has to be valid JSON5. */
export function findDuplicateJson5Key(text: string): string | undefined {
  const open: (Set<string> | null)[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKENS)) {
    if (token.startsWith('//') || token.startsWith('/*')) continue;
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const key = keyOf(last);
      const keys = open.at(-1);
      if (!keys) continue;
      if (keys.has(key)) return key;
      keys.add(key);
    } else last = token;
  }
  return undefined;
}

/** Two spellings of one key are one key, so the parser says what it means. */
function keyOf(token: string): string {
  const [key = ''] = Object.keys(JSON5.parse<Record<string, unknown>>(`{${token}:0}`));
  return key;
}
