/**
 * One immutable view of everything that a resolution depends on. A change of any input gives a new
 * snapshot with a higher revision; a request works on one snapshot from beginning to end.
 */
import type { Environment } from '../platform/paths.ts';
import type { Finding } from '../domain/finding.ts';
import type { DiscoveryReport } from '../domain/runtime-state.ts';
import type { ProviderDefinition } from '../domain/provider.ts';
import type { CredentialHealth } from '../credentials/credential-health.ts';
import type { ProfileStores } from '../credentials/profile-store.ts';
import type { LiveCredentials } from '../credentials/live-credentials.ts';
import type { References } from '../credentials/references.ts';
import type { OperatorConfig } from './config/schema.ts';
import type { DefaultModel } from './default-model.ts';
import type { EffectiveProviders } from './effective-providers.ts';

/** models.json as it counts for this snapshot. */
export type ModelsJsonView =
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'missing' }
  /** There is a file, and nothing in it can be used. */
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'loaded'; readonly definitions: readonly ProviderDefinition[] };

/** Everything a snapshot is made of. */
export interface SnapshotInput {
  readonly revision: number;
  /** Variables after the config's `env` block was applied. */
  readonly env: Environment;
  /** Those of the variables that came from the operator's login shell. */
  readonly shellVariables: ReadonlySet<string>;
  /** What references to secrets lead to. */
  readonly references: References;
  /** Credentials that are fetched or renewed; they outlive the snapshot. */
  readonly live: LiveCredentials;
  /** Which credentials were refused; it outlives the snapshot. */
  readonly credentialHealth: CredentialHealth;
  readonly modelsJson: ModelsJsonView;
  readonly config: OperatorConfig;
  readonly configPath: string | null;
  readonly catalog: readonly ProviderDefinition[];
  readonly profiles: ProfileStores;
  readonly discovery: DiscoveryReport;
  /** From a flag, a variable or the settings; beats the operator's config. */
  readonly defaultModelWish: DefaultModel | null;
  /** The automatic default of the snapshot before, so that it does not wander while a runtime is away. */
  readonly previousAutoDefault: string | null;
  /** Tokens that a comfortable default model has; 0 for any. */
  readonly minContextWindow: number;
  /** Key of the fingerprints, and of the seal on resolution ids. */
  readonly installKey: string;
  readonly findings: readonly Finding[];
}

export interface Snapshot extends SnapshotInput {
  readonly providers: EffectiveProviders;
  /** `provider/model` that discovery offers while nobody named a default, or null. */
  readonly autoDefault: string | null;
}
