import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openBeacon, readBeacon } from '../../src/discovery/beacon.ts';

const message = (body: unknown) => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
const good = { service: 'lemonade', hostname: 'h', url: 'http://10.9.9.9:13305/api/v1/' };

describe("Lemonade's beacon", () => {
  it('gives the port of the message and the host of the sender: nobody can point at a third one', () => {
    expect(readBeacon(message(good), '192.168.1.7')).toEqual({
      scheme: 'http',
      host: '192.168.1.7',
      port: 13_305,
      runtime: 'lemonade',
      foundBy: "Lemonade's beacon",
    });
  });

  it.each([
    'not json',
    '',
    { ...good, service: 'other' },
    { ...good, url: 5 },
    { ...good, url: 'no url' },
    { ...good, url: 'file:///etc/passwd' },
    { ...good, url: `http://a/${'x'.repeat(300)}` },
    { ...good, hostname: 'x'.repeat(3_000) },
  ])('ignores %j', (body) => expect(readBeacon(message(body), '192.168.1.7')).toBeUndefined());

  it('hears a datagram, and forgets a sender that has been silent for a minute', async () => {
    const sender = createSocket('udp4');
    onTestFinished(() => void sender.close());
    sender.bind(0, '127.0.0.1');
    await once(sender, 'listening');
    let now = 0;
    const port = await freeUdpPort();
    const beacon = await openBeacon({ clock: () => now, port });
    onTestFinished(() => beacon.close());
    await vi.waitFor(() => {
      sender.send(message(good), port, '127.0.0.1');
      expect(beacon.hosts()).toMatchObject([{ host: '127.0.0.1', port: 13_305 }]);
    }, 15_000);
    now = 61_000;
    expect(beacon.hosts()).toEqual([]);
  });

  it('a port that is taken for good is an error that can be caught', async () => {
    const taken = createSocket('udp4');
    onTestFinished(() => void taken.close());
    taken.bind(0);
    await once(taken, 'listening');
    await expect(openBeacon({ clock: Date.now, port: taken.address().port })).rejects.toThrow('EADDRINUSE');
  });
});

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0);
  await once(socket, 'listening');
  const { port } = socket.address();
  const closed = once(socket, 'close');
  socket.close();
  await closed;
  return port;
}
