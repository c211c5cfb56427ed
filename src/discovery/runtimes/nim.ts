/**
 * NVIDIA NIM containers. Those of today are vLLM with routes of their own, so they are told by their metadata,
 * and their list by itself would call them vLLM.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { addressesOfPortVariable, localAddresses } from './local-addresses.ts';
import { plainText } from './model-rows.ts';
import { ask, askForList } from './openai-list.ts';
import {
  livenessOf,
  statusSetback,
  type Identification,
  type Listing,
  type Runtime,
  type Setback,
} from './runtime.ts';
import { toServedListing } from './served-models.ts';

const NAME = 'NIM';
/** The route that tells a NIM container from a plain server; other servers answer it with 404. */
export const NIM_METADATA = '/v1/metadata';

const KEY_HINT =
  'The server in the NIM container demands a key (--api-key or VLLM_API_KEY among its arguments): configure ' +
  'the provider nim with that key, or start the container without one';

const LOADING: Setback = {
  kind: 'loading',
  hint: 'The NIM container is loading its model; wait until /v1/health/ready answers 200',
};

const metadataSchema = z.object({
  version: z.string(),
  modelInfo: z.array(z.looseObject({})),
  assetInfo: z.array(z.unknown()).nullish(),
  licenseInfo: z.looseObject({}).nullish(),
});

const healthSchema = z.object({ message: z.string().optional(), object: z.string().optional() });

/** A NIM container whose port is published on this machine. */
export const nim: Runtime = {
  id: 'nim',
  displayName: 'NVIDIA NIM',
  defaultPorts: [8_000],
  openAiPath: '/v1',
  startHint: 'Start its container and publish the port: docker run --gpus all -p 8000:8000 IMAGE',
  firstQuestion: NIM_METADATA,
  isAskedAlone: false,
  findAddresses: ({ env, defaultPorts }) =>
    Promise.resolve([...addressesOfPortVariable(env, 'NIM_SERVER_PORT'), ...localAddresses(defaultPorts)]),
  identify,
  list,
  isAlive: async (inquiry) => livenessOf(await inquiry.get(NIM_METADATA), readNimMetadata),
};

/** The version in a NIM container's metadata, null for one that cannot be shown, undefined for a foreign answer. */
export function readNimMetadata(answer: ProbeAnswer): string | null | undefined {
  if (answer.status !== 200) return undefined;
  const metadata = metadataSchema.safeParse(answer.json()).data;
  if (metadata === undefined || (!metadata.assetInfo && !metadata.licenseInfo)) return undefined;
  return plainText(metadata.version);
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const metadata = await ask(inquiry, NIM_METADATA, NAME);
  if (metadata.kind !== 'answer') return metadata;
  if (metadata.status === 401 || metadata.status === 403) {
    // Whoever it is will be named by its own marker, with its own hint.
    return { kind: 'not-this', found: 'metadata that demand a key', by: metadata.evidence };
  }
  if (metadata.status >= 500 && (await isContainer(inquiry))) return LOADING;
  const unwanted = statusSetback(metadata, NAME);
  if (unwanted !== undefined) return unwanted;
  const version = readNimMetadata(metadata);
  if (version !== undefined) return { kind: 'identified', version };
  return { kind: 'not-this', found: 'no metadata of a NIM container', by: metadata.evidence };
}

/** While the model is loading, the front of the container says that it lives. */
async function isContainer(inquiry: Inquiry): Promise<boolean> {
  const live = await ask(inquiry, '/v1/health/live', NAME);
  if (live.kind !== 'answer' || live.status !== 200) return false;
  const health = healthSchema.safeParse(live.json()).data;
  return /^service is live\b/i.test(health?.message ?? '');
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const listed = await askForList(inquiry, '/v1/models', { name: NAME, keyHint: KEY_HINT });
  if (listed.kind === 'rows') return toServedListing(listed.rows, false);
  if (listed.kind !== 'error') return listed;
  const ready = await ask(inquiry, '/v1/health/ready', NAME);
  return ready.kind === 'answer' && ready.status !== 200 ? LOADING : listed;
}
