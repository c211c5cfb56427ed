/** Health in the log: a line when it changes, and only then. */
import type { Logger } from '../platform/logger.ts';
import type { HealthReport } from '../validation/health.ts';

/** Logs health when it changes, and only then. A report that comes after one of a newer revision is ignored. */
export function createHealthLog(
  log: Pick<Logger, 'info' | 'warn'>,
  first: HealthReport,
): (report: HealthReport) => void {
  let last = first;
  let newest = first.revision;
  return (report) => {
    if (report.revision < newest) return;
    newest = report.revision;
    if (report.status === last.status && report.code === last.code && report.line === last.line) return;
    last = report;
    const finding = report.findings[0];
    if (report.line !== undefined && report.status === 'ok') log.info(report.line);
    else
      log.warn(report.line ?? `Health: ${report.status.toUpperCase()}`, {
        code: report.code,
        detail: finding?.detail,
        hint: finding?.hint,
      });
  };
}
