/** What `/metrics` shows, as numbers and as text. */
import type { DiscoveryReport } from '../../domain/runtime-state.ts';
import type { ProcessFigures } from '../../platform/process-figures.ts';
import type { HealthReport } from '../../validation/health.ts';
import type { DurationCounts } from './durations.ts';
import type { Count } from './tally.ts';

/** How many whole scans there were, and how long they took. */
export interface ScanTimes {
  readonly count: number;
  readonly totalMs: number;
  readonly lastMs: number;
}

/** Everything that `/metrics` shows, as it is now. */
export interface Figures {
  readonly version: string;
  readonly resolutions: readonly Count[];
  readonly resolveDurations: DurationCounts;
  readonly keptAnswers: number;
  readonly refreshes: readonly Count[];
  readonly rejections: readonly Count[];
  readonly logins: readonly Count[];
  readonly refusals: readonly Count[];
  readonly endpoints: DiscoveryReport['endpoints'];
  readonly scans: ScanTimes;
  readonly readers: number;
  readonly revision: number;
  readonly snapshotAgeMs: number;
  readonly health: HealthReport['status'];
  readonly process: ProcessFigures;
}

/** The text of `/metrics` and its media type. */
export interface MetricsText {
  readonly type: string;
  readonly text: string;
}
