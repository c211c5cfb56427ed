/** "No dependency but the platform’s": what is loaded with the client library. */
import { expect, it } from 'vitest';
import { closureOf } from '../helpers/loaded-files.ts';

it('the client library loads Node’s own modules alone', () => {
  const { files, packages } = closureOf('client/client.ts');
  expect(files.length).toBeGreaterThan(10);
  expect(packages.length).toBeGreaterThan(3);
  expect(packages.filter((name) => !name.startsWith('node:'))).toEqual([]);
});

it('the reading of imports sees what other files load', () => {
  expect(closureOf('server.ts').packages).toContain('hono');
});
