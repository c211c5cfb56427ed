/**
 * The catalog part that is this program's own: providers that the taken-over data lacks. NVIDIA NIM is
 * completed from the environment, because one variable makes it a server of the operator's own; providers whose
 * key an AWS identity is exchanged for have the address that settings or a variable give them.
 */
import type { ExchangeSource } from '../../credentials/exchange/exchange-source.ts';
import { readNimSettings, type NimSettings } from '../../credentials/nim-settings.ts';
import { NIM_MODELS, NIM_SERVICE } from '../../domain/nim-service.ts';
import { type Model, NO_COST, type ProviderDefinition } from '../../domain/provider.ts';
import type { Environment } from '../../platform/paths.ts';

/**
 * What an unauthenticated request for the models of a self-hosted server came to. `unknown` when nobody has
 * asked yet or nobody answered.
 */
export type KeylessAccess = 'open' | 'wants-key' | 'unknown';

/** Window of a model of which nothing is known but its name. */
const ASSUMED_WINDOW = 32_768;
const ASSUMED_MAX_TOKENS = 8_192;

/** The catalog with this program's own providers in it. An entry of the data keeps its id. */
export function withOwnProviders(
  catalog: readonly ProviderDefinition[],
  env: Environment,
  nimAccess: KeylessAccess = 'unknown',
  exchanges: readonly ExchangeSource[] = [],
): readonly ProviderDefinition[] {
  const own = [nimDefinition(readNimSettings(env), nimAccess), ...exchanges.map(exchangeDefinition)];
  return [...catalog, ...own.filter(({ id }) => catalog.every((entry) => entry.id !== id))];
}

/** An API that is no source of inference has no models: what it gives is its credential. */
function exchangeDefinition({
  providerId,
  displayName,
  baseUrl,
  defect,
}: ExchangeSource): ProviderDefinition {
  return {
    id: providerId,
    name: displayName,
    baseUrl,
    api: 'openai-completions',
    models: [],
    ...(defect === null ? {} : { defects: [defect] }),
  };
}

/**
 * A self-hosted server needs no key once it listed its models without one. Until somebody could ask, a server
 * in a private network is taken for keyless, and any other one is not: a request without the key it wants
 * fails at once, a key sent to the wrong place cannot be taken back.
 */
function nimDefinition(settings: NimSettings, access: KeylessAccess): ProviderDefinition {
  const { baseUrl, selfHosted, isPrivate, defects } = settings;
  const keyless = selfHosted && (access === 'open' || (access === 'unknown' && isPrivate));
  return {
    id: NIM_SERVICE.id,
    name: selfHosted ? `${NIM_SERVICE.name} (self-hosted)` : NIM_SERVICE.name,
    baseUrl,
    api: 'openai-completions',
    ...(keyless ? { auth: 'none' as const } : {}),
    ...keyPolicy(settings, access),
    models: modelsOf(settings),
    ...(defects.length === 0 ? {} : { defects }),
  };
}

/** A key of the hosted service must not reach a server that never asked for one, nor be read on its way. */
function keyPolicy(
  { baseUrl, selfHosted, isPrivate }: NimSettings,
  access: KeylessAccess,
): Pick<ProviderDefinition, 'keyHeldBack'> {
  if (!selfHosted) return {};
  if (!isPrivate && baseUrl.startsWith('http:')) {
    const reason = 'JAATO_NIM_BASE_URL leads over http to a host that is not in a private network';
    return { keyHeldBack: { reason, remedy: 'Write https instead of http in JAATO_NIM_BASE_URL' } };
  }
  if (access === 'wants-key') return {};
  const reason = 'the server of JAATO_NIM_BASE_URL has not asked for a key yet';
  return { keyHeldBack: { reason, remedy: 'Check that JAATO_NIM_BASE_URL leads to a NIM that is running' } };
}

/** The model that the environment names comes first, and has the window that the environment names. */
function modelsOf({ model: wanted, contextLength }: NimSettings): readonly Model[] {
  const known = NIM_MODELS.map(({ id, name, reasoning, contextWindow, maxTokens }): Model => {
    const counts = contextLength !== undefined && (wanted === undefined || wanted === id);
    return {
      id,
      name,
      reasoning,
      input: ['text'],
      cost: NO_COST,
      contextWindow: counts ? contextLength : contextWindow,
      contextWindowSource: counts ? 'configured' : 'trained-max',
      maxContextWindow: contextWindow,
      maxTokens: counts ? Math.min(maxTokens, contextLength) : maxTokens,
    };
  });
  if (wanted === undefined) return known;
  const named = known.find(({ id }) => id === wanted) ?? unknownModel(wanted, contextLength);
  return [named, ...known.filter(({ id }) => id !== wanted)];
}

function unknownModel(id: string, contextLength: number | undefined): Model {
  const contextWindow = contextLength ?? ASSUMED_WINDOW;
  return {
    id,
    name: id,
    reasoning: false,
    input: ['text'],
    cost: NO_COST,
    contextWindow,
    contextWindowSource: contextLength === undefined ? 'assumed' : 'configured',
    maxTokens: Math.min(ASSUMED_MAX_TOKENS, contextWindow),
  };
}
