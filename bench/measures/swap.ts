/** Time from a write of the operator's config until `/v1/resolve` answers from it, against a bare file event. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { baseUrlOf, configWith, PAUSE_MS, replaceFile, watchFolder } from '../config-writes.ts';
import type { Figure, Measure } from '../measure.ts';
import type { Scope } from '../scope.ts';
import { CONFIG_FILE, type MeasuredSidecar, startSidecar } from '../sidecars.ts';
import { interleave, median, perRound } from '../statistics.ts';

const GIVE_UP_MS = 10_000;

interface Swap {
  /** Until the answer has changed, in milliseconds. */
  readonly answerMs: number;
  /** Until the operating system told a plain watcher in this process, in milliseconds. */
  readonly eventMs: number;
}

export const swap: Measure = {
  name: 'swap',
  title: 'Snapshot swap after a write of moltbot.json',
  needsProc: false,
  async run({ quick, scope }) {
    const rounds = quick ? 5 : 20;
    const sidecar = await startSidecar(scope, { files: { [CONFIG_FILE]: configWith(baseUrlOf(0)) } });
    const path = join(sidecar.home, CONFIG_FILE);
    const nextEvent = watchFolder(scope, path);
    let turn = 0;
    const timeSwap = async (write: (text: string) => Promise<void>): Promise<Swap> => {
      await wait(PAUSE_MS);
      turn += 1;
      const baseUrl = baseUrlOf(turn);
      const text = JSON.stringify(configWith(baseUrl));
      const startedAt = performance.now();
      const since = () => performance.now() - startedAt;
      const event = nextEvent().then(since);
      await write(text);
      await untilAnswered(sidecar, baseUrl);
      const answerMs = since();
      return { answerMs, eventMs: await event };
    };
    // Replaced as a careful program does it, and written in place as many editors do it.
    const run = await interleave(
      rounds,
      () => timeSwap((text) => replaceFile(path, text)),
      () => timeSwap((text) => writeFile(path, text)),
    );
    return [...figuresOf('replaced by rename', run.ours), ...figuresOf('written in place', run.rival)];
  },
};

function figuresOf(what: string, swaps: readonly Swap[]): Figure[] {
  const ours = swaps.map(({ answerMs }) => answerMs);
  const rival = swaps.map(({ eventMs }) => eventMs);
  const goal = { of: 'value', sense: 'at-most', limit: 100 } as const;
  const rounds = swaps.length;
  return [
    {
      what: `${what}, median`,
      value: median(ours),
      unit: 'ms',
      rival: { what: 'bare file event', value: median(rival) },
      comparison: { by: 'difference', value: median(perRound({ ours, rival }, (a, b) => a - b)) },
      goal,
      rounds,
    },
    {
      what: `${what}, worst`,
      value: Math.max(...ours),
      unit: 'ms',
      rival: { what: 'bare file event', value: Math.max(...rival) },
      goal,
      rounds,
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
