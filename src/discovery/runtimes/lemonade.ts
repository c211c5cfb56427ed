/**
 * Lemonade: told by its health route, which lists what is loaded and where, and by the owner of its list. The servers that it starts for its
 * models answer on ports of their own; they are reported as its own, so that no model is listed twice.
 */
import * as z from 'zod';
import { variable, type Environment } from '../../platform/paths.ts';
import type { Address } from '../address.ts';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { toListing } from './listing.ts';
import { lemonadeRow, type LoadedContexts } from './lemonade-models.ts';
import { addressesOfPortVariable, localAddresses } from './local-addresses.ts';
import { plainText, tokenCount } from './model-rows.ts';
import { ask, askForList, notOwnedBy, type AnsweredList } from './openai-list.ts';
import { readOpenAiRow } from './openai-rows.ts';
import {
  livenessOf,
  statusSetback,
  type Identification,
  type Listing,
  type Runtime,
  type Setback,
} from './runtime.ts';

const NAME = 'Lemonade';
const OWNER = 'lemonade';
const BASE = '/api/v1';
const HEALTH = `${BASE}/health`;
const LIST = `${BASE}/models`;
/** Loaded models that are looked at; nobody holds more in memory. */
const MAX_LOADED = 100;

const KEY_HINT =
  'Lemonade demands a key (LEMONADE_API_KEY at its start): configure the provider lemonade with that key, or ' +
  'start the server without one';

const loadedSchema = z.object({
  model_name: z.string(),
  backend_url: z.string().nullish(),
  recipe_options: z.object({ ctx_size: z.unknown().optional() }).nullish(),
});

const healthSchema = z.object({
  status: z.string(),
  version: z.string(),
  websocket_port: z.number(),
  all_models_loaded: z.array(z.unknown()),
});

const refusalSchema = z.object({ error: z.literal('Invalid or missing API key') });

/** Lemonade, at the port of its variable, and at its default port. */
export const lemonade: Runtime = {
  id: 'lemonade',
  displayName: NAME,
  defaultPorts: [13_305],
  openAiPath: BASE,
  startHint: 'Start it with: lemonade-server serve',
  firstQuestion: HEALTH,
  isAskedAlone: false,
  findAddresses: ({ env, defaultPorts }) =>
    Promise.resolve([...namedAddresses(env, defaultPorts), ...localAddresses(defaultPorts)]),
  identify,
  list,
  isAlive: async (inquiry) => livenessOf(await inquiry.get(HEALTH), readVersion),
};

function namedAddresses(env: Environment, defaultPorts: readonly number[]): readonly Address[] {
  const ports = addressesOfPortVariable(env, 'LEMONADE_PORT');
  const host = variable(env, 'LEMONADE_HOST');
  if (host === undefined) return ports;
  const named = ports.length > 0 ? ports : localAddresses(defaultPorts);
  return named.map((address) => ({ ...address, host, foundBy: 'LEMONADE_HOST' }));
}

function readHealth(answer: ProbeAnswer): z.infer<typeof healthSchema> | undefined {
  return answer.status === 200 ? healthSchema.safeParse(answer.json()).data : undefined;
}

/** The version text, null for one that cannot be shown, undefined for a foreign answer. */
function readVersion(answer: ProbeAnswer): string | null | undefined {
  const health = readHealth(answer);
  return health === undefined ? undefined : plainText(health.version);
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const health = await ask(inquiry, HEALTH, NAME);
  if (health.kind !== 'answer') return health;
  const version = readVersion(health);
  if (version !== undefined) {
    const listed = await askForList(inquiry, LIST, { name: NAME });
    return (listed.kind === 'rows' ? foreignOwner(listed) : undefined) ?? { kind: 'identified', version };
  }
  if (health.status === 401 && refusalSchema.safeParse(health.json()).success) return locked();
  const found = `no health at ${HEALTH} that ${NAME} gives`;
  return statusSetback(health, NAME) ?? { kind: 'not-this', found, by: health.evidence };
}

/** A health of that shape is soon imitated, and what it says of other servers makes them disappear. */
function foreignOwner(listed: AnsweredList): Setback | undefined {
  const readable = listed.rows.map(readOpenAiRow).filter((row) => row !== undefined);
  return readable.every(({ owner }) => owner === OWNER) ? undefined : notOwnedBy(OWNER, listed);
}

/** Where even the health demands a key, the words of the refusal give a hint, and no identity. */
function locked(): Setback {
  return {
    kind: 'auth-required',
    hint: `What answers here demands a key in the way of Lemonade. If it is Lemonade: ${KEY_HINT}`,
  };
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const listed = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  if (listed.kind !== 'rows') return listed;
  const foreign = foreignOwner(listed);
  if (foreign !== undefined) return foreign;
  const health = await ask(inquiry, HEALTH, NAME);
  if (health.kind !== 'answer') return health;
  const loaded = loadedModels(health);
  const contexts: LoadedContexts = new Map(
    loaded.map(({ model_name: name, recipe_options: options }) => [name, tokenCount(options?.ctx_size)]),
  );
  const listing = toListing(listed.rows, (row) => lemonadeRow(row, contexts));
  if (listing.kind !== 'listed') return listing;
  return { ...listing, ownedUrls: loaded.flatMap(({ backend_url: url }) => (url ? [url] : [])) };
}

function loadedModels(health: ProbeAnswer): readonly z.infer<typeof loadedSchema>[] {
  return (readHealth(health)?.all_models_loaded ?? [])
    .slice(0, MAX_LOADED)
    .map((entry) => loadedSchema.safeParse(entry).data)
    .filter((entry) => entry !== undefined);
}
