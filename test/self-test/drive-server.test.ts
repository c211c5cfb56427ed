/** What the self-test says of events is said of events that it read, and a stream that breaks ends nothing else. */
import type { RequestListener, ServerResponse } from 'node:http';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createCanaryBook } from '../../src/self-test/canaries.ts';
import { openDriver, type ServerDriver } from '../../src/self-test/drive-server.ts';
import { createFindings } from '../../src/self-test/findings.ts';
import { serveLocally } from '../helpers/local-server.ts';

const head = { 'content-type': 'text/event-stream' };

it.each<[string, boolean, (response: ServerResponse) => void]>([
  ['was read', true, (response) => response.writeHead(200, head).write('event: snapshot\ndata: {}\n\n')],
  ['was refused', false, (response) => response.writeHead(503).end('{}')],
  ['broke', false, (response) => response.socket?.resetAndDestroy()],
  ['brought no state', false, (response) => response.writeHead(200, head).end(': hello\n\n')],
])('a stream of events that %s', async (_what, sawState, answer) => {
  const driver = await driverOf((_request, response) => answer(response));
  expect(await driver.stop()).toMatchObject({ sawState });
});

it('a stream that breaks while it is read ends that one request alone', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const driver = await driverOf((request, response) => {
    response.writeHead(200, head).write('event: snapshot\ndata: {}\n\n');
    if (request.url === '/v1/breaks') setImmediate(() => response.socket?.resetAndDestroy());
  });
  const asked = { method: 'GET', headers: {}, handsOut: false };
  await driver.send([{ ...asked, route: 'GET /v1/breaks', target: '/v1/breaks' }]);
  // What would end the program, had something been left to do with the stream.
  const onRejection = vi.fn();
  process.on('unhandledRejection', onRejection);
  onTestFinished(() => void process.off('unhandledRejection', onRejection));
  vi.advanceTimersByTime(1_000);
  await new Promise((resolve) => setImmediate(resolve));
  vi.useRealTimers();
  const { answers } = await driver.stop();
  expect([...answers]).toEqual(['GET /v1/breaks no answer']);
  expect(onRejection).not.toHaveBeenCalled();
});

/** A driver for a server that answers so. */
async function driverOf(answer: RequestListener): Promise<ServerDriver> {
  const url = await serveLocally(answer);
  const findings = createFindings(createCanaryBook((length) => 'x'.repeat(length)));
  const { signal } = new AbortController();
  return openDriver(url, 'a-token', findings, signal);
}
