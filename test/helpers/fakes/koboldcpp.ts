/**
 * A fake KoboldCpp that follows its source (`fixtures/koboldcpp`): the version route, a list that stays public
 * under a password, the true and the capped context, and its imitation of Ollama.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** State of the fake. */
export interface FakeKoboldCppOptions extends ListenOptions {
  /** @default '1.121' */
  readonly version?: string;
  readonly password?: string;
  /** Null: only an image model is loaded. @default 'koboldcpp/Llama-3.2-3B-Instruct-Q4_K_M' */
  readonly model?: string | null;
  /** Configurations that a router lists behind the model. */
  readonly others?: readonly string[];
  /** Tokens. @default 16384 */
  readonly context?: number;
  readonly vision?: boolean;
}

/** A running fake KoboldCpp. */
export interface FakeKoboldCpp extends FakeRuntime {
  /** Changes the state from now on. */
  set(change: Partial<FakeKoboldCppOptions>): void;
}

const SERVER = { server: 'ConcedoLlamaForKoboldServer' };
const DEFAULT_MODEL = 'koboldcpp/Llama-3.2-3B-Instruct-Q4_K_M';
const OLLAMA_DIGEST = 'b5dc5e784f2a3ee1582373093acf69a2f4e2ac1710b253a001712b86a61f88bb';

/** Starts a fake KoboldCpp on 127.0.0.1, by default on a free port, open, with one model. */
export async function startFakeKoboldCpp(options: FakeKoboldCppOptions = {}): Promise<FakeKoboldCpp> {
  let state = options;
  const runtime = await startFakeRuntime((request) => {
    const given = answer(request, state);
    return { ...given, headers: { ...SERVER, ...given.headers } };
  }, options);
  return {
    ...runtime,
    set: (change) => {
      state = { ...state, ...change };
    },
  };
}

function answer({ route, headers }: RecordedRequest, state: FakeKoboldCppOptions): FakeAnswer {
  const { version = '1.121', password, model = DEFAULT_MODEL, others = [], context = 16_384 } = state;
  const isAllowed = password === undefined || headers.authorization === `Bearer ${password}`;
  const name = model ?? 'koboldcpp/inactive';
  switch (route) {
    case 'GET /':
      return {
        headers: { 'content-type': 'text/html' },
        body: '<!doctype html><title>KoboldAI Lite</title>',
      };
    case 'GET /api/extra/version':
      return {
        body: {
          result: 'KoboldCpp',
          version,
          protected: password !== undefined,
          llm: model !== null,
          txt2img: model === null,
          vision: state.vision ?? false,
          audio: false,
          embeddings: false,
          admin: 0,
          router: others.length > 0,
        },
      };
    case 'GET /api/v1/model':
      return { body: { result: isAllowed ? name : 'koboldcpp/protected-model' } };
    case 'GET /api/v1/config/max_context_length':
      return { body: { value: Math.min(context, 8_192) } };
    case 'GET /api/extra/true_max_context_length':
      return { body: { value: context } };
    case 'GET /v1/models':
      return { body: { object: 'list', data: [name, ...others].map(row) } };
    case 'GET /api/version':
      return { body: { version: '0.7.0' } };
    case 'GET /api/tags':
    case 'GET /api/ps':
      return { body: { models: [{ name: 'koboldcpp', model: name, digest: OLLAMA_DIGEST }] } };
    case 'GET /.well-known/serviceinfo':
      return { body: { version: '0.2', software: { name: 'KoboldCpp', version } } };
    case 'POST /v1/chat/completions':
      return isAllowed ? { body: { choices: [] } } : unauthorized();
    default:
      return { status: 404, headers: { 'content-type': 'text/html' }, body: 'Error: KoboldCpp 404' };
  }
}

function row(id: string): object {
  return {
    id,
    object: 'model',
    created: 1_795_341_555,
    owned_by: 'koboldcpp',
    permission: [],
    root: 'koboldcpp',
  };
}

function unauthorized(): FakeAnswer {
  return {
    status: 401,
    body: {
      detail: {
        error: 'Unauthorized',
        msg: 'Authentication key is missing or invalid.',
        type: 'unauthorized',
      },
    },
  };
}
