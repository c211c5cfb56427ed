/**
 * Time until the program says that a runtime started or died, against asking the runtime itself all the
 * time. Deaths come in two kinds: the port is closed, or it takes connections and never answers.
 */
import { get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { type FakeOllama, startFakeOllama } from '../../test/helpers/fake-ollama.ts';
import type { Figure, Measure } from '../measure.ts';
import { type MeasuredSidecar, startSidecar } from '../sidecars.ts';
import { median, perRound } from '../statistics.ts';

const POLL_MS = 20;
/** Somebody who asks the runtime itself has to give up at some time; the program's own probes do then. */
const DIRECT_DEADLINE_MS = 1_000;
const GIVE_UP_MS = 30_000;
/** Rounds begin at any point of the watcher's rhythm. */
const WATCHER_TICK_MS = 1_800;

const discoverySchema = z.object({
  endpoints: z.array(z.object({ url: z.string(), state: z.string() })),
});

interface Noticed {
  readonly ours: number[];
  readonly rival: number[];
}

export const notice: Measure = {
  name: 'notice',
  title: 'Time to notice a start and a death',
  needsProc: false,
  async run({ quick, scope }) {
    const rounds = quick ? 2 : 5;
    const fake = await startFakeOllama({ models: [{ name: 'llama3:chat' }] });
    scope.onClose(() => fake.stop());
    await fake.stop();
    const sidecar = await startSidecar(scope, { ollamaPort: fake.port });
    const starts: Noticed = { ours: [], rival: [] };
    const refused: Noticed = { ours: [], rival: [] };
    const hanging: Noticed = { ours: [], rival: [] };
    const observe = async (event: () => void | Promise<void>, expectUp: boolean, into?: Noticed) => {
      await wait(Math.random() * WATCHER_TICK_MS);
      const startedAt = performance.now();
      const since = () => performance.now() - startedAt;
      await event();
      const [ours, rival] = await Promise.all([
        until(async () => (await saysUp(sidecar, fake)) === expectUp).then(since),
        until(async () => (await answers(fake)) === expectUp).then(since),
      ]);
      into?.ours.push(ours);
      into?.rival.push(rival);
    };
    for (let round = 0; round < rounds; round += 1) {
      await observe(() => fake.restart(), true, starts);
      await observe(() => fake.stop(), false, refused);
      await observe(() => fake.restart(), true);
      await observe(() => fake.setFault('silent'), false, hanging);
      fake.setFault(null);
      await fake.stop();
      await until(async () => !(await saysUp(sidecar, fake)));
    }
    return [
      ...figuresOf('start', starts, 2_500),
      ...figuresOf('death, port closed', refused, 5_000),
      ...figuresOf('death, hanging', hanging, 5_000),
    ];
  },
};

function figuresOf(what: string, noticed: Noticed, limitMs: number): Figure[] {
  const { ours, rival } = noticed;
  const rounds = ours.length;
  return [
    {
      what: `${what}, median`,
      value: median(ours),
      unit: 'ms',
      rival: { what: 'asking it all the time', value: median(rival) },
      comparison: { by: 'difference', value: median(perRound(noticed, (a, b) => a - b)) },
      rounds,
    },
    {
      what: `${what}, worst`,
      value: Math.max(...ours),
      unit: 'ms',
      rival: { what: 'asking it all the time', value: Math.max(...rival) },
      goal: { of: 'value', sense: 'at-most', limit: limitMs },
      rounds,
    },
  ];
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`Nothing was noticed within ${GIVE_UP_MS} ms`);
    await wait(POLL_MS);
  }
}

async function saysUp(sidecar: MeasuredSidecar, fake: FakeOllama): Promise<boolean> {
  const { text } = await sidecar.ask('/v1/discovery');
  const { endpoints } = discoverySchema.parse(JSON.parse(text));
  return endpoints.some(({ url, state }) => url.endsWith(`:${fake.port}`) && state === 'up');
}

function answers({ port }: FakeOllama): Promise<boolean> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(DIRECT_DEADLINE_MS);
    get({ host: '127.0.0.1', port, path: '/api/version', agent: false, signal }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200));
      response.on('error', () => resolve(false));
    }).on('error', () => resolve(false));
  });
}
