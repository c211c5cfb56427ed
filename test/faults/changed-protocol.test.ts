/** A server that answers every request with a change of protocol, which ends a request without a response. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createProbe } from '../../src/discovery/probe.ts';
import { Secret } from '../../src/domain/secret.ts';
import { connectProven } from '../../src/http/proven-server.ts';
import { createAsk } from '../../src/login/ask-provider.ts';

/** Its address. */
async function startChanger(): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address: AddressInfo | string | null = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

it('"One probe … always ends"', async () => {
  const probe = createProbe({ clock: Date.now });
  onTestFinished(() => probe.close());
  expect(await probe.get(`${await startChanger()}/`)).toMatchObject({ kind: 'reset' });
});

it('"One request to a provider. It always ends"', async () => {
  const url = await startChanger();
  const answer = await createAsk()({ method: 'GET', url, headers: {} });
  expect(answer).toEqual({ kind: 'unreachable', detail: '"the connection was closed without an answer"' });
});

it('a stranger at the address of our server is not waited for', async () => {
  const url = await startChanger();
  expect(await connectProven({ url, token: new Secret('token-of-a-server-that-is-gone') })).toBeUndefined();
});
