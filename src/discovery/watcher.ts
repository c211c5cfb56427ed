/**
 * Discovery as the rest of the program uses it: scans on demand, a watcher between scans, one current
 * report, and models.json kept in step with it. Costs one light request for each endpoint and tick.
 */
import { messageOf, type Problem, SidecarError } from '../domain/errors.ts';
import { NOTHING_SCANNED, type DiscoveryReport } from '../domain/runtime-state.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Endpoint, EndpointPlan } from './endpoints.ts';
import { openInquiry, unreachableFinding, type Finding } from './examine.ts';
import type { ModelsJsonFile } from './models-json.ts';
import { createProbe, type Probe, type ProbeResult } from './probe.ts';
import type { Claims } from './provider-ids.ts';
import { differs, toReport } from './report.ts';
import { RUNTIMES, runtimeById } from './runtimes/index.ts';
import { createScanner, type ScanSources } from './scan.ts';
import { createTimers, type WatchIntervals } from './timers.ts';
import { logTransitions } from './transitions.ts';

/** What discovery is built from. */
export interface DiscoveryDeps extends ScanSources {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>;
  /** Kept in step with every report; without it nothing is written. */
  readonly modelsJson?: ModelsJsonFile;
  /** Hard end of a look at one endpoint, in milliseconds. @default 4000 */
  readonly deadlineMs?: number;
  readonly intervals?: WatchIntervals;
}

/** Options of one scan. */
export interface ScanOptions {
  /** True when an operator asked: a models.json that was deleted is written again. @default false */
  readonly explicit?: boolean;
}

/** Discovery at work. */
export interface Discovery {
  /** Looks at everything and syncs models.json. Calls that overlap share one scan. */
  scan(options?: ScanOptions): Promise<DiscoveryReport>;
  /** The newest report. */
  report(): DiscoveryReport;
  /** Why models.json could not be written the last time, or null when it could. */
  writeProblem(): Problem | null;
  /** Begins to watch. A second call does nothing. */
  start(): void;
  /** Calls back, after models.json is in step, when more than evidence changed. Returns the way to stop it. */
  onChange(listener: (report: DiscoveryReport) => void): () => void;
  /** Stops watching and waits for the requests that are under way. */
  close(): Promise<void>;
}

interface Watched {
  readonly endpoint: Endpoint;
  finding: Finding;
  /** What the first question was answered with; while that stays the same there is nothing to identify. */
  signature: string | undefined;
  isBusy: boolean;
}

/** Creates discovery; touches nothing until `scan` or `start`. */
export function createDiscovery(deps: DiscoveryDeps): Discovery {
  const { clock, log, modelsJson } = deps;
  const probe = createProbe({ clock });
  const scanner = createScanner({ ...deps, probe, runtimes: RUNTIMES });
  const timers = createTimers(deps.intervals);
  const listeners = new Set<(report: DiscoveryReport) => void>();
  const underWay = new Set<Promise<unknown>>();
  let watched: readonly Watched[] = [];
  let candidates: EndpointPlan['candidates'] = [];
  let report = NOTHING_SCANNED;
  let claims: Claims = new Map();
  let published = NOTHING_SCANNED;
  let writeProblem: Problem | null = null;
  let syncing: Promise<void> = Promise.resolve();
  let scanning: { readonly isExplicit: boolean; readonly done: Promise<DiscoveryReport> } | undefined;
  let closed = false;

  const track = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    const forget = () => underWay.delete(work);
    work.then(forget, forget);
    return work;
  };

  /** Makes the report anew from all findings, brings models.json in step, and tells who listens. */
  const publish = (explicit: boolean): Promise<void> => {
    const step = async () => {
      const reserved = await readOwners();
      const next = toReport({
        looked: watched,
        candidates,
        previous: report,
        claims,
        reserved,
        now: clock(),
      });
      logTransitions(report, next.report, log);
      ({ claims, report } = next);
      const writeChanged = await syncFile(explicit);
      if (!writeChanged && !differs(published, report)) return;
      published = report;
      for (const listener of listeners) notify(listener);
    };
    syncing = syncing.then(step, step);
    return syncing;
  };

  const readOwners = async (): Promise<ReadonlySet<string>> => {
    const hosts = new Set(
      watched.flatMap(({ endpoint }) => endpoint.roots.map((root) => new URL(root).hostname)),
    );
    const owners = await modelsJson?.ownership(hosts);
    // The file of an earlier run tells which endpoint had which id.
    if (report.scannedAt === null && owners !== undefined) claims = owners.claims;
    return owners?.reserved ?? new Set();
  };

  /** Brings models.json in step; true when it now fails where it worked, or the other way round. */
  const syncFile = async (explicit: boolean): Promise<boolean> => {
    if (modelsJson === undefined) return false;
    const before = writeProblem?.detail;
    try {
      const outcome = await modelsJson.sync(report, { explicit });
      const refused = outcome.kind === 'refused' ? outcome.detail : undefined;
      writeProblem = refused === undefined ? null : { code: 'cannot-write', detail: refused, hints: [] };
    } catch (error) {
      writeProblem =
        error instanceof SidecarError
          ? error.toProblem()
          : { code: 'cannot-write', detail: messageOf(error), hints: [] };
    }
    const changed = writeProblem?.detail !== before;
    if (changed && writeProblem !== null) log.warn(`models.json was not written: ${writeProblem.detail}`);
    return changed;
  };

  const notify = (listener: (report: DiscoveryReport) => void): void => {
    try {
      listener(report);
    } catch (error) {
      log.warn(`A listener for discovery failed: ${messageOf(error)}`);
    }
  };

  const scanOnce = async (explicit: boolean): Promise<DiscoveryReport> => {
    const plan = await scanner.plan();
    const findingOf = (endpoint: Endpoint) => watchedAt(watched, endpoint)?.finding;
    const looked = await scanner.lookAtAll(plan, findingOf);
    if (closed) return report;
    watched = looked.map(({ endpoint, finding }) => ({
      endpoint,
      finding,
      signature: undefined,
      isBusy: false,
    }));
    candidates = plan.candidates;
    await publish(explicit);
    return report;
  };

  const scan = async ({ explicit = false }: ScanOptions = {}): Promise<DiscoveryReport> => {
    if (scanning !== undefined && (scanning.isExplicit || !explicit)) return scanning.done;
    // An explicit scan may write what the one under way may not, so it follows it.
    const before = scanning?.done.then(() => undefined);
    const done = track(before === undefined ? scanOnce(explicit) : before.then(() => scanOnce(explicit)));
    const current = { isExplicit: explicit, done };
    scanning = current;
    try {
      return await done;
    } finally {
      if (scanning === current) scanning = undefined;
    }
  };

  /** Runs one check of one endpoint, unless one is under way, and publishes what it finds. */
  const checkWith = async (one: Watched, check: (one: Watched) => Promise<Finding | undefined>) => {
    if (one.isBusy || closed) return;
    one.isBusy = true;
    try {
      const finding = await check(one);
      // A scan that ended meanwhile has replaced `one` and knows better.
      if (finding === undefined || closed || !watched.includes(one)) return;
      one.finding = finding;
      await publish(false);
    } finally {
      one.isBusy = false;
    }
  };

  const tick = () => {
    for (const one of watched) void track(checkWith(one, checkLightly).catch(logFailure));
  };

  /** One light request; undefined when nothing has changed. */
  const checkLightly = async (one: Watched): Promise<Finding | undefined> => {
    switch (one.finding.state) {
      case 'up':
        return checkAlive(one);
      case 'down':
      case 'error':
      case 'loading': {
        const finding = await scanner.look(one.endpoint, one.finding);
        return finding.state === one.finding.state ? undefined : finding;
      }
      case 'wrong-service':
      case 'auth-required': {
        const signature = await askFirst(probe, one);
        if (signature === one.signature) return undefined;
        one.signature = signature;
        const finding = await scanner.look(one.endpoint, one.finding);
        return finding.state === one.finding.state ? undefined : finding;
      }
    }
  };

  /** Two misses in a row mean that the runtime is gone. */
  const checkAlive = async ({ endpoint, finding }: Watched): Promise<Finding | undefined> => {
    const runtime = finding.runtime === null ? undefined : runtimeById(finding.runtime);
    if (runtime === undefined) return scanner.look(endpoint, finding);
    const ask = () => runtime.isAlive(openInquiry(endpoint, finding.root, { probe }));
    let liveness = await ask();
    if (liveness.kind === 'missed') {
      await timers.beforeSecondMiss();
      if (closed) return undefined;
      liveness = await ask();
    }
    switch (liveness.kind) {
      case 'alive':
        return liveness.version === finding.version ? undefined : scanner.look(endpoint, finding);
      case 'changed':
        return scanner.look(endpoint, finding);
      case 'missed':
        return unreachableFinding(finding.root, liveness.how, [liveness.evidence]);
    }
  };

  /** Lists models again, and reads the sources again in case an endpoint was added or moved. */
  const refresh = async (): Promise<void> => {
    const plan = await scanner.plan();
    candidates = plan.candidates;
    const isKnown = (endpoint: Endpoint) => watchedAt(watched, endpoint) !== undefined;
    const isPlanned = ({ endpoint }: Watched) =>
      plan.endpoints.some((other) => other.roots[0] === endpoint.roots[0]);
    if (!plan.endpoints.every(isKnown) || !watched.every(isPlanned)) {
      await scan();
      return;
    }
    await Promise.all(watched.map((one) => checkWith(one, checkFully)));
  };

  const checkFully = async ({ endpoint, finding }: Watched): Promise<Finding | undefined> => {
    if (finding.state === 'down') return undefined;
    if (finding.state !== 'up') return scanner.look(endpoint, finding);
    const listed = await scanner.relook(endpoint, finding);
    if (listed.state !== 'error' && listed.state !== 'down') return listed;
    await timers.beforeSecondMiss();
    return closed ? undefined : scanner.relook(endpoint, finding);
  };

  return {
    scan: (options) => (closed ? Promise.resolve(report) : scan(options)),
    report: () => report,
    writeProblem: () => writeProblem,
    start: () => {
      if (closed) return;
      if (report.scannedAt === null) void track(scan().then(() => undefined, logFailure));
      timers.start({ tick, refresh: () => void track(refresh().catch(logFailure)) });
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => {
      closed = true;
      timers.close();
      listeners.clear();
      // Requests under way end at once, and what they found is not believed any more.
      await probe.close();
      while (underWay.size > 0) await Promise.allSettled(underWay);
      await Promise.allSettled([syncing]);
    },
  };

  function logFailure(error: unknown): void {
    log.warn(`Looking for local runtimes failed: ${messageOf(error)}`);
  }
}

function watchedAt(watched: readonly Watched[], { roots }: Endpoint): Watched | undefined {
  return watched.find(({ endpoint }) => endpoint.roots[0] === roots[0]);
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
