/**
 * text-generation-webui, started with its API. It is told by a route of its own about the loaded model, or,
 * where a key closes that route, by the public description of its API, which lists the route.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { reasonByName, toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { addressesOfPortVariable, localAddresses } from './local-addresses.ts';
import { ask, askForList } from './openai-list.ts';
import { readOpenAiRow } from './openai-rows.ts';
import { livenessOf, statusSetback, type Identification, type Listing, type Runtime } from './runtime.ts';

const NAME = 'text-generation-webui';
const MODEL_INFO = '/v1/internal/model/info';
const DESCRIPTION = '/openapi.json';
const LIST = '/v1/models';
const PORT_VARIABLE = 'OPENEDAI_PORT';

const KEY_HINT =
  'text-generation-webui was started with --api-key: configure the provider text-generation-webui with that ' +
  'key, or start it without one';

const infoSchema = z.object({
  model_name: z.string().nullable(),
  lora_names: z.array(z.unknown()),
  // The key counts; its value is null while nothing is loaded.
  loader: z.string().nullable(),
});

const descriptionSchema = z.object({ paths: z.record(z.string(), z.unknown()) });

/** text-generation-webui, at the port of its variable or its default port. */
export const textGenerationWebui: Runtime = {
  id: 'text-generation-webui',
  displayName: NAME,
  defaultPorts: [5_000],
  openAiPath: '/v1',
  startHint: 'Start it with its API: python server.py --api',
  firstQuestion: MODEL_INFO,
  isAskedAlone: false,
  // The server may have another environment than this process.
  findAddresses: ({ env, defaultPorts }) =>
    Promise.resolve([...addressesOfPortVariable(env, PORT_VARIABLE), ...localAddresses(defaultPorts)]),
  identify,
  list,
  isAlive: async (inquiry) => {
    const answer = await inquiry.get(MODEL_INFO);
    const info = answer.kind === 'answer' ? readInfo(answer) : undefined;
    const liveness = livenessOf(answer, () => (info === undefined ? undefined : null));
    return liveness.kind === 'alive' ? { ...liveness, signature: info?.model_name ?? '' } : liveness;
  },
};

function readInfo(answer: ProbeAnswer): z.infer<typeof infoSchema> | undefined {
  return answer.status === 200 ? infoSchema.safeParse(answer.json()).data : undefined;
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const answer = await ask(inquiry, MODEL_INFO, NAME);
  if (answer.kind !== 'answer') return answer;
  if (readInfo(answer) !== undefined) return { kind: 'identified', version: null };
  if (answer.status === 401 && (await describesOwnRoute(inquiry))) {
    return { kind: 'identified', version: null };
  }
  return (
    statusSetback(answer, NAME) ?? {
      kind: 'not-this',
      found: `GET ${MODEL_INFO} does not tell of a model as ${NAME} does`,
      by: answer.evidence,
    }
  );
}

async function describesOwnRoute(inquiry: Inquiry): Promise<boolean> {
  const answer = await inquiry.get(DESCRIPTION);
  if (answer.kind !== 'answer' || answer.status !== 200) return false;
  const parsed = descriptionSchema.safeParse(answer.json());
  return parsed.success && Object.hasOwn(parsed.data.paths, MODEL_INFO);
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const found = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  if (found.kind !== 'rows') return found;
  const info = await inquiry.get(MODEL_INFO);
  const loaded = info.kind === 'answer' ? readInfo(info)?.model_name : undefined;
  return toListing(found.rows, (row) => toRow(row, loaded ?? undefined));
}

/** How large the window is stays unsaid. */
function toRow(raw: unknown, loaded: string | undefined): ListedRow {
  const row = readOpenAiRow(raw);
  if (row === undefined) return UNREADABLE_ROW;
  const { id } = row;
  const reason = reasonByName(id);
  if (reason !== undefined) return { model: id, reason };
  // Older versions list names of hosted models, which all stand for the loaded one.
  if (loaded !== undefined && id !== loaded) {
    return { model: id, reason: 'it is not loaded; the loaded model would answer in its name' };
  }
  return { facts: { id, reasoning: false, vision: false, context: {} } };
}
