/**
 * A fake vLLM that follows its source (`fixtures/vllm`, labelled "from source"): cards with adapters, the open
 * version route, and the key check that guards `/v1` alone.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** State of the fake. */
export interface FakeVllmOptions extends ListenOptions {
  /** @default '0.19.1' */
  readonly version?: string;
  /** Names under which the one base model is served. @default ['Qwen/Qwen3-8B'] */
  readonly models?: readonly string[];
  /** Tokens of a request. @default 32768 */
  readonly maxModelLength?: number;
  /** Adapters, by name. @default none */
  readonly adapters?: readonly string[];
  /** Demanded as bearer token below `/v1`. */
  readonly key?: string;
}

const UVICORN = { server: 'uvicorn' };

/** Starts a fake vLLM on 127.0.0.1, by default on a free port and with one model. */
export function startFakeVllm(options: FakeVllmOptions = {}): Promise<FakeRuntime> {
  return startFakeRuntime((request) => answerAsVllm(request, options), options);
}

/** What vLLM answers to one request. */
export function answerAsVllm(request: RecordedRequest, options: FakeVllmOptions): FakeAnswer {
  const { version = '0.19.1', key } = options;
  if (key !== undefined && request.path.startsWith('/v1') && !hasKey(request, key)) {
    return { status: 401, headers: UVICORN, body: { error: 'Unauthorized' } };
  }
  switch (request.route) {
    case 'GET /v1/models':
      return { headers: UVICORN, body: { object: 'list', data: cards(options) } };
    case 'GET /version':
      return { headers: UVICORN, body: { version } };
    case 'GET /health':
    case 'GET /ping':
      return { headers: UVICORN };
    default:
      return { status: 404, headers: UVICORN, body: { detail: 'Not Found' } };
  }
}

function hasKey({ headers }: RecordedRequest, key: string): boolean {
  return headers.authorization === `Bearer ${key}`;
}

function cards(options: FakeVllmOptions): readonly object[] {
  const { models = ['Qwen/Qwen3-8B'], maxModelLength = 32_768, adapters = [] } = options;
  const [first = ''] = models;
  const card = (id: string, root: string, parent: string | null) => ({
    id,
    object: 'model',
    created: 1_795_341_555,
    owned_by: 'vllm',
    root,
    parent,
    ...(parent === null ? { max_model_len: maxModelLength } : {}),
    permission: [{ id: 'modelperm-1', object: 'model_permission', allow_sampling: true, organization: '*' }],
  });
  return [
    ...models.map((id) => card(id, first, null)),
    ...adapters.map((id) => card(id, `/adapters/${id}`, first)),
  ];
}
