import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordBook } from '../../src/discovery/mdns-records.ts';

const TYPE = '_ollama._tcp';
const SERVICE = `${TYPE}.local`;
const pointer = (instance: string, ttl = 120) => ({
  name: SERVICE,
  type: 'PTR',
  ttl,
  data: `${instance}.${SERVICE}`,
});
const place = (instance: string, target: string, port: number, ttl = 120) => ({
  name: `${instance}.${SERVICE}`,
  type: 'SRV',
  ttl,
  data: { target, port, priority: 0, weight: 0 },
});
const address = (name: string, data: string, ttl = 120) => ({
  name,
  type: data.includes(':') ? 'AAAA' : 'A',
  ttl,
  data,
});
const whole = (instance: string, ip: string, port = 11_434) => ({
  answers: [pointer(instance)],
  additionals: [place(instance, 'box.local', port), address('box.local', ip)],
});
const bookOf = () => createRecordBook([TYPE, '_openai._tcp']);

describe('mDNS records', () => {
  it('an instance with place and address is a host; the type is a claim, not an identity', () => {
    const book = bookOf();
    expect(book.take(whole('box', '192.168.1.7'), 0)).toEqual([]);
    expect(book.hosts(0)).toEqual([
      { scheme: 'http', host: '192.168.1.7', port: 11_434, runtime: 'ollama', foundBy: `mDNS ${TYPE} "box"` },
    ]);
  });

  it('a name with dots is kept whole', () => {
    const book = bookOf();
    book.take(whole('my.host v1.2', '192.168.1.7'), 0);
    expect(book.hosts(0)[0]?.foundBy).toBe(`mDNS ${TYPE} "my.host v1.2"`);
  });

  it('"a TXT record is never identity, never auth": nothing of it is read, whatever it is', () => {
    const book = bookOf();
    const plain = whole('box', '192.168.1.7');
    book.take(plain, 0);
    const before = book.hosts(0);
    for (const data of ['auth=none', 5, null, [{}], { host: '10.0.0.1' }]) {
      book.take(
        { ...plain, additionals: [...plain.additionals, { ...plain.answers[0], type: 'TXT', data }] },
        0,
      );
    }
    expect(book.hosts(0)).toEqual(before);
  });

  it('a service that answers again stays, and one that stopped answering goes', () => {
    const book = bookOf();
    book.take(whole('box', '192.168.1.7'), 0);
    book.take(whole('box', '192.168.1.7'), 100_000);
    expect(book.hosts(150_000)).toHaveLength(1);
    expect(book.hosts(221_000)).toEqual([]);
  });

  it('a goodbye removes it at once', () => {
    const book = bookOf();
    book.take(whole('box', '192.168.1.7'), 0);
    book.take({ answers: [pointer('box', 0)] }, 1);
    expect(book.hosts(1)).toEqual([]);
  });

  it('an answer without a place, then one without an address, are each asked about once', () => {
    const book = bookOf();
    expect(book.take({ answers: [pointer('box')] }, 0)).toEqual([{ name: `box.${SERVICE}`, type: 'SRV' }]);
    expect(book.take({ answers: [pointer('box')] }, 0)).toEqual([]);
    expect(book.hosts(0)).toEqual([]);
    expect(book.take({ answers: [place('box', 'BOX.local', 80)] }, 0)).toEqual([
      { name: 'box.local', type: 'A' },
    ]);
    expect(book.hosts(0)).toMatchObject([{ host: 'box.local', port: 80 }]);
    expect(book.take({ answers: [address('box.local', '10.0.0.7')] }, 0)).toEqual([]);
    expect(book.hosts(0)).toMatchObject([{ host: '10.0.0.7' }]);
  });

  it('IPv4 comes before IPv6, and a link-local address is left out', () => {
    const book = bookOf();
    book.take(
      {
        answers: [pointer('box'), place('box', 'box.local', 80)],
        additionals: ['fe80::1', 'fd00::7', '10.0.0.7'].map((ip) => address('box.local', ip)),
      },
      0,
    );
    expect(book.hosts(0)).toMatchObject([{ host: '10.0.0.7' }]);
    book.take({ answers: [address('box.local', '10.0.0.7', 0)] }, 0);
    expect(book.hosts(0)).toMatchObject([{ host: 'fd00::7' }]);
  });

  it('"caps on number": a flood leaves 64 instances and asks 16 questions an answer', () => {
    const book = bookOf();
    for (let packet = 0; packet < 50; packet += 1) {
      const answers = Array.from({ length: 300 }, (_, index) => pointer(`n${packet}-${index}`));
      expect(book.take({ answers }, 0).length).toBeLessThanOrEqual(16);
    }
    for (let index = 0; index < 300; index += 1) {
      book.take({ answers: [place(`n0-${index}`, `h${index}.local`, 80)] }, 0);
    }
    expect(book.hosts(0)).toHaveLength(64);
  });

  it.each([
    ['control characters in the name', whole('b\u001b[31mox', '10.0.0.7')],
    ['a name of another service type', { answers: [{ ...pointer('box'), name: '_ssh._tcp.local' }] }],
    ['port 0', whole('box', '10.0.0.7', 0)],
    ['port 65536', whole('box', '10.0.0.7', 65_536)],
    ['a host that is no host name', { answers: [pointer('box'), place('box', 'user@evil.example/x?', 80)] }],
    ['no object', 'packet'],
    ['records that are none', { answers: [null, 5, {}, { name: 1 }], additionals: 'x' }],
  ])('%s gives no host', (_, packet) => {
    const book = bookOf();
    book.take(packet, 0);
    expect(book.hosts(0)).toEqual([]);
  });

  it('a long name is cut where it is shown', () => {
    const book = bookOf();
    book.take(whole('x'.repeat(200), '10.0.0.7'), 0);
    expect(book.hosts(0)[0]?.foundBy.length).toBeLessThan(70);
  });

  it('never throws and never grows, whatever comes', () => {
    const record = fc.record({
      name: fc.oneof(fc.constantFrom(SERVICE, `a.${SERVICE}`, 'box.local'), fc.string()),
      type: fc.constantFrom('PTR', 'SRV', 'A', 'AAAA', 'TXT'),
      ttl: fc.oneof(fc.nat(), fc.double()),
      data: fc.oneof(
        fc.constantFrom(`a.${SERVICE}`, '10.0.0.7', { target: 'box.local', port: 80 }),
        fc.anything(),
      ),
    });
    fc.assert(
      fc.property(
        fc.array(fc.record({ answers: fc.array(record), additionals: fc.array(record) })),
        (packets) => {
          const book = bookOf();
          for (const packet of packets) book.take(packet, 0);
          expect(book.hosts(0).length).toBeLessThanOrEqual(64);
        },
      ),
      { numRuns: 100 },
    );
  });
});
