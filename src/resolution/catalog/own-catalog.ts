/**
 * The catalog part that is this program's own: providers that the taken-over data lacks. NVIDIA NIM is
 * completed from the environment, because one variable makes it a server of the operator's own; providers whose
 * key an AWS identity is exchanged for have the address that settings or a variable give them.
 */
import type { ExchangeSource } from '../../credentials/exchange/exchange-source.ts';
import { readNimSettings, type NimSettings } from '../../credentials/nim-settings.ts';
import type { Finding } from '../../domain/finding.ts';
import { NIM_MODELS, NIM_SERVICE } from '../../domain/nim-service.ts';
import { type Model, NO_COST, type ProviderDefinition } from '../../domain/provider.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import type { Environment } from '../../platform/paths.ts';

/**
 * What an unauthenticated request for the models of a self-hosted server came to. `unknown` when nobody has
 * asked yet or nobody answered.
 */
export type KeylessAccess = 'open' | 'wants-key' | 'unknown';

/** A model as a self-hosted server lists it. */
export interface ListedModel {
  readonly id: string;
  /** Tokens that a request gets, where the list says so. */
  readonly contextWindow?: number;
}

/** What a self-hosted server said of itself. */
export interface NimServer {
  readonly access: KeylessAccess;
  /** Null while it has listed none: then the models are offered that are known of the hosted service. */
  readonly listed: readonly ListedModel[] | null;
}

/** Before anybody asked. */
export const NIM_NOT_ASKED: NimServer = { access: 'unknown', listed: null };

/** Window of a model of which nothing is known but its name. */
const ASSUMED_WINDOW = 32_768;
const ASSUMED_MAX_TOKENS = 8_192;

/** The catalog with this program's own providers in it. An entry of the data keeps its id. */
export function withOwnProviders(
  catalog: readonly ProviderDefinition[],
  env: Environment,
  nimServer: NimServer = NIM_NOT_ASKED,
  exchanges: readonly ExchangeSource[] = [],
): readonly ProviderDefinition[] {
  const own = [nimDefinition(readNimSettings(env), nimServer), ...exchanges.map(exchangeDefinition)];
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
function nimDefinition(settings: NimSettings, { access, listed }: NimServer): ProviderDefinition {
  const { baseUrl, selfHosted, isPrivate, defects } = settings;
  const keyless = selfHosted && (access === 'open' || (access === 'unknown' && isPrivate));
  return {
    id: NIM_SERVICE.id,
    name: selfHosted ? `${NIM_SERVICE.name} (self-hosted)` : NIM_SERVICE.name,
    baseUrl,
    api: 'openai-completions',
    ...(keyless ? { auth: 'none' as const } : {}),
    ...keyPolicy(settings, access),
    ...(selfHosted && listed !== null ? modelsOfServer(settings, listed) : { models: modelsOf(settings) }),
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
function modelsOf(settings: NimSettings): readonly Model[] {
  const { model: wanted } = settings;
  const ids = NIM_MODELS.map(({ id }) => id);
  const ordered = wanted === undefined ? ids : [wanted, ...ids.filter((id) => id !== wanted)];
  return ordered.map((id) => toModel(settings, { id }));
}

/** What the server lists and nothing else: any other model would fail at its first request. */
function modelsOfServer(
  settings: NimSettings,
  listed: readonly ListedModel[],
): Pick<ProviderDefinition, 'models' | 'listing'> {
  const { model: wanted } = settings;
  const first = listed.filter(({ id }) => id === wanted);
  const models = [...first, ...listed.filter(({ id }) => id !== wanted)].map((row) => toModel(settings, row));
  const isMissing = wanted !== undefined && first.length === 0;
  return {
    models,
    listing: {
      why: `: ${LISTED_BY} does not list it`,
      offer: offerOf(models),
      elsewhere: modelsOf(settings),
      ...(isMissing ? { finding: notListed(wanted, models) } : {}),
    },
  };
}

const LISTED_BY = 'the server of JAATO_NIM_BASE_URL';

function notListed(wanted: string, models: readonly Model[]): Finding {
  return {
    code: 'unknown-model',
    detail: `JAATO_NIM_MODEL names ${quoteUntrusted(wanted)}, which ${LISTED_BY} does not list`,
    hint: `Change JAATO_NIM_MODEL, or unset it. ${offerOf(models)}`,
  };
}

/** The first models of the list, and how many there are besides. */
function offerOf(models: readonly Model[]): string {
  if (models.length === 0) return 'It lists no model that can chat: start the container of the model';
  const shown = models.slice(0, 3).map(({ id }) => quoteUntrusted(id));
  const more = models.length > shown.length ? ` and ${models.length - shown.length} more` : '';
  return `It lists ${shown.join(', ')}${more}`;
}

/** What the server says of the window counts, unless the environment names a smaller one; else what is known of the id. */
function toModel(
  { model: wanted, contextLength }: NimSettings,
  { id, contextWindow: loaded = Number.POSITIVE_INFINITY }: ListedModel,
): Model {
  const known = NIM_MODELS.find((model) => model.id === id);
  const counts = wanted === undefined || wanted === id;
  const configured = (counts ? contextLength : undefined) ?? Number.POSITIVE_INFINITY;
  const said = Math.min(loaded, configured);
  const isSaid = Number.isFinite(said);
  const contextWindow = isSaid ? said : (known?.contextWindow ?? ASSUMED_WINDOW);
  const fromNames = known === undefined ? 'assumed' : 'trained-max';
  return {
    id,
    name: known?.name ?? id,
    reasoning: known?.reasoning ?? false,
    input: ['text'],
    cost: NO_COST,
    contextWindow,
    contextWindowSource: isSaid ? (loaded < configured ? 'loaded' : 'configured') : fromNames,
    ...(known === undefined ? {} : { maxContextWindow: known.contextWindow }),
    maxTokens: Math.min(known?.maxTokens ?? ASSUMED_MAX_TOKENS, contextWindow),
  };
}
