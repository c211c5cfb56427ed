/**
 * Why a runtime is down, as other parts of the same program on this machine tell. Asked at scans and refreshes
 * alone, because the answer changes nothing but a hint.
 */
import { createInquiry, type Inquiry } from './inquiry.ts';
import type { Endpoint } from './endpoints.ts';
import type { Finding } from './examine.ts';
import type { Probe } from './probe.ts';
import type { Absence, AddressSources, Runtime } from './runtimes/runtime.ts';

/** What the question needs. */
export interface AbsenceDeps {
  readonly probe: Probe;
  readonly runtimes: readonly Runtime[];
  /** Settings of a runtime, with the ports of its other parts as default ports. */
  readonly sourcesOf: (runtime: Runtime) => AddressSources;
}

/** An endpoint and the newest finding about it. */
interface Found {
  readonly endpoint: Endpoint;
  readonly finding: Finding;
}

/** Private ports answer at once or not at all. */
const TIMEOUT_MS = 500;

/**
 * The findings whose hint changes, each with its successor. A runtime that answers anywhere is not absent, so
 * nothing is said, nor asked, about its other endpoints.
 */
export async function explainAbsences(
  found: readonly Found[],
  deps: AbsenceDeps,
): Promise<ReadonlyMap<Finding, Finding>> {
  const changed = new Map<Finding, Finding>();
  for (const runtime of deps.runtimes) {
    if (runtime.explainAbsence === undefined) continue;
    const absent = found.filter(
      ({ endpoint, finding }) => finding.state === 'down' && endpoint.expected.includes(runtime.id),
    );
    if (absent.length === 0) continue;
    const isElsewhere = found.some(
      ({ finding }) => finding.runtime === runtime.id && finding.state !== 'down',
    );
    const ask = (root: string): Inquiry => createInquiry(deps.probe, root, { timeoutMs: TIMEOUT_MS });
    const absence = isElsewhere ? undefined : await runtime.explainAbsence(deps.sourcesOf(runtime), ask);
    for (const { finding } of absent) {
      if (finding.hint !== absence?.hint) changed.set(finding, withAbsence(finding, absence));
    }
  }
  return changed;
}

function withAbsence({ hint: _hint, ...finding }: Finding, absence: Absence | undefined): Finding {
  if (absence === undefined) return finding;
  const asked = new Set(absence.evidence.map(({ request }) => request));
  const kept = finding.evidence.filter(({ request }) => !asked.has(request));
  return { ...finding, hint: absence.hint, evidence: [...kept, ...absence.evidence] };
}
