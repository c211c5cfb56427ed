/** Links, anchors and file names of README, docs and the changelog lead to something that exists. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Page, readPage, readPages, ROOT } from './pages.ts';

const pages = [...readPages(), readPage('CHANGELOG.md'), readPage('SECURITY.md')];

describe.each(pages)('$path', (page) => {
  it('every link leads to a file and a heading that exist', () => {
    expect(linksOf(page).filter((link) => !exists(page, link))).toEqual([]);
  });

  it('every file of the project that is named exists', () => {
    const named = [...page.text.matchAll(/`((?:src|docs|test|scripts)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    );
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('shows no tag or note that is not finished', () => {
    expect(page.text).not.toMatch(/\b(?:TODO|FIXME|XXX|TBD)\b/);
  });
});

it('README leads to every page', () => {
  const [readme] = pages;
  if (readme === undefined) throw new Error('there is no README');
  const linked = new Set(linksOf(readme));
  expect(pages.map(({ path }) => path).filter((path) => path !== 'README.md' && !linked.has(path))).toEqual(
    [],
  );
});

it('a link to nowhere is noticed', () => {
  const [readme] = pages;
  if (readme === undefined) throw new Error('there is no README');
  expect(exists(readme, 'docs/nothing.md')).toBe(false);
  expect(exists(readme, 'docs/errors.md#nothing')).toBe(false);
  expect(exists(readme, 'docs/errors.md#exit-codes')).toBe(true);
});

/** Targets of all links outside code, but those of other sites. */
function linksOf({ text }: Page): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !target.startsWith('https://'));
}

function exists({ path }: Page, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const full = file === '' ? join(ROOT, path) : join(ROOT, dirname(path), file);
  if (!existsSync(full)) return false;
  return anchor === undefined || anchorsOf(readFileSync(full, 'utf8')).has(anchor);
}

/** Anchors as repository hosts make them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(/\s/g, '-'),
    ),
  );
}
