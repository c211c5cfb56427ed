/**
 * Which definition of a provider counts: models.json over cfg over the catalog, whole provider, no field
 * merge. Only gaps that a cfg entry leaves are filled from the catalog, never anything it says.
 */
import { sameSocket } from '../domain/base-url.ts';
import type { EffectiveProvider, Model, Origin, ProviderDefinition } from '../domain/provider.ts';
import { ORIGINS } from '../domain/provider.ts';
import { canonicalProviderId } from '../domain/provider-id.ts';

/** The definitions of every source, as each source spells them. */
export interface DefinitionSources {
  readonly 'models.json': readonly ProviderDefinition[];
  readonly cfg: readonly ProviderDefinition[];
  readonly catalog: readonly ProviderDefinition[];
}

/** The providers that count, and how ids are made canonical among them. */
export interface EffectiveProviders {
  readonly byId: ReadonlyMap<string, EffectiveProvider>;
  /** What each source says of each id, for `explain`. */
  readonly bySource: Readonly<Record<Origin, ReadonlyMap<string, ProviderDefinition>>>;
  /** Two spellings of one id within a source: the canonical one counts, the other is named here. */
  readonly doubled: readonly { readonly origin: Origin; readonly id: string; readonly ignored: string }[];
  /** The one spelling of an id under which it is found in `byId`. */
  readonly canonicalId: (id: string) => string;
}

const FILLED_FROM_CATALOG = ['baseUrl', 'api', 'models', 'auth', 'name', 'region'] as const;

/** Applies the precedence to all ids of all sources. Order: models.json's ids, then cfg's, then the catalog's. */
export function mergeProviders(sources: DefinitionSources): EffectiveProviders {
  const written = new Set(
    [...sources['models.json'], ...sources.cfg].map(({ id }) => id.trim().toLowerCase()),
  );
  const canonicalId = (id: string): string => canonicalProviderId(id, (plain) => written.has(plain));
  const doubled: { origin: Origin; id: string; ignored: string }[] = [];
  const index = (origin: Origin): Map<string, ProviderDefinition> => {
    const map = new Map<string, ProviderDefinition>();
    for (const definition of sources[origin]) {
      const id = canonicalId(definition.id);
      const earlier = map.get(id);
      if (earlier === undefined) {
        map.set(id, definition);
      } else if (definition.id.trim().toLowerCase() === id) {
        doubled.push({ origin, id, ignored: earlier.id });
        map.set(id, definition);
      } else {
        doubled.push({ origin, id, ignored: definition.id });
      }
    }
    return map;
  };
  const bySource = { 'models.json': index('models.json'), cfg: index('cfg'), catalog: index('catalog') };
  const ids = new Set(ORIGINS.flatMap((origin) => [...bySource[origin].keys()]));
  const byId = new Map<string, EffectiveProvider>();
  for (const id of ids) {
    const effective = effectiveProvider(id, bySource);
    if (effective !== undefined) byId.set(id, effective);
  }
  return { byId, bySource, doubled, canonicalId };
}

function effectiveProvider(
  id: string,
  bySource: EffectiveProviders['bySource'],
): EffectiveProvider | undefined {
  const holders = ORIGINS.filter((origin) => bySource[origin].has(id));
  const [origin, ...shadows] = holders;
  const definition = origin === undefined ? undefined : bySource[origin].get(id);
  if (origin === undefined || definition === undefined) return undefined;
  const catalog = origin === 'cfg' ? bySource.catalog.get(id) : undefined;
  const filled = catalog === undefined ? definition : fillGaps(definition, catalog);
  return {
    ...filled,
    id,
    origin,
    shadows,
    models: filled.models ?? [],
    completedFromCatalog: FILLED_FROM_CATALOG.filter(
      (field) => leavesOpen(definition, field) && !leavesOpen(filled, field),
    ),
  };
}

/**
 * A key in a cfg entry is a way to authenticate of its own; the catalog's mode would overrule it. Where the
 * entry says which server or which api, the catalog's models must not lead elsewhere, and what is true of the
 * catalog's server alone (it takes requests without a key, it wants certain headers) is not said of another one.
 * A key of its own opens no server of the catalog that no key may go to.
 */
function fillGaps(definition: ProviderDefinition, catalog: ProviderDefinition): ProviderDefinition {
  const { auth, models: ofCatalog, listing, keyHeldBack, ...rest } = catalog;
  // Other tools demand the list, so an entry that is about something else has an empty one.
  const { models: ownModels, ...own } = definition;
  const isElsewhere = own.baseUrl !== undefined;
  const hasOpenModels = leavesOpen(definition, 'models');
  const models = isElsewhere ? (listing?.elsewhere ?? ofCatalog) : ofCatalog;
  const heldBack = isElsewhere ? undefined : keyHeldBack;
  const hasKey = own.apiKey !== undefined || own.apiKeyRef !== undefined;
  const saysHow = hasKey && heldBack === undefined;
  const isSaidOfAnother =
    auth === 'none' && own.baseUrl !== undefined && !sameSocket(own.baseUrl, catalog.baseUrl ?? '');
  const filledModels = models?.map((model): Model => {
    const { baseUrl, api, headers, ...row } = model;
    return {
      ...row,
      ...(baseUrl === undefined || isElsewhere ? {} : { baseUrl }),
      ...(headers === undefined || isElsewhere ? {} : { headers }),
      ...(api === undefined || own.api !== undefined ? {} : { api }),
    };
  });
  const countingModels = hasOpenModels ? filledModels : ownModels;
  return {
    ...rest,
    ...(countingModels === undefined ? {} : { models: countingModels }),
    ...(hasOpenModels && !isElsewhere && listing !== undefined ? { listing } : {}),
    ...(auth === undefined || saysHow || isSaidOfAnother ? {} : { auth }),
    ...(heldBack === undefined ? {} : { keyHeldBack: heldBack }),
    ...own,
  };
}

/** Whether an entry leaves a field open. An empty list says nothing either, unless its rows could not be read. */
function leavesOpen(definition: ProviderDefinition, field: (typeof FILLED_FROM_CATALOG)[number]): boolean {
  const value = definition[field];
  if (value === undefined) return true;
  return field === 'models' && value.length === 0 && definition.modelDefects === undefined;
}
