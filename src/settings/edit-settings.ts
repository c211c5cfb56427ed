/**
 * Setting one key of a JSON5 file, comments and layout kept. The parser decides, before and after: an edit that
 * would change anything else is not made.
 */
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../domain/record.ts';
import { parseJson5 } from '../platform/json5-text.ts';

/** A new file with this one key. */
function newFile(key: string, value: string): string {
  return `{\n  ${key}: ${quoted(value)},\n}\n`;
}

/**
 * The text with `key` of the outermost object set to a string; undefined when the text is no object or cannot
 * be edited safely.
 *
 * @param text the file, or null when there is none
 * @param key an identifier
 */
export function setTopLevelKey(text: string | null, key: string, value: string): string | undefined {
  if (text === null) return newFile(key, value);
  const before = parseJson5(text);
  if (before.kind === 'invalid' || !isRecord(before.value)) return undefined;
  const wanted = { ...before.value, [key]: value };
  for (const candidate of candidates(text, key, quoted(value))) {
    const after = parseJson5(candidate);
    if (after.kind === 'parsed' && isDeepStrictEqual(after.value, wanted)) return candidate;
  }
  return undefined;
}

function quoted(value: string): string {
  const json = JSON.stringify(value);
  return json.includes("'") ? json : `'${json.slice(1, -1).replaceAll('\\"', '"')}'`;
}

function* candidates(text: string, key: string, written: string): Generator<string> {
  const { open, keys, isEmpty } = scanObject(text);
  for (const { start, end } of keys.filter(({ name }) => name === key).toReversed()) {
    yield `${text.slice(0, start)}${written}${text.slice(end)}`;
  }
  if (open === -1) return;
  const [head, tail] = [text.slice(0, open + 1), text.slice(open + 1)];
  const comma = isEmpty ? '' : ',';
  // The same indentation as the key that follows; on one line where the object is on one line.
  const indent = /^[ \t]*\r?\n([ \t]*)/.exec(tail)?.[1];
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  yield indent === undefined
    ? `${head} ${key}: ${written}${comma}${isEmpty && tail.startsWith('}') ? ' ' : ''}${tail}`
    : `${head}${eol}${indent === '' ? '  ' : indent}${key}: ${written},${tail}`;
}

interface KeyPlace {
  readonly name: string;
  /** Where the value begins and ends. */
  readonly start: number;
  readonly end: number;
}

/** One lexical element: white space and comments, a string, a bracket, or a run of anything else. */
const ELEMENT =
  /(?<blank>(?:\s|\ufeff|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)+)|(?<string>"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*')|(?<mark>[{}[\]:,])|(?<word>[^\s{}[\]:,"'/\ufeff]+|\/)/gy;

/** The keys of the outermost object and where their values stand. The text is known to parse. */
function scanObject(text: string): { open: number; keys: readonly KeyPlace[]; isEmpty: boolean } {
  const keys: KeyPlace[] = [];
  let depth = 0;
  let open = -1;
  let isEmpty = true;
  let name: string | null = null;
  let value: { start: number; end: number } | null = null;
  const finish = (): void => {
    if (name !== null && value !== null) keys.push({ name, ...value });
    name = null;
    value = null;
  };
  for (const match of text.matchAll(ELEMENT)) {
    const { blank, string, mark, word } = match.groups ?? {};
    if (blank !== undefined) continue;
    const from = match.index;
    const to = from + match[0].length;
    if (depth === 0 && mark === '{') open = from;
    if (mark === '}' || mark === ']') depth -= 1;
    if (depth === 0 && mark === '}') {
      finish();
      break;
    }
    if (depth >= 1) isEmpty = false;
    if (depth === 1 && mark === ',') finish();
    else if (depth === 1 && mark === ':' && value === null) value = { start: to, end: to };
    else if (value !== null) value = { start: value.end === value.start ? from : value.start, end: to };
    else if (depth === 1) name = word ?? nameOf(string ?? '');
    if (mark === '{' || mark === '[') depth += 1;
  }
  return { open, keys, isEmpty };
}

function nameOf(literal: string): string {
  const parsed = parseJson5(literal);
  return parsed.kind === 'parsed' && typeof parsed.value === 'string' ? parsed.value : '';
}
