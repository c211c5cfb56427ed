/** A multicast socket without a network: tests say what arrives and see what is asked. */
import type { MdnsQuestion } from '../../src/discovery/mdns-records.ts';
import type { MdnsSocket } from '../../src/discovery/mdns.ts';

export interface FakeMdns {
  readonly socket: MdnsSocket;
  readonly asked: MdnsQuestion[];
  answer(packet: unknown): void;
  fail(error: unknown): void;
  isClosed(): boolean;
}

/** An answer that names one instance with its place; without an address unless one is given. */
export function announcement(host: string, port: number, address?: string): object {
  const name = 'box._ollama._tcp.local';
  return {
    answers: [{ name: '_ollama._tcp.local', type: 'PTR', ttl: 120, data: name }],
    additionals: [
      { name, type: 'SRV', ttl: 120, data: { target: host, port } },
      ...(address === undefined ? [] : [{ name: host, type: 'A', ttl: 120, data: address }]),
    ],
  };
}

/** @param onAsk called with each question list, for a host that answers */
export function fakeMdns(onAsk: (fake: FakeMdns) => void = () => undefined): FakeMdns {
  const asked: MdnsQuestion[] = [];
  const answers = new Set<(packet: unknown) => void>();
  const errors = new Set<(error: unknown) => void>();
  let closed = false;
  const fake: FakeMdns = {
    asked,
    answer: (packet) => answers.forEach((listener) => listener(packet)),
    fail: (error) => errors.forEach((listener) => listener(error)),
    isClosed: () => closed,
    socket: {
      onAnswer: (listener) => void answers.add(listener),
      onError: (listener) => void errors.add(listener),
      ask: (questions) => {
        asked.push(...questions);
        onAsk(fake);
      },
      close: async () => {
        closed = true;
      },
    },
  };
  return fake;
}
