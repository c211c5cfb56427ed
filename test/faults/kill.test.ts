/** A few rounds of what `npm run test:soak` does two hundred times. */
import { expect, it } from 'vitest';
import { runKillRounds } from '../soak/kill-rounds.ts';

it('fault: kill -9 under load', { timeout: 180_000 }, async () => {
  const report = await runKillRounds(5, Math.random);
  expect(report.wrong).toEqual([]);
  expect(report.requests).toBeGreaterThan(0);
});
