/** Which hosts are this machine and nothing else. */
import { isIPv4, isIPv6 } from 'node:net';

/**
 * True for `localhost`, 127.0.0.0/8 and ::1 (with or without brackets). Addresses are compared as parsed, so no
 * other spelling passes by its looks; any other name is not loopback, as it could resolve to anything.
 */
export function isLoopbackHost(host: string): boolean {
  const plain = host.trim().toLowerCase();
  if (plain === 'localhost') return true;
  if (isIPv4(plain)) return plain.startsWith('127.');
  const address = plain.replace(/^\[(.*)\]$/, '$1');
  if (!isIPv6(address)) return false;
  // The URL parser writes every spelling of an IPv6 address in its one canonical form; it takes no zone.
  const url = `http://[${address}]/`;
  return URL.canParse(url) && new URL(url).hostname === '[::1]';
}
