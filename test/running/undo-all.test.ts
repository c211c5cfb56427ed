/** Taking a server down: one part that cannot be stopped keeps no other from it. */
import { expect, it } from 'vitest';
import { createLogger } from '../../src/platform/create-logger.ts';
import { undoAll } from '../../src/running/undo-all.ts';

it('goes on with the next step after one that fails, last one first, and logs the failure', async () => {
  const logged: unknown[] = [];
  const log = createLogger({
    level: 'error',
    format: 'json',
    write: (line) => logged.push(JSON.parse(line)),
  });
  const done: string[] = [];
  const undo = [
    async () => void done.push('first'),
    () => Promise.reject(new Error('permission denied')),
    () => {
      throw new Error('at once');
    },
    async () => void done.push('last'),
  ];
  await undoAll(undo, log);
  expect(done).toEqual(['last', 'first']);
  expect(logged).toMatchObject([
    { level: 'error', error: 'at once' },
    { level: 'error', error: 'permission denied' },
  ]);
  await undoAll(undo, log);
  expect(done).toEqual(['last', 'first']);
});
