import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectableUrl, parseOllamaHost } from '../../src/discovery/runtimes/ollama-host.ts';

interface Row {
  readonly in: string;
  readonly connectable: string;
}
const table: Row[] = JSON.parse(
  readFileSync(
    new URL('../../fixtures/ollama/0.32-research/OLLAMA_HOST.table.json', import.meta.url),
    'utf8',
  ),
);

describe('OLLAMA_HOST is read exactly as Ollama reads it', () => {
  it('knows the whole table', () => expect(table).toHaveLength(42));

  it.each(table.filter((row) => !row.in.includes('@')))('$in leads to $connectable', (row) => {
    expect(connectableUrl(parseOllamaHost(row.in))).toBe(row.connectable);
  });

  it('refuses a user name and lets no password through', () => {
    const parsed = parseOllamaHost('http://user:pw@127.0.0.1:1');
    expect(parsed.defect).toContain('user name');
    expect(JSON.stringify(parsed)).not.toContain('pw');
  });

  it('never throws and always gives a port', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (value) => {
        const { port } = parseOllamaHost(value);
        expect(Number.isInteger(port) && port >= 0 && port <= 65_535).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
