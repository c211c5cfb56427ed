/** What `/health` says: the check of the default model, and everything else that is wrong. */
import type { HealthAnswer } from '../domain/answers/health.ts';
import type { Finding } from '../domain/finding.ts';
import type { Snapshot } from '../resolution/snapshot.ts';
import {
  checkDefaultModel,
  type CheckOptions,
  type DefaultModelCheck,
  healthLine,
} from './default-model-check.ts';

/** The full answer; without a token a caller gets `status` and `code` alone. */
export type HealthReport = HealthAnswer;

type HealthStatus = HealthReport['status'];

export interface HealthOptions extends CheckOptions {
  /** True when start-up validation was skipped: health then says `unvalidated`, with the code of what is wrong. */
  readonly unvalidated: boolean;
}

/** Checks the default model as a request would, now. */
export async function assessHealth(snapshot: Snapshot, options: HealthOptions): Promise<HealthReport> {
  return toHealthReport(snapshot, await checkDefaultModel(snapshot, options), options.unvalidated);
}

/** The report for a check that was made. Pure. */
function toHealthReport(snapshot: Snapshot, check: DefaultModelCheck, unvalidated: boolean): HealthReport {
  const findings = [...ownFindings(check), ...snapshot.findings];
  const status = statusOf(check, findings, unvalidated);
  const code = status === 'ok' ? undefined : findings[0]?.code;
  const { revision, discovery } = snapshot;
  return {
    status,
    ...(code === undefined ? {} : { code }),
    ...(check.kind === 'usable' ? { line: healthLine(check.resolution, status.toUpperCase()) } : {}),
    revision,
    ...(check.kind === 'usable' ? { digest: check.resolution.digest } : {}),
    defaultModel: check.kind === 'none' ? null : check.defaultModel,
    findings,
    endpoints: discovery.endpoints,
  };
}

function ownFindings(check: DefaultModelCheck): Finding[] {
  switch (check.kind) {
    case 'none':
    case 'failed': {
      const { code, detail, hints } = check.problem;
      return [{ code, detail, hint: hints[0] ?? 'Run: provider-sidecar doctor' }];
    }
    case 'usable':
      return [check.coolDown, check.trouble, check.contextWindow].filter((finding) => finding !== undefined);
  }
}

function statusOf(
  check: DefaultModelCheck,
  findings: readonly Finding[],
  unvalidated: boolean,
): HealthStatus {
  if (unvalidated) return 'unvalidated';
  if (check.kind !== 'usable') return 'failing';
  return findings.length === 0 ? 'ok' : 'degraded';
}
