/**
 * From a model reference to the provider and the model that count. Pure; every place that was looked at
 * is written down as a step.
 */
import type { Step } from '../domain/auth.ts';
import { sameSocket } from '../domain/base-url.ts';
import type { Problem } from '../domain/errors.ts';
import { GPU_DEV } from '../domain/exchange.ts';
import { isMetadataUrl } from '../domain/metadata-host.ts';
import { formatModelRef, parseModelRef, whyNoModelRef } from '../domain/model-ref.ts';
import type { EffectiveProvider, Model, Origin, ProviderDefinition } from '../domain/provider.ts';
import { runtimeOfProviderId } from '../domain/provider-id.ts';
import type { EndpointReport, EndpointState } from '../domain/runtime-state.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { completeBaseUrl } from './base-url-template.ts';
import { isNamedByApiKey } from './definition-fields.ts';
import { nearest } from '../domain/nearest.ts';
import { followAlias, spellingsOf } from './model-spellings.ts';
import { fileOf } from './origin-file.ts';
import type { Snapshot } from './snapshot.ts';

/** A provider with what a request to it needs; `model` is null when a provider alone was asked for. */
export interface FoundModel {
  readonly kind: 'found';
  readonly ref: string;
  readonly provider: EffectiveProvider;
  readonly model: Model | null;
  readonly baseUrl: string;
  readonly api: string;
  readonly steps: readonly Step[];
}

/** Nothing to send a request to, and why. */
export interface NoModel {
  readonly kind: 'failed';
  readonly problem: Problem;
  readonly steps: readonly Step[];
  readonly provider?: EffectiveProvider;
  readonly model?: Model;
}

/** What is asked for: a model by reference, or a provider alone. */
export type Wanted =
  | { readonly kind: 'model'; readonly ref: string }
  | { readonly kind: 'provider'; readonly id: string };

/** The wire format that most servers speak, for an operator's entry that names none. */
const DEFAULT_API = 'openai-completions';

/** Finds provider and model in the snapshot. */
export function resolveModel(snapshot: Snapshot, wanted: Wanted): FoundModel | NoModel {
  const asked =
    wanted.kind === 'model' ? readRef(snapshot, wanted.ref) : { provider: wanted.id, model: null };
  if ('problem' in asked) return { kind: 'failed', problem: asked.problem, steps: [] };
  const id = snapshot.providers.canonicalId(asked.provider);
  const steps = providerSteps(snapshot, id);
  const provider = snapshot.providers.byId.get(id);
  if (provider === undefined) {
    const endpoint = endpointAway(snapshot, id);
    if (endpoint !== undefined) steps.push(runtimeStep(endpoint, 'error'));
    return { kind: 'failed', problem: unknownProvider(snapshot, id, endpoint), steps };
  }

  const model = asked.model === null ? null : findModel(provider, asked.model);
  const usable = model === undefined ? undefined : whatARequestNeeds(snapshot, provider, model);
  const destination = usable !== undefined && 'baseUrl' in usable ? usable.baseUrl : provider.baseUrl;
  const runtime = runtimeOf(snapshot, provider, destination);
  if (runtime !== undefined) steps.push(...runtime.steps);
  if (runtime?.problem !== undefined) {
    return { kind: 'failed', problem: runtime.problem, steps, provider, ...(model ? { model } : {}) };
  }
  if (asked.model !== null) steps.push(modelStep(provider, asked.model, model));
  if (model === undefined || usable === undefined) {
    const problem = noModelsBecause(provider) ?? unknownModel(provider, asked.model ?? '');
    return { kind: 'failed', problem, steps, provider };
  }
  const ref = model === null ? id : formatModelRef(id, model.id);
  if ('problem' in usable) {
    return { kind: 'failed', problem: usable.problem, steps, provider, ...(model ? { model } : {}) };
  }
  return { kind: 'found', ref, provider, model, ...usable, steps };
}

/** A reference as `provider/model`, whatever alias or short form it was written with; as written where it is none. */
export function fullRef(snapshot: Snapshot, text: string): string {
  const ref = readRef(snapshot, text);
  if ('problem' in ref) return text;
  return formatModelRef(snapshot.providers.canonicalId(ref.provider), ref.model);
}

/** Splits the reference; one without a slash may be an alias of the operator's or an Anthropic model's name. */
export function readRef(
  snapshot: Snapshot,
  text: string,
): { provider: string; model: string } | { problem: Problem } {
  const trimmed = followAlias(snapshot.config.modelAliases, text.trim());
  const ref = parseModelRef(trimmed);
  if (ref !== undefined) return ref;
  const anthropic = snapshot.providers.byId.get('anthropic');
  const model = anthropic && findModel(anthropic, trimmed);
  if (model !== undefined) return { provider: 'anthropic', model: model.id };
  const holders = [...snapshot.providers.byId.values()]
    .filter(({ models }) => models.some(({ id }) => id === trimmed))
    .slice(0, 3)
    .map(({ id }) => `Write ${id}/${trimmed}`);
  return {
    problem: {
      code: 'bad-request',
      detail: `${quoteUntrusted(trimmed)} is not a model reference: ${whyNoModelRef(trimmed)}`,
      hints: [...holders, 'Write it as provider/model, for example ollama/llama3:chat'],
    },
  };
}

function providerSteps(snapshot: Snapshot, id: string): Step[] {
  const { bySource, byId } = snapshot.providers;
  const effective = byId.get(id);
  const stepFor = (origin: Origin, place: string): Step => {
    const definition = bySource[origin].get(id);
    if (definition === undefined) return { step: 'provider', place, found: 'no entry', outcome: 'empty' };
    const used = effective?.origin === origin;
    const filled = used ? (effective?.completedFromCatalog ?? []) : [];
    return {
      step: 'provider',
      place,
      found: describe(definition),
      outcome: used ? 'used' : 'shadowed',
      ...(filled.length === 0 ? {} : { note: `${filled.join(', ')} from the catalog` }),
    };
  };
  const view = snapshot.modelsJson;
  const first: Step =
    view.kind === 'loaded'
      ? stepFor('models.json', 'models.json')
      : {
          step: 'provider',
          place: 'models.json',
          found: view.kind === 'missing' ? 'no file' : `${NOT_IN_USE[view.kind].word}: ${view.reason}`,
          outcome: NOT_IN_USE[view.kind].outcome,
        };
  return [first, stepFor('cfg', 'cfg: models.providers'), stepFor('catalog', 'catalog')];
}

/** What is said of a models.json that is not in use. */
const NOT_IN_USE = {
  missing: { word: 'no file', outcome: 'empty' },
  skipped: { word: 'not read', outcome: 'skipped' },
  broken: { word: 'cannot be used', outcome: 'error' },
} as const;

function describe(definition: ProviderDefinition): string {
  const models = definition.models;
  const parts = [
    definition.baseUrl ?? 'no baseUrl',
    ...(definition.auth === undefined ? [] : [`auth ${definition.auth}`]),
    models === undefined ? 'no models' : `${models.length} model${models.length === 1 ? '' : 's'}`,
  ];
  return parts.join(', ');
}

/** What discovery knows of the endpoint that a request would go to. */
function runtimeOf(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  baseUrl: string | undefined,
): { steps: readonly Step[]; problem?: Problem } | undefined {
  if (baseUrl === undefined) return undefined;
  const there = snapshot.discovery.endpoints.filter(({ url }) => sameSocket(url, baseUrl));
  // Several runtimes may be reached below one host and port, each under its own path.
  const endpoint = there.find(({ url }) => baseUrl.startsWith(`${url}/`)) ?? there[0];
  if (endpoint === undefined) return undefined;
  const problem = endpointProblem(provider.id, provider.auth === 'none', endpoint);
  const trust: Step[] =
    endpoint.trustedBy === undefined
      ? []
      : [{ step: 'runtime', place: endpoint.trustedBy, found: `names ${endpoint.url}`, outcome: 'used' }];
  return {
    steps: [...trust, runtimeStep(endpoint, problem === undefined ? 'used' : 'error')],
    ...(problem === undefined ? {} : { problem }),
  };
}

function runtimeStep({ url, runtime, state, since }: EndpointReport, outcome: 'used' | 'error'): Step {
  return {
    step: 'runtime',
    place: url,
    found: `${runtime ?? 'unknown service'} ${state} since ${since}`,
    outcome,
  };
}

/**
 * Whether the endpoint's state forbids a request. An entry with a credential of its own may well work
 * where the keyless probe was turned away; a server that the operator named may be of an unknown kind.
 */
function endpointProblem(id: string, keyless: boolean, endpoint: EndpointReport): Problem | undefined {
  const hints = endpoint.hint === undefined ? [] : [endpoint.hint];
  const where = `${endpoint.url} (provider "${id}")`;
  switch (endpoint.state) {
    case 'up':
    case 'wrong-service':
    case 'error':
      return undefined;
    case 'loading':
      return { code: 'runtime-down', detail: `The runtime at ${where} is still loading its model`, hints };
    case 'auth-required':
      if (!keyless) return undefined;
      return { code: 'auth-required', detail: `The runtime at ${where} demands a key`, hints };
    case 'down':
      return { code: 'runtime-down', detail: `The runtime at ${where} does not answer`, hints };
  }
}

/**
 * The endpoint of an id that no source defines: a runtime that was up a moment ago, or one that wants a key. An empty
 * default port may bear the same id as an endpoint that answers; the one that says most counts.
 */
function endpointAway({ discovery: { endpoints } }: Snapshot, id: string): EndpointReport | undefined {
  const named = endpoints.filter(({ provider }) => provider === id);
  const candidates = named.length > 0 ? named : endpoints.filter(({ runtime }) => runtime === id);
  const byState = (wanted: EndpointState): EndpointReport | undefined =>
    candidates.find(({ state }) => state === wanted);
  return byState('auth-required') ?? byState('loading') ?? candidates.find(({ state }) => state !== 'up');
}

function unknownProvider(snapshot: Snapshot, id: string, endpoint: EndpointReport | undefined): Problem {
  if (endpoint !== undefined) {
    const hints = endpoint.hint === undefined ? [] : [endpoint.hint];
    const where = `${endpoint.url} (provider "${id}")`;
    if (endpoint.state === 'auth-required') {
      return { code: 'auth-required', detail: `The runtime at ${where} demands a key`, hints };
    }
    return { code: 'runtime-down', detail: `The runtime at ${where} is ${endpoint.state}`, hints };
  }
  if (runtimeOfProviderId(id) !== undefined && snapshot.discovery.scannedAt !== null) {
    // Its port may be another runtime's too, so no endpoint bears its name while it is away.
    const detail = `No runtime of this machine answers as provider "${id}"`;
    return {
      code: 'runtime-down',
      detail,
      hints: ['Start it, then see what is found: provider-sidecar discover'],
    };
  }
  if (id === GPU_DEV.id) {
    const detail = `Provider "${id}" has no address: the variable ${GPU_DEV.urlVariable} is not set`;
    return { code: 'unknown-provider', detail, hints: [`export ${GPU_DEV.urlVariable}=https://your-api`] };
  }
  const near = nearest(id, [...snapshot.providers.byId.keys()]);
  return {
    code: 'unknown-provider',
    detail: `No provider ${quoteUntrusted(id)} in models.json, the config or the catalog`,
    hints: [
      ...near.map((name) => `Did you mean ${name}?`),
      ...(runtimeOfProviderId(id) === undefined
        ? [`Define it in the operator's config under models.providers`]
        : ['Start the runtime, then run: provider-sidecar discover']),
      'List them: provider-sidecar providers --all',
    ],
  };
}

/** The model by its exact id, else by the id that its provider or other tools know for a short name. */
function findModel({ id: provider, models }: EffectiveProvider, written: string): Model | undefined {
  for (const spelling of spellingsOf(provider, written)) {
    const found = models.find(({ id }) => id === spelling);
    if (found !== undefined) return found;
  }
  return undefined;
}

function modelStep(provider: EffectiveProvider, asked: string, model: Model | null | undefined): Step {
  if (model === null || model === undefined) {
    return {
      step: 'model',
      place: provider.id,
      found: `no model ${quoteUntrusted(asked)}`,
      outcome: 'error',
    };
  }
  const source = model.contextWindowSource ?? 'assumed';
  return {
    step: 'model',
    place: provider.id,
    found: `${model.id}, context window ${model.contextWindow} (${source})`,
    outcome: 'used',
  };
}

/** An entry that is wrong has no models for that reason: what is wrong with it is the answer. */
function noModelsBecause(provider: EffectiveProvider): Problem | undefined {
  const defect = provider.models.length === 0 ? provider.defects?.[0] : undefined;
  return defect === undefined ? undefined : broken(provider, defect, defectHints(defect));
}

function unknownModel(provider: EffectiveProvider, asked: string): Problem {
  const names = provider.models.map(({ id }) => id);
  const isOllama = runtimeOfProviderId(provider.id) === 'ollama';
  return {
    code: 'unknown-model',
    detail: `Provider "${provider.id}" (${provider.origin}) has no model ${quoteUntrusted(asked)}${provider.listing?.why ?? ''}`,
    hints: [
      ...nearest(asked, names).map((name) => `Did you mean ${formatModelRef(provider.id, name)}?`),
      ...(provider.listing === undefined ? [] : [provider.listing.offer]),
      ...(isOllama && /^[\w./:-]+$/.test(asked) ? [`Run: ollama pull ${asked}`] : []),
      ...(names.length === 0 ? ['The provider lists no models at all'] : []),
      `List them: provider-sidecar models --provider ${provider.id}`,
    ],
  };
}

/** Base URL and api of the model or its provider, with the catalog's placeholders filled in. */
function whatARequestNeeds(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  model: Model | null,
): { baseUrl: string; api: string } | { problem: Problem } {
  const defect = provider.defects?.[0];
  if (defect !== undefined) return { problem: broken(provider, defect, defectHints(defect)) };
  const missing = provider.missingVariables?.find((variable) => !isNamedByApiKey(variable));
  if (missing !== undefined) {
    const detail = `the variable ${missing.variable}, named at ${missing.configPath}, is not set`;
    return { problem: broken(provider, detail, [`Set ${missing.variable}`]) };
  }
  const template = model?.baseUrl ?? provider.baseUrl;
  const catalog = snapshot.providers.bySource.catalog.get(provider.id);
  const completed = completeBaseUrl(provider, template, snapshot.env, catalog);
  if (completed.kind === 'incomplete')
    return { problem: broken(provider, completed.detail, completed.hints) };
  if (isMetadataUrl(completed.baseUrl)) {
    const detail =
      'its base URL leads to the metadata service of a cloud, which hands out the identity of this machine';
    return { problem: broken(provider, detail) };
  }
  return { baseUrl: completed.baseUrl, api: model?.api ?? provider.api ?? DEFAULT_API };
}

/** What is wrong with what the catalog supplied is a variable that completes it, and the words begin with its name. */
function defectHints(defect: string): readonly string[] {
  const variable = /^[A-Z][A-Z0-9_]+/.exec(defect)?.[0];
  return variable === undefined ? [] : [`Mend the variable ${variable}, or unset it`];
}

function broken(provider: EffectiveProvider, detail: string, hints: readonly string[] = []): Problem {
  return {
    code: 'config-invalid',
    detail: `Provider "${provider.id}" (${provider.origin}) cannot be used: ${detail}`,
    hints: hints.length > 0 ? hints : [`Mend the entry in ${fileOf(provider.origin)}`],
  };
}
