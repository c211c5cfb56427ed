/**
 * A fake llama-server that follows recorded answers (`fixtures/llamacpp`): with one model or as a router, with
 * key, prefix and the loading state. It remembers which models a question made it load.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** One model that the fake has. */
export interface FakeLlamaServerModel {
  readonly id: string;
  /** Tokens of one request, once loaded. @default 4096 */
  readonly contextWindow?: number;
  /** Tokens the model was trained for. @default 131072 */
  readonly trainedContext?: number;
  readonly vision?: boolean;
  readonly reasoning?: boolean;
  /** State in a router. @default 'unloaded' */
  readonly status?: 'unloaded' | 'loading' | 'loaded' | 'sleeping' | 'downloading';
  /** The last attempt to load it in a router failed. */
  readonly failed?: boolean;
  /** More of its command line in a router. */
  readonly args?: readonly string[];
}

/** State of the fake. */
export interface FakeLlamaServerOptions extends ListenOptions {
  /** @default 'single', which has the first model only */
  readonly mode?: 'single' | 'router';
  readonly models?: readonly FakeLlamaServerModel[];
  /** Demanded on every route but the health routes. */
  readonly apiKey?: string;
  /** Builds of 2024 gave the list to everybody, and told the loaded window in the properties only. */
  readonly isOld?: boolean;
  /** Moves every route: `/pfx`. */
  readonly prefix?: string;
  readonly isLoading?: boolean;
  readonly build?: string;
}

/** A running fake llama-server. */
export interface FakeLlamaServer extends FakeRuntime {
  /** Changes the state from now on. */
  set(change: Partial<FakeLlamaServerOptions>): void;
  /** Models that a request for them made a router load. */
  readonly loadedByAsking: readonly string[];
}

const SERVER = { server: 'llama.cpp', 'access-control-allow-origin': '' };
const DEFAULT_MODEL: FakeLlamaServerModel = { id: 'gguf/models/tiny.gguf' };

/** Starts a fake llama-server on 127.0.0.1, by default on a free port, open, with one model. */
export async function startFakeLlamaServer(options: FakeLlamaServerOptions = {}): Promise<FakeLlamaServer> {
  let state = options;
  const loadedByAsking: string[] = [];
  const runtime = await startFakeRuntime((request) => answer(request, state, loadedByAsking), options);
  return {
    ...runtime,
    loadedByAsking,
    set: (change) => {
      state = { ...state, ...change };
    },
  };
}

function answer(request: RecordedRequest, state: FakeLlamaServerOptions, loaded: string[]): FakeAnswer {
  const { prefix = '', apiKey, isLoading = false, isOld = false, mode = 'single' } = state;
  const { pathname, searchParams } = new URL(request.path, 'http://fake');
  const path = pathname.startsWith(prefix) ? pathname.slice(prefix.length) : '';
  const isHealth = path === '/health' || path === '/v1/health';
  const isPublic = isHealth || path === '/' || (isOld && path === '/v1/models');
  if (apiKey !== undefined && !isPublic && request.headers['authorization'] !== `Bearer ${apiKey}`) {
    return failure(401, 'Invalid API Key', 'authentication_error');
  }
  if (isLoading) return failure(503, 'Loading model', 'unavailable_error');
  if (isHealth) return ok({ status: 'ok' });
  const models = state.models ?? [DEFAULT_MODEL];
  const [only = DEFAULT_MODEL] = models;
  if (path === '/v1/models' || path === '/models') {
    if (mode === 'router') return ok({ data: models.map(routerRow), object: 'list' });
    return ok({
      models: [{ name: only.id, model: only.id, type: 'model', capabilities: ['completion'] }],
      object: 'list',
      data: [isOld ? oldRow(only) : singleRow(only)],
    });
  }
  if (path === '/props') {
    const build = state.build ?? 'b11669-Debian';
    if (mode === 'single') return ok(singleProperties(only, build, isOld));
    const asked = searchParams.get('model');
    if (asked === null) return ok(routerProperties(build));
    if (searchParams.get('autoload') === 'false')
      return failure(400, 'model is not loaded', 'invalid_request_error');
    loaded.push(asked);
    return ok(singleProperties(only, build, isOld));
  }
  if (request.route.endsWith('/v1/chat/completions')) return chat(only.id);
  return failure(404, 'File Not Found', 'not_found_error');
}

function ok(body: object): FakeAnswer {
  return { headers: SERVER, body };
}

function failure(code: number, message: string, type: string): FakeAnswer {
  return {
    status: code,
    headers: { ...SERVER, connection: 'close' },
    body: { error: { message, type, code } },
  };
}

function meta({ contextWindow = 4_096, trainedContext = 131_072 }: FakeLlamaServerModel) {
  return { vocab_type: 1, n_vocab: 356, n_ctx: contextWindow, n_ctx_train: trainedContext, n_embd: 64 };
}

function architecture({ vision = false }: FakeLlamaServerModel) {
  return { input_modalities: vision ? ['text', 'image'] : ['text'], output_modalities: ['text'] };
}

function singleRow(model: FakeLlamaServerModel) {
  return {
    id: model.id,
    aliases: [model.id],
    tags: [],
    object: 'model',
    architecture: architecture(model),
    created: 1_795_341_038,
    owned_by: 'llamacpp',
    meta: meta(model),
  };
}

function oldRow(model: FakeLlamaServerModel) {
  const { n_ctx: _loaded, ...rest } = meta(model);
  return { id: model.id, object: 'model', created: 1_725_341_038, owned_by: 'llamacpp', meta: rest };
}

function routerRow(model: FakeLlamaServerModel) {
  const { id, status = 'unloaded', failed = false, args = [], trainedContext = 131_072 } = model;
  return {
    id,
    aliases: [],
    tags: [],
    object: 'model',
    owned_by: 'llamacpp',
    created: 1_795_341_154,
    status: {
      value: status,
      args: ['/usr/bin/llama-server', '--port', '0', '--alias', id, '--model', `/models/${id}.gguf`, ...args],
      ...(failed ? { exit_code: 1, failed } : {}),
    },
    architecture: architecture(model),
    source: 'models_dir',
    can_remove: false,
    context_length: trainedContext,
    ...(status === 'loaded' || status === 'sleeping' ? { meta: meta(model) } : {}),
  };
}

function singleProperties(model: FakeLlamaServerModel, build: string, isOld: boolean) {
  const { id, contextWindow = 4_096, vision = false, reasoning = false } = model;
  return {
    default_generation_settings: { n_ctx: contextWindow },
    total_slots: 4,
    model_path: id,
    chat_template: '',
    ...(isOld
      ? {}
      : {
          model_alias: id,
          modalities: { vision, video: false, audio: false },
          chat_template_caps: { supports_tools: false, supports_reasoning_effort: reasoning },
          build_info: build,
          is_sleeping: false,
        }),
  };
}

function routerProperties(build: string) {
  return {
    role: 'router',
    max_instances: 4,
    models_autoload: true,
    model_alias: 'llama-server',
    model_path: 'none',
    default_generation_settings: { params: null, n_ctx: 0 },
    build_info: build,
  };
}

function chat(model: string): FakeAnswer {
  return ok({
    choices: [{ finish_reason: 'stop', index: 0, message: { role: 'assistant', content: 'Hello.' } }],
    created: 1_795_341_039,
    model,
    object: 'chat.completion',
    usage: { completion_tokens: 2, prompt_tokens: 3, total_tokens: 5 },
    id: 'chatcmpl-1',
  });
}
