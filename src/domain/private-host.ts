/** Which hosts can only be reached from this machine or its own network. */
import { BlockList, isIP } from 'node:net';
import { isLoopbackHost } from './loopback.ts';

/**
 * True for this machine and for addresses of private networks (RFC 1918, RFC 4193, link-local). Judged on the
 * parsed address: a name such as `10.example.com` is not private, as it could resolve to anything.
 *
 * @param host name or address, with or without brackets
 */
export function isPrivateHost(host: string): boolean {
  const plain = host
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1');
  if (isLoopbackHost(plain)) return true;
  const family = isIP(plain);
  return family !== 0 && privateNetworks().check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

function privateNetworks(): BlockList {
  const list = new BlockList();
  // An IPv4 rule covers the mapped IPv6 form too.
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addSubnet('10.0.0.0', 8, 'ipv4');
  list.addSubnet('172.16.0.0', 12, 'ipv4');
  list.addSubnet('192.168.0.0', 16, 'ipv4');
  list.addSubnet('169.254.0.0', 16, 'ipv4');
  list.addSubnet('fc00::', 7, 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6');
  return list;
}
