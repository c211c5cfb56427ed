/**
 * The content of models.json: how it is read and printed, which of its providers are discovery's own, and
 * the entries that follow from a report. Pure.
 */
import { runtimeOfProviderId } from '../domain/provider-id.ts';
import type { Model } from '../domain/provider.ts';
import { isRecord } from '../domain/record.ts';
import type { DiscoveryReport } from '../domain/runtime-state.ts';
import { isLoopbackUrl } from './address.ts';
import { claimId, type Claims } from './provider-ids.ts';
import { runtimeById } from './runtimes/index.ts';

/** Who owns what in a models.json. */
export interface Ownership {
  /** Ids of discovery's own providers, and of endpoints that are away, by root URL. */
  readonly claims: Claims;
  /** Root URLs of discovery's own providers that the file has now. */
  readonly written: ReadonlySet<string>;
  /** Ids of everybody else's providers. */
  readonly reserved: ReadonlySet<string>;
}

const GENERATED_BY = 'provider-sidecar';
const API = 'openai-completions';

/** Keys and values of an object, in order. */
export type Entries = readonly (readonly [string, unknown])[];

/** By what an entry is known as discovery's own. */
export interface OwnerMarks {
  /** Hosts that are looked at besides this machine, as `hostsOf` gives them. */
  readonly hosts: ReadonlySet<string>;
  /** The ids that discovery gave: an entry that still has one of them is ours, also on a host not looked at. */
  readonly remembered: Claims;
}

/** Reads who owns what; a file that is missing or corrupt has no owners. */
export function readOwnership(current: string | null, marks: OwnerMarks): Ownership {
  const claims = new Map(marks.remembered);
  const written = new Set<string>();
  const reserved = new Set<string>();
  const parsed = current === null ? undefined : parseModelsJson(current);
  if (parsed !== undefined && 'providers' in parsed) {
    for (const [id, entry] of parsed.providers) {
      const baseUrl = baseUrlOf(entry);
      if (baseUrl === undefined || !isOurs(id, entry, marks)) {
        reserved.add(id);
        continue;
      }
      const root = rootOf(id, baseUrl);
      written.add(root);
      if (claims.get(root) !== id) claimId(claims, [root], id);
    }
  }
  return { claims, written, reserved };
}

/** Provider entries of everything that is up, by id. */
export function providersOf(report: DiscoveryReport): ReadonlyMap<string, unknown> {
  const providers = new Map<string, unknown>();
  for (const { state, provider, runtime, url, name, models } of report.endpoints) {
    if (state !== 'up' || provider === null || runtime === null) continue;
    const path = runtimeById(runtime)?.openAiPath ?? '/v1';
    providers.set(provider, {
      ...(name === undefined ? {} : { name }),
      baseUrl: `${url}${path}`,
      api: API,
      auth: 'none',
      models: models.map(toRow),
    });
  }
  return providers;
}

/** One row, in the order in which readers list the fields. */
function toRow(model: Model): Record<string, unknown> {
  const {
    id,
    name,
    reasoning,
    input,
    cost,
    contextWindow,
    contextWindowSource,
    maxContextWindow,
    maxTokens,
  } = model;
  return {
    id,
    name,
    reasoning,
    input,
    cost,
    contextWindow,
    ...(contextWindowSource === undefined ? {} : { contextWindowSource }),
    ...(maxContextWindow === undefined ? {} : { maxContextWindow }),
    maxTokens,
  };
}

/** Ours: an id that only discovery claims, no authentication, and a place that is looked at or was ours. */
export function isOurs(id: string, entry: unknown, { hosts, remembered }: OwnerMarks): boolean {
  const baseUrl = baseUrlOf(entry);
  if (runtimeOfProviderId(id) === undefined || baseUrl === undefined) return false;
  if (!isRecord(entry) || entry['auth'] !== 'none') return false;
  return isLookedAt(baseUrl, hosts) || remembered.get(rootOf(id, baseUrl)) === id;
}

/** True for a URL on this machine or on one of the hosts. */
export function isLookedAt(url: string, hosts: ReadonlySet<string>): boolean {
  return isLoopbackUrl(url) || (URL.canParse(url) && hosts.has(new URL(url).hostname));
}

function rootOf(id: string, baseUrl: string): string {
  const runtime = runtimeOfProviderId(id);
  const suffix = (runtime === undefined ? undefined : runtimeById(runtime)?.openAiPath) ?? '/v1';
  return baseUrl.endsWith(suffix) ? baseUrl.slice(0, -suffix.length) : baseUrl;
}

function baseUrlOf(entry: unknown): string | undefined {
  const baseUrl = isRecord(entry) ? entry['baseUrl'] : undefined;
  return typeof baseUrl === 'string' ? baseUrl : undefined;
}

/** Hosts of the URLs of endpoints. Never of candidates: an entry for a host that is not trusted is not ours. */
export function hostsOf(urls: readonly string[]): ReadonlySet<string> {
  return new Set(urls.flatMap((url) => (URL.canParse(url) ? [new URL(url).hostname] : [])));
}

/** The top-level entries and the providers of a models.json, or why it is none. */
export function parseModelsJson(text: string): { rest: Entries; providers: Entries } | { detail: string } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { detail: 'it is not JSON' };
  }
  if (!isRecord(body)) return { detail: 'it is not a JSON object' };
  const providers = Object.hasOwn(body, 'providers') ? body['providers'] : {};
  if (!isRecord(providers)) return { detail: 'its "providers" is not an object' };
  return { rest: Object.entries(body), providers: Object.entries(providers) };
}

/** Prints a models.json. Built from entries, not by assignment: a key named `__proto__` stays a key. */
export function printModelsJson(rest: Entries, providers: Entries): string {
  const own = new Map<string, unknown>([
    ['generatedBy', GENERATED_BY],
    ['providers', Object.fromEntries(providers)],
  ]);
  const named = new Set(rest.map(([key]) => key));
  const file = Object.fromEntries([
    ...(named.has('generatedBy') ? [] : [['generatedBy', GENERATED_BY] as const]),
    ...rest.map(([key, value]) => [key, own.get(key) ?? value] as const),
    ...(named.has('providers') ? [] : [['providers', own.get('providers')] as const]),
  ]);
  return `${JSON.stringify(file, null, 2)}\n`;
}
