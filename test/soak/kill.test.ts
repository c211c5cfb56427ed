/** "200 rounds of `kill -9` under load: the next start is clean, nothing lost, no file wider than 0600." */
import { expect, it } from 'vitest';
import { runKillRounds } from './kill-rounds.ts';

/** In lanes, each with a home of its own, so that kills also come while the machine is busy. */
const LANES = 4;
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? '200');

it(`${ROUNDS} rounds of kill -9 under load`, { timeout: 60 * 60_000 }, async () => {
  const share = Math.ceil(ROUNDS / LANES);
  const reports = await Promise.all(Array.from({ length: LANES }, () => runKillRounds(share, Math.random)));
  for (const { wrong: _, ...counts } of reports) process.stdout.write(`${JSON.stringify(counts)}\n`);
  expect(reports.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(reports.reduce((sum, { requests }) => sum + requests, 0)).toBeGreaterThan(ROUNDS);
});
