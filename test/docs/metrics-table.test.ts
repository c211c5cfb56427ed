/** "metrics table held by a test against the code": names, kinds and labels, in the order of the answer. */
import { expect, it } from 'vitest';
import { FAMILIES, RESOLVE_DURATION } from '../../src/http/metrics/families.ts';
import { codesIn, readPage, tableOf } from './pages.ts';

it('every metric is in the table of docs/observability.md, and no other', () => {
  const rows = tableOf(readPage('docs/observability.md'), 'metric', 'kind', 'labels', 'meaning');
  const documented = rows.map(([name = '', kind, labels = '']) => [codesIn(name)[0], kind, codesIn(labels)]);
  expect(documented).toEqual(
    [...FAMILIES, RESOLVE_DURATION].map(({ name, kind, labels }) => [name, kind, [...labels]]),
  );
});
