/**
 * Jan's local API server. It gates everything behind a key, except for the description of its API, by which it
 * is told. Only a list that comes without a key proves that a server of a build without the gate needs none.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { reasonByName, toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { localAddresses } from './local-addresses.ts';
import { ask, askForList } from './openai-list.ts';
import { livenessOfListOrMarker, readOpenAiRow } from './openai-rows.ts';
import { livenessOf, statusSetback, type Identification, type Listing, type Runtime } from './runtime.ts';

const NAME = 'Jan';
const DESCRIPTION = '/openapi.json';
const LIST = '/v1/models';
/** Owner of models that Jan runs itself; those of hosted providers bear the provider's name. */
const OWN_MODELS = 'user';

const KEY_HINT =
  "Jan demands its API key (Jan's settings, Local API Server, API Key): configure the provider jan with that key";
const HOST_HINT =
  'Jan refuses this Host header: add the address to the trusted hosts in its Local API Server settings';

/** What Jan answers with status 401, as plain text. */
const REFUSALS = new Set(['Missing authorization header', 'Invalid or missing authorization token']);

const TITLE = /^Jan(?: Local)?(?: API)?(?: Server)?(?: Endpoints)?$/i;
const descriptionSchema = z.object({ info: z.object({ title: z.string() }) });

/** Jan, at its default port; nothing on disk or in the environment tells of another one. */
export const jan: Runtime = {
  id: 'jan',
  displayName: NAME,
  defaultPorts: [1_337],
  openAiPath: '/v1',
  startHint: "Start its server in Jan's settings, under Local API Server",
  firstQuestion: DESCRIPTION,
  isAskedAlone: false,
  findAddresses: (sources) => Promise.resolve(localAddresses(sources.defaultPorts)),
  identify,
  list,
  // The description stays public when a key is set, so the list is asked, which does not.
  isAlive: async (inquiry) =>
    livenessOfListOrMarker(await inquiry.get(LIST), hasOwners, async () =>
      livenessOf(await inquiry.get(DESCRIPTION), (answer) => (describesJan(answer) ? null : undefined)),
    ),
};

function describesJan(answer: ProbeAnswer): boolean {
  const parsed = answer.status === 200 ? descriptionSchema.safeParse(answer.json()) : undefined;
  return parsed !== undefined && parsed.success && TITLE.test(parsed.data.info.title);
}

function hasOwners(rows: readonly unknown[]): boolean {
  return rows.length > 0 && rows.every((row) => readOpenAiRow(row)?.owner !== undefined);
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const answer = await ask(inquiry, DESCRIPTION, NAME);
  if (answer.kind !== 'answer') return answer;
  if (answer.status === 401 && REFUSALS.has(answer.body.trim())) {
    return { kind: 'auth-required', hint: KEY_HINT };
  }
  const unwanted = statusSetback(answer, NAME);
  if (unwanted !== undefined) return unwanted;
  if (describesJan(answer)) return { kind: 'identified', version: null };
  return { kind: 'not-this', found: `GET ${DESCRIPTION} does not describe Jan`, by: answer.evidence };
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const answer = await inquiry.get(LIST);
  if (answer.kind === 'answer' && answer.status === 403) return { kind: 'error', hint: HOST_HINT };
  const found = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  return found.kind === 'rows' ? toListing(found.rows, toRow) : found;
}

/** Only running models are listed; how large their window is stays unsaid. */
function toRow(raw: unknown): ListedRow {
  const row = readOpenAiRow(raw);
  if (row === undefined) return UNREADABLE_ROW;
  const { id, owner } = row;
  const reason =
    owner === undefined || owner === OWN_MODELS
      ? reasonByName(id)
      : 'it runs at a hosted provider that Jan passes requests on to';
  if (reason !== undefined) return { model: id, reason };
  return { facts: { id, reasoning: false, vision: false, context: {} } };
}
