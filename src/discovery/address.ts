/**
 * Where a runtime may be reached, and whether that is this machine. Addresses are compared as parsed
 * addresses, never as text.
 */
import { BlockList, isIP } from 'node:net';

/** An address as some source names it, not yet judged. */
export interface Address {
  /** As written, usually `http`. */
  readonly scheme: string;
  /** Name or IP address without brackets; empty means this machine. */
  readonly host: string;
  readonly port: number;
  /** Empty, or a path that begins with a slash. */
  readonly path: string;
  /** A path that may be meant as well; the first is tried before it. */
  readonly otherPath?: string;
  /** Which source named it, for example `OLLAMA_HOST`. */
  readonly foundBy: string;
  /** Why it cannot be dialled at all. */
  readonly defect?: string;
}

/** Whether a host is this machine, every interface of it, or another machine. */
export type HostKind = 'loopback' | 'unspecified' | 'remote';

const IPV4_LOOPBACK = '127.0.0.1';
const IPV6_LOOPBACK = '::1';

/** Judges a host without brackets. Names other than `localhost` are remote: they could resolve to anything. */
export function hostKind(host: string): HostKind {
  const plain = host.toLowerCase();
  if (plain === '' || plain === 'localhost' || plain === 'localhost.') return 'loopback';
  const family = isIP(plain);
  if (family === 0) return 'remote';
  const isIn = (list: BlockList) => list.check(plain.replace(/%.*$/, ''), family === 4 ? 'ipv4' : 'ipv6');
  if (isIn(loopbackList())) return 'loopback';
  return isIn(unspecifiedList()) ? 'unspecified' : 'remote';
}

function loopbackList(): BlockList {
  const list = new BlockList();
  // An IPv4 rule covers the mapped form too: ::ffff:127.0.0.1 is loopback.
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addAddress(IPV6_LOOPBACK, 'ipv6');
  return list;
}

function unspecifiedList(): BlockList {
  const list = new BlockList();
  list.addAddress('0.0.0.0', 'ipv4');
  list.addAddress('::', 'ipv6');
  return list;
}

/**
 * The literal addresses to dial for a host of this machine, in order. `localhost` and every wildcard are
 * dialled as 127.0.0.1 first, because the name may lead to ::1 while the server has IPv4 only.
 */
export function literalsOf(host: string): readonly string[] {
  if (hostKind(host) === 'unspecified') {
    return host.includes(':') ? [IPV4_LOOPBACK, IPV6_LOOPBACK] : [IPV4_LOOPBACK];
  }
  if (host === '') return [IPV4_LOOPBACK];
  if (isIP(host) === 0) return [IPV4_LOOPBACK, IPV6_LOOPBACK];
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1];
  // A zone says which interface, which loopback has one of, and no URL can carry it.
  return [mapped ?? host.replace(/%.*$/, '')];
}

/** `http://127.0.0.1:11434`, with brackets where the host needs them. */
export function rootUrl(scheme: string, host: string, port: number, path = ''): string {
  const literal = host.includes(':') ? `[${host}]` : host;
  return `${scheme.toLowerCase()}://${literal}:${port}${path}`;
}

/** True for a root or base URL whose host is this machine. Text that is no URL is not. */
export function isLoopbackUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  return hostKind(new URL(url).hostname.replace(/^\[|\]$/g, '')) === 'loopback';
}

/** True for hosts of Ollama's cloud service, which can never be a runtime without authentication. */
export function isOllamaCloudHost(host: string): boolean {
  const plain = host.toLowerCase().replace(/\.$/, '');
  return plain === 'ollama.com' || plain.endsWith('.ollama.com');
}
