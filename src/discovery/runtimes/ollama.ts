/**
 * Ollama: where it listens, how it is told from the many programs that imitate its API, and whether it is
 * still there. Its models are in `ollama-models.ts`.
 */
import * as z from 'zod';
import { variable } from '../../platform/paths.ts';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { MAX_LIST_BYTES } from './openai-list.ts';
import { plainText } from './model-rows.ts';
import { parseOllamaHost } from './ollama-host.ts';
import { listOllamaModels } from './ollama-models.ts';
import {
  livenessOf,
  setbackOf,
  statusSetback,
  type Identification,
  type Runtime,
  type Setback,
} from './runtime.ts';

const NAME = 'Ollama';
const ROOT_TEXT = 'Ollama is running';
const KEY_HINT =
  'Ollama itself has no keys, so something in front of it demands one; ask whoever put it there';

/** `owned_by` of programs that imitate Ollama; they may own a model whose path holds the same word. */
const EMULATORS = new Set([
  'docker',
  'exo',
  'humanity',
  'koboldcpp',
  'lemonade',
  'llama-swap',
  'llama.cpp',
  'llamacpp',
  'lmstudio',
  'localai',
  'organization_owner',
  'sglang',
  'tabbyapi',
  'vllm',
]);

const versionSchema = z.object({
  version: z.string(),
  // Imitators tell more about their build than Ollama does.
  commit: z.unknown().optional(),
  build_date: z.unknown().optional(),
});

const openAiListSchema = z.object({
  object: z.literal('list'),
  data: z.array(z.object({ id: z.string(), owned_by: z.string().optional() })).nullable(),
});

const koboldSchema = z.object({ result: z.string() });

/** Ollama, at `OLLAMA_HOST` and at its default port. */
export const ollama: Runtime = {
  id: 'ollama',
  displayName: NAME,
  defaultPorts: [11_434],
  openAiPath: '/v1',
  keyHint: KEY_HINT,
  startHint: 'Start it with: ollama serve',
  firstQuestion: '/',
  isAskedAlone: false,

  findAddresses: async ({ env, defaultPorts }) => {
    // The daemon often has another environment than this process, so its default place is always looked at.
    const defaults = defaultPorts.map((port) => ({
      scheme: 'http',
      host: 'localhost',
      port,
      path: '',
      foundBy: 'default port',
    }));
    const named = variable(env, 'OLLAMA_HOST');
    if (named === undefined) return defaults;
    return [{ ...parseOllamaHost(named), foundBy: 'OLLAMA_HOST' }, ...defaults];
  },

  identify,

  list: listOllamaModels,

  isAlive: async (inquiry) => livenessOf(await inquiry.get('/api/version'), readVersion),
};

async function identify(inquiry: Inquiry): Promise<Identification> {
  const root = await inquiry.get('/');
  if (root.kind !== 'answer') return setbackOf(root, NAME) ?? { kind: 'error', hint: '' };
  if (root.status === 403 && root.body === '') {
    return {
      kind: 'error',
      hint:
        'The server refuses this Host header (403 without a body). If it is Ollama behind another name, ' +
        'set OLLAMA_HOST to the address that it listens on',
    };
  }
  const unwanted = statusSetback(root, NAME);
  if (unwanted !== undefined) return unwanted;
  if (root.body !== ROOT_TEXT) {
    return { kind: 'not-this', found: `GET / is not the text ${ROOT_TEXT}`, by: root.evidence };
  }
  const version = await inquiry.get('/api/version');
  if (version.kind !== 'answer') return setbackOf(version, NAME) ?? { kind: 'error', hint: '' };
  const refused = statusSetback(version, NAME);
  if (refused !== undefined) return refused;
  const text = readVersion(version);
  if (text === undefined) {
    return { kind: 'not-this', found: 'the version answer is not the one of Ollama', by: version.evidence };
  }
  return (await findEmulator(inquiry)) ?? { kind: 'identified', version: text };
}

/** The version text, null for one that cannot be shown, or undefined when this is not Ollama's answer. */
function readVersion(answer: ProbeAnswer): string | null | undefined {
  if (answer.status !== 200) return undefined;
  const parsed = versionSchema.safeParse(answer.json());
  if (!parsed.success || parsed.data.commit !== undefined || parsed.data.build_date !== undefined) {
    return undefined;
  }
  return plainText(parsed.data.version);
}

/** Looks for the markers of programs that answer `/` and `/api/version` as Ollama does. */
async function findEmulator(inquiry: Inquiry): Promise<Setback | undefined> {
  const [list, localAi, kobold] = await Promise.all([
    inquiry.get('/v1/models', { maxBytes: MAX_LIST_BYTES }),
    inquiry.get('/.well-known/localai.json'),
    inquiry.get('/api/extra/version'),
  ]);
  if (localAi.kind === 'answer' && localAi.status === 200 && isJsonObject(localAi.json())) {
    return emulator('LocalAI (it answers /.well-known/localai.json)', localAi);
  }
  if (kobold.kind === 'answer' && kobold.status === 200) {
    const marker = koboldSchema.safeParse(kobold.json());
    if (marker.success)
      return emulator(`${marker.data.result.slice(0, 40)} (it answers /api/extra/version)`, kobold);
  }
  if (list.kind !== 'answer') return setbackOf(list, NAME);
  // The list at the very base URL that requests will use has to work without a key.
  const unwanted = statusSetback(list, NAME);
  if (unwanted !== undefined) return unwanted;
  const parsed = openAiListSchema.safeParse(list.json());
  if (!parsed.success) {
    return { kind: 'not-this', found: 'the list at /v1/models has a foreign shape', by: list.evidence };
  }
  const foreign = (parsed.data.data ?? []).find(({ id, owned_by }) => !isOllamaOwner(id, owned_by));
  if (foreign === undefined) return undefined;
  return emulator(`a program whose models have owned_by ${JSON.stringify(foreign.owned_by ?? null)}`, list);
}

function emulator(what: string, { evidence }: ProbeAnswer): Setback {
  return { kind: 'not-this', found: `not Ollama but ${plainText(what) ?? 'an imitation'}`, by: evidence };
}

function isJsonObject(body: unknown): boolean {
  return typeof body === 'object' && body !== null;
}

/** Ollama says `library`, or the namespace that the model's id names. */
function isOllamaOwner(id: string, owner: string | undefined): boolean {
  if (owner === undefined || EMULATORS.has(owner.toLowerCase())) return false;
  return owner === 'library' || id.split('/').slice(0, -1).includes(owner);
}
