/**
 * A fake LocalAI that follows its source (`fixtures/localai`, labelled "from source"): the public description
 * of itself, a plain list, the list of capabilities, the key check, and the imitation of Ollama.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** One model that the fake has. */
export interface FakeLocalAiModel {
  readonly id: string;
  /** @default ['chat'] */
  readonly capabilities?: readonly string[];
  /** @default ['text'] */
  readonly inputModalities?: readonly string[];
}

/** State of the fake. */
export interface FakeLocalAiOptions extends ListenOptions {
  /** @default 'v3.8.0' */
  readonly version?: string;
  /** @default one chat model */
  readonly models?: readonly FakeLocalAiModel[];
  /** False plays a server before the list of capabilities. @default true */
  readonly listsCapabilities?: boolean;
  readonly isReady?: boolean;
  /** Demanded as bearer token everywhere but on the public routes. */
  readonly key?: string;
}

const PUBLIC = new Set(['GET /', 'GET /healthz', 'GET /readyz', 'GET /.well-known/localai.json']);

/** Starts a fake LocalAI on 127.0.0.1, by default on a free port and with one model. */
export function startFakeLocalAi(options: FakeLocalAiOptions = {}): Promise<FakeRuntime> {
  return startFakeRuntime((request) => answer(request, options), options);
}

function answer(request: RecordedRequest, options: FakeLocalAiOptions): FakeAnswer {
  const { key, version = 'v3.8.0', models = [{ id: 'gemma-3-4b-it' }], isReady = true } = options;
  const isLocked = key !== undefined && request.headers.authorization !== `Bearer ${key}`;
  if (isLocked && !PUBLIC.has(request.route)) return NO_KEY;
  switch (request.route) {
    case 'GET /':
      // With a setting for clients of Ollama.
      return { headers: { 'content-type': 'text/plain; charset=UTF-8' }, body: 'Ollama is running' };
    case 'GET /healthz':
      return { body: 'OK' };
    case 'GET /readyz':
      return isReady ? { body: 'OK' } : { status: 503 };
    case 'GET /.well-known/localai.json':
      return { body: description(version) };
    case 'GET /version':
      return { body: { version } };
    case 'GET /api/version':
      return { body: { version: '0.9.0' } };
    case 'GET /api/tags':
      return { body: { models: models.map(({ id }) => ({ name: id, model: id })) } };
    case 'GET /v1/models':
      return { body: { object: 'list', data: models.map(({ id }) => ({ id, object: 'model' })) } };
    case 'GET /v1/models/capabilities':
      if (options.listsCapabilities !== false) return { body: { object: 'list', data: models.map(capable) } };
  }
  return { status: 404, body: { error: { code: 404, message: 'Not Found', type: '' } } };
}

const NO_KEY: FakeAnswer = {
  status: 401,
  body: {
    error: { code: 401, message: 'An authentication key is required', type: 'invalid_request_error' },
  },
};

function capable({ id, capabilities = ['chat'], inputModalities = ['text'] }: FakeLocalAiModel): object {
  return {
    id,
    object: 'model',
    capabilities,
    input_modalities: inputModalities,
    output_modalities: ['text'],
  };
}

function description(version: string): object {
  return {
    version,
    endpoints: { chat_completions: '/v1/chat/completions', models: '/v1/models' },
    endpoint_groups: { openai_compatible: { models: '/v1/models' } },
    capabilities: { mcp: true, p2p: false },
  };
}
