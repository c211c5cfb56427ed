/**
 * llama-server of llama.cpp, with one model or as a router over many, and the llamafiles that contain it. It is
 * told by a header that every one of its answers has. Nothing is asked here that would load a model.
 */
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { toListing } from './listing.ts';
import { llamaServerAddresses } from './llamacpp-address.ts';
import { readProperties, toLlamaServerRow } from './llamacpp-models.ts';
import { plainText } from './model-rows.ts';
import { ask, askForList } from './openai-list.ts';
import { livenessOf, type Identification, type Listing, type Runtime, type Setback } from './runtime.ts';

const NAME = 'llama-server';
const LIST = '/v1/models';
/** Never with `?model=`, which would make a router load that model. */
const PROPERTIES = '/props';

const KEY_HINT =
  'llama-server demands a key (--api-key, --api-key-file or LLAMA_API_KEY): configure the provider llamacpp ' +
  'with that key, or start the server without one';

const ELSEWHERE =
  'llama-server with another path (its --api-prefix), which LLAMA_ARG_API_PREFIX or discovery.endpoints has to name';

/** llama-server, at the address of its variables, at its port of today and at the one it had before. */
export const llamaCpp: Runtime = {
  id: 'llamacpp',
  displayName: NAME,
  defaultPorts: [9_931, 8_080],
  openAiPath: '/v1',
  startHint: 'Start it with: llama-server -m MODEL.gguf',
  firstQuestion: LIST,
  isAskedAlone: false,
  findAddresses: (sources) => Promise.resolve(llamaServerAddresses(sources)),
  identify,
  list,
  // Unlike the health route, this one notices that a key is demanded now, and that a model is being loaded.
  isAlive: async (inquiry) =>
    livenessOf(await inquiry.get(PROPERTIES), (answer) =>
      hasMarker(answer) && refusal(answer) === undefined ? versionOf(answer) : undefined,
    ),
};

function hasMarker({ headers }: ProbeAnswer): boolean {
  return headers['server'] === 'llama.cpp';
}

/** Null where the properties do not tell it: builds without them are llama-server by their header all the same. */
function versionOf(answer: ProbeAnswer): string | null {
  if (answer.status !== 200) return null;
  return plainText(readProperties(answer.json())?.build);
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const answer = await ask(inquiry, LIST, NAME);
  if (answer.kind !== 'answer') return answer;
  if (!hasMarker(answer)) {
    return { kind: 'not-this', found: 'no header "Server: llama.cpp"', by: answer.evidence };
  }
  if (answer.status === 404) return { kind: 'not-this', found: ELSEWHERE, by: answer.evidence };
  // Whatever else it refuses or fails with, it is llama-server.
  if (answer.status !== 200) return { kind: 'identified', version: null };
  const properties = await ask(inquiry, PROPERTIES, NAME);
  const version = properties.kind === 'answer' ? versionOf(properties) : null;
  return { kind: 'identified', version };
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const answer = await ask(inquiry, LIST, NAME);
  if (answer.kind !== 'answer') return answer;
  const unwanted = refusal(answer);
  if (unwanted !== undefined) return unwanted;
  if (!hasMarker(answer)) return { kind: 'not-this', found: 'another program by now', by: answer.evidence };
  const listed = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  if (listed.kind !== 'rows') return listed;
  const properties = await ask(inquiry, PROPERTIES, NAME);
  if (properties.kind !== 'answer') return properties;
  // Old builds gave the list to everybody and demanded the key for all the rest.
  const locked = refusal(properties);
  if (locked !== undefined) return locked;
  const known = properties.status === 200 ? readProperties(properties.json()) : undefined;
  return toListing(listed.rows, (row) => toLlamaServerRow(row, known));
}

/** What the server says about keys and about a model that is not there yet. */
function refusal({ status }: ProbeAnswer): Setback | undefined {
  if (status === 401 || status === 403) return { kind: 'auth-required', hint: KEY_HINT };
  if (status !== 503) return undefined;
  return { kind: 'loading', hint: 'llama-server is loading its model; wait until it has finished' };
}
