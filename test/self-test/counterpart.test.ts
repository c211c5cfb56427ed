/** The server that plays every other one outlives whoever asks it. */
import { once } from 'node:events';
import { connect, Server } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createCanaryBook } from '../../src/self-test/canaries.ts';
import { startCounterpart } from '../../src/self-test/counterpart.ts';

it('a machine that lets nobody listen is told, and not waited for', async () => {
  const listen = vi.spyOn(Server.prototype, 'listen').mockImplementation(function fail(this: Server) {
    queueMicrotask(() => this.emit('error', Object.assign(new Error('full'), { code: 'EMFILE' })));
    return this;
  });
  onTestFinished(() => listen.mockRestore());
  const started = startCounterpart(createCanaryBook((length) => 'x'.repeat(length)));
  await expect(started).rejects.toThrow('Cannot listen on "127.0.0.1" port 0 (EMFILE)');
});

it.each([
  [
    'goes away in the middle of its body',
    'POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf',
  ],
  ['asks for a path that is none', 'GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n'],
])('a program that %s', async (_what, request) => {
  const onRejection = vi.fn();
  process.on('unhandledRejection', onRejection);
  onTestFinished(() => void process.off('unhandledRejection', onRejection));
  const counterpart = await startCounterpart(createCanaryBook((length) => 'x'.repeat(length)));
  onTestFinished(counterpart.close);
  const { hostname, port } = new URL(counterpart.url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.write(request);
  // The server has it when the next one is answered.
  await fetch(`${counterpart.url}/quiet`);
  socket.resetAndDestroy();
  await closed;
  expect((await fetch(`${counterpart.url}/quiet`)).status).toBe(200);
  expect(onRejection).not.toHaveBeenCalled();
});
