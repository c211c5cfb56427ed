/**
 * vLLM: told by the owner of its list. A list that demands a key has no owner to see; then the open version
 * route, vLLM's way to refuse and its server together tell it.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { localAddresses } from './local-addresses.ts';
import { plainText } from './model-rows.ts';
import { NIM_METADATA, readNimMetadata } from './nim.ts';
import { allOwnedBy, ask, askForList, MAX_LIST_BYTES, notOwnedBy } from './openai-list.ts';
import { livenessOfList } from './openai-rows.ts';
import type { Identification, Listing, Runtime } from './runtime.ts';
import { toServedListing } from './served-models.ts';

const NAME = 'vLLM';
const OWNER = 'vllm';
const LIST = '/v1/models';
/** Needs no key, even where all of `/v1` does. */
const VERSION = '/version';

const KEY_HINT =
  'vLLM demands a key (--api-key or VLLM_API_KEY at its start): configure the provider vllm with that key, ' +
  'or start the server without one';

const versionSchema = z.strictObject({ version: z.string() });
const refusalSchema = z.strictObject({ error: z.literal('Unauthorized') });

/** vLLM at its default port. Its variable `VLLM_PORT` is for its own processes, not for this API. */
export const vllm: Runtime = {
  id: 'vllm',
  displayName: NAME,
  defaultPorts: [8_000],
  openAiPath: '/v1',
  startHint: 'Start it with: vllm serve MODEL',
  firstQuestion: LIST,
  isAskedAlone: false,
  findAddresses: ({ defaultPorts }) => Promise.resolve(localAddresses(defaultPorts)),
  identify,
  list,
  // The version stays public when a key is switched on, so the list is asked, which does not.
  isAlive: async (inquiry) =>
    livenessOfList(await inquiry.get(LIST, { maxBytes: MAX_LIST_BYTES }), (rows) => allOwnedBy(rows, OWNER)),
};

/** The version text, null for one that cannot be shown, undefined for a foreign answer. */
function readVersion(answer: ProbeAnswer): string | null | undefined {
  const version = answer.status === 200 ? versionSchema.safeParse(answer.json()).data : undefined;
  return version === undefined ? undefined : plainText(version.version);
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const listed = await askForList(inquiry, LIST, { name: NAME });
  if (listed.kind === 'auth-required') return (await identifyLocked(inquiry)) ?? listed;
  if (listed.kind !== 'rows') return listed;
  if (!allOwnedBy(listed.rows, OWNER)) return notOwnedBy(OWNER, listed);
  const [version, metadata] = await Promise.all([
    ask(inquiry, VERSION, NAME),
    ask(inquiry, NIM_METADATA, NAME),
  ]);
  if (metadata.kind === 'answer' && readNimMetadata(metadata) !== undefined) {
    return { kind: 'not-this', found: 'not plain vLLM but a NIM container', by: metadata.evidence };
  }
  // The owner alone is a word that others write, too.
  if (version.kind !== 'answer') return version;
  const text = readVersion(version);
  if (text !== undefined) return { kind: 'identified', version: text };
  return { kind: 'not-this', found: 'no version that vLLM gives', by: version.evidence };
}

async function identifyLocked(inquiry: Inquiry): Promise<Identification | undefined> {
  const refusal = await ask(inquiry, LIST, NAME);
  if (refusal.kind !== 'answer' || refusal.headers['server'] !== 'uvicorn') return undefined;
  if (!refusalSchema.safeParse(refusal.json()).success) return undefined;
  const version = await ask(inquiry, VERSION, NAME);
  const text = version.kind === 'answer' ? readVersion(version) : undefined;
  return text === undefined ? undefined : { kind: 'identified', version: text };
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const listed = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  return listed.kind === 'rows' ? toServedListing(listed.rows, false) : listed;
}
