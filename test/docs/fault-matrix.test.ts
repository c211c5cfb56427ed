/** The table of faults and the tests of that name are the same list. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codesIn, readPage, ROOT, tableOf } from './pages.ts';

it('every fault of the table has its test, and every such test its row', () => {
  const rows = tableOf(readPage('docs/faults.md'), 'fault', 'what holds', 'test');
  const documented = rows.flatMap(([, , test = '']) => codesIn(test));
  const folder = join(ROOT, 'test/faults');
  const tests = readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/\(\s*'(fault: [^']+)'/g)])
    .map(([, title = '']) => title);
  expect(tests.length).toBeGreaterThan(15);
  expect(documented.toSorted()).toEqual(tests.toSorted());
});
