/**
 * Checks of one endpoint between scans: a light one at every tick, a full one at every refresh. Each gives
 * the new finding, or undefined when there is nothing new.
 */
import type { LookupFunction } from 'node:net';
import type { Endpoint } from './endpoints.ts';
import { openInquiry, unreachableFinding, type Finding } from './examine.ts';
import { anyListens } from './port-check.ts';
import type { Probe, ProbeResult } from './probe.ts';
import { runtimeById } from './runtimes/index.ts';
import type { Scanner } from './scan.ts';
import type { Timers } from './timers.ts';

/** An endpoint that is watched, with what the last checks of it left behind. */
export interface Watched {
  readonly endpoint: Endpoint;
  finding: Finding;
  /** What the light question was answered with; while that stays the same there is nothing new to ask. */
  signature: string | undefined;
  /** Light checks in a row that found the same state. */
  unchanged: number;
  /** Ticks for which the endpoint is left alone. */
  rest: number;
  /** Refreshes so far, which say when the next whole examination is due. */
  refreshes: number;
  /** The check that is under way: there is never more than one. */
  checking: Promise<void> | undefined;
}

/** The two checks. */
export interface Checker {
  readonly lightly: (one: Watched) => Promise<Finding | undefined>;
  readonly fully: (one: Watched) => Promise<Finding | undefined>;
}

/** What the checks are built from. */
export interface CheckerDeps {
  readonly probe: Probe;
  readonly scanner: Scanner;
  readonly timers: Timers;
  readonly isClosed: () => boolean;
  readonly lookup?: LookupFunction;
}

/** Refreshes after which whatever answers is examined from the beginning: about a minute. */
const EXAMINE_EVERY = 6;

/** Creates the checks. */
export function createChecker({ probe, scanner, timers, isClosed, lookup }: CheckerDeps): Checker {
  /** Looks again; the same state as before is nothing new. */
  const lookForChange = async ({ endpoint, finding }: Watched): Promise<Finding | undefined> => {
    const next = await scanner.look(endpoint, finding);
    return next.state === finding.state ? undefined : next;
  };

  /** True at every refresh at which the answers so far are not to be relied on any more. */
  const isExaminationDue = (one: Watched): boolean => {
    one.refreshes += 1;
    return one.refreshes % EXAMINE_EVERY === 0;
  };

  /** Two misses in a row mean that the runtime is gone. After one, another may have taken its place. */
  const checkAlive = async (one: Watched): Promise<Finding | undefined> => {
    const { endpoint, finding } = one;
    const runtime = finding.runtime === null ? undefined : runtimeById(finding.runtime);
    if (runtime === undefined) return scanner.look(endpoint, finding);
    const ask = () => runtime.isAlive(openInquiry(endpoint, finding.root, { probe }));
    let liveness = await ask();
    const hasMissed = liveness.kind === 'missed';
    if (hasMissed) {
      await timers.beforeSecondMiss();
      if (isClosed()) return undefined;
      liveness = await ask();
    }
    switch (liveness.kind) {
      case 'alive': {
        const before = one.signature;
        one.signature = liveness.signature;
        const isSameVersion = liveness.version === undefined || liveness.version === finding.version;
        const isSameList = before === undefined || before === liveness.signature;
        return isSameVersion && isSameList && !hasMissed ? undefined : scanner.look(endpoint, finding);
      }
      case 'changed':
        return scanner.look(endpoint, finding);
      case 'missed':
        return unreachableFinding(finding.root, liveness.how, [liveness.evidence]);
    }
  };

  const lightly = async (one: Watched): Promise<Finding | undefined> => {
    switch (one.finding.state) {
      case 'up':
        return checkAlive(one);
      case 'down':
        return (await anyListens(one.endpoint.roots, lookup)) ? lookForChange(one) : undefined;
      case 'error':
      case 'loading':
        return lookForChange(one);
      case 'wrong-service':
      case 'auth-required': {
        const signature = await askFirst(probe, one);
        if (signature === one.signature) return undefined;
        one.signature = signature;
        return lookForChange(one);
      }
    }
  };

  const fully = async (one: Watched): Promise<Finding | undefined> => {
    const { endpoint, finding } = one;
    switch (finding.state) {
      case 'up': {
        const isDue = isExaminationDue(one);
        return isDue ? scanner.look(endpoint, finding) : scanner.relook(endpoint, finding);
      }
      case 'auth-required':
        // A demand that was dropped need not show in the answer to the first question.
        return scanner.look(endpoint, finding);
      case 'wrong-service':
        return isExaminationDue(one) ? scanner.look(endpoint, finding) : undefined;
      case 'down':
      case 'error':
      case 'loading':
        // The light check looks at these from the beginning already.
        return undefined;
    }
  };

  return { lightly, fully };
}

/** What the first question of the expected runtime is answered with, short enough to keep. */
async function askFirst(probe: Probe, { endpoint, finding }: Watched): Promise<string> {
  const expected = endpoint.expected[0] ?? finding.runtime;
  const path = (expected === null ? undefined : runtimeById(expected)?.firstQuestion) ?? '/';
  const inquiry = openInquiry(endpoint, finding.root, { probe });
  return signatureOf(await inquiry.get(path));
}

function signatureOf(result: ProbeResult): string {
  if (result.kind !== 'answer') return result.kind;
  return `${result.status} ${result.contentType} ${result.body.slice(0, 200)}`;
}
