/**
 * Decides which endpoints are looked at. Addresses of this machine are; other hosts are candidates until
 * the operator trusts them by name. Pure: what the sources say comes in as addresses.
 */
import type { RuntimeId } from '../domain/provider-id.ts';
import type { Candidate } from '../domain/runtime-state.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { hostKind, isOllamaCloudHost, literalsOf, rootUrl, type Address } from './address.ts';

/** A place where a runtime may answer. */
export interface Endpoint {
  /** Root URLs to try, best first; the one that answers as a runtime is reported. Never empty. */
  readonly roots: readonly [string, ...string[]];
  /** Runtimes that a source expects here; empty when any of them might answer. */
  readonly expected: readonly RuntimeId[];
  /** True for addresses of this machine, which answer fast or not at all. */
  readonly isLoopback: boolean;
}

/** What will be looked at and what will not. */
export interface EndpointPlan {
  readonly endpoints: readonly Endpoint[];
  readonly candidates: readonly Candidate[];
}

/** Addresses that the sources of one runtime name. */
export interface NamedAddresses {
  readonly runtime: RuntimeId;
  readonly addresses: readonly Address[];
}

/** Merges all addresses into endpoints; two sources that name the same host and port share one. */
export function planEndpoints(named: readonly NamedAddresses[], trust: readonly string[] = []): EndpointPlan {
  const endpoints: Endpoint[] = [];
  const candidates: Candidate[] = [];
  const trusted = trust.map(parseTrusted);
  for (const { runtime, addresses } of named) {
    for (const address of addresses) {
      const judged = judge(address, runtime, trusted);
      if ('hint' in judged) addCandidate(candidates, judged);
      else addEndpoint(endpoints, judged);
    }
  }
  for (const entry of trusted) {
    const judged = judge(entry, null, trusted);
    if ('hint' in judged) addCandidate(candidates, judged);
    else addEndpoint(endpoints, judged);
  }
  return { endpoints, candidates };
}

/** An entry of `discovery.trust`: a URL; an address that cannot be dialled carries the reason. */
function parseTrusted(entry: string): Address {
  const foundBy = 'discovery.trust';
  const url = URL.canParse(entry) ? new URL(entry) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const host = quoteUntrusted(entry);
    return { scheme: 'http', host, port: 0, path: '', foundBy, defect: 'it is not an http or https URL' };
  }
  return {
    scheme: url.protocol.slice(0, -1),
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    // An operator who copies a base URL means the server, not a path below its API.
    path: url.pathname.replace(/\/+$/, '').replace(/\/v1$/, ''),
    foundBy,
    ...(url.username === '' && url.password === '' ? {} : { defect: 'it holds a user name or password' }),
  };
}

function judge(
  address: Address,
  runtime: RuntimeId | null,
  trusted: readonly Address[],
): Endpoint | Candidate {
  const { host, port, path, foundBy } = address;
  const scheme = address.scheme.toLowerCase();
  const url = rootUrl(scheme, host === '' ? '127.0.0.1' : host, port, path);
  const refuse = (reason: string): Candidate => ({ url, runtime, foundBy, hint: `Not looked at: ${reason}` });
  if (address.defect !== undefined) return refuse(address.defect);
  if (scheme !== 'http' && scheme !== 'https')
    return refuse(`${quoteUntrusted(scheme)} is not http or https`);
  if (isOllamaCloudHost(host)) return refuse('it is a cloud service, which needs a key');
  if (port === 0) return refuse('port 0 stands for any free port, so nobody knows which it is');
  const expected = runtime === null ? [] : [runtime];
  if (hostKind(host) !== 'remote') {
    return { roots: localRoots(address), expected, isLoopback: true };
  }
  if (!URL.canParse(url)) return refuse('it is not a valid host');
  const isTrusted = trusted.some(
    (entry) =>
      entry.defect === undefined &&
      entry.scheme === scheme &&
      entry.port === port &&
      sameHost(entry.host, host),
  );
  if (isTrusted) return { roots: [url], expected, isLoopback: false };
  return {
    url,
    runtime,
    foundBy,
    hint: `Another host. To use it, add to sidecar.json5: discovery: { trust: [${JSON.stringify(url)}] }`,
  };
}

function sameHost(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Each literal with the path that was named, then without: the server itself knows of no path. */
function localRoots({ scheme, host, port, path }: Address): [string, ...string[]] {
  const paths = path === '' ? [''] : [path, ''];
  const [first, ...rest] = paths.flatMap((suffix) =>
    literalsOf(host).map((literal) => rootUrl(scheme, literal, port, suffix)),
  );
  return first === undefined ? [rootUrl(scheme, '127.0.0.1', port)] : [first, ...rest];
}

function addEndpoint(endpoints: Endpoint[], added: Endpoint): void {
  const sockets = new Set(added.roots.map(socket));
  const index = endpoints.findIndex(({ roots }) => roots.some((root) => sockets.has(socket(root))));
  const existing = endpoints[index];
  if (existing === undefined) {
    endpoints.push(added);
    return;
  }
  const [first, ...rest] = existing.roots;
  const more = added.roots.filter((root) => !existing.roots.includes(root));
  endpoints[index] = {
    roots: [first, ...rest, ...more],
    expected: [...new Set([...existing.expected, ...added.expected])],
    isLoopback: existing.isLoopback,
  };
}

/** Host and port of a root URL, which is what makes two roots the same endpoint. */
function socket(root: string): string {
  return new URL(root).host || root;
}

function addCandidate(candidates: Candidate[], added: Candidate): void {
  if (!candidates.some(({ url }) => url === added.url)) candidates.push(added);
}
