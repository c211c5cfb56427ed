/** A watch whose stream breaks: what it asks for when it comes back, how long it waits, and when it gives up. */
import { expect, it } from 'vitest';
import { createClient, type SidecarClientError } from '../../src/client/client.ts';
import { delayBeforeRetry } from '../../src/client/watch.ts';
import { startPlayedServer, STATE } from './played-server.ts';

it('the back-off doubles from 50 to 100 ms up to 2.5 to 5 s, with a share of chance', () => {
  const range = (failures: number) => [0, 1].map((chance) => delayBeforeRetry(failures, () => chance));
  expect(range(0)).toEqual([50, 100]);
  expect(range(1)).toEqual([100, 200]);
  expect(range(3)).toEqual([400, 800]);
  for (const failures of [6, 100, 1e9]) expect(range(failures)).toEqual([2_500, 5_000]);
});

const stateText = (revision: number): string =>
  `retry: 1000\n\nevent: snapshot\nid: ${revision}\ndata: ${JSON.stringify({ ...STATE, revision })}\n\n`;
const refusal = (status: number, code: string) => ({ status, body: { code, detail: 'no', hints: [] } });

it('"reconnects with back-off and Last-Event-ID": breaks, refusals of the moment and unknown kinds are passed over', async () => {
  const notice = { kind: 'setup', provider: 'acme' };
  const server = await startPlayedServer([
    { stream: stateText(7) },
    'reset',
    refusal(503, 'too-many-readers'),
    { stream: ': heartbeat\n\nevent: of-tomorrow\ndata: {"kind":"of-tomorrow"}\n\n' },
    { stream: `event: setup\ndata: ${JSON.stringify(notice)}\n\n${stateText(8)}` },
    refusal(401, 'unauthorized'),
  ]);
  const watching = createClient({ home: '/nowhere', env: {}, ...server }).watch();
  expect((await watching.next()).value).toEqual({ kind: 'snapshot', snapshot: { ...STATE, revision: 7 } });
  expect((await watching.next()).value).toEqual(notice);
  expect((await watching.next()).value).toEqual({ kind: 'snapshot', snapshot: { ...STATE, revision: 8 } });
  const error: Partial<SidecarClientError> = { code: 'unauthorized', status: 401 };
  await expect(watching.next()).rejects.toMatchObject(error);
  expect(server.lastEventIds).toEqual([undefined, '7', '7', '7', '7', '8']);
  expect(await watching.next()).toEqual({ done: true, value: undefined });
});
