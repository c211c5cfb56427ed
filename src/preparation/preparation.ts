/**
 * From nothing to the first snapshot: settings, identity, config, profiles, catalog, one scan. `serve`,
 * `doctor` and every command that answers from files begin here, so they all see the same.
 */
import { createDiscovery, type Discovery } from '../discovery/watcher.ts';
import { createModelsJsonFile, previewModelsJson } from '../discovery/models-json.ts';
import { isDiscoverySkipped } from '../discovery/skip.ts';
import { factsOf, type Problem, SidecarError, toSidecarError } from '../domain/errors.ts';
import type { Finding } from '../domain/finding.ts';
import { createAwsIdentities } from '../credentials/aws/create-aws-identities.ts';
import { createExchangedKeys } from '../credentials/exchange/create-exchanged-keys.ts';
import { createCallerTokenStore, tokenFileFinding } from '../credentials/caller-tokens.ts';
import { createCredentialHealth } from '../credentials/credential-health.ts';
import { type DiscoveryReport, NOTHING_SCANNED } from '../domain/runtime-state.ts';
import {
  buildSnapshot,
  type Fixed,
  type Inputs,
  readConfig,
  readModelsJsonFile,
  readProfiles,
} from './inputs.ts';
import { type Ask, createAsk } from '../login/ask-provider.ts';
import type { EventSink } from '../domain/sidecar-event.ts';
import { askNimListWithKey, askNimServer } from './nim-access.ts';
import { type OAuthAccess, openOAuth } from './oauth-access.ts';
import type { Clock } from '../platform/clock.ts';
import { readEndpointFile } from '../platform/endpoint-file.ts';
import { ensurePrivateFolder, readTextFile } from '../platform/files.ts';
import { ephemeralIdentity, type Identity, loadIdentity } from '../platform/identity.ts';
import type { Logger } from '../platform/logger.ts';
import { type Environment, findPaths, type Paths } from '../platform/paths.ts';
import { runCommand } from '../platform/run-command.ts';
import { loadCatalog } from '../resolution/catalog/catalog.ts';
import { NIM_NOT_ASKED, type NimServer } from '../resolution/catalog/own-catalog.ts';
import type { DefaultModel } from '../resolution/default-model.ts';
import { readModelsJson } from '../resolution/models-json-view.ts';
import type { ModelsJsonView, Snapshot } from '../resolution/snapshot.ts';
import { loadSettings, type SettingsFlags } from '../settings/load.ts';
import type { MergedSettings, Settings } from '../settings/layers.ts';

/** What the outside gives to the program. */
export interface Surroundings {
  readonly env: Environment;
  readonly home: string;
  /** Folder that relative paths in flags are meant from. */
  readonly cwd: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told each secret that a command gave while the program runs: the log must never print it. */
  readonly onSecretLearned?: (value: string) => void;
  /** Default ports by runtime, where another than the runtime's own should be looked at. */
  readonly defaultPorts?: Readonly<Record<string, readonly number[]>>;
}

export interface PrepareOptions {
  readonly flags: SettingsFlags;
  /** `write`: scan and keep models.json; `memory`: scan and leave the file alone; `none`: only the file. */
  readonly scan: 'write' | 'memory' | 'none';
  /** Ask a self-hosted NIM server whether it wants a key, and for its models. @default unless `scan` is `none` */
  readonly askNim?: boolean;
  /** How it is asked. @default by one that gives up soon */
  readonly nimAsk?: Ask;
  /** Told of credentials that were renewed. @default nobody is */
  readonly onEvent?: EventSink;
  /** Revision of the first snapshot. @default 1 */
  readonly firstRevision?: number;
  /** The program goes on running: what expires is renewed in the background. @default false */
  readonly background?: boolean;
}

/** Everything that is needed to answer, or the reason why there is no answer at all. */
export type Preparation =
  | {
      readonly kind: 'prepared';
      readonly settings: Settings;
      readonly fixed: Fixed;
      readonly inputs: Inputs;
      readonly snapshot: Snapshot;
      readonly identity: Identity;
      /** The caller closes its tokens. */
      readonly oauth: OAuthAccess;
      /** Null when discovery is off or was not asked for. The caller closes it. */
      readonly discovery: Discovery | null;
    }
  | { readonly kind: 'refused'; readonly problem: Problem; readonly exitCode: number };

/** Limits of an exchange, milliseconds and bytes. The answer is one key with a few words about it. */
const EXCHANGE_LIMITS = { timeoutMs: 10_000, maxBytes: 64 * 1024 } as const;

/** Reads and scans. Never throws for what a file holds; a problem that stops the start is `refused`. */
export async function prepare(surroundings: Surroundings, options: PrepareOptions): Promise<Preparation> {
  let discovery: Discovery | null = null;
  try {
    const { env, home, cwd, clock } = surroundings;
    const paths = findPaths(env, home);
    const loaded = await loadSettings({ flags: options.flags, env, paths, cwd, readTextFile });
    if (loaded.kind === 'broken') return refused(loaded.problem);
    const { settings } = loaded;
    surroundings.log.setLevel(settings.logLevel);
    if (settings.logFormat !== null) surroundings.log.setFormat(settings.logFormat);
    if (options.scan === 'write') await ensurePrivateFolder(paths.sidecarDir);
    const catalog = [...loadCatalog().providers.values()];
    const [identity, config, profiles, tokens] = await Promise.all([
      findIdentity(paths.identity, settings, options, clock()),
      readConfig({ paths, env, catalog }),
      readProfiles(paths),
      createCallerTokenStore(paths.tokens, clock).read(),
    ]);
    if (config.kind === 'broken') return refused(config.problem);

    const skipped = isDiscoverySkipped(config.env) ? 'CLAWDBOT_SKIP_LOCAL_DISCOVERY is set' : null;
    const onSecretLearned = surroundings.onSecretLearned ?? (() => undefined);
    const ownPorts = await findOwnPorts(settings, paths);
    const events = options.onEvent === undefined ? {} : { onEvent: options.onEvent };
    const aws = createAwsIdentities({
      home,
      ownPorts,
      run: runCommand,
      clock,
      random: Math.random,
      onSecret: onSecretLearned,
      ...events,
    });
    const exchange = createExchangedKeys({
      settings: settings.exchange,
      paths,
      aws,
      dial: createAsk(EXCHANGE_LIMITS),
      clock,
      onSecret: onSecretLearned,
      ...events,
    });
    const oauth = openOAuth({
      clients: settings.oauth,
      paths,
      clock,
      log: surroundings.log,
      onSecret: onSecretLearned,
      random: Math.random,
      background: options.background ?? false,
      ...events,
    });
    const fixed: Fixed = {
      paths,
      env,
      catalog,
      modelsJsonPath: settings.modelsJson,
      installKey: identity.installKey,
      minContextWindow: settings.minContextWindow,
      discoverySkipped: skipped,
      clock,
      secretCommands: { allowExec: settings.secrets.allowExec, commands: settings.secrets.exec },
      exchange: settings.exchange,
      ownPorts,
      live: { aws, exchange, oauth: oauth.tokens },
      credentialHealth: createCredentialHealth(),
      onSecretLearned,
    };
    if (skipped === null && options.scan !== 'none') {
      discovery = openDiscovery(surroundings, options, settings, config.env);
    }
    const askNim = options.askNim ?? options.scan !== 'none';
    const [scanned, nimServer] = await Promise.all([
      discovery?.scan(),
      askNim ? findNimServer(fixed, config, profiles, options.nimAsk) : NIM_NOT_ASKED,
    ]);
    const report = scanned ?? NOTHING_SCANNED;
    const writeProblem = discovery?.writeProblem() ?? null;
    if (writeProblem !== null) throw toSidecarError(writeProblem);
    const modelsJson = await viewModelsJson(fixed, options, report);
    const inputs: Inputs = {
      config,
      profiles,
      modelsJson: modelsJson.view,
      discovery: report,
      defaultModelWish: defaultModelWish(loaded),
      previousAutoDefault: null,
      nimServer,
      troubles: modelsJson.troubles,
      tokenTrouble: tokenFileFinding(paths.tokens, tokens),
    };
    const snapshot = buildSnapshot(fixed, inputs, options.firstRevision ?? 1);
    return { kind: 'prepared', settings, fixed, inputs, snapshot, identity, oauth, discovery };
  } catch (error) {
    await discovery?.close();
    if (error instanceof SidecarError) return refused(error.toProblem());
    throw error;
  }
}

/** The default model that a flag, a variable or sidecar.json5 names. */
export function defaultModelWish({ settings, origins }: MergedSettings): DefaultModel | null {
  return settings.defaultModel === null ? null : { ref: settings.defaultModel, source: origins.defaultModel };
}

/** What a NIM server of one's own says. One that wants a key is asked once more, for its list, with the key. */
async function findNimServer(
  fixed: Fixed,
  config: Inputs['config'],
  profiles: Inputs['profiles'],
  ask: Ask | undefined,
): Promise<NimServer> {
  const nimServer = await askNimServer(config.env, ask);
  if (nimServer.access !== 'wants-key' || nimServer.listed !== null) return nimServer;
  const before: Inputs = {
    config,
    profiles,
    modelsJson: { kind: 'missing' },
    discovery: NOTHING_SCANNED,
    defaultModelWish: null,
    previousAutoDefault: null,
    nimServer,
    troubles: [],
    tokenTrouble: null,
  };
  const listed = await askNimListWithKey(buildSnapshot(fixed, before, 0), fixed.clock(), ask);
  return { ...nimServer, listed };
}

/** Where this program listens, or will: as the settings say, and as the server of this state directory says. */
async function findOwnPorts({ port }: Settings, { endpoint }: Paths): Promise<number[]> {
  const running = await readEndpointFile(endpoint);
  const itsPort = running === undefined ? '' : new URL(running.url).port;
  return [port ?? 0, Number(itsPort)].filter((one) => one > 0);
}

function refused(problem: Problem): Preparation {
  return { kind: 'refused', problem, exitCode: factsOf(problem.code).exitCode };
}

/** A command that only looks must work where nothing can be written. */
async function findIdentity(
  path: string,
  settings: Settings,
  options: PrepareOptions,
  now: number,
): Promise<Identity> {
  const stored = await loadIdentity(path, now).catch((error: unknown) => {
    if (options.scan !== 'write' && error instanceof SidecarError && error.code === 'cannot-write') {
      return ephemeralIdentity();
    }
    throw error;
  });
  return settings.token === null ? stored : { ...stored, token: settings.token };
}

function openDiscovery(
  { home, clock, log, defaultPorts }: Surroundings,
  { scan }: PrepareOptions,
  settings: Settings,
  env: Environment,
): Discovery {
  return createDiscovery({
    env,
    home,
    clock,
    log,
    trust: settings.discovery.trust,
    endpoints: settings.discovery.endpoints,
    candidates: settings.discovery,
    readTextFile,
    ...(defaultPorts === undefined ? {} : { defaultPorts }),
    modelsJson: createModelsJsonFile({ path: settings.modelsJson, clock, log }),
    writes: scan === 'write',
  });
}

/** models.json from disk, with the scan laid over it in memory when the file is to be left alone. */
async function viewModelsJson(
  fixed: Fixed,
  { scan }: PrepareOptions,
  report: DiscoveryReport,
): Promise<{ view: ModelsJsonView; troubles: readonly Finding[] }> {
  const read = await readModelsJsonFile(fixed);
  const troubles = 'finding' in read ? [read.finding] : [];
  if (scan === 'memory' && fixed.discoverySkipped === null) {
    // A corrupt file is rebuilt, as by a scan that writes.
    const text = await previewModelsJson(fixed.modelsJsonPath, report);
    const rebuilt = text === null ? undefined : readModelsJson(text, fixed.modelsJsonPath);
    if (rebuilt?.kind === 'read') return { view: rebuilt.view, troubles };
  }
  if ('view' in read) return { view: read.view, troubles };
  return { view: { kind: 'broken', reason: read.finding.detail }, troubles };
}
