/**
 * TabbyAPI: told by its public service document. Keys are on by default. Where they are off it lists every
 * model on disk, but answers each request with the one that is loaded.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { addressesOfPortVariable, localAddresses } from './local-addresses.ts';
import { tokenCount } from './model-rows.ts';
import { ask, askForList } from './openai-list.ts';
import { livenessOfListOrMarker, readOpenAiRow } from './openai-rows.ts';
import { livenessOf, statusSetback, type Identification, type Listing, type Runtime } from './runtime.ts';

const NAME = 'TabbyAPI';
const OWNER = 'tabbyapi';
const SERVICE = '/.well-known/serviceinfo';
const LIST = '/v1/models';
const LOADED = '/v1/model';
const PORT_VARIABLE = 'TABBY_NETWORK_PORT';

const KEY_HINT =
  'TabbyAPI demands an API key (api_key in its api_tokens.yml): configure the provider tabbyapi with that key, ' +
  'or set disable_auth: true in its config.yml';

const serviceSchema = z.object({ software: z.object({ name: z.literal(NAME) }) });

const loadedSchema = z.object({
  id: z.string(),
  parameters: z
    .object({ max_seq_len: z.unknown().optional(), use_vision: z.boolean().nullish().catch(undefined) })
    .nullish(),
});

/** The model in memory, `none` without one, or `unknown` when the server does not say. */
type Loaded =
  | { readonly kind: 'model'; readonly id: string; readonly context?: number; readonly vision: boolean }
  | { readonly kind: 'none' | 'unknown' };

/** TabbyAPI, at the port of its variable or its default port. */
export const tabbyApi: Runtime = {
  id: 'tabbyapi',
  displayName: NAME,
  defaultPorts: [5_000],
  openAiPath: '/v1',
  startHint: 'Start it with its start script: ./start.sh',
  firstQuestion: SERVICE,
  isAskedAlone: false,
  // The server may have another environment than this process.
  findAddresses: ({ env, defaultPorts }) =>
    Promise.resolve([...addressesOfPortVariable(env, PORT_VARIABLE), ...localAddresses(defaultPorts)]),
  identify,
  list,
  // The service document stays public when keys are switched on, so the list is asked, which does not.
  isAlive: async (inquiry) =>
    livenessOfListOrMarker(await inquiry.get(LIST), isOwnList, async () =>
      livenessOf(await inquiry.get(SERVICE), (answer) => (isService(answer) ? null : undefined)),
    ),
};

function isService(answer: ProbeAnswer): boolean {
  return answer.status === 200 && serviceSchema.safeParse(answer.json()).success;
}

function isOwnList(rows: readonly unknown[]): boolean {
  return rows.length > 0 && rows.every((row) => readOpenAiRow(row)?.owner?.toLowerCase() === OWNER);
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const answer = await ask(inquiry, SERVICE, NAME);
  if (answer.kind !== 'answer') return answer;
  const unwanted = statusSetback(answer, NAME);
  if (unwanted !== undefined) return unwanted;
  if (isService(answer)) return { kind: 'identified', version: null };
  return { kind: 'not-this', found: `GET ${SERVICE} does not name TabbyAPI`, by: answer.evidence };
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const found = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  if (found.kind !== 'rows') return found;
  // Without a single model on its list the question would only put an error into the server's log.
  const loaded: Loaded = found.rows.length === 0 ? { kind: 'none' } : await askLoaded(inquiry);
  return toListing(found.rows, (row) => toRow(row, loaded));
}

async function askLoaded(inquiry: Inquiry): Promise<Loaded> {
  const answer = await inquiry.get(LOADED);
  if (answer.kind !== 'answer') return { kind: 'unknown' };
  if (answer.status === 503 || answer.status === 400) return { kind: 'none' };
  const parsed = answer.status === 200 ? loadedSchema.safeParse(answer.json()) : undefined;
  if (parsed === undefined || !parsed.success) return { kind: 'unknown' };
  const { id, parameters } = parsed.data;
  const context = tokenCount(parameters?.max_seq_len);
  return {
    kind: 'model',
    id,
    vision: parameters?.use_vision ?? false,
    ...(context === undefined ? {} : { context }),
  };
}

function toRow(raw: unknown, loaded: Loaded): ListedRow {
  const row = readOpenAiRow(raw);
  if (row === undefined) return UNREADABLE_ROW;
  const { id } = row;
  switch (loaded.kind) {
    case 'model':
      if (id !== loaded.id) {
        return { model: id, reason: 'it is not loaded; TabbyAPI would answer with the model that is' };
      }
      return {
        facts: { id, reasoning: false, vision: loaded.vision, context: { loaded: loaded.context } },
      };
    case 'none':
      return { model: id, reason: 'it is not loaded, nor is any other model' };
    case 'unknown':
      return { facts: { id, reasoning: false, vision: false, context: {} } };
  }
}
