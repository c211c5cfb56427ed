/**
 * A fake text-generation-webui that follows its source (`fixtures/text-generation-webui`): a key on every route
 * of its own, the description of its API without one, and the check of the Host header.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** State of the fake. */
export interface FakeTextGenerationWebuiOptions extends ListenOptions {
  readonly apiKey?: string;
  /** Null: nothing is loaded. @default 'Qwen3-8B-Q4_K_M.gguf' */
  readonly model?: string | null;
  /** Names of hosted models that versions of 2024 list as well. */
  readonly dummies?: readonly string[];
  /** False plays a server whose description is switched off. @default true */
  readonly describesItself?: boolean;
}

/** A running fake text-generation-webui. */
export interface FakeTextGenerationWebui extends FakeRuntime {
  /** Changes the state from now on. */
  set(change: Partial<FakeTextGenerationWebuiOptions>): void;
}

const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'FastAPI', version: '0.1.0' },
  paths: { '/v1/models': { get: {} }, '/v1/internal/model/info': { get: {} } },
};

/** Starts a fake text-generation-webui on 127.0.0.1, by default on a free port, open, with a loaded model. */
export async function startFakeTextGenerationWebui(
  options: FakeTextGenerationWebuiOptions = {},
): Promise<FakeTextGenerationWebui> {
  let state = options;
  const runtime = await startFakeRuntime((request) => {
    const given = answer(request, state);
    return { ...given, headers: { server: 'uvicorn', ...given.headers } };
  }, options);
  return {
    ...runtime,
    set: (change) => {
      state = { ...state, ...change };
    },
  };
}

function answer({ route, headers }: RecordedRequest, state: FakeTextGenerationWebuiOptions): FakeAnswer {
  const { apiKey, model = 'Qwen3-8B-Q4_K_M.gguf', dummies = [], describesItself = true } = state;
  if (!/^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(headers.host ?? '')) {
    return { status: 400, body: { detail: 'Invalid host header' } };
  }
  if (route === 'GET /openapi.json' && describesItself) return { body: DESCRIPTION };
  if (!/^GET \/v1\/(?:models|internal\/(?:model\/info|health))$/.test(route)) {
    return { status: 404, body: { detail: 'Not Found' } };
  }
  if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`) {
    return { status: 401, body: { detail: 'Unauthorized' } };
  }
  switch (route) {
    case 'GET /v1/models':
      return { body: { object: 'list', data: [...(model === null ? [] : [model]), ...dummies].map(row) } };
    case 'GET /v1/internal/model/info':
      return { body: { model_name: model ?? 'None', lora_names: [], loader: model && 'llama.cpp' } };
    default:
      return { body: { status: 'ok' } };
  }
}

function row(id: string): object {
  return { id, object: 'model', created: 0, owned_by: 'user' };
}
