import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Bonjour } from 'bonjour-service';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { browseMdns, openMdnsSocket } from '../../src/discovery/mdns.ts';
import { announcement, fakeMdns } from './fake-mdns.ts';
import { recordingLog } from './rig.ts';

const serviceTypes = ['_ollama._tcp', '_llm._tcp'];

describe('browsing', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function browse() {
    const fake = fakeMdns();
    const { lines, log } = recordingLog();
    const browser = browseMdns({ socket: fake.socket, serviceTypes, clock: Date.now, log });
    return { fake, lines, browser };
  }

  it('asks for every type at once and again before records expire', async () => {
    const { fake, browser } = browse();
    expect(fake.asked.map(({ name }) => name)).toEqual(['_ollama._tcp.local', '_llm._tcp.local']);
    vi.advanceTimersByTime(90_000);
    expect(fake.asked).toHaveLength(6);
    await browser.close();
    vi.advanceTimersByTime(90_000);
    expect(fake.asked).toHaveLength(6);
    expect(fake.isClosed()).toBe(true);
  });

  it('a live service outlives its first TTL because it answers again', () => {
    const { fake, browser } = browse();
    for (let round = 0; round < 5; round += 1) {
      fake.answer(announcement('box.local', 11_434, '192.168.1.7'));
      vi.advanceTimersByTime(60_000);
    }
    expect(browser.hosts()).toHaveLength(1);
    vi.advanceTimersByTime(61_000);
    expect(browser.hosts()).toEqual([]);
  });

  it('asks for the address that an answer leaves out', () => {
    const { fake } = browse();
    fake.answer(announcement('box.local', 11_434));
    expect(fake.asked.at(-1)).toEqual({ name: 'box.local', type: 'A' });
  });

  it('a busy port is one warning, and the program goes on', () => {
    const { fake, lines, browser } = browse();
    fake.fail(new Error('bind EADDRINUSE 0.0.0.0:5353'));
    fake.fail(new Error('again'));
    expect(lines).toEqual([
      { level: 'warn', message: 'mDNS does not work here: bind EADDRINUSE 0.0.0.0:5353' },
    ]);
    expect(browser.hosts()).toEqual([]);
  });

  it('what an answer throws does not leave the socket event', () => {
    const { fake } = browse();
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap');
        },
      },
    );
    expect(() => fake.answer(trap)).not.toThrow();
  });
});

it('a library that is not what it was is an error, and leaves no socket open', async () => {
  const destroyed = vi.fn();
  vi.doMock('bonjour-service', () => ({
    Bonjour: class {
      readonly server = { mdns: { on: 'no function' } };
      readonly destroy = destroyed;
    },
  }));
  onTestFinished(() => vi.doUnmock('bonjour-service'));
  await expect(openMdnsSocket()).rejects.toThrow('server');
  expect(destroyed).toHaveBeenCalledOnce();
});

/** Whether this machine can send itself a multicast datagram at all. */
async function canMulticast(): Promise<boolean> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  try {
    socket.bind(0);
    await once(socket, 'listening');
    socket.addMembership('224.0.0.251');
    const { port } = socket.address();
    const heard = once(socket, 'message', { signal: AbortSignal.timeout(2_000) });
    socket.send('x', port, '224.0.0.251');
    await heard;
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

const works = await canMulticast();

describe(
  works ? 'over real multicast' : 'SKIPPED: THIS MACHINE CANNOT MULTICAST, SO mDNS IS NOT TESTED FOR REAL',
  () => {
    it.skipIf(!works)('a service that another responder publishes becomes a candidate', async () => {
      const responder = new Bonjour();
      onTestFinished(() => new Promise((resolve) => responder.destroy(() => resolve())));
      const type = `sidecar${process.pid}`;
      responder.publish({ name: 'box', type, port: 4_711, probe: false });
      const { lines, log } = recordingLog();
      const browser = browseMdns({
        socket: await openMdnsSocket(),
        serviceTypes: [`_${type}._tcp`],
        clock: Date.now,
        log,
      });
      onTestFinished(() => browser.close());
      await vi.waitFor(
        () =>
          expect(browser.hosts()).toMatchObject([
            { port: 4_711, runtime: null, foundBy: `mDNS _${type}._tcp "box"` },
          ]),
        { timeout: 10_000, interval: 20 },
      );
      expect(lines).toEqual([]);
    });
  },
);
