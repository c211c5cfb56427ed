/**
 * What a token may ask for: providers, models, and whether it gets secrets. A scope is kept by the server and
 * only takes away; both lists count together, so naming more kinds of things never widens it.
 */
import { formatModelRef, parseModelRef } from './model-ref.ts';

/** The limits of one token. */
export interface CallerScope {
  /** Ids of providers, in any spelling; null: every one. */
  readonly providers: readonly string[] | null;
  /** `provider/model`, or `provider/*` for all models of a provider; null: every one. */
  readonly models: readonly string[] | null;
  /** False: nothing that holds a credential is answered. */
  readonly secrets: boolean;
}

/** Makes the one spelling of a provider id, as the providers that are defined now have it. */
export type CanonicalId = (id: string) => string;

/** Longest id in a list, and longest list. */
const MAX_ID_LENGTH = 256;
const MAX_ENTRIES = 100;

/** True when something is taken away. */
export function isLimited({ providers, models, secrets }: CallerScope): boolean {
  return providers !== null || models !== null || !secrets;
}

/** True when not every provider and model may be seen. */
export function isNarrowed({ providers, models }: CallerScope): boolean {
  return providers !== null || models !== null;
}

/** Whether the credentials of a provider may be asked for, with no model named: all its models are within then. */
export function permitsProvider(scope: CallerScope, providerId: string, canonical: CanonicalId): boolean {
  if (!namesProvider(scope, providerId, canonical)) return false;
  return scope.models === null || patternsFor(scope.models, providerId, canonical).includes('*');
}

/** Whether one model of a provider may be asked for. */
export function permitsModel(
  scope: CallerScope,
  { provider, model }: { readonly provider: string; readonly model: string },
  canonical: CanonicalId,
): boolean {
  if (!namesProvider(scope, provider, canonical)) return false;
  if (scope.models === null) return true;
  return patternsFor(scope.models, provider, canonical).some(
    (pattern) => pattern === '*' || pattern === model,
  );
}

/** Whether a provider may be seen at all: some model of it may be within the scope. */
export function seesProvider(scope: CallerScope, providerId: string, canonical: CanonicalId): boolean {
  if (!namesProvider(scope, providerId, canonical)) return false;
  return scope.models === null || patternsFor(scope.models, providerId, canonical).length > 0;
}

function namesProvider({ providers }: CallerScope, id: string, canonical: CanonicalId): boolean {
  return providers === null || providers.some((named) => canonical(named) === canonical(id));
}

/** The model parts of the patterns for one provider. */
function patternsFor(models: readonly string[], providerId: string, canonical: CanonicalId): string[] {
  return models.flatMap((pattern) => {
    const ref = parseModelRef(pattern);
    return ref !== undefined && canonical(ref.provider) === canonical(providerId) ? [ref.model] : [];
  });
}

/** Why a list of a scope cannot be used, or undefined when it can. */
export function scopeDefect(providers: readonly string[] | null, models: readonly string[] | null) {
  for (const list of [providers ?? ['x'], models ?? ['x/x']]) {
    if (list.length === 0) return 'names nothing: leave it out for everything';
    if (list.length > MAX_ENTRIES) return `names more than ${MAX_ENTRIES}`;
    if (list.some((entry) => entry.length > MAX_ID_LENGTH)) return 'has an entry that is too long';
  }
  if (providers?.some((id) => !/^[\w.:-]+$/.test(id)) === true) {
    return 'has an entry that is no id of a provider';
  }
  const isPattern = (text: string): boolean => {
    const ref = parseModelRef(text);
    // A star elsewhere would look as if it stood for something.
    return (
      ref !== undefined && text === formatModelRef(ref.provider, ref.model) && !/\*(?!$)|[^/]\*$/.test(text)
    );
  };
  if (models?.some((text) => !isPattern(text)) === true) {
    return 'has an entry that is neither provider/model nor provider/*';
  }
  return undefined;
}

/** The scope in words: `providers a, b; no secrets`, or `everything`. */
export function describeScope({ providers, models, secrets }: CallerScope): string {
  const parts = [
    ...(providers === null ? [] : [`providers ${providers.join(', ')}`]),
    ...(models === null ? [] : [`models ${models.join(', ')}`]),
    ...(secrets ? [] : ['no secrets']),
  ];
  return parts.length === 0 ? 'everything' : parts.join('; ');
}
