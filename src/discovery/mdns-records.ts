/**
 * What hosts of the network say by mDNS, kept as long as they say it may be. Everything is untrusted: any
 * host may claim any name, any address and any service. TXT records are not read at all, because nothing in
 * them could count. Deciding only: packets and times come in.
 */
import { isIP } from 'node:net';
import * as z from 'zod';
import { RUNTIME_IDS } from '../domain/provider-id.ts';
import { hasControlCharacters, quoteUntrusted } from '../domain/untrusted-text.ts';
import type { Announced } from './announced.ts';

/** A question to the network. */
export interface MdnsQuestion {
  readonly name: string;
  readonly type: 'PTR' | 'SRV' | 'A' | 'AAAA';
}

/** The records that count now. */
export interface RecordBook {
  /**
   * Takes the records of one answer. Gives the questions that it leaves open: a responder may name an
   * instance without its place, or a place without its address.
   *
   * @param now Unix milliseconds
   */
  take(packet: unknown, now: number): readonly MdnsQuestion[];
  /** Instances with a place, none of them expired. */
  hosts(now: number): readonly Announced[];
}

interface Instance {
  readonly type: string;
  readonly until: number;
  place?: { readonly host: string; readonly port: number };
}

const packetSchema = z.object({
  answers: z.array(z.unknown()).default([]),
  additionals: z.array(z.unknown()).default([]),
});
const headSchema = z.object({ name: z.string().max(255), type: z.string(), ttl: z.number().min(0) });
const nameSchema = z.object({ data: z.string().max(255) });
const placeSchema = z.object({
  data: z.object({
    target: z
      .string()
      .max(255)
      .regex(/^[a-z0-9_](?:[a-z0-9_-]|\.(?=[a-z0-9_]))*\.?$/i),
    port: z.int().min(1).max(65_535),
  }),
});

const MAX_RECORDS = 200;
const MAX_INSTANCES = 64;
const MAX_HOSTS = 128;
const MAX_ADDRESSES = 4;
const MAX_QUESTIONS = 16;
const LONGEST_TTL_S = 4_500;
const SHOWN_NAME = 40;

/** Creates an empty book. Records of other service types are not looked at. */
export function createRecordBook(serviceTypes: readonly string[]): RecordBook {
  const types = serviceTypes.map((type) => type.toLowerCase());
  const instances = new Map<string, Instance>();
  const addresses = new Map<string, Map<string, number>>();

  const typeOf = (name: string): string | undefined =>
    types.find((type) => plain(name).endsWith(`.${type}.local`));

  const takePointer = (name: string, data: string, ttl: number, now: number): void => {
    const type = typeOf(data);
    const key = plain(data);
    if (type === undefined || plain(name) !== `${type}.local` || hasControlCharacters(data)) return;
    const known = instances.get(key);
    // TTL 0 is a goodbye.
    if (ttl === 0) instances.delete(key);
    else if (known !== undefined || instances.size < MAX_INSTANCES) {
      const place = known?.place;
      instances.set(key, { type, until: untilOf(ttl, now), ...(place === undefined ? {} : { place }) });
    }
  };

  const takeAddress = (name: string, address: string, ttl: number, now: number): void => {
    const host = plain(name);
    // A link-local address means nothing without the interface that it is on.
    if (isIP(address) === 0 || /^fe[89ab]/i.test(address) || !isWanted(host)) return;
    const known = addresses.get(host) ?? new Map<string, number>();
    if (ttl === 0) known.delete(address);
    else if (known.has(address) || known.size < MAX_ADDRESSES) known.set(address, untilOf(ttl, now));
    if (known.size > 0 && (addresses.has(host) || addresses.size < MAX_HOSTS)) addresses.set(host, known);
    else if (known.size === 0) addresses.delete(host);
  };

  const isWanted = (host: string): boolean =>
    [...instances.values()].some(({ place }) => place !== undefined && plain(place.host) === host);

  const expire = (now: number): void => {
    for (const [key, { until }] of instances) if (until <= now) instances.delete(key);
    for (const [host, known] of addresses) {
      for (const [address, until] of known) if (until <= now) known.delete(address);
      if (known.size === 0 || !isWanted(host)) addresses.delete(host);
    }
  };

  const openQuestions = (): readonly MdnsQuestion[] =>
    [...instances].flatMap(([name, { place }]): MdnsQuestion[] => {
      if (place === undefined) return isAskable(name) ? [{ name, type: 'SRV' }] : [];
      const host = plain(place.host);
      return addresses.has(host) || isIP(host) !== 0 ? [] : [{ name: host, type: 'A' }];
    });

  return {
    take: (packet, now) => {
      const parsed = packetSchema.safeParse(packet);
      if (!parsed.success) return [];
      expire(now);
      const records = [...parsed.data.answers, ...parsed.data.additionals]
        .slice(0, MAX_RECORDS)
        .flatMap((record) => {
          const head = headSchema.safeParse(record);
          return head.success ? [{ ...head.data, record }] : [];
        });
      const before = new Set(openQuestions().map(textOf));
      for (const { name, type, ttl, record } of records) {
        if (type !== 'PTR') continue;
        const pointer = nameSchema.safeParse(record);
        if (pointer.success) takePointer(name, pointer.data.data, ttl, now);
      }
      for (const { name, type, ttl, record } of records) {
        const instance = type === 'SRV' ? instances.get(plain(name)) : undefined;
        const place = instance === undefined ? undefined : placeSchema.safeParse(record).data?.data;
        if (instance === undefined || place === undefined) continue;
        if (ttl === 0) instances.delete(plain(name));
        else instance.place = { host: plain(place.target), port: place.port };
      }
      for (const { name, type, ttl, record } of records) {
        if (type !== 'A' && type !== 'AAAA') continue;
        const address = nameSchema.safeParse(record);
        if (address.success) takeAddress(name, address.data.data, ttl, now);
      }
      // Asked once, when the gap appears: two answerers must not set off an endless exchange.
      return openQuestions()
        .filter((question) => !before.has(textOf(question)))
        .slice(0, MAX_QUESTIONS);
    },
    hosts: (now) => {
      expire(now);
      return [...instances].flatMap(([fqdn, { type, place }]) => {
        if (place === undefined) return [];
        const known = [...(addresses.get(plain(place.host))?.keys() ?? [])];
        const host = known.find((address) => isIP(address) === 4) ?? known[0] ?? place.host;
        // The whole name before the type: it may hold dots of its own.
        const name = fqdn.slice(0, -`.${type}.local`.length);
        return [
          {
            scheme: 'http',
            host,
            port: place.port,
            runtime: RUNTIME_IDS.find((id) => type.startsWith(`_${id}._`)) ?? null,
            foundBy: `mDNS ${type} ${quoteUntrusted(name, SHOWN_NAME)}`,
          },
        ];
      });
    },
  };
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function untilOf(ttl: number, now: number): number {
  return now + Math.min(Math.max(ttl, 1), LONGEST_TTL_S) * 1_000;
}

/** A name whose labels fit into a question. */
function isAskable(name: string): boolean {
  return name.split('.').every((label) => label !== '' && Buffer.byteLength(label) <= 63);
}

function textOf({ name, type }: MdnsQuestion): string {
  return `${type} ${name}`;
}
