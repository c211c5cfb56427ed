/** Which model is meant when a caller names none. */
import { formatModelRef, parseModelRef } from '../domain/model-ref.ts';
import type { Problem } from '../domain/errors.ts';
import type { EffectiveProvider, MissingVariable } from '../domain/provider.ts';
import { runtimeOfProviderId } from '../domain/provider-id.ts';
import type { DiscoveryReport } from '../domain/runtime-state.ts';

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
  readonly config: {
    readonly defaultModel?: {
      readonly primary: string;
      readonly configPath: string;
      readonly missingVariable?: MissingVariable;
    };
  };
  readonly autoDefault: string | null;
}

/** The source of a default model that nobody named. */
export const AUTO_DEFAULT = 'auto';

/** Flag > variable > settings > cfg > the first discovered chat model > none. */
export function chooseDefaultModel(places: DefaultModelPlaces): DefaultModel | null {
  if (places.defaultModelWish !== null) return places.defaultModelWish;
  const configured = places.config.defaultModel;
  if (configured !== undefined) return { ref: configured.primary, source: `cfg: ${configured.configPath}` };
  return places.autoDefault === null ? null : { ref: places.autoDefault, source: AUTO_DEFAULT };
}

/** What is wrong where the default model counts that the config names by a variable that is not set. */
export function unsetDefaultProblem({ defaultModelWish, config }: DefaultModelPlaces): Problem | undefined {
  const missing = defaultModelWish === null ? config.defaultModel?.missingVariable : undefined;
  if (missing === undefined) return undefined;
  const { variable, configPath } = missing;
  return {
    code: 'config-invalid',
    detail: `The default model cannot be told: the variable ${variable}, named at ${configPath}, is not set`,
    hints: [
      `Set ${variable}`,
      'Or name another model: provider-sidecar serve --default-model PROVIDER/MODEL',
    ],
  };
}

/** What to do where nobody names a default model: first for the runtimes that answer, most useful first. */
export function noDefaultHints({ endpoints }: DiscoveryReport): string[] {
  const answering = endpoints.flatMap(({ state, runtime, url, hint }) => {
    if (runtime === null) return [];
    if (state === 'up') {
      const remedy = runtime === 'ollama' ? 'ollama pull MODEL' : 'load one there';
      return [`${runtime} at ${url} runs and offers no chat model: ${remedy}`];
    }
    if (state !== 'loading' && state !== 'auth-required') return [];
    return [`${runtime} at ${url} is ${state}${hint === undefined ? '' : `. ${hint}`}`];
  });
  return [
    ...(answering.length === 0 ? ['Start a local runtime, for example: ollama serve'] : answering),
    'Name one: provider-sidecar serve --default-model anthropic/claude-opus-4-5',
    'Or set agents.defaults.model in moltbot.json',
  ];
}

/** What the automatic default is chosen from. A snapshot has all of it. */
interface AutoDefaultPlaces {
  readonly providers: { readonly byId: ReadonlyMap<string, EffectiveProvider> };
  readonly discovery: DiscoveryReport;
  readonly previousAutoDefault: string | null;
  readonly minContextWindow: number;
}

/**
 * The automatic default: the first model of a runtime that is up and passes the check of a request, one with
 * a context window that is large enough before one without. An earlier choice stays while its runtime is
 * away (another model must not take over in silence) and as long as its runtime lists it.
 *
 * @param works whether a request for the reference would find its provider and model
 */
export function pickAutoDefault(places: AutoDefaultPlaces, works: (ref: string) => boolean): string | null {
  const { providers, discovery, previousAutoDefault: previous, minContextWindow } = places;
  const discovered = [...providers.byId.values()].filter((provider) => isUsableRuntime(provider, discovery));
  const ref = previous === null ? undefined : parseModelRef(previous);
  if (previous !== null && ref !== undefined) {
    const provider = discovered.find(({ id }) => id === ref.provider);
    if (provider === undefined || provider.models.some(({ id }) => id === ref.model)) return previous;
  }
  const usable = discovered.flatMap((provider) =>
    provider.models
      .map((model) => ({ model, ref: formatModelRef(provider.id, model.id) }))
      .filter((candidate) => works(candidate.ref)),
  );
  const first = usable.find(({ model }) => model.contextWindow >= minContextWindow) ?? usable[0];
  return first?.ref ?? null;
}

/** Discovered, keyless, and (where discovery looked at it) up at this moment. */
function isUsableRuntime(provider: EffectiveProvider, discovery: DiscoveryReport): boolean {
  if (provider.origin !== 'models.json' || provider.auth !== 'none') return false;
  if (runtimeOfProviderId(provider.id) === undefined) return false;
  const endpoint = discovery.endpoints.find((candidate) => candidate.provider === provider.id);
  return endpoint === undefined || endpoint.state === 'up';
}
