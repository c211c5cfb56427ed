/** Which model is meant when a caller names none. */
import { formatModelRef, parseModelRef } from '../domain/model-ref.ts';
import type { EffectiveProvider } from '../domain/provider.ts';
import { runtimeOfProviderId } from '../domain/provider-id.ts';
import type { DiscoveryReport } from '../domain/runtime-state.ts';

/** Window below which a model is a second choice for the automatic default (what Moltbot's agent needs). */
const COMFORTABLE_CONTEXT_WINDOW = 16_000;

/** The default model and the place that named it. */
export interface DefaultModel {
  readonly ref: string;
  /** `flag: …`, `env: …`, `sidecar.json5: …`, `cfg: …` or `auto`. */
  readonly source: string;
}

/** The places that can name a default model. A snapshot has all of them. */
export interface DefaultModelPlaces {
  /** From a flag, a variable or the settings. */
  readonly defaultModelWish: DefaultModel | null;
  readonly config: { readonly defaultModel?: { readonly primary: string; readonly configPath: string } };
  readonly autoDefault: string | null;
}

/** Flag > variable > settings > cfg > the first discovered chat model > none. */
export function chooseDefaultModel(places: DefaultModelPlaces): DefaultModel | null {
  if (places.defaultModelWish !== null) return places.defaultModelWish;
  const configured = places.config.defaultModel;
  if (configured !== undefined) return { ref: configured.primary, source: `cfg: ${configured.configPath}` };
  return places.autoDefault === null ? null : { ref: places.autoDefault, source: 'auto' };
}

/**
 * The automatic default: the first model of a runtime that is up, one with a comfortable context window
 * before one without. An earlier choice stays while its runtime is away (another model must not take over
 * in silence) and as long as its runtime lists it.
 */
export function pickAutoDefault(
  providers: ReadonlyMap<string, EffectiveProvider>,
  discovery: DiscoveryReport,
  previous: string | null,
): string | null {
  const discovered = [...providers.values()].filter((provider) => isUsableRuntime(provider, discovery));
  const ref = previous === null ? undefined : parseModelRef(previous);
  if (previous !== null && ref !== undefined) {
    const provider = discovered.find(({ id }) => id === ref.provider);
    if (provider === undefined || provider.models.some(({ id }) => id === ref.model)) return previous;
  }
  const models = discovered.flatMap((provider) => provider.models.map((model) => ({ provider, model })));
  const first = models.find(({ model }) => model.contextWindow >= COMFORTABLE_CONTEXT_WINDOW) ?? models[0];
  return first === undefined ? null : formatModelRef(first.provider.id, first.model.id);
}

/** Discovered, keyless, and (where discovery looked at it) up at this moment. */
function isUsableRuntime(provider: EffectiveProvider, discovery: DiscoveryReport): boolean {
  if (provider.origin !== 'models.json' || provider.auth !== 'none') return false;
  if (runtimeOfProviderId(provider.id) === undefined) return false;
  const endpoint = discovery.endpoints.find((candidate) => candidate.provider === provider.id);
  return endpoint === undefined || endpoint.state === 'up';
}
