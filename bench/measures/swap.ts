/** Time from a write of the operator's config until `/v1/resolve` answers from it, against a bare file event. */
import { setTimeout as wait } from 'node:timers/promises';
import { baseUrlOf, configWith, GOAL, medianOf, type TimedWrite, timeWrites } from '../config-writes.ts';
import type { Figure, Measure } from '../measure.ts';
import { CONFIG_FILE, type MeasuredSidecar, startSidecar } from '../sidecars.ts';

const GIVE_UP_MS = 10_000;

export const swap: Measure = {
  name: 'swap',
  title: 'Snapshot swap after a write of moltbot.json',
  needsProc: false,
  async run({ quick, scope }) {
    const sidecar = await startSidecar(scope, { files: { [CONFIG_FILE]: configWith(baseUrlOf(0)) } });
    const writes = await timeWrites(scope, sidecar, quick ? 5 : 20, async (baseUrl, write, since) => {
      await write();
      await untilAnswered(sidecar, baseUrl);
      return since();
    });
    return [
      ...figuresOf('replaced by rename', writes.replaced),
      ...figuresOf('written in place', writes.inPlace),
    ];
  },
};

function figuresOf(what: string, writes: readonly TimedWrite[]): Figure[] {
  return [
    medianOf(what, writes),
    {
      what: `${what}, worst`,
      value: Math.max(...writes.map(({ ourMs }) => ourMs)),
      unit: 'ms',
      rival: { what: 'bare file event', value: Math.max(...writes.map(({ eventMs }) => eventMs)) },
      goal: GOAL,
      rounds: writes.length,
    },
  ];
}

async function untilAnswered(sidecar: MeasuredSidecar, baseUrl: string): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  while (!(await sidecar.ask('/v1/resolve?provider=acme')).text.includes(`"${baseUrl}"`)) {
    if (performance.now() > giveUpAt) throw new Error(`The write was not seen within ${GIVE_UP_MS} ms`);
    // A pause, however short: a server that is asked without one has no time to read its files.
    await wait(1);
  }
}
