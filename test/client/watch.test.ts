/** How long a watch waits before it tries again. */
import { expect, it } from 'vitest';
import { delayBeforeRetry } from '../../src/client/watch.ts';

it('the back-off doubles from 50 to 100 ms up to 2.5 to 5 s, with a share of chance', () => {
  const range = (failures: number) => [0, 1].map((chance) => delayBeforeRetry(failures, () => chance));
  expect(range(0)).toEqual([50, 100]);
  expect(range(1)).toEqual([100, 200]);
  expect(range(3)).toEqual([400, 800]);
  for (const failures of [6, 100, 1e9]) expect(range(failures)).toEqual([2_500, 5_000]);
});
