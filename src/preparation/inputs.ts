/**
 * Everything that a snapshot is made of, read from its files: the operator's config, models.json, the
 * profile stores, the catalog. The server and the command line read the same files with these functions.
 */
import type { Finding } from '../domain/finding.ts';
import type { ProviderDefinition } from '../domain/provider.ts';
import { canonicalProviderId } from '../domain/provider-id.ts';
import type { DiscoveryReport } from '../domain/runtime-state.ts';
import type { CredentialHealth } from '../credentials/credential-health.ts';
import { loadProfileStores, profileFindings, type ProfileStores } from '../credentials/profile-store.ts';
import { type ExchangeSettingsById, exchangeSources } from '../credentials/exchange/exchange-source.ts';
import type { LiveCredentials } from '../credentials/live-credentials.ts';
import { type CommandPolicy, createReferences } from '../credentials/references.ts';
import type { Clock } from '../platform/clock.ts';
import { fileExists, readTextFile } from '../platform/files.ts';
import type { Environment, Paths } from '../platform/paths.ts';
import { runCommand } from '../platform/run-command.ts';
import { type ConfigLoad, loadOperatorConfig } from '../resolution/config/load.ts';
import type { DefaultModel } from '../resolution/default-model.ts';
import { readModelsJson } from '../resolution/models-json-view.ts';
import { type NimServer, withOwnProviders } from '../resolution/catalog/own-catalog.ts';
import { createSnapshot } from '../resolution/create-snapshot.ts';
import type { ModelsJsonView, Snapshot } from '../resolution/snapshot.ts';

/** A config that could be used. */
export type UsableConfig = Extract<ConfigLoad, { kind: 'loaded' }>;

/** What never changes while the program runs. */
export interface Fixed {
  readonly paths: Paths;
  readonly env: Environment;
  readonly modelsJsonPath: string;
  readonly catalog: readonly ProviderDefinition[];
  readonly installKey: string;
  /** Tokens that a comfortable default model has; 0 for any. */
  readonly minContextWindow: number;
  readonly clock: Clock;
  /** Which programs references to secrets may run. */
  readonly secretCommands: CommandPolicy;
  /** Told each secret that such a program gave: the log must never print it. */
  readonly onSecretLearned: (value: string) => void;
  /** Providers whose key an AWS identity is exchanged for, as the settings name them. */
  readonly exchange: ExchangeSettingsById;
  /** Ports that this program listens on, or will. */
  readonly ownPorts: readonly number[];
  /** What is fetched or renewed while the program runs. */
  readonly live: LiveCredentials;
  /** Which credentials their providers refused since the start. */
  readonly credentialHealth: CredentialHealth;
  /** Why discovery is off, or null when it is on. */
  readonly discoverySkipped: string | null;
}

/** The parts that change, each as it was last good, and what is wrong with it now. */
export interface Inputs {
  readonly config: UsableConfig;
  readonly profiles: ProfileStores;
  readonly modelsJson: ModelsJsonView;
  readonly discovery: DiscoveryReport;
  /** Named by a flag, a variable or the settings. */
  readonly defaultModelWish: DefaultModel | null;
  readonly previousAutoDefault: string | null;
  /** What a self-hosted NIM server said: whether it answers without a key, and its models. */
  readonly nimServer: NimServer;
  /** Findings about inputs whose last good state is still in use. */
  readonly troubles: readonly Finding[];
  /** What is wrong with the file of the tokens, or null. */
  readonly tokenTrouble: Finding | null;
}

/** Reads the operator's config with the catalog's rows to fill its gaps. */
export function readConfig(fixed: Pick<Fixed, 'paths' | 'env' | 'catalog'>): Promise<ConfigLoad> {
  const { paths, env, catalog } = fixed;
  const models = new Map(withOwnProviders(catalog, env).map(({ id, models = [] }) => [id, models]));
  return loadOperatorConfig({
    paths,
    env,
    readTextFile,
    runCommand,
    catalogModels: (id) => models.get(canonicalProviderId(id)) ?? [],
  });
}

/** Reads the profile stores: the sidecar's own and the agent's. */
export function readProfiles(paths: Paths): Promise<ProfileStores> {
  return loadProfileStores({ paths, readTextFile, exists: fileExists });
}

/** models.json as it counts, or the finding that says why its last good state should stay in use. */
export async function readModelsJsonFile(
  fixed: Pick<Fixed, 'modelsJsonPath' | 'discoverySkipped'>,
): Promise<{ view: ModelsJsonView } | { finding: Finding }> {
  const { modelsJsonPath: path, discoverySkipped } = fixed;
  if (discoverySkipped !== null) return { view: { kind: 'skipped', reason: discoverySkipped } };
  const read = await readTextFile(path, { refuseDeadLink: true });
  if (read.kind === 'refused') {
    return { finding: { code: 'config-invalid', detail: read.detail, hint: `Mend or remove ${path}` } };
  }
  const parsed = readModelsJson(read.kind === 'missing' ? null : read.text, path);
  return parsed.kind === 'read' ? { view: parsed.view } : { finding: parsed.finding };
}

/** Puts the parts together. Pure. */
export function buildSnapshot(fixed: Fixed, inputs: Inputs, revision: number): Snapshot {
  const { config, profiles, modelsJson, discovery, defaultModelWish, previousAutoDefault, troubles } = inputs;
  const tokenFindings = inputs.tokenTrouble === null ? [] : [inputs.tokenTrouble];
  return createSnapshot({
    revision,
    env: config.env,
    shellVariables: config.shellVariables,
    references: createReferences({
      env: config.env,
      outside: fixed.env,
      config: config.config.secrets,
      files: config.secretFiles,
      policy: fixed.secretCommands,
      run: runCommand,
      clock: fixed.clock,
      onSecret: fixed.onSecretLearned,
    }),
    live: fixed.live,
    credentialHealth: fixed.credentialHealth,
    modelsJson,
    config: config.config,
    configPath: config.path,
    catalog: withOwnProviders(
      fixed.catalog,
      config.env,
      inputs.nimServer,
      exchangeSources(fixed.exchange, config.env, fixed.paths),
    ),
    profiles,
    discovery,
    defaultModelWish,
    previousAutoDefault,
    installKey: fixed.installKey,
    minContextWindow: fixed.minContextWindow,
    findings: [...troubles, ...tokenFindings, ...config.findings, ...profileFindings(profiles)],
  });
}
