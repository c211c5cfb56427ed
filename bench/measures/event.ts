/** Time from a write of the operator's config until a reader of `/v1/events` has the new state, against a bare file event. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get, IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { baseUrlOf, configWith, PAUSE_MS, replaceFile, watchFolder } from '../config-writes.ts';
import type { Figure, Measure } from '../measure.ts';
import type { Scope } from '../scope.ts';
import { CONFIG_FILE, type MeasuredSidecar, startSidecar } from '../sidecars.ts';
import { interleave, median, perRound } from '../statistics.ts';

const GIVE_UP_MS = 10_000;
/** Readers beside the one that is measured. */
const OTHERS = 99;

interface Told {
  /** Until the reader had the new state, in milliseconds. */
  readonly readerMs: number;
  /** Until the operating system told a plain watcher in this process, in milliseconds. */
  readonly eventMs: number;
}

export const event: Measure = {
  name: 'event',
  title: 'Write of moltbot.json to event, with 100 readers',
  needsProc: false,
  async run({ quick, scope }) {
    const rounds = quick ? 5 : 20;
    const sidecar = await startSidecar(scope, { files: { [CONFIG_FILE]: configWith(baseUrlOf(0)) } });
    const path = join(sidecar.home, CONFIG_FILE);
    const reader = await openReader(scope, sidecar);
    for (let count = 0; count < OTHERS; count += 1) await openReader(scope, sidecar);
    const nextFileEvent = watchFolder(scope, path);
    let turn = 0;
    const timeEvent = async (write: (text: string) => Promise<void>): Promise<Told> => {
      await wait(PAUSE_MS);
      turn += 1;
      const baseUrl = baseUrlOf(turn);
      const text = JSON.stringify(configWith(baseUrl));
      const startedAt = performance.now();
      const since = (): number => performance.now() - startedAt;
      const fileEvent = nextFileEvent().then(since);
      const told = reader.until(`"${baseUrl}"`).then(since);
      await write(text);
      return { readerMs: await told, eventMs: await fileEvent };
    };
    // Replaced as a careful program does it, and written in place as many editors do it.
    const run = await interleave(
      rounds,
      () => timeEvent((text) => replaceFile(path, text)),
      () => timeEvent((text) => writeFile(path, text)),
    );
    return [...figuresOf('replaced by rename', run.ours), ...figuresOf('written in place', run.rival)];
  },
};

function figuresOf(what: string, told: readonly Told[]): Figure[] {
  const ours = told.map(({ readerMs }) => readerMs);
  const rival = told.map(({ eventMs }) => eventMs);
  const rounds = told.length;
  return [
    {
      what: `${what}, median`,
      value: median(ours),
      unit: 'ms',
      rival: { what: 'bare file event', value: median(rival) },
      comparison: { by: 'difference', value: median(perRound({ ours, rival }, (a, b) => a - b)) },
      goal: { of: 'value', sense: 'at-most', limit: 100 },
      rounds,
    },
    { what: `${what}, worst`, value: Math.max(...ours), unit: 'ms', rounds },
  ];
}

interface Reader {
  /** Resolves when what came since the call holds the text. */
  until(text: string): Promise<void>;
}

/** Opens a stream; resolves when its first state has come. */
async function openReader(scope: Scope, { port, token }: MeasuredSidecar): Promise<Reader> {
  const headers = { authorization: `Bearer ${token}` };
  const request = get({ host: '127.0.0.1', port, path: '/v1/events', agent: false, headers });
  const [response] = await once(request, 'response');
  if (!(response instanceof IncomingMessage)) throw new Error('The stream was not opened');
  scope.onClose(() => void request.destroy());
  let recent = '';
  let check: () => void = () => undefined;
  response.setEncoding('utf8').on('data', (text: string) => {
    recent += text;
    check();
  });
  // The end of the measure cuts the stream.
  response.on('error', () => undefined);
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No event within ${GIVE_UP_MS} ms`)), GIVE_UP_MS);
      check = () => {
        if (!recent.includes(text)) return;
        check = () => undefined;
        recent = '';
        clearTimeout(timer);
        resolve();
      };
      check();
    });
  await until('event: snapshot');
  return { until };
}
