/**
 * A fake LM Studio that follows its documentation (`fixtures/lmstudio`, labelled "from docs"): the greeting,
 * the list of three generations, the token check, and 200 with an error for every unknown route, each of
 * which a real one also writes into the user's log.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from './fake-runtime.ts';

/** One model that the fake has. */
export interface FakeLmStudioModel {
  /** `key` in the new list, `id` in the older ones. */
  readonly key: string;
  readonly displayName?: string;
  /** @default 'llm' */
  readonly type?: 'llm' | 'embedding';
  /** Tokens the model was trained for. @default 131072 */
  readonly maxContextLength?: number;
  /** Tokens of each loaded copy; none means not loaded. @default [] */
  readonly loadedContextLengths?: readonly number[];
  readonly vision?: boolean;
  readonly reasoning?: boolean;
}

/** State of the fake; models and token can be changed later. */
export interface FakeLmStudioOptions extends ListenOptions {
  /** `v1` is 0.4 and later, `v0` is 0.3, `openai` has only `/v1/models`. @default 'v1' */
  readonly generation?: 'v1' | 'v0' | 'openai';
  readonly models?: readonly FakeLmStudioModel[];
  /** Demanded as bearer token on every route but the greeting. */
  readonly token?: string;
}

/** A running fake LM Studio. */
export interface FakeLmStudio extends FakeRuntime {
  setModels(models: readonly FakeLmStudioModel[]): void;
  setToken(token: string | undefined): void;
  /** Unknown routes that were asked: each is an error line in the log of a real user. */
  readonly unexpected: readonly string[];
}

interface State {
  models: readonly FakeLmStudioModel[];
  token: string | undefined;
  readonly generation: 'v1' | 'v0' | 'openai';
  readonly unexpected: string[];
}

const EXPRESS = { 'x-powered-by': 'Express' };

/** Starts a fake LM Studio on 127.0.0.1, by default on a free port and without models. */
export async function startFakeLmStudio(options: FakeLmStudioOptions = {}): Promise<FakeLmStudio> {
  const state: State = {
    models: options.models ?? [],
    token: options.token,
    generation: options.generation ?? 'v1',
    unexpected: [],
  };
  const runtime = await startFakeRuntime((request) => answer(request, state), options);
  return {
    ...runtime,
    unexpected: state.unexpected,
    setModels: (models) => {
      state.models = models;
    },
    setToken: (token) => {
      state.token = token;
    },
  };
}

function answer(request: RecordedRequest, state: State): FakeAnswer {
  if (request.route === 'GET /lmstudio-greeting') return ok({ lmstudio: true });
  if (state.token !== undefined && request.headers.authorization !== `Bearer ${state.token}`)
    return noToken();
  const isNewest = state.generation === 'v1';
  if (request.route === 'GET /api/v1/models' && isNewest) return ok({ models: state.models.map(v1Row) });
  if (request.route === 'GET /api/v0/models' && state.generation !== 'openai') {
    return ok({ object: 'list', data: state.models.map(v0Row) });
  }
  if (request.route === 'GET /v1/models') return ok({ object: 'list', data: state.models.map(openAiRow) });
  if (request.route === 'POST /v1/chat/completions') return chat(state);
  // A generation's missing list route is asked by every client; only other routes count as a mistake.
  if (!/^GET \/api\/v[01]\/models$/.test(request.route)) state.unexpected.push(request.route);
  return ok({ error: `Unexpected endpoint or method. (${request.method} ${request.path})` });
}

function ok(body: object): FakeAnswer {
  return { headers: EXPRESS, body };
}

function noToken(): FakeAnswer {
  return {
    status: 401,
    headers: EXPRESS,
    body: {
      error: {
        type: 'invalid_request',
        code: 'invalid_api_key',
        message:
          'An LM Studio API token is required to make requests to this server, but none was provided ' +
          "using the Authorization header using the 'Bearer' scheme ($LM_API_TOKEN)",
      },
    },
  };
}

function v1Row(model: FakeLmStudioModel): Record<string, unknown> {
  const { key, type = 'llm', maxContextLength = 131_072, loadedContextLengths = [] } = model;
  return {
    type,
    publisher: 'lmstudio-community',
    key,
    display_name: model.displayName ?? key,
    architecture: 'llama',
    quantization: { name: 'Q4_K_M', bits_per_weight: 4 },
    size_bytes: 4_920_739_232,
    params_string: '8B',
    loaded_instances: loadedContextLengths.map((length, index) => ({
      id: index === 0 ? key : `${key}:${index + 1}`,
      config: { context_length: length, eval_batch_size: 512, flash_attention: true },
    })),
    max_context_length: maxContextLength,
    format: 'gguf',
    ...(type === 'embedding'
      ? {}
      : {
          capabilities: {
            vision: model.vision ?? false,
            trained_for_tool_use: true,
            ...(model.reasoning === true
              ? { reasoning: { allowed_options: ['low', 'medium', 'high'], default: 'medium' } }
              : {}),
          },
        }),
  };
}

function v0Row(model: FakeLmStudioModel): Record<string, unknown> {
  const { key, type = 'llm', maxContextLength = 131_072, loadedContextLengths = [], vision } = model;
  const loaded = loadedContextLengths[0];
  return {
    id: key,
    object: 'model',
    type: type === 'embedding' ? 'embeddings' : vision === true ? 'vlm' : 'llm',
    publisher: 'lmstudio-community',
    arch: 'llama',
    compatibility_type: 'gguf',
    quantization: 'Q4_K_M',
    state: loaded === undefined ? 'not-loaded' : 'loaded',
    max_context_length: maxContextLength,
    ...(loaded === undefined ? {} : { loaded_context_length: loaded }),
  };
}

function openAiRow({ key }: FakeLmStudioModel): Record<string, unknown> {
  return { id: key, object: 'model', owned_by: 'organization_owner' };
}

/** Any model name is answered, as LM Studio does when something is loaded. */
function chat(state: State): FakeAnswer {
  return ok({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_795_341_555,
    model: state.models[0]?.key ?? '',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'Hello.' }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  });
}
