/** exo: told by the owner of its list. That list holds every model it knows; only those on this machine count. */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import { reasonByName, toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { localAddresses } from './local-addresses.ts';
import { tokenCount } from './model-rows.ts';
import { allOwnedBy, askForList, MAX_LIST_BYTES, notOwnedBy } from './openai-list.ts';
import { livenessOfList } from './openai-rows.ts';
import { livenessOf, type Identification, type Listing, type Liveness, type Runtime } from './runtime.ts';

const NAME = 'exo';
const OWNER = 'exo';
const LIST = '/v1/models';
const DOWNLOADED = '/v1/models?status=downloaded';
const NODE = '/node_id';

const KEY_HINT = 'exo itself has no keys, so something in front of it demands one; ask whoever put it there';

const rowSchema = z.object({
  id: z.string(),
  name: z.string().nullish(),
  /** Zero where it is not known. */
  context_length: z.unknown().optional(),
  capabilities: z.array(z.string()).nullish(),
  tasks: z.array(z.string()).nullish(),
});

/** exo at its default port. */
export const exo: Runtime = {
  id: 'exo',
  displayName: NAME,
  defaultPorts: [52_415],
  openAiPath: '/v1',
  keyHint: KEY_HINT,
  startHint: 'Start it with: exo',
  firstQuestion: LIST,
  isAskedAlone: false,
  findAddresses: ({ defaultPorts }) => Promise.resolve(localAddresses(defaultPorts)),
  identify,
  list,
  isAlive,
};

/** The short answer; a server without it is known by its long list, as it was identified. */
async function isAlive(inquiry: Inquiry): Promise<Liveness> {
  const node = livenessOf(await inquiry.get(NODE), (answer) =>
    answer.status === 200 && z.string().min(1).safeParse(answer.json()).success ? null : undefined,
  );
  if (node.kind !== 'changed') return node;
  const listed = await inquiry.get(LIST, { maxBytes: MAX_LIST_BYTES });
  return livenessOfList(listed, (rows) => allOwnedBy(rows, OWNER));
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const listed = await askForList(inquiry, LIST, { name: NAME });
  if (listed.kind !== 'rows') return listed;
  return allOwnedBy(listed.rows, OWNER) ? { kind: 'identified', version: null } : notOwnedBy(OWNER, listed);
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const listed = await askForList(inquiry, DOWNLOADED, { name: NAME, keyHint: KEY_HINT });
  return listed.kind === 'rows' ? toListing(listed.rows, toRow) : listed;
}

function toRow(raw: unknown): ListedRow {
  const row = rowSchema.safeParse(raw).data;
  if (row === undefined) return UNREADABLE_ROW;
  const { id, name, capabilities, tasks } = row;
  const reason = reasonFrom(capabilities ?? [], tasks ?? []) ?? reasonByName(id);
  if (reason !== undefined) return { model: id, reason };
  return {
    facts: {
      id,
      ...(name ? { name } : {}),
      reasoning: (capabilities ?? []).includes('thinking'),
      vision: (capabilities ?? []).includes('vision'),
      context: { trained: tokenCount(row.context_length) },
    },
  };
}

function reasonFrom(capabilities: readonly string[], tasks: readonly string[]): string | undefined {
  if (capabilities.includes('embedding') && !capabilities.includes('text')) return 'it makes embeddings only';
  if (tasks.length === 0 || tasks.some((task) => /text[-_ ]?generation/i.test(task))) return undefined;
  return `it is no chat model, but for ${tasks.slice(0, 4).join(', ')}`;
}
