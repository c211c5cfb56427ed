/**
 * Start and stop of the server: builds every part, hands each what it needs, validates before anything
 * listens, and takes everything down in the reverse order.
 */
import { isDeepStrictEqual } from 'node:util';
import { createOwnStore } from './credentials/own-store.ts';
import type { Discovery } from './discovery/watcher.ts';
import type { CallerScope } from './domain/caller-scope.ts';
import { EXIT, factsOf, messageOf, type Problem, SidecarError } from './domain/errors.ts';
import type { Finding } from './domain/finding.ts';
import type { DiscoveryReport } from './domain/runtime-state.ts';
import type { Secret } from './domain/secret.ts';
import type { SidecarEvent } from './domain/sidecar-event.ts';
import { mayRequest, type ScopedRequest } from './http/callers/scope-guard.ts';
import { createCredentialAudit } from './http/credential-audit.ts';
import { describeState, providerInUse } from './http/events/describe-state.ts';
import { createWatching } from './http/events/watching.ts';
import { createMetrics, NO_SCANS } from './http/metrics/metrics.ts';
import { systemTimer } from './platform/clock.ts';
import { createEventHub, type EventHub } from './platform/event-hub.ts';
import { readTextFile } from './platform/files.ts';
import type { Logger } from './platform/logger.ts';
import { type Environment, findPaths, variable } from './platform/paths.ts';
import { programVersion } from './platform/process.ts';
import { readProcessFigures } from './platform/process-figures.ts';
import { systemSleep } from './platform/sleep.ts';
import { askNimListWithKey, watchNimAccess } from './preparation/nim-access.ts';
import { defaultModelWish, prepare, type Preparation, type Surroundings } from './preparation/preparation.ts';
import { warmAwsIdentities } from './resolution/aws-places.ts';
import { createReportRejection } from './resolution/report-rejection.ts';
import { createResolver } from './resolution/resolver.ts';
import { secretsInUse } from './resolution/secrets-in-use.ts';
import type { Snapshot } from './resolution/snapshot.ts';
import { announce, otherServer } from './running/announcement.ts';
import { createHealthLog } from './running/health-log.ts';
import { listenEverywhere } from './running/listen-everywhere.ts';
import { createLiveCallers } from './running/live-callers.ts';
import { createLiveSnapshots, type SettingsReload } from './running/live-snapshots.ts';
import { createLogins } from './running/logins.ts';
import { recheckOnMiss } from './running/recheck-on-miss.ts';
import { createRenewers } from './running/renewers.ts';
import { createSetUp } from './running/set-up.ts';
import { undoAll } from './running/undo-all.ts';
import { loadSettings, type SettingsFlags } from './settings/load.ts';
import { assessHealth, type HealthReport } from './validation/health.ts';
import { validateStartup } from './validation/startup.ts';
import { createApp } from './server.ts';

/** A server that listens. */
export interface Sidecar {
  /** `http://127.0.0.1:18780`, with the real port. */
  readonly url: string;
  /** Resolves when every change that was noticed so far is in force. */
  readonly settled: () => Promise<void>;
  readonly health: () => Promise<HealthReport>;
  /** Stops listening, lets requests under way end, removes `endpoint.json`. */
  readonly close: () => Promise<void>;
}

/** What came of a start. */
export type StartOutcome =
  | { readonly kind: 'started'; readonly sidecar: Sidecar }
  | {
      readonly kind: 'refused';
      readonly problem: Problem;
      readonly exitCode: number;
      /** The configured default model, where it is known. */
      readonly model: string | null;
    };

export interface SidecarOptions extends Omit<Surroundings, 'log'> {
  readonly flags: SettingsFlags;
  readonly log: Logger;
  /** Told which values the log must never print, at each change of them. */
  readonly onSecrets?: (values: readonly string[]) => void;
}

/** Validates, then listens. When it refuses, nothing has listened and nothing is left running. */
export async function startSidecar(options: SidecarOptions): Promise<StartOutcome> {
  const other = await otherServer(findPaths(options.env, options.home).endpoint);
  if (other !== null) {
    return { kind: 'refused', problem: other, exitCode: factsOf(other.code).exitCode, model: null };
  }
  const hub = createEventHub<SidecarEvent>((error) =>
    options.log.error('A listener for events failed', { error: messageOf(error) }),
  );
  const prepared = await prepare(options, {
    flags: options.flags,
    scan: 'write',
    onEvent: hub.publish,
    background: true,
    // The time, so that revisions grow over restarts too: a watcher that comes back has the state of no other run.
    firstRevision: Math.max(1, options.clock()),
  });
  if (prepared.kind === 'refused') return { ...prepared, model: null };
  const { discovery, fixed, oauth } = prepared;
  /** Undone in reverse order, whether the start fails half-way or the server is stopped. */
  const undo: (() => Promise<void>)[] = [
    async () => discovery?.close(),
    async () => fixed.live.aws.close(),
    () => oauth.tokens.close(),
  ];
  try {
    // Before the first line about the configuration is logged: its text may hold a key in the wrong place.
    options.onSecrets?.(secretsOf(prepared.identity.token, prepared.snapshot));
    const unvalidated = isValidationSkipped(options.env);
    const refusal = await judge(prepared, options, unvalidated);
    if (refusal === null) {
      return { kind: 'started', sidecar: await run(prepared, options, unvalidated, hub, undo) };
    }
    await undoAll(undo, options.log);
    return refusal;
  } catch (error) {
    await undoAll(undo, options.log);
    if (!(error instanceof SidecarError)) throw error;
    const problem = error.toProblem();
    return { kind: 'refused', problem, exitCode: factsOf(problem.code).exitCode, model: null };
  }
}

type Prepared = Extract<Preparation, { kind: 'prepared' }>;

/** What the log must never print. */
function secretsOf(token: Secret, snapshot: Snapshot): string[] {
  return [token.reveal(), ...secretsInUse(snapshot)];
}

/** The start-up validation, logged. Null means go. */
async function judge(
  { snapshot, settings, fixed }: Prepared,
  { clock, log }: SidecarOptions,
  unvalidated: boolean,
): Promise<StartOutcome | null> {
  if (unvalidated) log.warn('STARTUP VALIDATION SKIPPED - NOT FOR PRODUCTION');
  const { minContextWindow, strict } = settings;
  const { ownPorts } = fixed;
  const verdict = await validateStartup(snapshot, { now: clock(), minContextWindow, strict, ownPorts });
  if (verdict.kind === 'refused') {
    if (unvalidated) return null;
    return { kind: 'refused', problem: verdict.problem, exitCode: EXIT.config, model: verdict.model };
  }
  for (const { code, detail, hints } of verdict.warnings) log.warn(detail, { code, hints });
  if (verdict.line !== null && !unvalidated) log.info(verdict.line);
  return null;
}

/**
 * Builds the parts that live as long as the server, listens, and announces where.
 *
 * @param undo gets the end of each part as soon as the part is there
 */
async function run(
  prepared: Prepared,
  options: SidecarOptions,
  unvalidated: boolean,
  hub: EventHub<SidecarEvent>,
  undo: (() => Promise<void>)[],
): Promise<Sidecar> {
  const { settings, fixed, inputs, snapshot, identity, oauth, discovery } = prepared;
  const { clock, log, onSecrets = () => undefined } = options;
  const healthOf = (current: Snapshot): Promise<HealthReport> =>
    assessHealth(current, { now: clock(), minContextWindow: settings.minContextWindow, unvalidated });

  const logHealth = createHealthLog(log, await healthOf(snapshot));
  let announceAgain = (): Promise<void> => Promise.resolve();
  let tokenTrouble = inputs.tokenTrouble;
  let tellTokenTrouble = (_finding: Finding | null): void => undefined;
  // The token can change while this start is under way, before there are live snapshots.
  let currentSnapshot = (): Snapshot => snapshot;
  const access = await createLiveCallers({
    paths: fixed.paths,
    token: identity.token,
    isTokenFixed: settings.token !== null,
    clock,
    log,
    onToken: async (token) => {
      onSecrets(secretsOf(token, currentSnapshot()));
      await announceAgain();
    },
    onTokenTrouble: (finding) => {
      tokenTrouble = finding;
      tellTokenTrouble(finding);
    },
  });
  undo.push(() => access.close());
  const live = createLiveSnapshots({
    fixed,
    inputs,
    first: snapshot,
    discovery,
    log,
    reloadSettings: () => reloadSettings(options),
    onSnapshot: (current) => {
      metrics.snapshotTaken();
      onSecrets(secretsOf(access.callers.endpointToken(), current));
      healthOf(current).then(logHealth, (error: unknown) =>
        log.error('Health could not be assessed', { error: messageOf(error) }),
      );
      nimAccess.changed();
      watching.changed();
      warmAwsIdentities(current, clock());
    },
  });
  undo.push(() => live.close());
  currentSnapshot = live.current;
  tellTokenTrouble = live.setTokenTrouble;
  // The first reading came before there was anybody to tell.
  tellTokenTrouble(tokenTrouble);
  warmAwsIdentities(snapshot, clock());
  const nimAccess = watchNimAccess({
    env: () => live.current().env,
    first: inputs.nimServer,
    onChange: live.setNimServer,
    listWithKey: () => askNimListWithKey(live.current(), clock()),
  });
  undo.push(async () => nimAccess.close());
  const watching = createWatching({
    describe: async () => {
      const current = live.current();
      return describeState(current, await healthOf(current), clock());
    },
    revision: () => live.current().revision,
    providerInUse: () => providerInUse(live.current()),
    renew: live.renew,
    hub,
    log,
  });
  const health = (): Promise<HealthReport> => healthOf(live.current());
  const reported = (): DiscoveryReport => withNewestEvidence(live.current().discovery, discovery?.report());
  const metrics = createMetrics({
    snapshot: live.current,
    discovery: reported,
    health,
    scans: () => discovery?.scanTimes() ?? NO_SCANS,
    readers: watching.readers,
    process: readProcessFigures,
    version: programVersion(),
    clock,
    timer: systemTimer,
  });
  hub.subscribe(metrics.onEvent);
  const logins = createLogins({
    clients: settings.oauth,
    servers: oauth.servers,
    lookup: live.current,
    store: createOwnStore({ path: fixed.paths.ownProfiles, clock }),
    clock,
    sleep: systemSleep,
    onStored: () => live.reread(['profiles']),
    publish: hub.publish,
    log,
  });
  undo.push(() => logins.close());
  const resolver = createResolver(live.current, clock, recheckOnMiss(discovery, live.settled, options));
  const app = createApp({
    snapshot: live.current,
    resolver,
    reportRejection: createReportRejection({
      snapshot: live.current,
      clock,
      log,
      renewers: createRenewers(fixed.live, oauth.tokens, () => live.current().env),
      publish: hub.publish,
      forget: resolver.forget,
    }),
    health,
    callers: access.callers,
    reloadCallers: access.reload,
    discovery: reported,
    scan: () => scanNow(discovery, live.rereadModelsJson),
    watching,
    logins,
    setUp: createSetUp({
      live,
      askNim: async () => {
        await nimAccess.refresh();
        await live.settled();
      },
      paths: fixed.paths,
      settings,
      clock,
      folder: options.cwd,
    }),
    metrics,
    audit: createCredentialAudit(log),
    clock,
    log,
  });

  const guard = {
    callers: access.callers,
    mayRequest: (scope: CallerScope, request: ScopedRequest) => mayRequest(live.current(), scope, request),
  };
  const answering = { fetch: app.fetch, ready: app.ready, onRefused: metrics.refused };
  const { url, places } = await listenEverywhere(settings, guard, answering, log, undo);
  // Before the servers close: an open answer would keep them from it.
  undo.push(async () => access.callers.close());
  undo.push(async () => watching.close());
  announceAgain = await announce(prepared, url, access.callers.endpointToken, clock, log, undo);
  // A rotation during the first writing had nobody to tell.
  await announceAgain();
  discovery?.start();
  // Last of all: who waits for this line finds everything in place.
  for (const place of places) log.info(`Listening on ${place}`);
  // The first state takes a while to describe; who asks for it before gets it made at once.
  watching.changed();
  return { url, settled: live.settled, health, close: () => undoAll(undo, log) };
}

/**
 * The report that the current snapshot is made of, with newer evidence where there is some. A state that is
 * not in the snapshot yet must not show: resolve would still say otherwise.
 */
function withNewestEvidence(inForce: DiscoveryReport, newest: DiscoveryReport | undefined): DiscoveryReport {
  const statesOf = ({ endpoints }: DiscoveryReport) => endpoints.map(({ url, state }) => [url, state]);
  return newest !== undefined && isDeepStrictEqual(statesOf(inForce), statesOf(newest)) ? newest : inForce;
}

/** The skip variable is for tests only; anywhere else it has no effect. */
function isValidationSkipped(env: Environment): boolean {
  const wanted = variable(env, 'CLAWDBOT_SKIP_STARTUP_VALIDATION');
  return variable(env, 'NODE_ENV') === 'test' && wanted !== undefined && /^(1|true|yes|on)$/i.test(wanted);
}

async function scanNow(discovery: Discovery | null, rereadModelsJson: () => Promise<void>) {
  if (discovery === null) {
    throw new SidecarError('config-invalid', 'Discovery is switched off (CLAWDBOT_SKIP_LOCAL_DISCOVERY)', [
      'Start the server without that variable',
    ]);
  }
  const report = await discovery.scan({ explicit: true });
  await rereadModelsJson();
  return report;
}

async function reloadSettings({ flags, env, home, cwd }: SidecarOptions): Promise<SettingsReload> {
  const loaded = await loadSettings({ flags, env, cwd, paths: findPaths(env, home), readTextFile });
  if (loaded.kind === 'broken') return loaded;
  return { kind: 'loaded', defaultModelWish: defaultModelWish(loaded) };
}
