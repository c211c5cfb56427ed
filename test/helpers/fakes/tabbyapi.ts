/**
 * A fake TabbyAPI that follows its source (`fixtures/tabbyapi`): public health and service documents, keys on
 * everything else by default, a list of all models on disk where keys are off, the loaded model's card, and its
 * imitations of KoboldCpp and of llama-server. It remembers questions that put an error into the server's log.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** State of the fake. */
export interface FakeTabbyApiOptions extends ListenOptions {
  /** Null: `disable_auth: true`. @default 'tabby-key' */
  readonly apiKey?: string | null;
  /** Folders of models on disk. @default the loaded one */
  readonly models?: readonly string[];
  /** Null: nothing is loaded. @default 'Llama-3.1-8B-exl3' */
  readonly loaded?: string | null;
  /** Tokens. @default 32768 */
  readonly context?: number;
  readonly vision?: boolean;
}

/** A running fake TabbyAPI. */
export interface FakeTabbyApi extends FakeRuntime {
  /** Changes the state from now on. */
  set(change: Partial<FakeTabbyApiOptions>): void;
  /** Questions that a real server writes an error line about. */
  readonly loggedErrors: readonly string[];
}

const DEFAULT_MODEL = 'Llama-3.1-8B-exl3';
const PUBLIC = new Set([
  'GET /health',
  'GET /.well-known/serviceinfo',
  'GET /api/extra/version',
  'GET /api/v1/info/version',
]);

/** Starts a fake TabbyAPI on 127.0.0.1, by default on a free port, with keys and a loaded model. */
export async function startFakeTabbyApi(options: FakeTabbyApiOptions = {}): Promise<FakeTabbyApi> {
  let state = options;
  const loggedErrors: string[] = [];
  const runtime = await startFakeRuntime((request) => {
    const given = answer(request, state, loggedErrors);
    return { ...given, headers: { server: 'uvicorn', ...given.headers } };
  }, options);
  return {
    ...runtime,
    loggedErrors,
    set: (change) => {
      state = { ...state, ...change };
    },
  };
}

function answer(request: RecordedRequest, state: FakeTabbyApiOptions, loggedErrors: string[]): FakeAnswer {
  const { route, headers } = request;
  const { apiKey = 'tabby-key', loaded = DEFAULT_MODEL, context = 32_768 } = state;
  const key = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /, '');
  const isKnown = PUBLIC.has(route) || CLOSED.has(route);
  if (!isKnown) return { status: 404, body: { detail: 'Not Found' } };
  if (apiKey !== null && key !== apiKey && !PUBLIC.has(route)) {
    return { status: 401, body: { detail: 'Please provide an API key' } };
  }
  switch (route) {
    case 'GET /health':
      return { body: { status: 'healthy', issues: [] } };
    case 'GET /.well-known/serviceinfo':
      return {
        body: { version: 0.1, software: { name: 'TabbyAPI' }, api: { openai: { relative_url: '/v1' } } },
      };
    case 'GET /api/extra/version':
      return { body: { result: 'KoboldCpp', version: '1.61' } };
    case 'GET /api/v1/info/version':
      return { body: { result: '1.2.5' } };
    case 'GET /v1/models':
      return {
        body: { object: 'list', data: (state.models ?? (loaded === null ? [] : [loaded])).map(card) },
      };
    default:
      break;
  }
  if (loaded === null) {
    loggedErrors.push(route);
    return { status: 503, body: { detail: 'No models are currently loaded.' } };
  }
  if (route === 'GET /props') {
    return { body: { total_slots: 1, default_generation_settings: { n_ctx: context } } };
  }
  const parameters = { max_seq_len: context, cache_mode: 'FP16', use_vision: state.vision ?? false };
  return { body: { ...card(loaded), parameters } };
}

const CLOSED = new Set(['GET /v1/models', 'GET /v1/model', 'GET /props']);

function card(id: string): object {
  return { id, object: 'model', created: 1_795_341_555, owned_by: 'tabbyAPI' };
}
