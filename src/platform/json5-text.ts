/** Text in JSON5 (JSON with comments, trailing commas, bare keys) as a value, or where it goes wrong. */
import JSON5 from 'json5';
import { messageOf } from '../domain/errors.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';

/** What became of the text. Line and column count from 1. */
export type Json5Result =
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'invalid'; readonly reason: string; readonly line?: number; readonly column?: number };

/** Deepest nesting that is taken; what walks the value later may then recurse. */
const MAX_DEPTH = 200;

/** Parses JSON5. A byte order mark counts as white space. Never throws. */
export function parseJson5(text: string): Json5Result {
  let value: unknown;
  try {
    value = JSON5.parse(text);
  } catch (error) {
    return syntaxError(error);
  }
  if (isDeeperThan(value, MAX_DEPTH))
    return { kind: 'invalid', reason: `nested deeper than ${MAX_DEPTH} levels` };
  return { kind: 'parsed', value };
}

/** `invalid character 'x' at line 3, column 5`. */
export function describeSyntaxError(error: { reason: string; line?: number; column?: number }): string {
  const { reason, line, column } = error;
  return line === undefined ? reason : `${reason} at line ${line}, column ${column ?? 1}`;
}

function syntaxError(error: unknown): Json5Result {
  const reason = messageOf(error)
    .replace(/^JSON5: /, '')
    .replace(/ at \d+:\d+$/, '');
  const line = numberField(error, 'lineNumber');
  const column = numberField(error, 'columnNumber');
  return {
    kind: 'invalid',
    // The library's words hold one character of the file, in quotes; anything unusual is shown escaped.
    reason: /^[\x20-\x7e]*$/.test(reason) ? reason : quoteUntrusted(reason),
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
  };
}

function numberField(error: unknown, name: string): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(error, name)?.value;
  return typeof value === 'number' ? value : undefined;
}

/** Whether a value has lists or objects within each other to more than that many levels. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((item) => isDeeperThan(item, levels - 1));
}
