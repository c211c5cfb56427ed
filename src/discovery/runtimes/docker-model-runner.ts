/**
 * Docker Model Runner: told by its root text, or by the owner of its list where that text is missing. Its
 * OpenAI API begins below the path of its engines.
 */
import * as z from 'zod';
import { variable, type Environment } from '../../platform/paths.ts';
import type { Address } from '../address.ts';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { reasonByName, toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { addressesOfHostVariable, addressesOfPortVariable, localAddresses } from './local-addresses.ts';
import { plainText, tokenCount } from './model-rows.ts';
import { allOwnedBy, ask, askForList, MAX_LIST_BYTES } from './openai-list.ts';
import { livenessOfList } from './openai-rows.ts';
import {
  livenessOf,
  statusSetback,
  type Identification,
  type Listing,
  type Liveness,
  type Runtime,
} from './runtime.ts';

const NAME = 'Docker Model Runner';
const OWNER = 'docker';
const ROOT_TEXT = 'Docker Model Runner is running';
const BASE = '/engines/v1';
const LIST = `${BASE}/models`;
const VERSION = '/version';

const KEY_HINT = `${NAME} itself has no keys, so something in front of it demands one; ask whoever put it there`;

const versionSchema = z.object({ version: z.string() });

const rowSchema = z.object({
  id: z.string(),
  dmr: z.object({ context_window: z.unknown().optional(), architecture: z.string().nullish() }).nullish(),
});

/** Docker Model Runner, at the address of its variables and at its default port. */
export const dockerModelRunner: Runtime = {
  id: 'docker-model-runner',
  displayName: NAME,
  defaultPorts: [12_434],
  openAiPath: BASE,
  startHint: 'Switch its port on with: docker desktop enable model-runner --tcp',
  firstQuestion: '/',
  isAskedAlone: false,
  findAddresses: ({ env, defaultPorts }) =>
    Promise.resolve([...namedAddresses(env), ...localAddresses(defaultPorts)]),
  identify,
  list,
  isAlive,
};

function namedAddresses(env: Environment): readonly Address[] {
  const host = addressesOfHostVariable(env, 'MODEL_RUNNER_HOST');
  return variable(env, 'MODEL_RUNNER_PORT') === undefined
    ? host
    : [...addressesOfPortVariable(env, 'MODEL_RUNNER_PORT'), ...host];
}

function hasRootText(answer: ProbeAnswer): boolean {
  return answer.status === 200 && answer.body.trim() === ROOT_TEXT;
}

function readVersion(answer: ProbeAnswer): string | null {
  const version = answer.status === 200 ? versionSchema.safeParse(answer.json()).data : undefined;
  return plainText(version?.version);
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const root = await ask(inquiry, '/', NAME);
  if (root.kind !== 'answer') return root;
  if (!hasRootText(root) && !(await ownsItsLists(inquiry))) {
    const found = `GET / is not the text ${ROOT_TEXT}`;
    return statusSetback(root, NAME) ?? { kind: 'not-this', found, by: root.evidence };
  }
  const version = await ask(inquiry, VERSION, NAME);
  return { kind: 'identified', version: version.kind === 'answer' ? readVersion(version) : null };
}

/** Its own path is asked only where the usual one, which others ask too, names it as the owner. */
async function ownsItsLists(inquiry: Inquiry): Promise<boolean> {
  for (const path of ['/v1/models', LIST]) {
    const listed = await askForList(inquiry, path, { name: NAME });
    if (listed.kind !== 'rows' || !allOwnedBy(listed.rows, OWNER)) return false;
  }
  return true;
}

/** The version where there is one; servers without that route are known by their root text or their list. */
async function isAlive(inquiry: Inquiry): Promise<Liveness> {
  const version = await inquiry.get(VERSION);
  if (version.kind !== 'answer' || readVersion(version) !== null) return livenessOf(version, readVersion);
  const root = await inquiry.get('/');
  if (root.kind !== 'answer' || hasRootText(root)) return livenessOf(root, () => null);
  const listed = await inquiry.get(LIST, { maxBytes: MAX_LIST_BYTES });
  return livenessOfList(listed, (rows) => allOwnedBy(rows, OWNER));
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const listed = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  return listed.kind === 'rows' ? toListing(listed.rows, toRow) : listed;
}

function toRow(raw: unknown): ListedRow {
  const row = rowSchema.safeParse(raw).data;
  if (row === undefined) return UNREADABLE_ROW;
  const { id, dmr } = row;
  // Models of this architecture read text and write none.
  const isEncoder = /bert/i.test(dmr?.architecture ?? '');
  const reason = isEncoder ? 'it makes embeddings only, judged by its architecture' : reasonByName(id);
  if (reason !== undefined) return { model: id, reason };
  const configured = tokenCount(dmr?.context_window);
  return { facts: { id, reasoning: false, vision: false, context: { configured } } };
}
