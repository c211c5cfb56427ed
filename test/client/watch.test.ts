/** A watch whose stream breaks: what it asks for when it comes back, how long it waits, and when it gives up. */
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createClient, type SidecarClientError } from '../../src/client/client.ts';
import { connectToServer } from '../../src/client/find-server.ts';
import { delayBeforeRetry, watchServer } from '../../src/client/watch.ts';
import { rotateEndpointToken } from '../../src/commands/rotate-endpoint.ts';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type RigOptions, startRig } from '../helpers/sidecar-rig.ts';
import { startPlayedServer, STATE, watchUncaught } from './played-server.ts';

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

it('a stream that falls silent, or is reset, is opened again, and is no uncaught error of the program', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const uncaught = watchUncaught();
  const server = await startPlayedServer([
    { begun: stateText(7) },
    { stream: stateText(8), isReset: true },
    { stream: stateText(9) },
  ]);
  const watching = createClient({ home: '/nowhere', env: {}, ...server }).watch();
  expect((await watching.next()).value).toMatchObject({ snapshot: { revision: 7 } });
  const next = watching.next();
  await vi.advanceTimersByTimeAsync(45_000);
  expect((await next).value).toMatchObject({ snapshot: { revision: 8 } });
  expect((await watching.next()).value).toMatchObject({ snapshot: { revision: 9 } });
  await watching.return();
  expect(uncaught).toEqual([]);
});

it('who takes long over an event loses no stream that is not silent', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let send = (_text: string): void => undefined;
  const later = new Promise<string>((resolve) => {
    send = resolve;
  });
  const server = await startPlayedServer([{ begun: stateText(7), later }, { stream: stateText(9) }]);
  const watching = createClient({ home: '/nowhere', env: {}, ...server }).watch();
  expect((await watching.next()).value).toMatchObject({ snapshot: { revision: 7 } });
  await vi.advanceTimersByTimeAsync(60_000);
  send(stateText(8));
  expect((await watching.next()).value).toMatchObject({ snapshot: { revision: 8 } });
  await watching.return();
  expect(server.asked).toHaveLength(1);
});

async function startRealServer(options: RigOptions = {}) {
  const rig = await startRig({
    ...options,
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', ...options.env },
  });
  onTestFinished(() => rig.close());
  return rig;
}

it('a token that is revoked at a real server ends the watch: it "rejects", and does not try for ever', async () => {
  const rig = await startRealServer();
  const store = createCallerTokenStore(join(rig.stateDir, 'sidecar/tokens.json'), systemClock);
  const scope = { providers: null, models: null, secrets: false };
  const { token } = await store.create({ name: 'watcher', scope, lifeMs: null });
  await rig.ask('/v1/tokens');
  const options = { home: rig.home, env: {}, url: rig.sidecar.url, token: token.secret.reveal() };
  const watching = createClient(options).watch();
  expect((await watching.next()).value).toMatchObject({ kind: 'snapshot' });
  await store.revoke('watcher');
  await rig.ask('/v1/tokens');
  const error: Partial<SidecarClientError> = { code: 'unauthorized', status: null };
  await expect(watching.next()).rejects.toMatchObject(error);
});

it('a rotation of the token in endpoint.json does not: the watch goes on with the new one', async () => {
  const rig = await startRealServer({ env: { PROVIDER_SIDECAR_TOKEN: '' } });
  const client = createClient({ home: rig.home, env: {} });
  const watching = client.watch();
  const first = await watching.next();
  expect(first.value).toMatchObject({ kind: 'snapshot' });
  const next = watching.next();
  const rotated = await rotateEndpointToken({
    env: {},
    home: rig.home,
    clock: systemClock,
    print: () => undefined,
    printError: () => undefined,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    stopSignal: new AbortController().signal,
  });
  expect(rotated).toEqual({ inForce: true });
  await rig.write('moltbot.json', { agents: { defaults: { model: 'openai/gpt-5' } } });
  expect((await next).value).toMatchObject({ kind: 'snapshot' });
  await watching.return();
});

it('an abort while it connects ends it, before anything is asked', async () => {
  const server = await startPlayedServer([{ stream: stateText(1) }]);
  const stop = new AbortController();
  const connect = async () => {
    const proven = await connectToServer({ home: '/nowhere', env: {}, ...server });
    stop.abort();
    return proven;
  };
  const watching = watchServer({ connect, random: Math.random, signal: stop.signal });
  expect(await watching.next()).toEqual({ done: true, value: undefined });
  expect(server.asked).toEqual([]);
});
