/** What is loaded with a source file: by its static imports, and theirs. */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

const SOURCE = resolve(import.meta.dirname, '../../src');

/** Everything that a file loads when it is loaded itself: types are gone by then, and dynamic imports come later. */
function staticImportsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gms)].map(
    ([, from = '']) => from,
  );
}

/** All files below an entry (its path in `src`), and the packages that they load. */
export function closureOf(entry: string): {
  readonly files: readonly string[];
  readonly packages: readonly string[];
} {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    for (const from of staticImportsOf(path)) {
      if (from.startsWith('.')) visit(resolve(dirname(path), from));
      else packages.add(from);
    }
  };
  visit(resolve(SOURCE, entry));
  return { files: [...files].map((path) => relative(SOURCE, path)), packages: [...packages] };
}
