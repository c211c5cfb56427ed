/** Processor time of the program while nothing happens, with two runtimes up and with none, against an idle bare Hono. */
import { setTimeout as wait } from 'node:timers/promises';
import { startFleet } from '../fake-fleet.ts';
import type { Measure } from '../measure.ts';
import { cpuTimeMs } from '../process-usage.ts';
import { startResolvingSidecar, startRival } from '../resolve-route.ts';
import { startSidecar } from '../sidecars.ts';

/** The first seconds of a process are compiling, not idling. */
const SETTLE_MS = 20_000;

export const watcher: Measure = {
  name: 'watcher',
  title: 'Cost of the watcher, idle',
  needsProc: true,
  async run({ quick, scope }) {
    const windowMs = quick ? 6_000 : 30_000;
    const ports = await startFleet(scope, { ollamas: 1, models: 5, lmstudios: 1 });
    const [ollamaPort, lmstudioPort] = [ports.ollama[0], ports.lmstudio[0]];
    if (ollamaPort === undefined || lmstudioPort === undefined) throw new Error('The fakes have no ports');
    const withTwo = await startSidecar(scope, { ollamaPort, lmstudioPort });
    const withNone = await startResolvingSidecar(scope);
    const rival = await startRival(scope, 'bare-hono', '{}');
    await wait(quick ? 2_000 : SETTLE_MS);
    // All at the same time: an idle process does not disturb the others, and a busy machine disturbs all.
    const [two, none, bare] = await Promise.all([
      shareOfCore(withTwo.pid, windowMs),
      shareOfCore(withNone.pid, windowMs),
      shareOfCore(rival.pid, windowMs),
    ]);
    const figure = (what: string, value: number) => ({
      what,
      value,
      unit: '% of a core' as const,
      rival: { what: 'bare Hono', value: bare },
      comparison: { by: 'difference' as const, value: value - bare },
      goal: { of: 'value' as const, sense: 'at-most' as const, limit: 1 },
      rounds: 1,
    });
    return [
      { ...figure('two runtimes up', two), note: `over ${windowMs / 1_000} s, all three at the same time` },
      figure('no runtime up', none),
    ];
  },
};

/** In percent. */
async function shareOfCore(pid: number, windowMs: number): Promise<number> {
  const startedAt = performance.now();
  const before = await cpuTimeMs(pid);
  await wait(windowMs);
  const used = (await cpuTimeMs(pid)) - before;
  return (used * 100) / (performance.now() - startedAt);
}
