/**
 * Compares what a page shows with what a command printed. `…` stands for any text within a line, and on a
 * line of its own for any lines. What is different in every run (times, ids, digests) is made alike first.
 */
import { createLogger } from '../../src/platform/create-logger.ts';

const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>'],
  [/^\d\d:\d\d:\d\d(?= )/gm, '<clock>'],
  [/\bprocess \d+/g, 'process <id>'],
  [/\bfingerprint [0-9a-f]{8}/g, 'fingerprint <hex>'],
  // Columns are as wide as their widest cell, which may be one that the page leaves out.
  [/(?<=\S) {2,}/g, '  '],
];

/** Texts with everything in them that no two runs have in common replaced. */
export function withoutVolatile(text: string): string {
  return VOLATILE.reduce((changed, [pattern, name]) => changed.replaceAll(pattern, name), text);
}

/** JSON lines of the log as a terminal shows them, printed by the program's own logger. */
function logAsText(output: string): string {
  return output
    .split('\n')
    .map((line) => (line.startsWith('{"level":') ? logLineAsText(line) : line))
    .join('\n');
}

function logLineAsText(line: string): string {
  const { level, time: _time, msg, ...fields }: Record<string, unknown> = JSON.parse(line);
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  const log = createLogger({ level: 'debug', format: 'pretty', write });
  const message = String(msg);
  if (level === 'error') log.error(message, fields);
  else if (level === 'warn') log.warn(message, fields);
  else if (level === 'info') log.info(message, fields);
  else log.debug(message, fields);
  return text.trimEnd();
}

/** True when the whole output is what the page shows. */
export function matches(expected: string, actual: string): boolean {
  return patternOf(expected).test(`${withoutVolatile(logAsText(actual)).trimEnd()}\n`);
}

/** True when every line that the page shows is in the output, in the order of the page. */
export function holdsLines(expected: string, actual: string): boolean {
  const lines = withoutVolatile(logAsText(actual)).split('\n');
  let from = 0;
  for (const line of expected.split('\n')) {
    const pattern = patternOf(line);
    const index = lines.findIndex((candidate, at) => at >= from && pattern.test(`${candidate}\n`));
    if (index === -1) return false;
    from = index + 1;
  }
  return true;
}

function patternOf(expected: string): RegExp {
  const lines = withoutVolatile(expected)
    .trimEnd()
    .split('\n')
    .map((line) => (line === '…' ? '(?:.*\n)*?' : `${line.split('…').map(escape).join('.*')}\n`));
  return new RegExp(`^${lines.join('')}$`);
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
