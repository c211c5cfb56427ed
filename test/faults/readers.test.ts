/** Readers of the event stream that never read: they cost little, nobody else waits for them, and none keeps the server alive. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { MAX_ENDPOINT_READERS } from '../../src/http/events/readers.ts';
import { openEventStream } from '../helpers/event-stream.ts';
import { head, openSocket } from '../helpers/raw-http.ts';
import { sidecarWith } from './fault-rig.ts';

const configOf = (n: number): object => ({
  models: {
    providers: {
      mine: { baseUrl: `https://cfg-${n}.example/v1`, apiKey: 'sk-mine-0123456789', models: [{ id: 'm' }] },
    },
  },
});

it('fault: readers of the event stream that never read', async () => {
  const rig = await sidecarWith({
    files: { 'moltbot.json': configOf(0) },
    flags: { defaultModel: 'mine/m' },
  });
  const { host, port } = new URL(rig.sidecar.url);
  const stream = await openEventStream({ url: rig.sidecar.url, token: rig.token });
  onTestFinished(() => stream.close());
  const sockets = await Promise.all(
    Array.from({ length: MAX_ENDPOINT_READERS - 1 }, async () => {
      const socket = await openSocket(Number(port));
      // Nobody listens for data, so nothing is taken out of the connection.
      socket.pause();
      socket.write(head('GET /v1/events HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${rig.token}`));
      return socket;
    }),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await vi.waitFor(async () => expect((await rig.ask('/v1/events')).status).toBe(503), { timeout: 10_000 });
  const refused = await rig.ask('/v1/events');
  expect(refused.body).toMatchObject({ code: 'too-many-readers' });
  expect(refused.headers.get('retry-after')).not.toBeNull();

  const before = process.memoryUsage().heapUsed;
  for (let n = 1; n <= 8; n += 1) {
    await rig.write('moltbot.json', configOf(n));
    // Who reads gets each state in its turn.
    await stream.until(({ providers }) =>
      providers.some(({ baseUrl }) => baseUrl === `https://cfg-${n}.example/v1`),
    );
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 1024 * 1024);
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' });

  // Their places are free as soon as they are gone.
  for (const socket of sockets.slice(0, 100)) socket.destroy();
  await vi.waitFor(
    async () => {
      const another = await openEventStream({ url: rig.sidecar.url, token: rig.token });
      another.close();
      expect(another.status).toBe(200);
    },
    { timeout: 10_000 },
  );
  // The rest still stand there, and the end of the server does not wait for them.
  await rig.sidecar.close();
});
