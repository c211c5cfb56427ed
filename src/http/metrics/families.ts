/** Every metric of `/metrics`: name, kind, meaning, labels, and its values out of the figures. A test compares the documentation with this list. */
import type { EndpointReport } from '../../domain/runtime-state.ts';
import type { Figures } from './figures.ts';
import { type Count, createTally, OTHER } from './tally.ts';

/** One metric. A counter only grows while the server runs. */
export interface Family {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (figures: Figures) => readonly Count[];
}

/** The histogram stands beside the list: it is counted in buckets before it gets here. */
export const RESOLVE_DURATION = {
  name: 'provider_sidecar_resolve_duration_seconds',
  kind: 'histogram',
  help: 'Time from the request to the answer of /v1/resolve',
  labels: ['le'],
} as const;

const one = (count: number): readonly Count[] => [{ values: [], count }];

/** All but the histogram, in the order of the documentation. */
export const FAMILIES: readonly Family[] = [
  {
    name: 'provider_sidecar_build_info',
    kind: 'gauge',
    help: 'Always 1; the version of the program',
    labels: ['version'],
    read: ({ version }) => [{ values: [version], count: 1 }],
  },
  {
    name: 'provider_sidecar_resolutions_total',
    kind: 'counter',
    help: 'Answers of /v1/resolve; outcome is resolved or an error code',
    labels: ['provider', 'mode', 'outcome'],
    read: ({ resolutions }) => resolutions,
  },
  {
    name: 'provider_sidecar_resolve_cache_hits_total',
    kind: 'counter',
    help: 'Answers of /v1/resolve that were kept from a moment before',
    labels: [],
    read: ({ keptAnswers }) => one(keptAnswers),
  },
  {
    name: 'provider_sidecar_credential_refreshes_total',
    kind: 'counter',
    help: 'Credentials that were renewed (rotated) or not (renewal-failed), ended (expired) or need a new login (reauth-required)',
    labels: ['provider', 'outcome'],
    read: ({ refreshes }) => refreshes,
  },
  {
    name: 'provider_sidecar_credential_rejections_total',
    kind: 'counter',
    help: 'Credentials that a provider refused, as callers reported it',
    labels: ['provider'],
    read: ({ rejections }) => rejections,
  },
  {
    name: 'provider_sidecar_logins_total',
    kind: 'counter',
    help: 'Logins that ended: complete or failed',
    labels: ['provider', 'outcome'],
    read: ({ logins }) => logins,
  },
  {
    name: 'provider_sidecar_requests_refused_total',
    kind: 'counter',
    help: 'Requests that the guard refused before any route saw them',
    labels: ['code'],
    read: ({ refusals }) => refusals,
  },
  {
    name: 'provider_sidecar_endpoints',
    kind: 'gauge',
    help: 'Endpoints of local runtimes by their state',
    labels: ['runtime', 'state'],
    read: ({ endpoints }) => countEndpoints(endpoints),
  },
  {
    name: 'provider_sidecar_scans_total',
    kind: 'counter',
    help: 'Whole scans for local runtimes; 0 while discovery is off',
    labels: [],
    read: ({ scans }) => one(scans.count),
  },
  {
    name: 'provider_sidecar_scan_seconds_total',
    kind: 'counter',
    help: 'Time that all whole scans took together',
    labels: [],
    read: ({ scans }) => one(scans.totalMs / 1000),
  },
  {
    name: 'provider_sidecar_last_scan_seconds',
    kind: 'gauge',
    help: 'Time that the last whole scan took',
    labels: [],
    read: ({ scans }) => one(scans.lastMs / 1000),
  },
  {
    name: 'provider_sidecar_event_readers',
    kind: 'gauge',
    help: 'Readers of the event stream now',
    labels: [],
    read: ({ readers }) => one(readers),
  },
  {
    name: 'provider_sidecar_snapshot_revision',
    kind: 'gauge',
    help: 'Revision of the snapshot in force',
    labels: [],
    read: ({ revision }) => one(revision),
  },
  {
    name: 'provider_sidecar_snapshot_age_seconds',
    kind: 'gauge',
    help: 'Time since that snapshot came into force',
    labels: [],
    read: ({ snapshotAgeMs }) => one(snapshotAgeMs / 1000),
  },
  {
    name: 'provider_sidecar_health',
    kind: 'gauge',
    help: '1 for the status that /health has now, 0 for the others',
    labels: ['status'],
    read: ({ health }) =>
      HEALTH_STATUSES.map((status) => ({ values: [status], count: status === health ? 1 : 0 })),
  },
  {
    name: 'process_cpu_user_seconds_total',
    kind: 'counter',
    help: 'Processor time of the program itself',
    labels: [],
    read: ({ process }) => one(process.cpuUser),
  },
  {
    name: 'process_cpu_system_seconds_total',
    kind: 'counter',
    help: 'Processor time of the system for the program',
    labels: [],
    read: ({ process }) => one(process.cpuSystem),
  },
  {
    name: 'process_resident_memory_bytes',
    kind: 'gauge',
    help: 'Memory in use',
    labels: [],
    read: ({ process }) => one(process.residentMemory),
  },
  {
    name: 'process_start_time_seconds',
    kind: 'gauge',
    help: 'Unix time at which the process began',
    labels: [],
    read: ({ process }) => one(process.startedAt),
  },
  {
    name: 'nodejs_heap_size_used_bytes',
    kind: 'gauge',
    help: 'Heap in use',
    labels: [],
    read: ({ process }) => one(process.heapUsed),
  },
  {
    name: 'nodejs_heap_size_total_bytes',
    kind: 'gauge',
    help: 'Heap that the process holds',
    labels: [],
    read: ({ process }) => one(process.heapTotal),
  },
  {
    name: 'nodejs_eventloop_active_seconds_total',
    kind: 'counter',
    help: 'Time in which the event loop had something to do',
    labels: [],
    read: ({ process }) => one(process.eventLoopActive),
  },
];

const HEALTH_STATUSES = [
  'ok',
  'degraded',
  'failing',
  'unvalidated',
] as const satisfies readonly Figures['health'][];

/** Ids of runtimes and names of states are fixed lists; no address gets into a label. */
function countEndpoints(endpoints: readonly EndpointReport[]): readonly Count[] {
  const tally = createTally();
  for (const { runtime, state } of endpoints) tally.add(runtime ?? OTHER, state);
  return tally.read();
}
