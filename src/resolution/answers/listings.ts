/** The answers that list: providers with their auth status, and usable models in OpenAI's list shape. */
import type {
  AuthStatus,
  ModelAnswer,
  ModelsAnswer,
  ProviderAnswer,
  ProviderDetailAnswer,
  ProvidersAnswer,
} from '../../domain/answers/providers.ts';
import type { ModelRow } from '../../domain/answers/model-row.ts';
import type { EffectiveProvider, Model } from '../../domain/provider.ts';
import { formatModelRef } from '../../domain/model-ref.ts';
import type { AuthPlace } from '../auth-place.ts';
import { chosenPlace } from '../choose-place.ts';
import { missingCredential } from '../missing-credential.ts';
import { authPlaces } from '../resolve-auth.ts';
import type { ErrorCode, Problem } from '../../domain/errors.ts';
import { toIso } from '../../platform/clock.ts';
import { resolve } from '../resolve.ts';
import { resolveModel } from '../resolve-model.ts';
import type { Snapshot } from '../snapshot.ts';
import { coolDownsOf } from './cool-down-answer.ts';

/**
 * @param all true: also catalog providers that nothing here can authenticate with
 * @param now Unix milliseconds
 */
export async function listProviders(
  snapshot: Snapshot,
  { all, now }: { readonly all: boolean; readonly now: number },
): Promise<ProvidersAnswer> {
  const answers = await Promise.all(
    [...snapshot.providers.byId.values()].map((provider) => describeProvider(snapshot, provider, now)),
  );
  const providers = answers.filter(
    ({ origin, auth }) =>
      all || origin !== 'catalog' || auth.status !== 'missing' || auth.coolDowns !== undefined,
  );
  return { revision: snapshot.revision, providers };
}

/** One provider with its models, or why there is none, in the words of a resolution. */
export type ListedProvider =
  | { readonly kind: 'listed'; readonly provider: ProviderDetailAnswer }
  | { readonly kind: 'missing'; readonly problem: Problem };

/** @param id as a caller spells it */
export async function listProvider(snapshot: Snapshot, id: string, now: number): Promise<ListedProvider> {
  const provider = snapshot.providers.byId.get(snapshot.providers.canonicalId(id));
  if (provider === undefined) {
    const found = resolveModel(snapshot, { kind: 'provider', id });
    if (found.kind === 'failed') return { kind: 'missing', problem: found.problem };
    throw new Error('The resolver found a provider that is not listed');
  }
  const answer = await describeProvider(snapshot, provider, now);
  const models = provider.models.map(toModelRow);
  return { kind: 'listed', provider: { revision: snapshot.revision, ...answer, models } };
}

/** Without the headers of requests for the model: their values may be secret. */
function toModelRow({ headers: _headers, headerRefs: _headerRefs, ...row }: Model): ModelRow {
  return row;
}

async function describeProvider(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  now: number,
): Promise<ProviderAnswer> {
  const { id, name, baseUrl, api, origin, shadows, models } = provider;
  return {
    id,
    name: name ?? id,
    baseUrl: baseUrl ?? null,
    api: api ?? null,
    origin,
    shadows,
    auth: await authStatus(snapshot, provider, now),
    modelCount: models.length,
  };
}

async function authStatus(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  now: number,
): Promise<ProviderAnswer['auth']> {
  const places = await authPlaces(snapshot, provider, { now, wait: false });
  const used = chosenPlace(places);
  const coolDowns = coolDownsOf(snapshot, provider.id, places, now);
  const trouble = troubleOf(used, places);
  return {
    mode: used?.auth.mode ?? provider.auth ?? null,
    source: used?.auth.source ?? null,
    status: statusOf(places),
    ...(coolDowns.length === 0 ? {} : { coolDowns }),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

/** What is wrong with the source of the credential that is used, or with the one that there should be. */
function troubleOf(
  used: AuthPlace | undefined,
  places: readonly AuthPlace[],
): ProviderAnswer['auth']['trouble'] {
  if (used !== undefined) {
    const trouble = used.kind === 'hit' ? used.trouble : undefined;
    return trouble && toTrouble(trouble.code, trouble.detail, trouble.retryAt);
  }
  const missing = missingCredential(places);
  return missing && toTrouble(missing.code, missing.why, missing.retryAt);
}

function toTrouble(
  code: ErrorCode,
  detail: string,
  retryAt: number | undefined,
): ProviderAnswer['auth']['trouble'] {
  return { code, detail, ...(retryAt === undefined ? {} : { retryAt: toIso(retryAt) }) };
}

/** What the places of a provider come to, strongest first. */
export function statusOf(places: readonly AuthPlace[]): AuthStatus {
  if (chosenPlace(places) !== undefined) return 'satisfied';
  if (places.some(({ kind }) => kind === 'unverified')) return 'unverified';
  const missing = missingCredential(places);
  if (missing === undefined) return 'missing';
  // What a source that is down would give is not known.
  return missing.place.kind === 'expired' ? 'expired' : 'unverified';
}

/** Every model that a request could use now, of every provider. */
export async function listModels(snapshot: Snapshot, now: number): Promise<ModelsAnswer> {
  const lists = await Promise.all(
    [...snapshot.providers.byId.values()].map(async (provider) => {
      const isUsable = async (asked: { provider: string } | { model: string }): Promise<boolean> =>
        (await resolve(snapshot, { ...asked, wait: false }, now)).kind === 'resolved';
      const isProviderUsable = await isUsable({ provider: provider.id });
      const usable = await Promise.all(
        provider.models.map(async (model) => {
          const answer = toModelAnswer(provider.id, model);
          return (hasOwnWay(model) ? await isUsable({ model: answer.id }) : isProviderUsable) ? [answer] : [];
        }),
      );
      return usable.flat();
    }),
  );
  return { object: 'list', data: lists.flat() };
}

/** A request for such a model may fare otherwise than one for its provider's other models. */
function hasOwnWay({ baseUrl, headerRefs }: Model): boolean {
  return baseUrl !== undefined || headerRefs !== undefined;
}

function toModelAnswer(providerId: string, model: Model): ModelAnswer {
  return {
    id: formatModelRef(providerId, model.id),
    object: 'model',
    // Clients of this shape expect a number; nobody knows when a model was made.
    created: 0,
    owned_by: providerId,
    name: model.name,
    context_window: model.contextWindow,
    context_window_source: model.contextWindowSource ?? 'assumed',
    max_context_window: model.maxContextWindow ?? null,
    max_tokens: model.maxTokens,
    reasoning: model.reasoning,
    input: model.input,
  };
}
