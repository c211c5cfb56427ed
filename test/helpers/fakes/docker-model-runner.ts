/**
 * A fake Docker Model Runner that follows its source (`fixtures/docker-model-runner`, labelled "from source"):
 * the root text, the list below the path of the engines and its alias, and the imitation of Ollama.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** One model that the fake has. */
export interface FakeDockerModel {
  readonly id: string;
  /** Tokens that its package asks for; unset in servers that tell nothing of the model. */
  readonly contextWindow?: number;
  /** @default 'llama' */
  readonly architecture?: string;
}

/** State of the fake. */
export interface FakeDockerModelRunnerOptions extends ListenOptions {
  /** Undefined plays a server without that route. */
  readonly version?: string | undefined;
  /** @default one chat model */
  readonly models?: readonly FakeDockerModel[];
  /** False plays a build that answers `/` with 404. @default true */
  readonly hasRootText?: boolean;
}

/** Starts a fake Docker Model Runner on 127.0.0.1, by default on a free port and with one model. */
export function startFakeDockerModelRunner(options: FakeDockerModelRunnerOptions = {}): Promise<FakeRuntime> {
  const state = { version: 'v1.0.12', ...options };
  return startFakeRuntime((request) => answer(request, state), options);
}

function answer({ route }: RecordedRequest, options: FakeDockerModelRunnerOptions): FakeAnswer {
  const {
    version,
    models = [{ id: 'ai/smollm2:latest', contextWindow: 8_192 }],
    hasRootText = true,
  } = options;
  switch (route) {
    case 'GET /':
      if (hasRootText) return { body: 'Docker Model Runner is running' };
      break;
    case 'GET /version':
      if (version !== undefined) return { body: { version } };
      break;
    case 'GET /api/version':
      return { body: { version: '0.1.0' } };
    case 'GET /api/tags':
      return { body: { models: models.map(({ id }) => ({ name: id, model: id })) } };
    case 'GET /v1/models':
    case 'GET /engines/v1/models':
      return { body: { object: 'list', data: models.map(card) } };
  }
  return { status: 404, headers: { 'content-type': 'text/plain' }, body: 'not found\n' };
}

function card({ id, contextWindow, architecture = 'llama' }: FakeDockerModel): object {
  const dmr = { context_window: contextWindow, architecture, parameters: '361.82 M', size: '256.35 MiB' };
  return {
    id,
    object: 'model',
    created: 1_742_816_981,
    owned_by: 'docker',
    ...(contextWindow === undefined && architecture === 'llama' ? {} : { dmr }),
  };
}
