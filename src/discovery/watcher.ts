/**
 * Discovery as the rest of the program uses it: scans on demand, a watcher between scans, one current
 * report, and models.json kept in step with it. At a tick each endpoint costs one or two light requests.
 */
import type { LookupFunction } from 'node:net';
import { messageOf, type Problem, SidecarError } from '../domain/errors.ts';
import { NOTHING_SCANNED, type DiscoveryReport } from '../domain/runtime-state.ts';
import type { Clock } from '../platform/clock.ts';
import { guardedLookup } from '../platform/guarded-lookup.ts';
import type { Logger } from '../platform/logger.ts';
import { createAnnouncements, type CandidateSettings } from './announcements.ts';
import { ticksToRest } from './back-off.ts';
import { createChecker, type Checker, type Watched } from './check.ts';
import type { Endpoint, EndpointPlan } from './endpoints.ts';
import { hostsOf, type Ownership } from './models-json-content.ts';
import type { ModelsJsonFile } from './models-json.ts';
import { createProbe } from './probe.ts';
import type { Claims } from './provider-ids.ts';
import { differs, toReport } from './report.ts';
import { RUNTIMES } from './runtimes/index.ts';
import { createScanner, type ScanSources } from './scan.ts';
import { createTimers, type WatchIntervals } from './timers.ts';
import { logTransitions } from './transitions.ts';

/** What discovery is built from. */
export interface DiscoveryDeps extends Omit<ScanSources, 'announced'> {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>;
  /** Tells which id an endpoint has, and is kept in step with every report. */
  readonly modelsJson?: ModelsJsonFile;
  /** False: models.json is read and left as it is. @default true */
  readonly writes?: boolean;
  /** Hard end of a look at one endpoint, in milliseconds. @default 4000 */
  readonly deadlineMs?: number;
  readonly intervals?: WatchIntervals;
  /** Sources of hosts that are not trusted. @default none of them is asked */
  readonly candidates?: CandidateSettings;
  /** Finds the address of a trusted host by its name. @default the system's way */
  readonly lookup?: LookupFunction;
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
  /**
   * Checks every known endpoint now, at the cost of a tick and a list where one is up. For somebody who waits
   * for a runtime that may have started a moment ago.
   */
  recheck(): Promise<DiscoveryReport>;
  /** The newest report. */
  report(): DiscoveryReport;
  /** The report that models.json is in step with, once no write of it is under way. */
  inStep(): Promise<DiscoveryReport>;
  /** How many whole scans there were, and how long they took, in milliseconds. */
  scanTimes(): { readonly count: number; readonly totalMs: number; readonly lastMs: number };
  /** Why models.json could not be written the last time, or null when it could. */
  writeProblem(): Problem | null;
  /** Where the last corrupt models.json was moved to, or null while there was none. */
  movedAside(): string | null;
  /** Begins to watch. A second call does nothing. */
  start(): void;
  /** Calls back, after models.json is in step, when more than evidence changed. Returns the way to stop it. */
  onChange(listener: (report: DiscoveryReport) => void): () => void;
  /** Stops watching and waits for the requests that are under way. */
  close(): Promise<void>;
}

/** Creates discovery; touches nothing until `scan` or `start`. */
export function createDiscovery(deps: DiscoveryDeps): Discovery {
  const { clock, log, modelsJson } = deps;
  const lookup = { lookup: guardedLookup(deps.lookup) };
  const probe = createProbe({ clock, ...lookup });
  const announcements = createAnnouncements({ ...deps, settings: deps.candidates ?? {} });
  const timers = createTimers(deps.intervals);
  const scanner = createScanner({
    ...deps,
    probe,
    runtimes: RUNTIMES,
    announced: announcements.hosts,
    pause: () => timers.beforeSecondMiss(),
  });
  const checker = createChecker({ probe, scanner, timers, isClosed: () => closed, ...lookup });
  const listeners = new Set<(report: DiscoveryReport) => void>();
  const underWay = new Set<Promise<unknown>>();
  let watched: readonly Watched[] = [];
  let candidates: EndpointPlan['candidates'] = [];
  let report = NOTHING_SCANNED;
  let claims: Claims = new Map();
  let published = NOTHING_SCANNED;
  let writeProblem: Problem | null = null;
  let movedAside: string | null = null;
  let syncing: Promise<void> = Promise.resolve();
  let scanning: { readonly isExplicit: boolean; readonly done: Promise<DiscoveryReport> } | undefined;
  let scanTimes = { count: 0, totalMs: 0, lastMs: 0 };
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

  const ownersAt = async (endpoints: readonly Endpoint[]): Promise<Ownership | undefined> =>
    modelsJson?.ownership(hostsOf(endpoints.flatMap(({ roots }) => roots)));

  const readOwners = async (): Promise<ReadonlySet<string>> => {
    const owners = await ownersAt(watched.map(({ endpoint }) => endpoint));
    // The files of an earlier run tell which endpoint had which id.
    if (report.scannedAt === null && owners !== undefined) claims = owners.claims;
    return owners?.reserved ?? new Set();
  };

  /** Brings models.json in step; true when it now fails where it worked, or the other way round. */
  const syncFile = async (explicit: boolean): Promise<boolean> => {
    if (modelsJson === undefined || deps.writes === false) return false;
    const before = writeProblem?.detail;
    try {
      const outcome = await modelsJson.sync(report, { explicit, claims });
      if (outcome.kind === 'written') movedAside = outcome.movedTo ?? movedAside;
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
    const began = clock();
    const plan = await scanner.plan();
    // Checks end within their deadlines, and no endpoint is asked twice at a time.
    await checksUnderWay(watched);
    const owners = await ownersAt(plan.endpoints);
    const known = (endpoint: Endpoint) => ({
      last: watchedAt(watched, endpoint)?.finding,
      isWritten: endpoint.roots.some((root) => owners?.written.has(root)),
    });
    const [looked] = await Promise.all([scanner.lookAtAll(plan, known), announcements.heard()]);
    if (closed) return report;
    watched = looked.map(({ endpoint, finding }) => ({
      endpoint,
      finding,
      signature: undefined,
      unchanged: 0,
      rest: 0,
      refreshes: 0,
      checking: undefined,
    }));
    // What was announced meanwhile changes the candidates and nothing else.
    candidates = (await scanner.plan()).candidates;
    await publish(explicit);
    const lastMs = Math.max(0, clock() - began);
    scanTimes = { count: scanTimes.count + 1, totalMs: scanTimes.totalMs + lastMs, lastMs };
    return report;
  };

  const scan = async ({ explicit = false }: ScanOptions = {}): Promise<DiscoveryReport> => {
    if (scanning !== undefined && (scanning.isExplicit || !explicit)) return scanning.done;
    // An explicit scan may write what the one under way may not, so it follows it.
    const ended = (): void => undefined;
    const before = scanning?.done.then(ended, ended);
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
  const checkWith = (one: Watched, check: Checker['fully']): Promise<void> => {
    // A scan asks every endpoint itself.
    if (one.checking !== undefined || scanning !== undefined || closed) return Promise.resolve();
    const done = track(checkOnce(one, check).catch(logFailure)).finally(() => {
      one.checking = undefined;
    });
    one.checking = done;
    return done;
  };

  const checkOnce = async (one: Watched, check: Checker['fully']): Promise<void> => {
    const finding = await check(one);
    // A scan that ended meanwhile has replaced `one` and knows better.
    if (closed || !watched.includes(one)) return;
    if (finding === undefined) return;
    if (finding.state !== one.finding.state) {
      one.signature = undefined;
      one.unchanged = 0;
      one.rest = 0;
    }
    one.finding = finding;
    await publish(false);
  };

  /** One after the other in turns of the event loop, so that requests to this program are not held up. */
  const tick = async (): Promise<void> => {
    for (const one of watched) {
      if (scanning !== undefined || closed) return;
      if (one.rest > 0) {
        one.rest -= 1;
        continue;
      }
      void checkWith(one, async () => {
        const before = one.finding.state;
        const finding = await checker.lightly(one);
        one.unchanged = finding === undefined || finding.state === before ? one.unchanged + 1 : 0;
        one.rest = ticksToRest(before, one.endpoint.isLoopback, one.unchanged);
        return finding;
      });
      await nextTurn();
    }
  };

  const scanUnderWay = (): Promise<unknown> | undefined => scanning?.done;

  const recheck = async (): Promise<DiscoveryReport> => {
    if (closed) return report;
    if (scanning !== undefined || report.scannedAt === null) return scan();
    const checked = watched;
    await checksUnderWay(checked);
    await Promise.all(
      checked.map((one) => checkWith(one, one.finding.state === 'up' ? checker.fully : checker.lightly)),
    );
    await scanUnderWay();
    return report;
  };

  /** Lists models again, and reads the sources again in case an endpoint was added or moved. */
  const refresh = async (): Promise<void> => {
    if (scanning !== undefined) return;
    const plan = await scanner.plan();
    const isKnown = (endpoint: Endpoint) => watchedAt(watched, endpoint) !== undefined;
    const isPlanned = ({ endpoint }: Watched) =>
      plan.endpoints.some((other) => other.roots[0] === endpoint.roots[0]);
    if (!plan.endpoints.every(isKnown) || !watched.every(isPlanned)) {
      await scan();
      return;
    }
    const hasNews = JSON.stringify(plan.candidates) !== JSON.stringify(candidates);
    candidates = plan.candidates;
    if (hasNews && !closed) await publish(false);
    await Promise.all(watched.map((one) => checkWith(one, checker.fully)));
    const explained = await scanner.explain(watched);
    for (const one of watched) one.finding = explained.get(one.finding) ?? one.finding;
    if (explained.size > 0 && !closed) await publish(false);
  };

  return {
    scan: (options) => (closed ? Promise.resolve(report) : scan(options)),
    recheck,
    report: () => report,
    inStep: () => {
      const toldLast = () => published;
      return syncing.then(toldLast, toldLast);
    },
    writeProblem: () => writeProblem,
    movedAside: () => movedAside,
    scanTimes: () => scanTimes,
    start: () => {
      if (closed) return;
      if (report.scannedAt === null) void track(scan().then(() => undefined, logFailure));
      timers.start({
        tick: () => void track(tick().catch(logFailure)),
        refresh: () => void track(refresh().catch(logFailure)),
      });
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => {
      closed = true;
      timers.close();
      listeners.clear();
      await announcements.close();
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

async function checksUnderWay(watched: readonly Watched[]): Promise<void> {
  await Promise.all(watched.flatMap(({ checking }) => (checking === undefined ? [] : [checking])));
}

/** Lets everything else that waits have its turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
