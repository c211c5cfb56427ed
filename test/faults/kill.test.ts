/** A few rounds of what `npm run test:soak` does two hundred times. */
import { expect, it } from 'vitest';
import { runKillRounds } from '../soak/kill-rounds.ts';

it('fault: kill -9 under load', { timeout: 180_000 }, async () => {
  let requests = 0;
  // On a busy machine each of a few rounds may end before a request is answered.
  for (let run = 0; run < 5 && requests === 0; run += 1) {
    const report = await runKillRounds(5, Math.random);
    expect(report.wrong).toEqual([]);
    ({ requests } = report);
  }
  expect(requests).toBeGreaterThan(0);
});
