/** "No dependency but the platform’s": what is loaded with the client library. */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const SOURCE = resolve(import.meta.dirname, '../../src');

/** Everything that a file loads when it is loaded itself: types are gone by then, and dynamic imports come later. */
function staticImportsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gms)].map(
    ([, from = '']) => from,
  );
}

/** All files below the entry, and the packages that they load. */
function closureOf(entry: string): {
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
  visit(entry);
  return { files: [...files].map((path) => relative(SOURCE, path)), packages: [...packages] };
}

it('the client library loads Node’s own modules alone', () => {
  const { files, packages } = closureOf(resolve(SOURCE, 'client/client.ts'));
  expect(files.length).toBeGreaterThan(10);
  expect(packages.length).toBeGreaterThan(3);
  expect(packages.filter((name) => !name.startsWith('node:'))).toEqual([]);
});

it('the reading of imports sees what other files load', () => {
  expect(closureOf(resolve(SOURCE, 'server.ts')).packages).toContain('hono');
});
