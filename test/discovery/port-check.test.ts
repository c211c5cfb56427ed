import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { anyListens } from '../../src/discovery/port-check.ts';
import { freePort } from './rig.ts';

async function listener(host: string) {
  let bytes = 0;
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('data', (data) => {
      bytes += data.length;
    });
    socket.on('error', () => undefined);
  });
  onTestFinished(() => void server.close());
  server.listen(0, host);
  await once(server, 'listening');
  const address: AddressInfo | string | null = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { server, port, seen: () => ({ bytes, connections }) };
}

describe('whether anything listens', () => {
  it('is asked without a byte, so that nothing stands in a log', async () => {
    const { port, seen, server } = await listener('127.0.0.1');
    const connected = once(server, 'connection');
    expect(await anyListens([`http://127.0.0.1:${port}/pfx`, `http://127.0.0.1:${port}`])).toBe(true);
    await connected;
    const closed = once(server, 'close');
    server.close();
    await closed;
    expect(seen()).toEqual({ bytes: 0, connections: 1 });
  });

  it('is found at any of the roots', async () => {
    const { port } = await listener('::1');
    expect(await anyListens([`http://127.0.0.1:${port}`, `http://[::1]:${port}`])).toBe(true);
    expect(await anyListens([`http://127.0.0.1:${port}`])).toBe(false);
  });

  it('is no where nothing does', async () => {
    expect(await anyListens([`http://127.0.0.1:${await freePort()}`])).toBe(false);
  });

  it('finds a name by the lookup that it is given', async () => {
    const { port } = await listener('127.0.0.1');
    expect(
      await anyListens([`http://box.local:${port}`], (_host, options, done) => {
        if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
        else done(null, '127.0.0.1', 4);
      }),
    ).toBe(true);
  });
});
