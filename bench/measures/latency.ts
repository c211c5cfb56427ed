/** Time of one request at a time to the guarded `/v1/resolve`, against node's own server with the same answer. */
import { driveLoad } from '../load.ts';
import type { Measure } from '../measure.ts';
import { type Contender, startContenders } from '../resolve-route.ts';
import { interleave, median, perRound, quantile } from '../statistics.ts';

interface Round {
  readonly p50: number;
  readonly p99: number;
}

export const latency: Measure = {
  name: 'latency',
  title: 'Latency of the guarded /v1/resolve at one connection',
  needsProc: false,
  async run({ quick, scope }) {
    const rounds = quick ? 6 : 20;
    const answers = quick ? 500 : 2_000;
    const { ours, rival } = await startContenders(scope, 'raw-node');
    await interleave(
      3,
      () => askInTurn(ours, 2_000),
      () => askInTurn(rival, 2_000),
    );
    const run = await interleave(
      rounds,
      () => askInTurn(ours, answers),
      () => askInTurn(rival, answers),
    );
    const figure = (what: string, of: (round: Round) => number) => ({
      what,
      value: median(run.ours.map(of)),
      unit: 'µs' as const,
      rival: { what: 'raw node:http', value: median(run.rival.map(of)) },
      comparison: { by: 'difference' as const, value: median(perRound(run, (a, b) => of(a) - of(b))) },
      rounds,
    });
    return [
      {
        ...figure('p50 of one request', ({ p50 }) => p50),
        goal: { of: 'comparison', sense: 'at-most', limit: 100 },
      },
      figure('p99 of one request', ({ p99 }) => p99),
    ];
  },
};

async function askInTurn(contender: Contender, answers: number): Promise<Round> {
  const { latenciesUs } = await driveLoad({ ...contender, connections: 1, stopAfter: { answers } });
  return { p50: quantile(latenciesUs, 0.5), p99: quantile(latenciesUs, 0.99) };
}
