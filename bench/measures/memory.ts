/** Resident memory of the idle program some seconds after its start, against an idle bare Hono. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Measure } from '../measure.ts';
import { residentMb } from '../process-usage.ts';
import { startResolvingSidecar, startRival } from '../resolve-route.ts';
import { interleave, median, perRound } from '../statistics.ts';

export const memory: Measure = {
  name: 'memory',
  title: 'Resident memory, idle',
  needsProc: true,
  async run({ quick, scope }) {
    const rounds = quick ? 1 : 3;
    const settleMs = quick ? 2_000 : 5_000;
    const run = await interleave(
      rounds,
      async () => {
        const sidecar = await startResolvingSidecar(scope);
        return restingMb(sidecar, settleMs);
      },
      async () => {
        const rival = await startRival(scope, 'bare-hono', '{}');
        return restingMb(rival, settleMs);
      },
    );
    return [
      {
        what: 'resident, idle',
        value: median(run.ours),
        unit: 'MB',
        rival: { what: 'bare Hono', value: median(run.rival) },
        comparison: { by: 'difference', value: median(perRound(run, (a, b) => a - b)) },
        goal: { of: 'value', sense: 'at-most', limit: 90 },
        rounds,
        note: `${settleMs / 1_000} s after the start`,
      },
    ];
  },
};

async function restingMb(
  { pid, stop }: { readonly pid: number; readonly stop: () => Promise<void> },
  settleMs: number,
): Promise<number> {
  await wait(settleMs);
  const resident = await residentMb(pid);
  await stop();
  return resident;
}
