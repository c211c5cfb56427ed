/** SECURITY.md: the threats are all there, and every test that it names exists. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
const threats = sectionOf('Threats')
  .split('\n')
  .filter((line) => /^\|\s*\d+\s*\|/.test(line));
/** The items of the list of tests: the first line is the threat, each further one a test. */
const [, ...listed] = sectionOf('Threats')
  .replace(/^[^]*\n### Which tests hold them\n/, '')
  .split(/\n(?=\d+\. )/);

describe('the table of threats', () => {
  it('has the rows 1 to 42, each once', () => {
    expect(threats.map((row) => Number(row.split('|')[1]))).toEqual(
      Array.from({ length: 42 }, (_, index) => index + 1),
    );
  });

  it.each(threats.map((row) => row.split('|').map((cell) => cell.trim())))(
    '%srow %s, "%s", stands in the list with its tests, and they exist',
    (_before, number = '', attack = '') => {
      const item = listed.find((text) => text.startsWith(`${number}. ${attack}\n`));
      const named = testsOf(item ?? '');
      expect(named).not.toEqual([]);
      expect(named.filter((test) => !isThere(test))).toEqual([]);
    },
  );

  it('the list has no more items than the table has rows', () => {
    expect(listed).toHaveLength(threats.length);
  });
});

it('every test that is named anywhere else exists too', () => {
  expect(testsOf(text).filter((test) => !isThere(test))).toEqual([]);
});

it('a test that does not exist is noticed', () => {
  expect(isThere({ file: 'test/threats/nothing.test.ts', name: 'a test' })).toBe(false);
  expect(isThere({ file: 'test/threats/table.test.ts', name: ['a', 'row'].join(' ') })).toBe(false);
});

interface NamedTest {
  readonly file: string;
  readonly name: string;
}

/** The text below a heading, up to the next one of the same rank. */
function sectionOf(heading: string): string {
  const [, ...parts] = text.split(`\n## ${heading}\n`);
  return parts.join('').split('\n## ', 1)[0] ?? '';
}

/** `file` › `beginning of the name`. */
function testsOf(markdown: string): NamedTest[] {
  return [...markdown.matchAll(/`(test\/[\w./-]+\.test\.ts)` › `([^`]+)`/g)].map(
    ([, file = '', name = '']) => ({ file, name }),
  );
}

/** Whether some string of the file begins with the name. */
function isThere({ file, name }: NamedTest): boolean {
  const path = join(ROOT, file);
  if (!existsSync(path)) return false;
  const source = readFileSync(path, 'utf8').replaceAll(/\\(['"`\\])/g, '$1');
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${name}`));
}
