/**
 * Setting variables in the text of a `.env` file. Every other byte stays as it is: comments, blank lines, line
 * ends, quotes. What the file means is decided by Node's own parser, before and after: an edit that would
 * change the value of any other variable is not made.
 */
import { parseEnv } from 'node:util';

/** Most places that are tried for a new line. */
const MAX_PLACES = 200;

/**
 * The text with these variables set, or undefined when it cannot be edited without changing what else it says
 * (a quote that is never closed, for example).
 *
 * @param values names are identifiers; values without line breaks
 */
export function setEnvVariables(text: string, values: Readonly<Record<string, string>>): string | undefined {
  let edited: string | undefined = text;
  for (const [name, value] of Object.entries(values)) {
    edited = edited === undefined ? undefined : setVariable(edited, name, value);
  }
  return edited;
}

function setVariable(text: string, name: string, value: string): string | undefined {
  const before = parseEnv(text);
  if (before[name] === value) return text;
  const written = writeValue(value);
  if (written === undefined || !/^[A-Za-z_]\w*$/.test(name)) return undefined;
  const isRight = (candidate: string): boolean => {
    const after = parseEnv(candidate);
    const names = new Set([...Object.keys(before), ...Object.keys(after), name]);
    return [...names].every((key) => after[key] === (key === name ? value : before[key]));
  };
  const candidates =
    before[name] === undefined
      ? insertions(text, `${name}=${written}`)
      : [...replacements(text, name, written), ...insertions(text, `${name}=${written}`)];
  for (const candidate of candidates) {
    if (isRight(candidate)) return candidate;
  }
  return undefined;
}

/** The value as it stands in the file, quoted where a plain one would be cut or trimmed. */
function writeValue(value: string): string | undefined {
  if (/^[\w./:@+-]+$/.test(value)) return value;
  if (/[\r\n]/.test(value)) return undefined;
  const quote = ["'", '`', '"'].find((mark) => !value.includes(mark));
  return quote === undefined ? undefined : `${quote}${value}${quote}`;
}

/** The text with one assignment replaced: the last one first, because it is the one that counts. */
function* replacements(text: string, name: string, written: string): Generator<string> {
  const assignments = [
    ...text.matchAll(new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=[ \\t]*`, 'gm')),
  ];
  for (const match of assignments.toReversed()) {
    const start = match.index + match[0].length;
    for (const end of valueEnds(text, start)) yield `${text.slice(0, start)}${written}${text.slice(end)}`;
  }
}

/** Where the value may end: at its closing quote, after which only a comment follows, or with its line. */
function valueEnds(text: string, start: number): number[] {
  const quote = text.slice(start, start + 1);
  const close = ['"', "'", '`'].includes(quote) ? text.indexOf(quote, start + 1) : -1;
  const line = /\r?\n|$/.exec(text.slice(start));
  const lineEnd = start + (line?.index ?? 0);
  // A comment behind a plain value stays where it is.
  const plain = /^[^#\r\n]*?(?=[ \t]*(?:#|\r?\n|$))/.exec(text.slice(start, lineEnd))?.[0].length ?? 0;
  return [...(close === -1 ? [] : [close + 1]), start + plain, lineEnd];
}

/** The text with one more line: at its end, at its beginning, else between two lines. */
function* insertions(text: string, line: string): Generator<string> {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const isClosed = text === '' || text.endsWith('\n');
  yield `${text}${isClosed ? '' : end}${line}${end}`;
  // A byte order mark stays the first character.
  const first = text.startsWith('\ufeff') ? 1 : 0;
  yield `${text.slice(0, first)}${line}${end}${text.slice(first)}`;
  let place = text.length;
  for (let count = 0; count < MAX_PLACES && place > 0; count += 1) {
    place = text.lastIndexOf('\n', place - 1);
    if (place === -1) return;
    yield `${text.slice(0, place + 1)}${line}${end}${text.slice(place + 1)}`;
  }
}
