/**
 * GPT4All's API server: told by the owner that its list gives to every model. It needs no key; a 401 without a
 * body means that the server is switched off in the settings while its port is still open.
 */
import { join } from 'node:path';
import type { Inquiry } from '../inquiry.ts';
import type { Address } from '../address.ts';
import { toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { localAddresses, parsePort } from './local-addresses.ts';
import { allOwnedBy, ask, askForList } from './openai-list.ts';
import { livenessOfList, openAiRows, readOpenAiRow } from './openai-rows.ts';
import {
  statusSetback,
  type AddressSources,
  type Identification,
  type Listing,
  type Runtime,
} from './runtime.ts';

const NAME = 'GPT4All';
const OWNER = 'humanity';
const LIST = '/v1/models';
const SETTINGS_FILE = join('.config', 'nomic.ai', 'GPT4All.ini');

const SWITCH_ON = "switch on Enable Local API Server in GPT4All's settings, under Application";
const OFF_HINT = `If this is GPT4All, its server is switched off: ${SWITCH_ON}`;
const KEY_HINT = 'GPT4All has no keys, so something in front of it demands one';

/** Names of hosted models that GPT4All lists once their key was entered. */
const HOSTED_NAME = /^ChatGPT-|\bAPI$/;

/** GPT4All, at the port of its settings file or its default port. */
export const gpt4All: Runtime = {
  id: 'gpt4all',
  displayName: NAME,
  defaultPorts: [4_891],
  openAiPath: '/v1',
  startHint: `Start GPT4All and ${SWITCH_ON}`,
  firstQuestion: LIST,
  isAskedAlone: false,
  findAddresses,
  identify,
  list,
  isAlive: async (inquiry) => livenessOfList(await inquiry.get(LIST), (rows) => allOwnedBy(rows, OWNER)),
};

async function findAddresses(sources: AddressSources): Promise<readonly Address[]> {
  const path = join(sources.home, SETTINGS_FILE);
  const file = await sources.readTextFile(path);
  const line = file.kind === 'text' ? /^networkPort=(\d+)\s*$/m.exec(file.text)?.[1] : undefined;
  const named = parsePort(line);
  const ports = named === undefined ? [] : [named];
  return [...localAddresses(ports, path), ...localAddresses(sources.defaultPorts)];
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const answer = await ask(inquiry, LIST, NAME);
  if (answer.kind !== 'answer') return answer;
  // An empty list bears no marker, so it proves nothing.
  if (allOwnedBy(openAiRows(answer) ?? [], OWNER)) return { kind: 'identified', version: null };
  if (answer.status === 401 && answer.body === '' && answer.headers['www-authenticate'] === undefined) {
    return { kind: 'error', hint: OFF_HINT };
  }
  return (
    statusSetback(answer, NAME) ?? {
      kind: 'not-this',
      found: `no list of models that ${OWNER} owns`,
      by: answer.evidence,
    }
  );
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const answer = await inquiry.get(LIST);
  if (answer.kind === 'answer' && answer.status === 401 && answer.body === '') {
    return { kind: 'error', hint: OFF_HINT };
  }
  const found = await askForList(inquiry, LIST, { name: NAME, keyHint: KEY_HINT });
  return found.kind === 'rows' ? toListing(found.rows, toRow) : found;
}

function toRow(raw: unknown): ListedRow {
  const row = readOpenAiRow(raw);
  if (row === undefined) return UNREADABLE_ROW;
  const { id } = row;
  if (HOSTED_NAME.test(id)) return { model: id, reason: 'it runs at a hosted provider, judged by its name' };
  return { facts: { id, reasoning: false, vision: false, context: {} } };
}
