/** Health in the log: its last line is about the newest revision. */
import { expect, it } from 'vitest';
import { createHealthLog } from '../../src/running/health-log.ts';
import type { HealthReport } from '../../src/validation/health.ts';

function report(revision: number, status: HealthReport['status'], line: string): HealthReport {
  return { revision, status, line, defaultModel: null, findings: [], endpoints: [] };
}

it('a report of an older revision that comes late is not logged, also where the newer one changed nothing', () => {
  const lines: string[] = [];
  const take = (line: string): void => void lines.push(line);
  const logHealth = createHealthLog({ info: take, warn: take }, report(1, 'ok', 'OK'));
  logHealth(report(8, 'degraded', 'eight'));
  logHealth(report(7, 'ok', 'seven'));
  expect(lines).toEqual(['eight']);
  logHealth(report(10, 'degraded', 'eight'));
  logHealth(report(9, 'ok', 'nine'));
  expect(lines).toEqual(['eight']);
  logHealth(report(11, 'ok', 'eleven'));
  expect(lines).toEqual(['eight', 'eleven']);
});
