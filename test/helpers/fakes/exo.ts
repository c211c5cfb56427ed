/**
 * A fake exo that follows its source (`fixtures/exo`, labelled "from source"): a list of all models that it
 * knows, the same list cut to what is on this machine, and the imitation of Ollama below a path of its own.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** One model that the fake knows. */
export interface FakeExoModel {
  readonly id: string;
  /** @default true */
  readonly isDownloaded?: boolean;
  /** Zero where it is not known. @default 131072 */
  readonly contextLength?: number;
  /** @default ['text'] */
  readonly capabilities?: readonly string[];
  /** @default ['TextGeneration'] */
  readonly tasks?: readonly string[];
}

/** State of the fake. */
export interface FakeExoOptions extends ListenOptions {
  /** @default one that is downloaded and one that is not */
  readonly models?: readonly FakeExoModel[];
}

const KNOWN: readonly FakeExoModel[] = [
  { id: 'mlx-community/Llama-3.2-1B-Instruct-4bit' },
  { id: 'mlx-community/DeepSeek-V3.2-8bit', isDownloaded: false },
];

/** Starts a fake exo on 127.0.0.1, by default on a free port. */
export function startFakeExo({ models = KNOWN, ...where }: FakeExoOptions = {}): Promise<FakeRuntime> {
  return startFakeRuntime((request) => answer(request, models), where);
}

function answer({ path, route }: RecordedRequest, models: readonly FakeExoModel[]): FakeAnswer {
  switch (route) {
    case 'GET /v1/models': {
      const wanted = path.includes('status=downloaded')
        ? models.filter(({ isDownloaded = true }) => isDownloaded)
        : models;
      return { body: { object: 'list', data: wanted.map(card) } };
    }
    case 'GET /node_id':
      return { body: '"12D3KooWQ8vWZ1"', headers: { 'content-type': 'application/json' } };
    case 'GET /ollama/api/version':
      return { body: { version: '1.0.0' } };
    default:
      return { status: 404, body: { detail: 'Not Found' } };
  }
}

function card({
  id,
  contextLength = 131_072,
  capabilities = ['text'],
  tasks = ['TextGeneration'],
}: FakeExoModel) {
  return {
    id,
    object: 'model',
    created: 1_795_341_555,
    owned_by: 'exo',
    hugging_face_id: id,
    name: id.split('/').at(-1) ?? id,
    description: '',
    context_length: contextLength,
    tags: [],
    tasks,
    family: 'llama',
    capabilities,
  };
}
