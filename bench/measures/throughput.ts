/** Requests per second of the guarded `/v1/resolve`, against bare Hono with the same answer. */
import { driveLoad, type LoadOptions } from '../load.ts';
import type { Measure } from '../measure.ts';
import { cpuTimeMs } from '../process-usage.ts';
import { type Contender, startContenders } from '../resolve-route.ts';
import { interleave, median, perRound } from '../statistics.ts';

const CONNECTIONS = 8;

interface Round {
  readonly perSecond: number;
  /** Share of one core that the server used, in percent. */
  readonly busy: number;
  /** Processor time of the server for one request, in microseconds. Neighbours disturb it least. */
  readonly costUs: number;
}

export const throughput: Measure = {
  name: 'throughput',
  title: 'Throughput of the guarded /v1/resolve',
  needsProc: true,
  async run({ quick, scope }) {
    const rounds = quick ? 3 : 9;
    const ms = quick ? 500 : 1_500;
    const { ours, rival } = await startContenders(scope, 'bare-hono');
    // A number of requests, not a time: code is compiled after so many calls, however slow the machine is.
    const warmUp = { answers: quick ? 10_000 : 30_000 };
    await interleave(
      1,
      () => load(ours, warmUp),
      () => load(rival, warmUp),
    );
    const run = await interleave(
      rounds,
      () => load(ours, { ms }),
      () => load(rival, { ms }),
    );
    const busy = median([...run.ours, ...run.rival].map((round) => round.busy));
    return [
      {
        what: `GET /v1/resolve, ${CONNECTIONS} connections`,
        value: median(run.ours.map(({ perSecond }) => perSecond)),
        unit: 'req/s',
        rival: { what: 'bare Hono', value: median(run.rival.map(({ perSecond }) => perSecond)) },
        comparison: { by: 'ratio', value: median(perRound(run, (a, b) => a.perSecond / b.perSecond)) },
        goal: { of: 'comparison', sense: 'at-least', limit: 0.9 },
        rounds,
        note:
          busy >= 90
            ? `the servers used ${busy.toFixed(0)} % of a core, so they were the limit, not the load`
            : `the servers used ${busy.toFixed(0)} % of a core only: the load or the machine was the limit`,
      },
      {
        what: 'processor time of one request',
        value: median(run.ours.map(({ costUs }) => costUs)),
        unit: 'µs',
        rival: { what: 'bare Hono', value: median(run.rival.map(({ costUs }) => costUs)) },
        comparison: { by: 'ratio', value: median(perRound(run, (a, b) => a.costUs / b.costUs)) },
        rounds,
      },
    ];
  },
};

async function load(contender: Contender, stopAfter: LoadOptions['stopAfter']): Promise<Round> {
  const before = await cpuTimeMs(contender.pid);
  const { answers, elapsedMs } = await driveLoad({
    ...contender,
    connections: CONNECTIONS,
    stopAfter,
  });
  const used = (await cpuTimeMs(contender.pid)) - before;
  return {
    perSecond: (answers * 1_000) / elapsedMs,
    busy: (used * 100) / elapsedMs,
    costUs: (used * 1_000) / answers,
  };
}
