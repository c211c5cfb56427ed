/**
 * Decides which endpoints are looked at. Addresses of this machine are; other hosts are candidates until
 * the operator trusts them by name. Pure: what the sources say comes in as addresses.
 */
import type { RuntimeId } from '../domain/provider-id.ts';
import type { Candidate } from '../domain/runtime-state.ts';
import { isMetadataUrl } from '../domain/metadata-host.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import type { Announced } from './announced.ts';
import { hostKind, isOllamaCloudHost, literalsOf, rootUrl, type Address } from './address.ts';
import { RUNTIMES } from './runtimes/index.ts';

/** A place where a runtime may answer. */
export interface Endpoint {
  /** Root URLs to try, best first; the one that answers as a runtime is reported. Never empty. */
  readonly roots: readonly [string, ...string[]];
  /** Runtimes that a source expects here; empty when any of them might answer. */
  readonly expected: readonly RuntimeId[];
  /** True for addresses of this machine, which answer fast or not at all. */
  readonly isLoopback: boolean;
  /** The operator's own name for it. */
  readonly name?: string;
  /** The setting that lets another host be looked at. */
  readonly trustedBy?: string;
}

/** A place that the operator names under `discovery.endpoints`. */
export interface ConfiguredEndpoint {
  readonly url: string;
  readonly runtime?: RuntimeId | undefined;
  readonly name?: string | undefined;
}

/** Everything that names places. */
export interface PlanSources {
  readonly named: readonly NamedAddresses[];
  /** URLs of `discovery.trust`. */
  readonly trust?: readonly string[];
  readonly configured?: readonly ConfiguredEndpoint[];
  readonly announced?: readonly Announced[];
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

const TRUST = 'discovery.trust';
const CONFIGURED = 'discovery.endpoints';

/** Merges all addresses into endpoints; two sources that name the same host and port share one. */
export function planEndpoints(sources: PlanSources): EndpointPlan {
  const { named, trust = [], configured = [], announced = [] } = sources;
  const endpoints: Endpoint[] = [];
  const candidates: Candidate[] = [];
  const trusted = trust.map((entry) => parseUrl(entry, TRUST));
  const add = (address: Address, runtime: RuntimeId | null, name?: string) => {
    const judged = judge(address, runtime, trusted);
    if ('hint' in judged) addCandidate(candidates, judged);
    else addEndpoint(endpoints, name === undefined ? judged : { ...judged, name });
  };
  for (const { runtime, addresses } of named) {
    for (const address of addresses) add(address, runtime);
  }
  for (const { url, runtime, name } of configured) add(parseUrl(url, CONFIGURED), runtime ?? null, name);
  for (const entry of trusted) add(entry, null);
  for (const told of announced) {
    const judged = judge({ ...told, path: '' }, told.runtime, trusted);
    // Only the operator decides what is asked: a trusted host is in the plan by now, by its trust entry, and
    // an announcement of "this machine" that came over the network says nothing about this machine.
    if ('hint' in judged) addCandidate(candidates, { ...judged, announced: true });
  }
  return { endpoints, candidates };
}

/** A URL of the settings; one that cannot be dialled carries the reason. */
function parseUrl(entry: string, foundBy: string): Address {
  const url = URL.canParse(entry) ? new URL(entry) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const host = quoteUntrusted(entry);
    return { scheme: 'http', host, port: 0, path: '', foundBy, defect: 'it is not an http or https URL' };
  }
  const whole = url.pathname.replace(/\/+$/, '');
  // An operator who copies a base URL means the server, not a path below its API. Of two such ends the longer one is
  // the likelier; the other leaves a path of the server's own.
  const [path = whole, otherPath] = [...new Set(RUNTIMES.map(({ openAiPath }) => openAiPath))]
    .filter((end) => whole.endsWith(end))
    .map((end) => whole.slice(0, -end.length))
    .toSorted((a, b) => a.length - b.length);
  return {
    scheme: url.protocol.slice(0, -1),
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    path,
    ...(otherPath === undefined ? {} : { otherPath }),
    foundBy,
    ...(url.username === '' && url.password === '' ? {} : { defect: 'it holds a user name or password' }),
  };
}

function judge(
  address: Address,
  runtime: RuntimeId | null,
  trusted: readonly Address[],
): Endpoint | Candidate {
  const { host, port, path, otherPath, foundBy } = address;
  const scheme = address.scheme.toLowerCase();
  const url = rootUrl(scheme, host === '' ? '127.0.0.1' : host, port, path);
  const refuse = (reason: string): Candidate => ({ url, runtime, foundBy, hint: `Not looked at: ${reason}` });
  if (address.defect !== undefined) return refuse(address.defect);
  if (scheme !== 'http' && scheme !== 'https')
    return refuse(`${quoteUntrusted(scheme)} is not http or https`);
  if (isMetadataUrl(url)) return refuse('it is the metadata service of a cloud');
  if (isOllamaCloudHost(host)) return refuse('it is a cloud service, which needs a key');
  if (port === 0) return refuse('port 0 stands for any free port, so nobody knows which it is');
  const expected = runtime === null ? [] : [runtime];
  if (hostKind(host) !== 'remote') {
    const roots = localRoots(address);
    if (!roots.every((root) => URL.canParse(root))) return refuse('it is not a valid address');
    return { roots, expected, isLoopback: true };
  }
  if (!URL.canParse(url)) return refuse('it is not a valid host');
  const isTrusted = trusted.some(
    (entry) =>
      entry.defect === undefined &&
      entry.scheme === scheme &&
      entry.port === port &&
      sameHost(entry.host, host),
  );
  if (isTrusted) {
    const more = otherPath === undefined ? [] : [rootUrl(scheme, host, port, otherPath)];
    return { roots: [url, ...more], expected, isLoopback: false, trustedBy: TRUST };
  }
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
function localRoots({ scheme, host, port, path, otherPath, foundBy }: Address): [string, ...string[]] {
  // A path in the settings says where the API begins; one in a runtime's own variable may be an accident.
  const more = foundBy === CONFIGURED ? (otherPath === undefined ? [] : [otherPath]) : [''];
  const paths = [...new Set([path, ...more])];
  const [first, ...rest] = paths.flatMap((suffix) =>
    literalsOf(host).map((literal) => rootUrl(scheme, literal, port, suffix)),
  );
  return first === undefined ? [rootUrl(scheme, '127.0.0.1', port)] : [first, ...rest];
}

function addEndpoint(endpoints: Endpoint[], added: Endpoint): void {
  const index = endpoints.findIndex((endpoint) => isSamePlace(endpoint, added));
  const existing = endpoints[index];
  if (existing === undefined) {
    endpoints.push(added);
    return;
  }
  // A root with a path is the narrower word on where the API begins, so it is tried first.
  const [before, after] =
    pathOf(added) !== '' && pathOf(existing) === '' ? [added, existing] : [existing, added];
  const [first, ...rest] = before.roots;
  const more = after.roots.filter((root) => !before.roots.includes(root));
  endpoints[index] = {
    ...added,
    ...existing,
    roots: [first, ...rest, ...more],
    expected: [...new Set([...existing.expected, ...added.expected])],
  };
}

/** Two paths below one host and port may lead to two runtimes. */
function isSamePlace(one: Endpoint, other: Endpoint): boolean {
  const sockets = new Set(other.roots.map(socket));
  if (!one.roots.some((root) => sockets.has(socket(root)))) return false;
  return pathOf(one) === '' || pathOf(other) === '' || pathOf(one) === pathOf(other);
}

function pathOf({ roots }: Endpoint): string {
  return URL.canParse(roots[0]) ? new URL(roots[0]).pathname.replace(/\/$/, '') : '';
}

/** Host and port of a root URL, which is what makes two roots the same endpoint. */
function socket(root: string): string {
  return new URL(root).host || root;
}

function addCandidate(candidates: Candidate[], added: Candidate): void {
  if (!candidates.some(({ url }) => url === added.url)) candidates.push(added);
}
