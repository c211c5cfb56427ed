/**
 * The models of an Ollama: which of them can be chatted with on this machine, and how large a context a
 * request will really get. Servers since 0.30 tell most of it in one list; the rest is asked for each
 * model once, two at a time, and remembered by digest.
 */
import * as z from 'zod';
import type { Model } from '../../domain/provider.ts';
import { variable, type Environment } from '../../platform/paths.ts';
import type { Inquiry } from '../inquiry.ts';
import { MAX_MODELS, nameDefect, shownId, tokenCount, toModel } from './model-rows.ts';
import { MAX_LIST_BYTES } from './openai-list.ts';
import { setbackOf, statusSetback, type ListContext, type Listing, type ModelFacts } from './runtime.ts';

const NAME = 'Ollama';
const SHOWS_AT_ONCE = 2;
/** Questions about single models that may stay without an answer in one look. */
const MOST_UNANSWERED = 3;

/** The capabilities that decide something here; others are not kept, however many a server sends. */
const CAPABILITIES: ReadonlySet<string> = new Set(['completion', 'embedding', 'image', 'thinking', 'vision']);

const listSchema = z.object({ models: z.array(z.unknown()).nullable() });

const tagSchema = z.object({
  name: z.string(),
  digest: z.string().max(256).optional(),
  remote_model: z.string().optional(),
  remote_host: z.string().optional(),
  capabilities: z.array(z.string()).nullish(),
  details: z
    .object({
      family: z.string().nullish(),
      families: z.array(z.string()).nullish(),
      context_length: z.unknown().optional(),
    })
    .nullish(),
});
type Tag = z.infer<typeof tagSchema>;

const loadedSchema = z.object({ name: z.string(), context_length: z.unknown().optional() });

const showSchema = z.object({
  capabilities: z.array(z.string()).nullish(),
  parameters: z.string().nullish(),
  model_info: z.record(z.string(), z.unknown()).nullish(),
});

/** Lists the chat models; what stays unknown when the budget ends is asked at the next listing. */
export async function listOllamaModels(inquiry: Inquiry, context: ListContext): Promise<Listing> {
  const [tags, loaded] = await Promise.all([
    inquiry.get('/api/tags', { maxBytes: MAX_LIST_BYTES }),
    readLoaded(inquiry),
  ]);
  if (tags.kind !== 'answer') return setbackOf(tags, NAME) ?? { kind: 'error', hint: '' };
  const unwanted = statusSetback(tags, NAME);
  if (unwanted !== undefined) return unwanted;
  const list = listSchema.safeParse(tags.json());
  if (!list.success) {
    return { kind: 'not-this', found: 'the list at /api/tags has a foreign shape', by: tags.evidence };
  }
  const leftOut: { model: string; reason: string }[] = [];
  const local: Tag[] = [];
  for (const row of (list.data.models ?? []).slice(0, MAX_MODELS)) {
    const tag = tagSchema.safeParse(row);
    if (!tag.success) {
      leftOut.push({ model: '(unreadable)', reason: 'its row in the list has a foreign shape' });
      continue;
    }
    const defect = nameDefect(tag.data.name) ?? cloudReason(tag.data);
    if (defect === undefined) local.push(tag.data);
    else leftOut.push({ model: shownId(tag.data.name), reason: defect });
  }
  const surplus = (list.data.models ?? []).length - MAX_MODELS;
  if (surplus > 0)
    leftOut.push({ model: `(${surplus} more)`, reason: `only ${MAX_MODELS} models are looked at` });

  await learn(inquiry, local, loaded, context);

  const models: Model[] = [];
  for (const tag of local) {
    const facts = context.facts.get(factsKey(tag)) ?? {};
    const reason = uselessReason(tag, facts);
    if (reason === undefined) models.push(toChatModel(tag, facts, loaded.get(tag.name), context.env));
    else leftOut.push({ model: tag.name, reason });
  }
  return { kind: 'listed', models, leftOut };
}

/** Context of each loaded model. A server that cannot tell has none loaded as far as we know. */
async function readLoaded(inquiry: Inquiry): Promise<ReadonlyMap<string, number>> {
  const loaded = new Map<string, number>();
  const answer = await inquiry.get('/api/ps');
  if (answer.kind !== 'answer' || answer.status !== 200) return loaded;
  const list = listSchema.safeParse(answer.json());
  for (const row of list.data?.models ?? []) {
    const model = loadedSchema.safeParse(row);
    const tokens = tokenCount(model.data?.context_length);
    if (model.success && tokens !== undefined) loaded.set(model.data.name, tokens);
  }
  return loaded;
}

/** Models that run elsewhere are no local models, whatever URL they are reached by. */
function cloudReason(tag: Tag): string | undefined {
  const isCloud =
    (tag.remote_host ?? '') !== '' || (tag.remote_model ?? '') !== '' || /:(?:.*-)?cloud$/.test(tag.name);
  return isCloud ? 'it runs in a cloud service, not on this machine' : undefined;
}

function uselessReason(tag: Tag, facts: ModelFacts): string | undefined {
  const capabilities = capabilitiesOf(tag, facts);
  if (capabilities !== undefined) {
    if (capabilities.includes('completion')) return undefined;
    if (capabilities.includes('embedding')) return 'it makes embeddings only';
    return capabilities.includes('image') ? 'it makes images only' : undefined;
  }
  const families = [tag.details?.family ?? '', ...(tag.details?.families ?? [])];
  const looksLikeEmbedding =
    families.some((family) => /^(?:nomic-)?bert$/.test(family)) || /embed/i.test(tag.name);
  return looksLikeEmbedding ? 'it makes embeddings only, judged by its family or name' : undefined;
}

/** Undefined when the server tells none: an empty list means an old server, not a useless model. */
function capabilitiesOf(tag: Tag, facts: ModelFacts): readonly string[] | undefined {
  const known = tag.capabilities ?? facts.capabilities ?? [];
  return known.length === 0 ? undefined : known;
}

function toChatModel(tag: Tag, facts: ModelFacts, loaded: number | undefined, env: Environment): Model {
  const capabilities = capabilitiesOf(tag, facts) ?? [];
  return toModel({
    id: tag.name,
    reasoning: capabilities.includes('thinking'),
    vision: capabilities.includes('vision'),
    context: {
      loaded,
      configured: facts.configuredContext ?? contextFromEnvironment(env),
      trained: tokenCount(tag.details?.context_length) ?? facts.trainedContext,
    },
  });
}

/** `OLLAMA_CONTEXT_LENGTH`, which the server uses where a model's own settings say nothing. */
function contextFromEnvironment(env: Environment): number | undefined {
  const value = variable(env, 'OLLAMA_CONTEXT_LENGTH');
  return value !== undefined && /^\d+$/.test(value) ? tokenCount(Number(value)) : undefined;
}

function factsKey({ digest, name }: Tag): string {
  return digest === undefined || digest === '' ? `name:${name}` : digest;
}

/** Asks for what the list does not tell, within the budget, and forgets models that are gone. */
async function learn(
  inquiry: Inquiry,
  tags: readonly Tag[],
  loaded: ReadonlyMap<string, number>,
  { facts, budget }: ListContext,
): Promise<void> {
  const present = new Set(tags.map(factsKey));
  for (const key of facts.keys()) if (!present.has(key)) facts.delete(key);
  const unknown = new Map(
    tags
      .filter((tag) => !facts.has(factsKey(tag)) && needsShow(tag, loaded))
      .map((tag) => [factsKey(tag), tag.name]),
  );
  const queue = [...unknown];
  let unanswered = 0;
  const work = async () => {
    for (let next = queue.shift(); next !== undefined && !budget.aborted; next = queue.shift()) {
      const [key, name] = next;
      const learnt = await show(inquiry, name, budget);
      if (learnt !== undefined) facts.set(key, learnt);
      else unanswered += 1;
      // A server that gives no answer now is left alone until the next look.
      if (unanswered >= MOST_UNANSWERED) queue.length = 0;
    }
  };
  await Promise.all(Array.from({ length: SHOWS_AT_ONCE }, work));
}

/** A chat model's `num_ctx` is told by show alone; it does not matter while the model is loaded. */
function needsShow(tag: Tag, loaded: ReadonlyMap<string, number>): boolean {
  const isTold = (tag.capabilities ?? []).length > 0 && tokenCount(tag.details?.context_length) !== undefined;
  return !isTold || (!loaded.has(tag.name) && uselessReason(tag, {}) === undefined);
}

/** What show tells; nothing for a model that it knows nothing of, undefined when it gave no answer at all. */
async function show(inquiry: Inquiry, model: string, signal: AbortSignal): Promise<ModelFacts | undefined> {
  const answer = await inquiry.post('/api/show', { model }, { signal, maxBytes: MAX_LIST_BYTES });
  if (answer.kind !== 'answer' || answer.status >= 500) return undefined;
  const parsed = showSchema.safeParse(answer.json());
  if (answer.status !== 200 || !parsed.success) return {};
  const { capabilities, parameters, model_info: info } = parsed.data;
  const architecture = info?.['general.architecture'];
  const trained = tokenCount(info?.[`${String(architecture)}.context_length`]);
  const configured = numCtx(parameters ?? '');
  return {
    ...(capabilities ? { capabilities: capabilities.filter((word) => CAPABILITIES.has(word)) } : {}),
    ...(trained === undefined ? {} : { trainedContext: trained }),
    ...(configured === undefined ? {} : { configuredContext: configured }),
  };
}

/** `num_ctx` of a Modelfile's parameter text; of several lines the last one counts. */
function numCtx(parameters: string): number | undefined {
  const last = [...parameters.matchAll(/^\s*num_ctx\s+"?(\d+)"?\s*$/gm)].at(-1);
  return tokenCount(Number(last?.[1]));
}
