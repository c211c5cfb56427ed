/**
 * SGLang: told by the owner of its list. Never asked for its health, which generates a token, nor for its
 * server info, which tells the keys that it was started with.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import { toListing, UNREADABLE_ROW } from './listing.ts';
import { localAddresses } from './local-addresses.ts';
import { allOwnedBy, ask, askForList, notOwnedBy } from './openai-list.ts';
import { livenessOf, type Identification, type Listing, type Runtime } from './runtime.ts';
import { toServedListing } from './served-models.ts';

const NAME = 'SGLang';
const OWNER = 'sglang';
const LIST = '/v1/models';

const KEY_HINT =
  'SGLang demands a key (--api-key at its start): configure the provider sglang with that key, or start the ' +
  'server without one';

const refusalSchema = z.strictObject({ error: z.literal('Unauthorized') });

const infoSchema = z.object({
  model_path: z.string(),
  is_generation: z.boolean().optional(),
  has_image_understanding: z.boolean().optional(),
});

const cardSchema = z.object({ id: z.string() });
const listSchema = z.object({ data: z.array(z.unknown()) });

/** SGLang at its default port. */
export const sglang: Runtime = {
  id: 'sglang',
  displayName: NAME,
  defaultPorts: [30_000],
  openAiPath: '/v1',
  startHint: 'Start it with: python3 -m sglang.launch_server --model-path MODEL',
  firstQuestion: LIST,
  isAskedAlone: false,
  findAddresses: ({ defaultPorts }) => Promise.resolve(localAddresses(defaultPorts)),
  identify,
  list,
  isAlive: async (inquiry) =>
    livenessOf(await inquiry.get(LIST), (answer) => {
      const rows = answer.status === 200 ? listSchema.safeParse(answer.json()).data?.data : undefined;
      return rows !== undefined && allOwnedBy(rows, OWNER) ? null : undefined;
    }),
};

async function identify(inquiry: Inquiry): Promise<Identification> {
  const listed = await askForList(inquiry, LIST, { name: NAME });
  if (listed.kind === 'auth-required') return (await lockedHint(inquiry)) ?? listed;
  if (listed.kind !== 'rows') return listed;
  return allOwnedBy(listed.rows, OWNER) ? { kind: 'identified', version: null } : notOwnedBy(OWNER, listed);
}

/** With a key everything but its health is locked: the way of the refusal gives a hint, and no identity. */
async function lockedHint(inquiry: Inquiry): Promise<Identification | undefined> {
  const refusal = await ask(inquiry, LIST, NAME);
  if (refusal.kind !== 'answer' || !refusalSchema.safeParse(refusal.json()).success) return undefined;
  return {
    kind: 'auth-required',
    hint: `What answers here demands a key in the way of SGLang. If it is SGLang: ${KEY_HINT}`,
  };
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const listed = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  if (listed.kind !== 'rows') return listed;
  const info = await modelInfo(inquiry);
  if (info?.is_generation !== false) {
    return toServedListing(listed.rows, info?.has_image_understanding ?? false);
  }
  return toListing(listed.rows, (row) => {
    const card = cardSchema.safeParse(row).data;
    return card === undefined ? UNREADABLE_ROW : { model: card.id, reason: 'it makes embeddings only' };
  });
}

async function modelInfo(inquiry: Inquiry): Promise<z.infer<typeof infoSchema> | undefined> {
  // The old name comes second: servers that know the new one write a warning when the old one is asked.
  for (const path of ['/model_info', '/get_model_info']) {
    const answer = await ask(inquiry, path, NAME);
    if (answer.kind !== 'answer') return undefined;
    if (answer.status === 200) return infoSchema.safeParse(answer.json()).data;
  }
  return undefined;
}
