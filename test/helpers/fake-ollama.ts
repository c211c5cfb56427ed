/**
 * A fake Ollama that follows the recorded answers of a real one (`fixtures/ollama`), headers included:
 * lists, show, loaded models, cloud models, the Host and Origin checks, and old servers without
 * capabilities in their list. Its state can be set while it runs.
 */
import { createHash } from 'node:crypto';
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from './fake-runtime.ts';

/** One model that the fake has. */
export interface FakeOllamaModel {
  /** With its tag: `llama3:chat`. */
  readonly name: string;
  /** @default a hash of the name */
  readonly digest?: string;
  /** Tokens the model was trained for. @default 131072 */
  readonly contextLength?: number;
  /** @default ['completion'] */
  readonly capabilities?: readonly string[];
  /** @default 'llama' */
  readonly family?: string;
  /** The Modelfile's `num_ctx`. */
  readonly numCtx?: number;
  /** Set for a model that runs on another host: `https://ollama.com:443`. */
  readonly remoteHost?: string;
  readonly remoteModel?: string;
}

/** A model in memory. */
export interface FakeLoadedModel {
  readonly name: string;
  /** Tokens that it was loaded with. */
  readonly contextLength: number;
}

/** State of the fake; all of it can be changed later. */
export interface FakeOllamaOptions extends ListenOptions {
  /** @default '0.32.7' */
  readonly version?: string;
  readonly models?: readonly FakeOllamaModel[];
  readonly loaded?: readonly FakeLoadedModel[];
  /** False plays a server before 0.30: no capabilities and no context length in the list. @default true */
  readonly listsDetails?: boolean;
  /** What `show` says of a cloud model. @default 'disabled' (403); `signed-out` is 401 */
  readonly cloud?: 'disabled' | 'signed-out';
  /** `owned_by` in `/v1/models`, to play an emulator. @default as Ollama does it */
  readonly ownedBy?: string;
  /** Answers that replace or add a route (`GET /.well-known/localai.json`), to play an emulator. */
  readonly routes?: Readonly<Record<string, FakeAnswer>>;
}

/** A running fake Ollama. */
export interface FakeOllama extends FakeRuntime {
  setModels(models: readonly FakeOllamaModel[]): void;
  setLoaded(loaded: readonly FakeLoadedModel[]): void;
  setVersion(version: string): void;
  /** Replaces or adds the answer of one route; undefined restores the fake's own. */
  setRoute(route: string, answer: FakeAnswer | undefined): void;
}

interface State {
  version: string;
  models: readonly FakeOllamaModel[];
  loaded: readonly FakeLoadedModel[];
  readonly listsDetails: boolean;
  readonly cloud: 'disabled' | 'signed-out';
  readonly ownedBy: string | undefined;
  readonly routes: Map<string, FakeAnswer>;
}

const MODIFIED_AT = '2026-11-22T09:59:14.413962136Z';

/** Starts a fake Ollama on 127.0.0.1, by default on a free port and without models. */
export async function startFakeOllama(options: FakeOllamaOptions = {}): Promise<FakeOllama> {
  const state: State = {
    version: options.version ?? '0.32.7',
    models: options.models ?? [],
    loaded: options.loaded ?? [],
    listsDetails: options.listsDetails ?? true,
    cloud: options.cloud ?? 'disabled',
    ownedBy: options.ownedBy,
    routes: new Map(Object.entries(options.routes ?? {})),
  };
  const runtime = await startFakeRuntime((request) => answer(request, state), options);
  return {
    ...runtime,
    setModels: (models) => {
      state.models = models;
    },
    setLoaded: (loaded) => {
      state.loaded = loaded;
    },
    setVersion: (version) => {
      state.version = version;
    },
    setRoute: (route, replacement) => {
      if (replacement === undefined) state.routes.delete(route);
      else state.routes.set(route, replacement);
    },
  };
}

function answer(request: RecordedRequest, state: State): FakeAnswer {
  if (!isAllowed(request)) return { status: 403 };
  const replaced = state.routes.get(request.route);
  if (replaced !== undefined) return replaced;
  switch (request.route.replace(/^HEAD /, 'GET ')) {
    case 'GET /':
      return { headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'Ollama is running' };
    case 'GET /api/version':
      return { body: { version: state.version } };
    case 'GET /api/tags':
      return { body: { models: state.models.map((model) => tagRow(model, state.listsDetails)) } };
    case 'GET /api/ps':
      return { body: { models: loadedRows(state) } };
    case 'GET /api/status':
      return {
        body: {
          cloud: {
            disabled: state.cloud === 'disabled',
            source: state.cloud === 'disabled' ? 'env' : 'none',
          },
        },
      };
    case 'POST /api/show':
      return show(request, state);
    case 'GET /v1/models':
      return { headers: { 'content-type': 'application/json' }, body: openAiList(state) };
    case 'POST /v1/chat/completions':
      return chat(request, state);
    case 'GET /api/show':
    case 'POST /api/version':
    case 'POST /api/tags':
      return { status: 405, headers: { 'content-type': 'text/plain' }, body: '405 method not allowed' };
    default:
      return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
  }
}

/** A server bound to loopback refuses foreign Host and Origin values with an empty 403. */
function isAllowed({ headers }: RecordedRequest): boolean {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  const hostAllowed =
    /^(?:127\.|10\.|192\.168\.|0\.0\.0\.0$|\[)/.test(host) ||
    /^localhost$|\.(?:localhost|local|internal)$/.test(host);
  const origin = headers.origin;
  return (
    hostAllowed && (origin === undefined || /^https?:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(origin))
  );
}

function digestOf({ name, digest }: FakeOllamaModel): string {
  return digest ?? createHash('sha256').update(name).digest('hex');
}

function details({ family = 'llama', remoteHost }: FakeOllamaModel): Record<string, unknown> {
  const remote = remoteHost !== undefined;
  return {
    parent_model: '',
    format: remote ? '' : 'gguf',
    family,
    families: [family],
    parameter_size: remote ? '' : '8.0B',
    quantization_level: remote ? '' : 'Q4_K_M',
  };
}

function remoteFields({ remoteHost, remoteModel }: FakeOllamaModel): Record<string, unknown> {
  if (remoteHost === undefined) return {};
  return { remote_model: remoteModel ?? 'gpt-oss:120b', remote_host: remoteHost };
}

function tagRow(model: FakeOllamaModel, listsDetails: boolean): Record<string, unknown> {
  const { name, contextLength = 131_072, capabilities = ['completion'] } = model;
  return {
    name,
    model: name,
    ...remoteFields(model),
    modified_at: MODIFIED_AT,
    size: model.remoteHost === undefined ? 4_661_224_676 : 281,
    digest: digestOf(model),
    details: {
      ...details(model),
      ...(listsDetails ? { context_length: contextLength, embedding_length: 4096 } : {}),
    },
    ...(listsDetails ? { capabilities } : {}),
  };
}

function loadedRows(state: State): Record<string, unknown>[] {
  return state.loaded.flatMap(({ name, contextLength }) => {
    const model = state.models.find((candidate) => candidate.name === name);
    if (model === undefined) return [];
    return [
      {
        name,
        model: name,
        size: 6_920_600,
        digest: digestOf(model),
        details: details(model),
        expires_at: '2026-11-22T10:04:15.022557453Z',
        size_vram: 0,
        context_length: contextLength,
      },
    ];
  });
}

function openAiList(state: State): Record<string, unknown> {
  const data = state.models.map(({ name }) => ({
    id: name,
    object: 'model',
    created: 1_795_341_554,
    owned_by: state.ownedBy ?? (name.includes('/') ? name.split('/')[0] : 'library'),
  }));
  // The real server sends null, not [], when it has no models.
  return { object: 'list', data: data.length === 0 ? null : data };
}

function findModel(state: State, wanted: string): FakeOllamaModel | undefined {
  return state.models.find(({ name }) => name === wanted || name === `${wanted}:latest`);
}

function show(request: RecordedRequest, state: State): FakeAnswer {
  const wanted = modelOf(request);
  const model = findModel(state, wanted);
  if (model === undefined) {
    const tagged = wanted.includes(':') ? wanted : `${wanted}:latest`;
    return { status: 404, body: { error: `model '${tagged}' not found` } };
  }
  if (model.remoteHost !== undefined) {
    return state.cloud === 'disabled'
      ? { status: 403, body: { error: 'ollama cloud is disabled: remote model details are unavailable' } }
      : { status: 401, body: { error: 'unauthorized' } };
  }
  const { family = 'llama', contextLength = 131_072, capabilities = ['completion'], numCtx } = model;
  return {
    body: {
      modelfile: '# Modelfile generated by "ollama show"\n',
      parameters: [
        ...(numCtx === undefined ? [] : [`${'num_ctx'.padEnd(30)} ${numCtx}`]),
        `${'stop'.padEnd(30)} "<|im_end|>"`,
      ].join('\n'),
      template: '{{ .Prompt }}',
      details: details(model),
      model_info: {
        'general.architecture': family,
        [`${family}.context_length`]: contextLength,
        [`${family}.embedding_length`]: 4096,
      },
      // Servers before 0.6.4 do not know capabilities at all.
      ...(state.listsDetails ? { capabilities } : {}),
      modified_at: MODIFIED_AT,
    },
  };
}

function chat(request: RecordedRequest, state: State): FakeAnswer {
  const wanted = modelOf(request);
  if (findModel(state, wanted) === undefined) {
    return {
      status: 404,
      body: {
        error: { message: `model '${wanted}' not found`, type: 'not_found_error', param: null, code: null },
      },
    };
  }
  return {
    headers: { 'content-type': 'application/json' },
    body: {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_795_341_555,
      model: wanted,
      system_fingerprint: 'fp_ollama',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    },
  };
}

function modelOf({ body }: RecordedRequest): string {
  const parsed: unknown = JSON.parse(body === '' ? '{}' : body);
  if (typeof parsed !== 'object' || parsed === null) return '';
  const named: { model?: unknown; name?: unknown } = parsed;
  const wanted = named.model ?? named.name;
  return typeof wanted === 'string' ? wanted : '';
}
