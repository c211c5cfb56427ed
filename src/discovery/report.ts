/** Turns findings into the report that everybody else reads, and tells whether two reports differ. Pure. */
import type { Candidate, DiscoveryReport, EndpointReport, LeftOutModel } from '../domain/runtime-state.ts';
import { runtimeOfProviderId } from '../domain/provider-id.ts';
import { toIso } from '../platform/clock.ts';
import type { Endpoint } from './endpoints.ts';
import type { Finding } from './examine.ts';
import { withoutOwned } from './owned-servers.ts';
import { assignProviderIds, type Claims } from './provider-ids.ts';
import { runtimeById } from './runtimes/index.ts';

/** An endpoint and the newest finding about it. */
export interface Looked {
  readonly endpoint: Endpoint;
  readonly finding: Finding;
}

/** What a report is made from. */
export interface ReportInput {
  readonly looked: readonly Looked[];
  readonly candidates: readonly Candidate[];
  readonly previous: DiscoveryReport;
  readonly claims: Claims;
  readonly reserved: ReadonlySet<string>;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Builds the report. `since` moves only when an endpoint's state does. */
export function toReport(input: ReportInput): { readonly report: DiscoveryReport; readonly claims: Claims } {
  const { candidates, previous, now } = input;
  const looked = withoutOwned(input.looked);
  const seekers = looked.map(({ endpoint, finding }) => ({
    roots: [...new Set([finding.root, ...endpoint.roots])],
    identified: finding.runtime,
    expected: endpoint.expected[0] ?? null,
    isUp: finding.state === 'up',
  }));
  const { ids, claims } = assignProviderIds(seekers, input.claims, input.reserved);
  const endpoints = looked.map((one, index) => toEndpointReport(one, ids[index] ?? null, previous, now));
  const leftOut = looked.flatMap(({ finding }, index): LeftOutModel[] => {
    const provider = ids[index] ?? finding.root;
    return finding.leftOut.map((model) => ({ provider, ...model }));
  });
  return { report: { scannedAt: toIso(now), endpoints, candidates, leftOut }, claims };
}

function toEndpointReport(
  { endpoint, finding }: Looked,
  provider: string | null,
  previous: DiscoveryReport,
  now: number,
): EndpointReport {
  const before = previous.endpoints.find(({ url }) => url === finding.root || endpoint.roots.includes(url));
  const isSilent = finding.state === 'down' || finding.state === 'error';
  // The id of a silent endpoint tells what was there last, or what is expected where nothing ever was.
  const absent = isSilent && provider !== null ? runtimeOfProviderId(provider) : undefined;
  const hint = finding.hint ?? (absent === undefined ? undefined : runtimeById(absent)?.startHint);
  return {
    url: finding.root,
    runtime: finding.runtime ?? absent ?? null,
    provider,
    ...(endpoint.name === undefined ? {} : { name: endpoint.name }),
    ...(endpoint.trustedBy === undefined ? {} : { trustedBy: endpoint.trustedBy }),
    version: finding.version,
    state: finding.state,
    since: before?.state === finding.state ? before.since : toIso(now),
    models: finding.models,
    ...(hint === undefined ? {} : { hint }),
    evidence: finding.evidence,
  };
}

/** True when something other than evidence and times differs. */
export function differs(before: DiscoveryReport, after: DiscoveryReport): boolean {
  return essence(before) !== essence(after);
}

function essence(report: DiscoveryReport): string {
  const endpoints = report.endpoints.map(({ evidence: _evidence, ...rest }) => rest);
  return JSON.stringify({ ...report, endpoints, scannedAt: report.scannedAt !== null });
}
