/**
 * LocalAI: told by the document in which it describes itself, which is public even where keys are set. It
 * imitates Ollama and has no owner in its list.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { reasonByName, toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { addressesOfHostVariable, localAddresses } from './local-addresses.ts';
import { plainText } from './model-rows.ts';
import { ask, askForList, MAX_LIST_BYTES } from './openai-list.ts';
import { livenessOfList, readOpenAiRow } from './openai-rows.ts';
import { statusSetback, type Identification, type Listing, type Runtime } from './runtime.ts';

const NAME = 'LocalAI';
const MARKER = '/.well-known/localai.json';
const LIST = '/v1/models';

const KEY_HINT =
  'LocalAI demands a key (LOCALAI_API_KEY or API_KEY at its start): configure the provider localai with that ' +
  'key, or start the server without one';

const markerSchema = z.object({ version: z.string(), endpoints: z.looseObject({}) });

const rowSchema = z.object({ id: z.string() });

const capableRowSchema = z.object({
  id: z.string(),
  capabilities: z.array(z.string()).nullish(),
  input_modalities: z.array(z.string()).nullish(),
});

type Capable = z.infer<typeof capableRowSchema>;

/** What a model must be able to do for a conversation. */
const CHAT = ['chat', 'completion'];

/** LocalAI, at the address of its variables and at its default port. */
export const localAi: Runtime = {
  id: 'localai',
  displayName: NAME,
  defaultPorts: [8_080],
  openAiPath: '/v1',
  startHint: 'Start it with: local-ai run',
  firstQuestion: MARKER,
  isAskedAlone: false,
  findAddresses: ({ env, defaultPorts }) => {
    const own = addressesOfHostVariable(env, 'LOCALAI_ADDRESS');
    const named = own.length > 0 ? own : addressesOfHostVariable(env, 'ADDRESS');
    return Promise.resolve([...named, ...localAddresses(defaultPorts)]);
  },
  identify,
  list,
  // The description stays public when keys are set, so the list is asked, which does not.
  isAlive: async (inquiry) =>
    livenessOfList(await inquiry.get(LIST, { maxBytes: MAX_LIST_BYTES }), (rows) => rows.every(isUnowned)),
};

/** The version text, null for one that cannot be shown, undefined for a foreign answer. */
function readMarker(answer: ProbeAnswer): string | null | undefined {
  const marker = answer.status === 200 ? markerSchema.safeParse(answer.json()).data : undefined;
  return marker === undefined ? undefined : plainText(marker.version);
}

function isUnowned(raw: unknown): boolean {
  return readOpenAiRow(raw)?.owner === undefined;
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const marker = await ask(inquiry, MARKER, NAME);
  if (marker.kind !== 'answer') return marker;
  const version = readMarker(marker);
  if (version !== undefined) return { kind: 'identified', version };
  const found = `no description of ${NAME} at ${MARKER}`;
  return statusSetback(marker, NAME) ?? { kind: 'not-this', found, by: marker.evidence };
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const listed = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  if (listed.kind !== 'rows') return listed;
  const ready = await ask(inquiry, '/readyz', NAME);
  if (ready.kind === 'answer' && ready.status === 503) {
    return { kind: 'loading', hint: 'LocalAI is starting; wait until /readyz answers 200' };
  }
  const capable = await capabilities(inquiry);
  return toListing(listed.rows, (row) => toRow(row, capable));
}

/** What each model can do, by id; servers before the route was made do not tell. */
async function capabilities(inquiry: Inquiry): Promise<ReadonlyMap<string, Capable>> {
  const listed = await askForList(inquiry, '/v1/models/capabilities', { name: NAME });
  if (listed.kind !== 'rows') return new Map();
  const rows = listed.rows.map((row) => capableRowSchema.safeParse(row).data);
  return new Map(rows.filter((row) => row !== undefined).map((row) => [row.id, row]));
}

function toRow(raw: unknown, capable: ReadonlyMap<string, Capable>): ListedRow {
  const row = rowSchema.safeParse(raw).data;
  if (row === undefined) return UNREADABLE_ROW;
  const { capabilities: can, input_modalities: input } = capable.get(row.id) ?? {};
  const reason = reasonFrom(can ?? []) ?? (can?.length ? undefined : reasonByName(row.id));
  if (reason !== undefined) return { model: row.id, reason };
  const vision = (can ?? []).includes('vision') || (input ?? []).includes('image');
  // Neither list tells a length, so the runtime's own default is assumed.
  return { facts: { id: row.id, reasoning: false, vision, context: {} } };
}

function reasonFrom(can: readonly string[]): string | undefined {
  if (can.length === 0 || CHAT.some((chat) => can.includes(chat))) return undefined;
  if (can.some((one) => one.startsWith('embed'))) return 'it makes embeddings only';
  return `it is no chat model, but for ${can.slice(0, 4).join(', ')}`;
}
