/**
 * A fake Lemonade that follows its source (`fixtures/lemonade`, labelled "from source"): health with what is
 * loaded and where, a list with labels and recipes, the key check, and the imitation of Ollama.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** One model that the fake lists. */
export interface FakeLemonadeModel {
  readonly id: string;
  /** @default 'llamacpp' */
  readonly recipe?: string;
  readonly cloudProvider?: string;
  /** @default [] */
  readonly labels?: readonly string[];
  /** Tokens the model was trained for. @default 131072 */
  readonly maxContextWindow?: number;
  /** Tokens that its settings ask for. */
  readonly contextLength?: number;
  /** Tokens that it is loaded with; unset while it is not loaded. */
  readonly loadedContext?: number;
  /** Where its own server answers, while it is loaded. @default 'http://127.0.0.1:8001/v1' */
  readonly backendUrl?: string;
}

/** State of the fake. */
export interface FakeLemonadeOptions extends ListenOptions {
  /** @default '9.1.4' */
  readonly version?: string;
  /** @default one chat model that is not loaded */
  readonly models?: readonly FakeLemonadeModel[];
  /** Demanded as bearer token below the API. */
  readonly key?: string;
  /** True: the health demands the key, too. @default false */
  readonly locksHealth?: boolean;
}

/** Starts a fake Lemonade on 127.0.0.1, by default on a free port and with one model. */
export function startFakeLemonade(options: FakeLemonadeOptions = {}): Promise<FakeRuntime> {
  return startFakeRuntime((request) => answer(request, options), options);
}

function answer(request: RecordedRequest, options: FakeLemonadeOptions): FakeAnswer {
  const { key, locksHealth = false, models = [{ id: 'Qwen3-8B-GGUF' }] } = options;
  const route = request.route.replace(/ \/(?:api\/)?v[01]\//, ' /v1/');
  const isLocked = key !== undefined && request.headers.authorization !== `Bearer ${key}`;
  if (isLocked && (route !== 'GET /v1/health' || locksHealth)) {
    return { status: 401, body: { error: 'Invalid or missing API key' } };
  }
  switch (route) {
    case 'GET /v1/health':
      return { body: health(models, options.version ?? '9.1.4') };
    case 'GET /v1/models':
      return { body: { object: 'list', data: models.map(card) } };
    case 'GET /api/version':
      return { body: { version: '0.16.1' } };
    case 'GET /api/tags':
      return { body: { models: models.map(({ id }) => ({ name: `${id}:latest`, model: id })) } };
    case 'GET /':
      return { body: 'Ollama is running' };
    default:
      return { status: 404, body: { error: { message: 'The requested endpoint does not exist' } } };
  }
}

function health(models: readonly FakeLemonadeModel[], version: string): object {
  const loaded = models.filter(({ loadedContext }) => loadedContext !== undefined);
  return {
    status: 'ok',
    version,
    websocket_port: 9_000,
    model_loaded: loaded.at(-1)?.id ?? null,
    all_models_loaded: loaded.map(({ id, loadedContext, backendUrl, recipe = 'llamacpp' }) => ({
      model_name: id,
      type: 'llm',
      device: 'gpu',
      recipe,
      recipe_options: { ctx_size: loadedContext },
      backend_url: backendUrl ?? 'http://127.0.0.1:8001/v1',
    })),
  };
}

function card(model: FakeLemonadeModel): object {
  const { id, recipe = 'llamacpp', cloudProvider, labels = [], maxContextWindow = 131_072 } = model;
  return {
    id,
    object: 'model',
    created: 1_795_341_555,
    owned_by: 'lemonade',
    checkpoint: `unsloth/${id}:Q4_K_M`,
    recipe,
    labels,
    downloaded: true,
    max_context_window: maxContextWindow,
    ...(model.contextLength === undefined ? {} : { context_length: model.contextLength }),
    ...(cloudProvider === undefined ? {} : { cloud_provider: cloudProvider }),
  };
}
