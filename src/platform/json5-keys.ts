/**
 * Finds keys in the text of a JSON5 file: one that an object has twice, and the place where one stands. The parser
 * keeps the last of two without a word; in settings that is a slip of the pen like any other, and the first of the
 * two may be the one that was meant.
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

/**
 * Where the key at the end of a path stands, or, where the path goes on into a list or leads nowhere, the last key
 * before that. Lines and columns count from 1. The text has to be valid JSON5.
 */
export function placeOfJson5Key(
  text: string,
  path: readonly string[],
): { readonly line: number; readonly column: number } | undefined {
  // The key or the index at which each open object or list is now.
  const open: { key: string; readonly isList: boolean }[] = [];
  let last = { token: '', at: 0 };
  let found: { readonly depth: number; readonly at: number } | undefined;
  for (const { 0: token, index: at } of text.matchAll(TOKENS)) {
    const inner = open.at(-1);
    if (token.startsWith('//') || token.startsWith('/*')) continue;
    if (token === '{') open.push({ key: '', isList: false });
    else if (token === '[') open.push({ key: '0', isList: true });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',' && inner?.isList === true) inner.key = String(Number(inner.key) + 1);
    else if (token === ':' && inner !== undefined) {
      inner.key = keyOf(last.token);
      const isOnPath = open.every(({ key }, depth) => key === path[depth]);
      if (isOnPath && open.length > (found?.depth ?? 0)) found = { depth: open.length, at: last.at };
    } else last = { token, at };
  }
  if (found === undefined) return undefined;
  const lines = text.slice(0, found.at).split(/\r\n|[\n\r\u2028\u2029]/);
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

/** Two spellings of one key are one key, so the parser says what it means. */
function keyOf(token: string): string {
  const [key = ''] = Object.keys(JSON5.parse<Record<string, unknown>>(`{${token}:0}`));
  return key;
}
