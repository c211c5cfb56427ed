/** What the self-test says of events is said of events that it read. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { createCanaryBook } from '../../src/self-test/canaries.ts';
import { openDriver } from '../../src/self-test/drive-server.ts';
import { createFindings } from '../../src/self-test/findings.ts';

const head = { 'content-type': 'text/event-stream' };

it.each<[string, boolean, (response: ServerResponse) => void]>([
  ['was read', true, (response) => response.writeHead(200, head).write('event: snapshot\ndata: {}\n\n')],
  ['was refused', false, (response) => response.writeHead(503).end('{}')],
  ['broke', false, (response) => response.socket?.resetAndDestroy()],
  ['brought no state', false, (response) => response.writeHead(200, head).end(': hello\n\n')],
])('a stream of events that %s', async (_what, sawState, answer) => {
  const server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const findings = createFindings(createCanaryBook((length) => 'x'.repeat(length)));
  const { signal } = new AbortController();
  const driver = openDriver(`http://127.0.0.1:${port}`, 'a-token', findings, signal);
  expect(await driver.stop()).toMatchObject({ sawState });
});
