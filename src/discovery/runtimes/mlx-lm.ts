/**
 * The server of MLX-LM. It has no marker of its own, so it takes all of its traits together: the header of
 * Python's plain HTTP server, its health answer and a list whose rows have no owner. Whatever lacks one is not it.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { reasonByName, toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { localAddresses } from './local-addresses.ts';
import { ask, askForList } from './openai-list.ts';
import { livenessOf, type Identification, type Listing, type Runtime, type Setback } from './runtime.ts';

const NAME = 'MLX-LM';
const LIST = '/v1/models';
const HEALTH = '/health';

const healthSchema = z.strictObject({ status: z.literal('ok') });
const rowSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.number(),
  owned_by: z.undefined().optional(),
});

/** The server of MLX-LM, at its default port: only flags of its own move it. */
export const mlxLm: Runtime = {
  id: 'mlx-lm',
  displayName: NAME,
  defaultPorts: [8_080],
  openAiPath: '/v1',
  startHint: 'Start it with: mlx_lm.server',
  firstQuestion: LIST,
  isAskedAlone: false,
  findAddresses: ({ defaultPorts }) => Promise.resolve(localAddresses(defaultPorts)),
  identify,
  list,
  isAlive: async (inquiry) =>
    livenessOf(await inquiry.get(HEALTH), (answer) => (isHealthy(answer) ? null : undefined)),
};

/** The header that Python's own HTTP server gives; every second small program in Python has it too. */
function isPlainPython({ headers }: ProbeAnswer): boolean {
  return /^BaseHTTP\/[\d.]+ Python\/[\d.]+/.test(headers['server'] ?? '');
}

function isHealthy(answer: ProbeAnswer): boolean {
  return answer.status === 200 && isPlainPython(answer) && healthSchema.safeParse(answer.json()).success;
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const listed = await askForList(inquiry, LIST, { name: NAME });
  if (listed.kind !== 'rows') return listed;
  const { rows, answer } = listed;
  const isOurs = isPlainPython(answer) && rows.length > 0 && rows.every(isUnowned);
  if (!isOurs) return notThis(answer);
  const health = await ask(inquiry, HEALTH, NAME);
  if (health.kind !== 'answer') return health;
  return isHealthy(health) ? { kind: 'identified', version: null } : notThis(health);
}

function notThis({ evidence }: ProbeAnswer): Setback {
  return { kind: 'not-this', found: 'not all the traits of the server of MLX-LM', by: evidence };
}

function isUnowned(row: unknown): boolean {
  return rowSchema.safeParse(row).success;
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const listed = await askForList(inquiry, LIST, { name: NAME });
  return listed.kind === 'rows' ? toListing(listed.rows, toRow) : listed;
}

/** The list has every model of the cache and names them alone. */
function toRow(raw: unknown): ListedRow {
  const parsed = rowSchema.safeParse(raw);
  if (!parsed.success) return UNREADABLE_ROW;
  const { id } = parsed.data;
  const reason = reasonByName(id);
  if (reason !== undefined) return { model: id, reason };
  return { facts: { id, reasoning: false, vision: false, context: {} } };
}
