/**
 * LM Studio: told by its greeting, and asked nothing else where that fails, because it answers every
 * unknown route with status 200 and writes an error into the user's log. Its list has three generations.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { MAX_LIST_BYTES } from './openai-list.ts';
import { findLmStudioAddresses, findLmStudioAppRoots } from './lmstudio-home.ts';
import { reasonByName, toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { tokenCount } from './model-rows.ts';
import {
  livenessOf,
  setbackOf,
  statusSetback,
  type Absence,
  type AddressSources,
  type Identification,
  type Listing,
  type Runtime,
  type Setback,
} from './runtime.ts';

const NAME = 'LM Studio';
const GREETING = '/lmstudio-greeting';

const TOKEN_HINT =
  'LM Studio demands an API token: put it into LM_API_TOKEN and configure the provider lmstudio with it, ' +
  "or switch the authentication off in LM Studio's server settings";

const SERVER_OFF_HINT = 'LM Studio is running but its server is off: lms server start';

const greetingSchema = z.object({ lmstudio: z.literal(true) });
const refusalSchema = z.object({ error: z.object({ code: z.literal('invalid_api_key') }) });

const instanceSchema = z.object({
  id: z.string().optional(),
  config: z.object({ context_length: z.unknown().optional() }).optional(),
});

const v1RowSchema = z.object({
  key: z.string(),
  type: z.string(),
  display_name: z.string().nullish(),
  loaded_instances: z.array(instanceSchema).nullish(),
  max_context_length: z.unknown().optional(),
  capabilities: z.object({ vision: z.boolean().optional(), reasoning: z.unknown().optional() }).nullish(),
});

const v0RowSchema = z.object({
  id: z.string(),
  type: z.string(),
  loaded_context_length: z.unknown().optional(),
  max_context_length: z.unknown().optional(),
});

const openAiRowSchema = z.object({ id: z.string() });

const v1ListSchema = z.object({ models: z.array(z.unknown()) });
const dataListSchema = z.object({ data: z.array(z.unknown()).nullable() });

/** LM Studio, at the port of its own settings or its default port. */
export const lmStudio: Runtime = {
  id: 'lmstudio',
  displayName: NAME,
  defaultPorts: [1_234],
  openAiPath: '/v1',
  keyHint: TOKEN_HINT,
  startHint: 'Start its server with: lms server start',
  firstQuestion: GREETING,
  isAskedAlone: true,
  findAddresses: findLmStudioAddresses,
  // The ports that LM Studio picks from for its own use; they answer while it runs, its server on or off.
  privatePorts: [41_343, 52_993, 16_141, 39_414, 22_931],
  explainAbsence,
  identify,
  list,
  isAlive: async (inquiry) =>
    livenessOf(await inquiry.get(GREETING), (answer) => (isGreeting(answer) ? null : undefined)),
};

function isGreeting(answer: ProbeAnswer): boolean {
  return answer.status === 200 && greetingSchema.safeParse(answer.json()).success;
}

async function explainAbsence(
  sources: AddressSources,
  ask: (root: string) => Inquiry,
): Promise<Absence | undefined> {
  const roots = await findLmStudioAppRoots(sources);
  const answers = await Promise.all(roots.map((root) => ask(root).get(GREETING)));
  const app = answers.find((answer) => answer.kind === 'answer' && isGreeting(answer));
  return app && { hint: SERVER_OFF_HINT, evidence: [app.evidence] };
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const greeting = await inquiry.get(GREETING);
  if (greeting.kind !== 'answer') return setbackOf(greeting, NAME) ?? { kind: 'error', hint: '' };
  if (isGreeting(greeting)) return { kind: 'identified', version: null };
  if (greeting.status === 401 && refusalSchema.safeParse(greeting.json()).success) {
    return { kind: 'auth-required', hint: TOKEN_HINT };
  }
  return (
    statusSetback(greeting, NAME) ?? {
      kind: 'not-this',
      found: 'no greeting of LM Studio',
      by: greeting.evidence,
    }
  );
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const generations = [
    { path: '/api/v1/models', rowsOf: v1Rows, toRow: fromV1 },
    { path: '/api/v0/models', rowsOf: dataRows, toRow: fromV0 },
    { path: '/v1/models', rowsOf: dataRows, toRow: fromOpenAi },
  ];
  let last: Setback = { kind: 'error', hint: 'LM Studio gave no list of models; look at its log' };
  for (const { path, rowsOf, toRow } of generations) {
    const answer = await inquiry.get(path, { maxBytes: MAX_LIST_BYTES });
    if (answer.kind !== 'answer') return setbackOf(answer, NAME) ?? last;
    // An older list may need no token while chat does: that would be a promise which does not hold.
    if (answer.status === 401 || answer.status === 403) return { kind: 'auth-required', hint: TOKEN_HINT };
    if (answer.status >= 500) return statusSetback(answer, NAME) ?? last;
    const rows = answer.status === 200 ? rowsOf(answer.json()) : undefined;
    if (rows !== undefined) return toListing(rows, toRow);
    last = { kind: 'not-this', found: 'no list of models that LM Studio gives', by: answer.evidence };
  }
  return last;
}

function v1Rows(body: unknown): readonly unknown[] | undefined {
  return v1ListSchema.safeParse(body).data?.models;
}

function dataRows(body: unknown): readonly unknown[] | undefined {
  const parsed = dataListSchema.safeParse(body);
  return parsed.success ? (parsed.data.data ?? []) : undefined;
}

const EMBEDDING_ONLY = 'it makes embeddings only';

function fromV1(raw: unknown): ListedRow {
  const parsed = v1RowSchema.safeParse(raw);
  if (!parsed.success) return UNREADABLE_ROW;
  const { key, type, display_name: name, loaded_instances: instances, capabilities } = parsed.data;
  if (type === 'embedding') return { model: key, reason: EMBEDDING_ONLY };
  // Further copies are called `key:2`; a request for the key goes to the one that bears it.
  const loaded = (instances ?? []).find(({ id }) => id === key) ?? instances?.[0];
  return {
    facts: {
      id: key,
      ...(name ? { name } : {}),
      reasoning: (capabilities?.reasoning ?? false) !== false,
      vision: capabilities?.vision ?? false,
      context: {
        loaded: tokenCount(loaded?.config?.context_length),
        trained: tokenCount(parsed.data.max_context_length),
      },
    },
  };
}

function fromV0(raw: unknown): ListedRow {
  const parsed = v0RowSchema.safeParse(raw);
  if (!parsed.success) return UNREADABLE_ROW;
  const { id, type, loaded_context_length: loaded, max_context_length: trained } = parsed.data;
  if (type === 'embeddings') return { model: id, reason: EMBEDDING_ONLY };
  return {
    facts: {
      id,
      reasoning: false,
      vision: type === 'vlm',
      context: { loaded: tokenCount(loaded), trained: tokenCount(trained) },
    },
  };
}

/** The plain list tells names alone. */
function fromOpenAi(raw: unknown): ListedRow {
  const parsed = openAiRowSchema.safeParse(raw);
  if (!parsed.success) return UNREADABLE_ROW;
  const { id } = parsed.data;
  const reason = reasonByName(id);
  if (reason !== undefined) return { model: id, reason };
  return { facts: { id, reasoning: false, vision: false, context: {} } };
}
