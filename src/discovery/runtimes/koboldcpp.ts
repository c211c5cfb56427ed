/**
 * KoboldCpp. Its version route says what it is and whether a password is set; its list stays public even then,
 * so the list alone would promise access that no request gets. Other programs imitate the short version answer.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { localAddresses } from './local-addresses.ts';
import { plainText, tokenCount } from './model-rows.ts';
import { ask, askForList } from './openai-list.ts';
import { readOpenAiRow } from './openai-rows.ts';
import { livenessOf, statusSetback, type Identification, type Listing, type Runtime } from './runtime.ts';

const NAME = 'KoboldCpp';
const VERSION = '/api/extra/version';
const LIST = '/v1/models';
/** The window that was loaded; the route of the same name without "true" is capped for other users. */
const CONTEXT = '/api/extra/true_max_context_length';
const SERVER_HEADER = 'ConcedoLlamaForKoboldServer';
const INACTIVE = /(?:^|\/)inactive$/i;

const PASSWORD_HINT =
  'KoboldCpp was started with a password (--password): configure the provider koboldcpp with it, or start it ' +
  'without one';

const versionSchema = z.object({
  result: z.literal(NAME),
  version: z.string().optional(),
  protected: z.boolean().optional(),
  llm: z.boolean().optional(),
  vision: z.boolean().optional(),
});

const contextSchema = z.object({ value: z.unknown() });

interface Version {
  readonly text: string | null;
  readonly isProtected: boolean;
  /** False when it runs image or speech models alone. */
  readonly hasTextModel: boolean;
  readonly vision: boolean;
}

/** KoboldCpp, at its default port. */
export const koboldCpp: Runtime = {
  id: 'koboldcpp',
  displayName: NAME,
  defaultPorts: [5_001],
  openAiPath: '/v1',
  startHint: 'Start it with: koboldcpp --model MODEL.gguf',
  firstQuestion: VERSION,
  isAskedAlone: false,
  findAddresses: (sources) => Promise.resolve(localAddresses(sources.defaultPorts)),
  identify,
  list,
  isAlive: async (inquiry) =>
    livenessOf(await inquiry.get(VERSION), (answer) => {
      const version = readVersion(answer);
      return version === undefined || version.isProtected ? undefined : version.text;
    }),
};

/** Undefined for imitators, which give name and version alone and have another server header. */
function readVersion(answer: ProbeAnswer): Version | undefined {
  const parsed = answer.status === 200 ? versionSchema.safeParse(answer.json()) : undefined;
  if (parsed === undefined || !parsed.success) return undefined;
  const { version, llm, vision, protected: isProtected } = parsed.data;
  if (isProtected === undefined && !(answer.headers['server'] ?? '').startsWith(SERVER_HEADER)) {
    return undefined;
  }
  return {
    text: plainText(version),
    isProtected: isProtected ?? false,
    hasTextModel: llm ?? true,
    vision: vision ?? false,
  };
}

async function identify(inquiry: Inquiry): Promise<Identification> {
  const answer = await ask(inquiry, VERSION, NAME);
  if (answer.kind !== 'answer') return answer;
  const unwanted = statusSetback(answer, NAME);
  if (unwanted !== undefined) return unwanted;
  const version = readVersion(answer);
  if (version !== undefined) return { kind: 'identified', version: version.text };
  return { kind: 'not-this', found: 'the version answer is not the one of KoboldCpp', by: answer.evidence };
}

async function list(inquiry: Inquiry): Promise<Listing> {
  const answer = await ask(inquiry, VERSION, NAME);
  if (answer.kind !== 'answer') return answer;
  const version = readVersion(answer);
  if (version === undefined) {
    return (
      statusSetback(answer, NAME) ?? {
        kind: 'not-this',
        found: 'KoboldCpp is not here any more',
        by: answer.evidence,
      }
    );
  }
  if (version.isProtected) return { kind: 'auth-required', hint: PASSWORD_HINT };
  const found = await askForList(inquiry, LIST, { name: NAME, keyHint: PASSWORD_HINT });
  if (found.kind !== 'rows') return found;
  const loaded = version.hasTextModel && found.rows.length > 0 ? await loadedContext(inquiry) : undefined;
  // A router lists the models that it could switch to behind the one that it runs.
  const [running] = found.rows;
  return toListing(found.rows, (row) => toRow(row, version, row === running ? loaded : undefined));
}

async function loadedContext(inquiry: Inquiry): Promise<number | undefined> {
  const answer = await inquiry.get(CONTEXT);
  if (answer.kind !== 'answer' || answer.status !== 200) return undefined;
  return tokenCount(contextSchema.safeParse(answer.json()).data?.value);
}

function toRow(raw: unknown, { hasTextModel, vision }: Version, loaded: number | undefined): ListedRow {
  const row = readOpenAiRow(raw);
  if (row === undefined) return UNREADABLE_ROW;
  const { id } = row;
  if (!hasTextModel || INACTIVE.test(id)) return { model: id, reason: 'no text model is loaded' };
  return {
    facts: { id, reasoning: false, vision: vision && loaded !== undefined, context: { loaded } },
  };
}
