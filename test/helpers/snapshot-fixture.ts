/** Snapshots for tests, made from the plain parts that stand in files, by the functions that read those files. */
import { join } from 'node:path';
import type { Step } from '../../src/domain/auth.ts';
import type { ProviderDefinition } from '../../src/domain/provider.ts';
import { canonicalProviderId } from '../../src/domain/provider-id.ts';
import {
  type DiscoveryReport,
  type EndpointReport,
  type EndpointState,
  NOTHING_SCANNED,
} from '../../src/domain/runtime-state.ts';
import { createCredentialHealth, type CredentialHealth } from '../../src/credentials/credential-health.ts';
import type { LiveCredentials } from '../../src/credentials/live-credentials.ts';
import { NO_LIVE_CREDENTIALS } from '../../src/credentials/no-live-credentials.ts';
import { loadProfileStores, profileFindings } from '../../src/credentials/profile-store.ts';
import { type CommandPolicy, createReferences } from '../../src/credentials/references.ts';
import type { FileRead } from '../../src/platform/files.ts';
import { findPaths } from '../../src/platform/paths.ts';
import { type RunCommand } from '../../src/platform/run-command.ts';
import { loadCatalog } from '../../src/resolution/catalog/catalog.ts';
import { loadOperatorConfig } from '../../src/resolution/config/load.ts';
import type { DefaultModel } from '../../src/resolution/default-model.ts';
import { readModelsJson } from '../../src/resolution/models-json-view.ts';
import { createSnapshot } from '../../src/resolution/create-snapshot.ts';
import type { ModelsJsonView, Snapshot } from '../../src/resolution/snapshot.ts';

/** The parts; what is left out is absent on the imagined machine. Texts stand as they are, objects become JSON. */
export interface SnapshotParts {
  /** Entries of models.json's `providers`, or its whole text; `skipped` when discovery is off. */
  readonly modelsJson?: string | object;
  readonly skipDiscovery?: boolean;
  /** The operator's config: JSON5 text or an object. */
  readonly config?: string | object;
  readonly env?: Readonly<Record<string, string>>;
  /** The sidecar's own store, whole file. */
  readonly ownStore?: string | object;
  /** The store of the operator's agent, whole file. */
  readonly agentStore?: string | object;
  /** `auth-state.json` beside the agent's store. */
  readonly agentState?: string | object;
  /** @default the built-in catalog */
  readonly catalog?: readonly ProviderDefinition[];
  readonly endpoints?: readonly EndpointReport[];
  readonly defaultModelWish?: DefaultModel;
  readonly previousAutoDefault?: string;
  readonly revision?: number;
  readonly installKey?: string;
  /** @default 16000 */
  readonly minContextWindow?: number;
  /** Texts of further files, by absolute path. */
  readonly files?: Readonly<Record<string, string | object>>;
  readonly secretCommands?: CommandPolicy;
  readonly live?: LiveCredentials;
  /** @default nothing was refused */
  readonly credentialHealth?: CredentialHealth;
  /** What a command answers. @default every command fails */
  readonly runCommand?: RunCommand;
}

/** The time at which the tests play: 2026-01-01T00:00:00Z. */
export const NOW = 1_767_225_600_000;

/** Paths of an imagined home; nothing is ever read from it. */
export const PATHS = findPaths({}, '/home/operator', () => false);

/** Where the config of {@link SnapshotParts} seems to stand. */
export const CONFIG_PATH = PATHS.configCandidates[0] ?? '';

/** The built-in catalog, as the program has it. */
export const CATALOG: readonly ProviderDefinition[] = [...loadCatalog().providers.values()];

/** Reads all parts and puts them together. Throws for a config or a models.json that cannot be parsed. */
export async function snapshotOf(parts: SnapshotParts = {}): Promise<Snapshot> {
  const readTextFile = filesInMemory(parts);
  const catalog = parts.catalog ?? CATALOG;
  const runCommand: RunCommand =
    parts.runCommand ?? (() => Promise.resolve({ kind: 'failed', reason: 'is not there' }));
  const config = await loadOperatorConfig({
    paths: PATHS,
    env: parts.env ?? {},
    readTextFile,
    runCommand,
    catalogModels: (id) => catalog.find((entry) => entry.id === canonicalProviderId(id))?.models ?? [],
  });
  if (config.kind === 'broken') throw new Error(config.problem.detail);
  const profiles = await loadProfileStores({ paths: PATHS, readTextFile, exists: () => false });
  return createSnapshot({
    revision: parts.revision ?? 1,
    env: config.env,
    shellVariables: config.shellVariables,
    live: parts.live ?? NO_LIVE_CREDENTIALS,
    credentialHealth: parts.credentialHealth ?? createCredentialHealth(),
    references: createReferences({
      env: config.env,
      outside: {},
      config: config.config.secrets,
      files: config.secretFiles,
      policy: parts.secretCommands ?? { allowExec: false, commands: [] },
      run: runCommand,
      clock: () => NOW,
      onSecret: () => undefined,
    }),
    modelsJson: modelsJsonView(parts),
    config: config.config,
    configPath: config.path,
    catalog,
    profiles,
    discovery: discoveryReport(parts.endpoints),
    defaultModelWish: parts.defaultModelWish ?? null,
    previousAutoDefault: parts.previousAutoDefault ?? null,
    installKey: parts.installKey ?? 'install-key-of-the-tests',
    minContextWindow: parts.minContextWindow ?? 16_000,
    findings: [...config.findings, ...profileFindings(profiles)],
  });
}

/** A config with these entries under `models.providers`. */
export function providersConfig(providers: object): object {
  return { models: { providers } };
}

/** A profile store with these profiles. */
export function profileStore(profiles: object, more: object = {}): object {
  return { version: 1, profiles, ...more };
}

/** An entry as discovery writes it. */
export function localEntry(
  baseUrl: string,
  ...models: readonly (string | object)[]
): Readonly<Record<string, unknown>> {
  return {
    baseUrl,
    api: 'openai-completions',
    auth: 'none',
    models: models.map((model) =>
      typeof model === 'string' ? { id: model, contextWindow: 32_768, contextWindowSource: 'loaded' } : model,
    ),
  };
}

/** What discovery says of one endpoint. */
export function endpoint(
  url: string,
  state: EndpointState,
  more: Partial<Pick<EndpointReport, 'runtime' | 'provider' | 'hint' | 'trustedBy'>> = {},
): EndpointReport {
  return {
    url,
    state,
    runtime: 'ollama',
    provider: 'ollama',
    version: null,
    since: '2025-12-31T23:59:00.000Z',
    models: [],
    evidence: [],
    ...more,
  };
}

/** `place: outcome` of the steps that one rule took. */
export function outline(steps: readonly Step[], rule: Step['step']): string[] {
  return steps.filter(({ step }) => step === rule).map(({ place, outcome }) => `${place}: ${outcome}`);
}

function filesInMemory(parts: SnapshotParts): (path: string) => Promise<FileRead> {
  const contents: readonly (readonly [string, string | object | undefined])[] = [
    [CONFIG_PATH, parts.config],
    [PATHS.ownProfiles, parts.ownStore],
    [join(PATHS.agentDir, 'auth-profiles.json'), parts.agentStore],
    [join(PATHS.agentDir, 'auth-state.json'), parts.agentState],
    ...Object.entries(parts.files ?? {}),
  ];
  const files = new Map(contents.flatMap(([path, content]) => (content ? [[path, textOf(content)]] : [])));
  return (path) => {
    const text = files.get(path);
    return Promise.resolve(text === undefined ? { kind: 'missing' } : { kind: 'text', text, mode: 0o600 });
  };
}

function modelsJsonView({ modelsJson, skipDiscovery }: SnapshotParts): ModelsJsonView {
  if (skipDiscovery === true) return { kind: 'skipped', reason: 'CLAWDBOT_SKIP_LOCAL_DISCOVERY=1' };
  const content = typeof modelsJson === 'object' ? { providers: modelsJson } : modelsJson;
  const read = readModelsJson(content === undefined ? null : textOf(content), PATHS.modelsJson);
  if (read.kind === 'broken') throw new Error(read.finding.detail);
  return read.view;
}

function discoveryReport(endpoints: readonly EndpointReport[] | undefined): DiscoveryReport {
  if (endpoints === undefined) return NOTHING_SCANNED;
  return { ...NOTHING_SCANNED, scannedAt: '2025-12-31T23:59:00.000Z', endpoints };
}

function textOf(content: string | object): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}
