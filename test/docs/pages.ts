/**
 * The documentation as data: pages, their fenced blocks in order, what they tell the test, and their tables.
 *
 * A block's info string says what it is: `console` is run line by line, `console server` is started and left
 * running, `json GET /path` is an answer of that route, `json5 ~/path` is a file that stands there from then on,
 * and `broken` marks one that is wrong on purpose. `<!-- test: … -->` tells what happens beside the page.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder that pages name their files from. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** A fenced block. */
export interface Block {
  readonly kind: 'block';
  /** `README.md:12`, for the name of a test. */
  readonly place: string;
  /** First word of the info string: `console`, `json`, … */
  readonly language: string;
  /** The rest of the info string. */
  readonly about: string;
  readonly body: string;
}

/** `<!-- test: … -->`. */
export interface Directive {
  readonly kind: 'directive';
  readonly place: string;
  readonly text: string;
}

export interface Page {
  /** Path from the root of the project. */
  readonly path: string;
  readonly text: string;
  /** In the order of the page. */
  readonly steps: readonly (Block | Directive)[];
}

/** README and every page of docs. */
export function readPages(): readonly Page[] {
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.sort().map((name) => `docs/${name}`)].map(readPage);
}

/** One page. */
export function readPage(path: string): Page {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return { path, text, steps: stepsOf(path, text) };
}

/** The blocks of a page in these languages. */
export function blocksOf({ steps }: Page, ...languages: readonly string[]): readonly Block[] {
  return steps.flatMap((step) => (step.kind === 'block' && languages.includes(step.language) ? [step] : []));
}

function stepsOf(path: string, text: string): (Block | Directive)[] {
  const steps: (Block | Directive)[] = [];
  let open: { info: string; place: string; body: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const place = `${path}:${index + 1}`;
    if (open !== undefined && line !== '```') {
      open.body.push(line);
    } else if (open !== undefined) {
      const [language = '', ...about] = open.info.split(' ');
      const body = open.body.join('\n');
      steps.push({ kind: 'block', place: open.place, language, about: about.join(' '), body });
      open = undefined;
    } else if (line.startsWith('```')) {
      open = { info: line.slice(3), place, body: [] };
    } else {
      const directive = /^<!-- test: (.*) -->$/.exec(line)?.[1];
      if (directive !== undefined) steps.push({ kind: 'directive', place, text: directive });
    }
  }
  if (open !== undefined) throw new Error(`The block at ${open.place} is never closed`);
  return steps;
}

/** The rows of the tables that have this header, each as its cells. Throws when there is no such table. */
export function tableOf({ path, text }: Page, ...header: readonly string[]): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  let inside = false;
  let found = false;
  for (const line of text.split('\n')) {
    const cells = line.startsWith('|') ? cellsOf(line) : undefined;
    if (cells === undefined) {
      inside = false;
    } else if (cells.join('|') === header.join('|')) {
      inside = true;
      found = true;
    } else if (inside && !cells.every((cell) => /^-+$/.test(cell))) {
      rows.push(cells);
    }
  }
  if (!found) throw new Error(`${path} has no table with the columns ${header.join(', ')}`);
  return rows;
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim());
}

/** The texts in backticks of a cell. */
export function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '');
}
