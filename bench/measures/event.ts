/** Time from a write of the operator's config until a reader of `/v1/events` has the new state, against a bare file event. */
import { once } from 'node:events';
import { get, IncomingMessage } from 'node:http';
import { baseUrlOf, configWith, medianOf, type TimedWrite, timeWrites } from '../config-writes.ts';
import type { Figure, Measure } from '../measure.ts';
import type { Scope } from '../scope.ts';
import { CONFIG_FILE, type MeasuredSidecar, startSidecar } from '../sidecars.ts';

const GIVE_UP_MS = 10_000;
/** Readers beside the one that is measured. */
const OTHERS = 99;

export const event: Measure = {
  name: 'event',
  title: 'Write of moltbot.json to event, with 100 readers',
  needsProc: false,
  async run({ quick, scope }) {
    const sidecar = await startSidecar(scope, { files: { [CONFIG_FILE]: configWith(baseUrlOf(0)) } });
    const reader = await openReader(scope, sidecar);
    for (let count = 0; count < OTHERS; count += 1) await openReader(scope, sidecar);
    const writes = await timeWrites(scope, sidecar, quick ? 5 : 20, async (baseUrl, write, since) => {
      const told = reader.until(`"${baseUrl}"`).then(since);
      await write();
      return told;
    });
    return [
      ...figuresOf('replaced by rename', writes.replaced),
      ...figuresOf('written in place', writes.inPlace),
    ];
  },
};

function figuresOf(what: string, writes: readonly TimedWrite[]): Figure[] {
  const worst = Math.max(...writes.map(({ ourMs }) => ourMs));
  return [
    medianOf(what, writes),
    { what: `${what}, worst`, value: worst, unit: 'ms', rounds: writes.length },
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
