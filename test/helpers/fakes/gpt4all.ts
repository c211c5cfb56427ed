/** A fake GPT4All that follows its source (`fixtures/gpt4all`): its list, and an empty 401 while it is switched off. */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type ListenOptions,
  type RecordedRequest,
} from '../fake-runtime.ts';

/** State of the fake. */
export interface FakeGpt4AllOptions extends ListenOptions {
  /** @default one */
  readonly models?: readonly string[];
  /** True: its port is open and the setting is off. */
  readonly isOff?: boolean;
}

/** A running fake GPT4All. */
export interface FakeGpt4All extends FakeRuntime {
  /** Changes the state from now on. */
  set(change: Partial<FakeGpt4AllOptions>): void;
}

/** Starts a fake GPT4All on 127.0.0.1, by default on a free port, switched on, with one model. */
export async function startFakeGpt4All(options: FakeGpt4AllOptions = {}): Promise<FakeGpt4All> {
  let state = options;
  const runtime = await startFakeRuntime((request) => {
    const given = answer(request, state);
    return { ...given, headers: { 'access-control-allow-origin': '*', ...given.headers } };
  }, options);
  return {
    ...runtime,
    set: (change) => {
      state = { ...state, ...change };
    },
  };
}

function answer({ route }: RecordedRequest, state: FakeGpt4AllOptions): FakeAnswer {
  if (!/^(?:GET|POST) \/v1\/(?:models|completions|chat\/completions)/.test(route)) return { status: 404 };
  if (state.isOff === true) return { status: 401 };
  if (route !== 'GET /v1/models') {
    return {
      status: 405,
      body: { error: { message: 'Only POST requests are accepted.', type: 'invalid_request_error' } },
    };
  }
  return { body: { object: 'list', data: (state.models ?? ['Llama 3 8B Instruct']).map(row) } };
}

function row(id: string): object {
  return { id, object: 'model', created: 0, owned_by: 'humanity', root: id, parent: null };
}
