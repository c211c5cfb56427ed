/**
 * llama-swap: a proxy that starts one server for each model when it is asked for. It is told by the owner of
 * its models, or by the realm of its demand for a key. Nothing below `/upstream` is asked, which starts servers.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { reasonByName, toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { localAddresses } from './local-addresses.ts';
import { tokenCount } from './model-rows.ts';
import { allOwnedBy, ask, askForList, notOwnedBy } from './openai-list.ts';
import { livenessOf, type Identification, type Listing, type Runtime } from './runtime.ts';

const NAME = 'llama-swap';
const LIST = '/v1/models';
const RUNNING = '/running';

const KEY_HINT =
  'llama-swap demands a key (apiKeys in its config.yaml): configure the provider llama-swap with one of them, ' +
  'or remove apiKeys';

const runningSchema = z.object({ running: z.array(z.unknown()) });

const rowSchema = z.object({
  id: z.string(),
  name: z.string().nullish(),
  status: z.object({ value: z.string() }).nullish(),
  context_length: z.unknown().optional(),
  meta: z
    .object({
      n_ctx: z.unknown().optional(),
      n_ctx_train: z.unknown().optional(),
      llamaswap: z.object({ type: z.unknown().optional(), peerID: z.unknown().optional() }).nullish(),
    })
    .nullish(),
  architecture: z.object({ input_modalities: z.array(z.string()).optional() }).nullish(),
});

/** llama-swap, at its default port: only a flag of its own moves it. */
export const llamaSwap: Runtime = {
  id: 'llama-swap',
  displayName: NAME,
  defaultPorts: [8_080],
  openAiPath: '/v1',
  startHint: 'Start it with: llama-swap --config config.yaml',
  firstQuestion: LIST,
  isAskedAlone: false,
  findAddresses: ({ defaultPorts }) => Promise.resolve(localAddresses(defaultPorts)),
  identify,
  list,
  // The health route is public; this one notices that a key is demanded now.
  isAlive: async (inquiry) =>
    livenessOf(await inquiry.get(RUNNING), (answer) => (isRunningList(answer) ? null : undefined)),
};

function isRunningList(answer: ProbeAnswer): boolean {
  return answer.status === 200 && runningSchema.safeParse(answer.json()).success;
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const answer = await ask(inquiry, LIST, NAME);
  if (answer.kind !== 'answer') return answer;
  if (answer.status === 401 && /realm="?llama-swap\b/.test(answer.headers['www-authenticate'] ?? '')) {
    return { kind: 'identified', version: null };
  }
  const listed = await askForList(inquiry, LIST, { name: NAME });
  if (listed.kind !== 'rows') return listed;
  if (!allOwnedBy(listed.rows, 'llama-swap')) return notOwnedBy('llama-swap', listed);
  const running = await ask(inquiry, RUNNING, NAME);
  if (running.kind !== 'answer') return running;
  if (isRunningList(running)) return { kind: 'identified', version: null };
  return { kind: 'not-this', found: 'no list of running models at /running', by: running.evidence };
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const listed = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  return listed.kind === 'rows' ? toListing(listed.rows, toRow) : listed;
}

function toRow(raw: unknown): ListedRow {
  const parsed = rowSchema.safeParse(raw);
  if (!parsed.success) return UNREADABLE_ROW;
  const { id, name, status, meta, architecture } = parsed.data;
  const { type, peerID } = meta?.llamaswap ?? {};
  if (type === 'peer' || type === 'remote' || peerID !== undefined) {
    return { model: id, reason: 'it runs on another host, which may be a cloud service' };
  }
  const reason = reasonByName(id);
  if (reason !== undefined) return { model: id, reason };
  const window = tokenCount(meta?.n_ctx) ?? tokenCount(parsed.data.context_length);
  const isLoaded = status?.value === 'loaded';
  return {
    facts: {
      id,
      name: name?.trim(),
      reasoning: false,
      vision: architecture?.input_modalities?.includes('image') ?? false,
      // What it remembers of a server that it has stopped holds for the next start of that server.
      context: {
        ...(isLoaded ? { loaded: window } : { configured: window }),
        trained: tokenCount(meta?.n_ctx_train),
      },
    },
  };
}
