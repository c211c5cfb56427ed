/**
 * What the server counts while it works. Counting is a few plain numbers; they are put into Prometheus' form only
 * when somebody reads `/metrics`, and what does that is loaded then.
 */
import type { ResolutionOutcome } from '../../domain/auth.ts';
import { outcomeCode } from '../../domain/auth.ts';
import type { DiscoveryReport } from '../../domain/runtime-state.ts';
import type { SidecarEvent } from '../../domain/sidecar-event.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ProcessFigures } from '../../platform/process-figures.ts';
import type { Snapshot } from '../../resolution/snapshot.ts';
import type { HealthReport } from '../../validation/health.ts';
import type { RefusalCode } from '../access.ts';
import { createDurations } from './durations.ts';
import type { Figures, MetricsText, ScanTimes } from './figures.ts';
import { createTally, OTHER } from './tally.ts';

/** Of a program that looks for nothing. */
export const NO_SCANS: ScanTimes = { count: 0, totalMs: 0, lastMs: 0 };

/** What is read when somebody asks for the figures. */
export interface MetricSources {
  readonly snapshot: () => Snapshot;
  readonly discovery: () => DiscoveryReport;
  readonly health: () => Promise<HealthReport>;
  readonly scans: () => ScanTimes;
  /** How many readers the event stream has. */
  readonly readers: () => number;
  readonly process: () => ProcessFigures;
  readonly version: string;
  readonly clock: Clock;
  /** Milliseconds that only grow, with fractions; its zero means nothing. */
  readonly timer: () => number;
}

export interface Metrics {
  /** To be read as an answer begins, and given back to `resolved`. */
  readonly timer: () => number;
  /**
   * Counts one answer of `/v1/resolve`.
   *
   * @param began what `timer` said when the request came
   * @param wasKept true when nothing had to be resolved anew
   */
  readonly resolved: (outcome: ResolutionOutcome, began: number, wasKept: boolean) => void;
  /** Counts a request that the guard refused. The codes are few, and nothing of the request is among them. */
  readonly refused: (code: RefusalCode) => void;
  /** Counts what an event tells: refreshed, refused and expired credentials, logins. */
  readonly onEvent: (event: SidecarEvent) => void;
  /** To be called after each swap of the snapshot. */
  readonly snapshotTaken: () => void;
  readonly text: () => Promise<MetricsText>;
}

/** Starts to count, at zero. */
export function createMetrics(sources: MetricSources): Metrics {
  const { clock, timer } = sources;
  const resolutions = createTally();
  const refreshes = createTally();
  const rejections = createTally();
  const logins = createTally();
  const refusals = createTally();
  const durations = createDurations();
  let keptAnswers = 0;
  let snapshotAt = clock();

  /** An id that some source defines; whatever else a caller or an event names is one value together. */
  const known = (provider: string): string =>
    sources.snapshot().providers.byId.has(provider) ? provider : OTHER;

  const read = async (): Promise<Figures> => ({
    resolutions: resolutions.read(),
    resolveDurations: durations.read(),
    keptAnswers,
    refreshes: refreshes.read(),
    rejections: rejections.read(),
    logins: logins.read(),
    refusals: refusals.read(),
    endpoints: sources.discovery().endpoints,
    scans: sources.scans(),
    readers: sources.readers(),
    revision: sources.snapshot().revision,
    snapshotAgeMs: Math.max(0, clock() - snapshotAt),
    health: (await sources.health()).status,
    process: sources.process(),
    version: sources.version,
  });

  /** Of outcomes that are handed out again and again. */
  const counters = new WeakMap<ResolutionOutcome, () => void>();
  const counterOf = (outcome: ResolutionOutcome): (() => void) => {
    if (outcome.kind === 'failed') {
      return resolutions.counter(outcome.provider?.id ?? OTHER, UNRESOLVED, outcomeCode(outcome));
    }
    const { provider, auth } = outcome.resolution;
    return resolutions.counter(provider.id, auth.mode, 'resolved');
  };

  return {
    timer,
    resolved(outcome, began, wasKept) {
      if (wasKept) keptAnswers += 1;
      durations.add((timer() - began) / 1000);
      const count = counters.get(outcome) ?? counterOf(outcome);
      if (wasKept) counters.set(outcome, count);
      count();
    },
    refused: refusals.add,
    onEvent(event) {
      switch (event.kind) {
        case 'credential':
          if (event.change === 'rejected') rejections.add(known(event.provider));
          else refreshes.add(known(event.provider), event.change);
          return;
        case 'login':
          if (event.state !== 'pending') logins.add(known(event.provider), event.state);
          return;
        case 'runtime':
        case 'health':
        case 'setup':
          // What they tell is read from its place when somebody asks.
          return;
      }
    },
    snapshotTaken() {
      snapshotAt = clock();
    },
    async text() {
      const { toMetricsText } = await import('./exposition.ts');
      return toMetricsText(await read());
    },
  };
}

/** Stands for the auth mode of a resolution that failed. */
const UNRESOLVED = 'unresolved';
