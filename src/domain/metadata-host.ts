/**
 * Hosts at which clouds hand a machine its own credentials. No provider of models is there, so a base URL that
 * leads to one is a mistake or an attack: whoever is sent there can ask for the machine's identity.
 */
import { BlockList, isIP } from 'node:net';

/** Addresses of AWS, Azure, Google, Oracle, Alibaba, Scaleway and the credential servers of containers. */
const IPV4: ReadonlySet<string> = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.42.42',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
]);
const IPV6 = ['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254', 'fd00:42::42'] as const;

/** Names that lead there inside of a cloud. */
const NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.tencentyun.com',
]);

/**
 * True for such a name or address. Addresses are judged as parsed; forms that carry an IPv4 address in an IPv6
 * one (RFC 4291 mapped and compatible, RFC 6052, RFC 3056) count as the address that they carry.
 *
 * @param host with or without brackets
 */
export function isMetadataHost(host: string): boolean {
  const plain = host
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/%.*$/, '')
    .replace(/\.$/, '');
  const family = isIP(plain);
  if (family === 0) return NAMES.has(plain);
  // Text that counts as an IPv4 address has one spelling for each.
  if (family === 4) return IPV4.has(plain);
  return addresses().check(plain, 'ipv6');
}

/** True for a URL whose host is one, however the address is written there. Text that is no URL is none. */
export function isMetadataUrl(url: string): boolean {
  return URL.canParse(url) && isMetadataHost(new URL(url).hostname);
}

function addresses(): BlockList {
  const list = new BlockList();
  for (const address of IPV6) list.addAddress(address, 'ipv6');
  for (const address of IPV4) {
    // An IPv4 rule covers the mapped form too.
    list.addAddress(address, 'ipv4');
    list.addAddress(`::${address}`, 'ipv6');
    list.addAddress(`64:ff9b::${address}`, 'ipv6');
    list.addSubnet(`2002:${inHex(address)}::`, 48, 'ipv6');
  }
  return list;
}

/** The 32 bits of an IPv4 address as the two groups of an IPv6 one. */
function inHex(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `${bytes.slice(0, 2).join('')}:${bytes.slice(2).join('')}`;
}
