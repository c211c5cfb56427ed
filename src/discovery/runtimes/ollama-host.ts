/**
 * Reads `OLLAMA_HOST` exactly as Ollama itself does, odd cases included: its parser is more lenient than
 * any URL parser, and the daemon listens where that parser says.
 */
import { isIP } from 'node:net';
import { hostKind, rootUrl, type Address } from '../address.ts';

const DEFAULT_PORT = '11434';

/** Parses a value of `OLLAMA_HOST`; an empty one is the default address. One with a user name gets a defect. */
export function parseOllamaHost(value: string): Omit<Address, 'foundBy'> {
  const text = value
    .trim()
    .replace(/^["']+|["']+$/g, '')
    .trim();
  // The cloud service is the one bare name that means https.
  const full = text === 'ollama.com' ? 'https://ollama.com:443' : text;
  const schemeEnd = full.indexOf('://');
  const scheme = schemeEnd === -1 ? 'http' : full.slice(0, schemeEnd);
  const rest = schemeEnd === -1 ? full : full.slice(schemeEnd + 3);
  const slash = rest.indexOf('/');
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? '' : rest.slice(slash).replace(/\/+$/, '');
  const fallback = schemeEnd === -1 ? DEFAULT_PORT : defaultPortOf(scheme);
  // Ollama takes the whole of `user:password@host` for a host. The password must not show anywhere.
  const hostPort = authority.slice(authority.lastIndexOf('@') + 1);
  const { host, port } = splitHostPort(hostPort) ?? { host: bareHost(hostPort), port: fallback };
  return {
    scheme,
    host,
    port: Number(isPort(port) ? port : fallback),
    path,
    ...(authority.includes('@') ? { defect: 'it holds a user name, which Ollama does not support' } : {}),
  };
}

/** The URL that Ollama's own client dials: a wildcard becomes the loopback address of its family. */
export function connectableUrl({ scheme, host, port, path }: Omit<Address, 'foundBy'>): string {
  const dialled = hostKind(host) === 'unspecified' ? (host.includes(':') ? '::1' : '127.0.0.1') : host;
  return `${scheme}${rootUrl('', dialled.replace('%', '%25'), port, path)}`;
}

/** Schemes compare case-sensitively there: `HTTP://` has no port of its own. */
function defaultPortOf(scheme: string): string {
  if (scheme === 'http') return '80';
  return scheme === 'https' ? '443' : DEFAULT_PORT;
}

function isPort(text: string): boolean {
  return /^\+?\d+$/.test(text) && Number(text) <= 65_535;
}

/** Host and port of `host:port` or `[host]:port`; undefined when there is no port or too many colons. */
function splitHostPort(text: string): { host: string; port: string } | undefined {
  const match = /^\[([^[\]]*)\]:([^:[\]]*)$/.exec(text) ?? /^([^:[\]]*):([^:[\]]*)$/.exec(text);
  const [, host, port] = match ?? [];
  return host === undefined || port === undefined ? undefined : { host, port };
}

/** A host without a port: brackets, also a forgotten one, are dropped around an address. */
function bareHost(text: string): string {
  const inner = text.replace(/^[[\]]+|[[\]]+$/g, '');
  if (isIP(inner) !== 0) return inner;
  return text === '' ? '127.0.0.1' : text;
}
