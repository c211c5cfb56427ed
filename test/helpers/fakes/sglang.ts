/**
 * A fake SGLang that follows its documentation (`fixtures/sglang`, labelled "from docs"). Its health generates
 * a token and its server info tells the key, as those of a real one do: neither may ever be asked.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** State of the fake. */
export interface FakeSglangOptions extends ListenOptions {
  /** @default 'Qwen/Qwen3-8B' */
  readonly model?: string;
  /** Tokens of a request. @default 40960 */
  readonly maxModelLength?: number;
  /** Adapters, by name. @default none */
  readonly adapters?: readonly string[];
  /** False plays a server of embeddings. @default true */
  readonly isGeneration?: boolean;
  readonly hasImages?: boolean;
  /** True plays a server before `/get_model_info` was renamed. @default false */
  readonly isOld?: boolean;
  /** Demanded as bearer token on every route but the health. */
  readonly key?: string;
}

const UVICORN = { server: 'uvicorn' };

/** Starts a fake SGLang on 127.0.0.1, by default on a free port and with one model. */
export function startFakeSglang(options: FakeSglangOptions = {}): Promise<FakeRuntime> {
  return startFakeRuntime((request) => answer(request, options), options);
}

function answer(request: RecordedRequest, options: FakeSglangOptions): FakeAnswer {
  const { key, isOld = false } = options;
  if (key !== undefined && request.headers.authorization !== `Bearer ${key}`) {
    return { status: 401, headers: UVICORN, body: { error: 'Unauthorized' } };
  }
  switch (request.route) {
    case 'GET /':
      return { headers: UVICORN, body: '"SGLang is running"' };
    case 'GET /v1/models':
      return { headers: UVICORN, body: { object: 'list', data: cards(options) } };
    case isOld ? 'GET /get_model_info' : 'GET /model_info':
      return { headers: UVICORN, body: modelInfo(options) };
    case 'GET /server_info':
      return { headers: UVICORN, body: { api_key: key ?? null, version: '0.5.9' } };
    case 'GET /health':
    case 'GET /health_generate':
      return { headers: UVICORN };
    default:
      return { status: 404, headers: UVICORN, body: { detail: 'Not Found' } };
  }
}

function modelInfo(options: FakeSglangOptions): object {
  const { model = 'Qwen/Qwen3-8B', isGeneration = true, hasImages = false } = options;
  return {
    model_path: model,
    tokenizer_path: model,
    is_generation: isGeneration,
    has_image_understanding: hasImages,
    has_audio_understanding: false,
  };
}

function cards(options: FakeSglangOptions): readonly object[] {
  const { model = 'Qwen/Qwen3-8B', maxModelLength = 40_960, adapters = [] } = options;
  const card = (id: string, parent: string | null) => ({
    id,
    object: 'model',
    created: 1_795_341_555,
    owned_by: 'sglang',
    root: id,
    parent,
    max_model_len: parent === null ? maxModelLength : null,
  });
  return [card(model, null), ...adapters.map((id) => card(id, model))];
}
