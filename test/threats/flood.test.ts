/** Many connections at once, on a running sidecar with its own deadlines. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { head, openSocket, readToEnd, sendRaw } from '../helpers/raw-http.ts';
import { start } from '../http/guarded-server.ts';
import { startTarget, type Target } from './target.ts';

const HALF_OPEN = 1_000;

let target: Target;
let sockets: Socket[];
beforeEach(async () => {
  target = await startTarget();
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await target.close();
});

it('threat 20: slow clients: /livez answers while 1,000 half-open connections wait, and all are closed by the deadline', async () => {
  const ends: Promise<unknown>[] = [];
  for (let batch = 0; batch < HALF_OPEN; batch += 100) {
    const opened = await Promise.all(Array.from({ length: 100 }, () => openSocket(target.port)));
    for (const socket of opened) {
      ends.push(readToEnd(socket));
      socket.write(`GET /v1/resolve HTTP/1.1\r\n${target.host}\r\nX-Slow: `);
    }
    sockets.push(...opened);
  }
  const open = (): number => sockets.filter((socket) => !socket.closed && !socket.readableEnded).length;
  const answer = await target.send(head('GET /livez HTTP/1.1', target.host, 'Connection: close'));
  expect(answer).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  // The oldest may have come to its deadline by now; the flood still stands.
  expect(open()).toBeGreaterThan(HALF_OPEN / 2);
  const resolved = await target.send(
    head('GET /v1/resolve?model=acme/m HTTP/1.1', target.host, target.bearer, 'Connection: close'),
  );
  expect(resolved.status).toBe(200);
  // The server closes them, all by itself.
  await Promise.all(ends);
  expect(open()).toBe(0);
  await target.expectUnharmed();
});

it('threat 20: more connections than may be: one more is closed without an answer, and one that goes makes room', async () => {
  const server = await start({ maxConnections: 5 });
  const held = await Promise.all(Array.from({ length: 5 }, () => openSocket(server.port)));
  sockets.push(...held);
  const asked = head('GET /livez HTTP/1.1', server.host, 'Connection: close');
  // Answered, so each of the five is counted.
  for (const socket of held) {
    socket.write(head('GET /livez HTTP/1.1', server.host));
    await once(socket, 'data');
  }
  expect(await sendRaw(server.port, asked)).toMatchObject({ status: 0, text: '' });
  held[0]?.end();
  await readToEnd(held[0] ?? connect(server.port));
  expect(await sendRaw(server.port, asked)).toMatchObject({ status: 200 });
});
