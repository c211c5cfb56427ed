/**
 * A fake llama-swap that follows its source: a list of models with one owner, the list of running ones, health as
 * text, and the version route of Ollama's API with more in it. It remembers which models a question started.
 */
import { startFakeRuntime, type FakeAnswer, type FakeRuntime, type ListenOptions } from '../fake-runtime.ts';

/** One model that the fake has. */
export interface FakeLlamaSwapModel {
  readonly id: string;
  readonly name?: string;
  readonly isLoaded?: boolean;
  /** `meta.n_ctx` of its server. */
  readonly contextWindow?: number;
  /** `context_length` of its row. */
  readonly contextLength?: number;
  readonly vision?: boolean;
  /** The other host that has it, as releases of 2025 say it. */
  readonly peer?: string;
  /** @default 'model' */
  readonly type?: 'model' | 'peer' | 'remote';
}

/** State of the fake. */
export interface FakeLlamaSwapOptions extends ListenOptions {
  readonly models?: readonly FakeLlamaSwapModel[];
  /** Demanded on every route but health. */
  readonly apiKey?: string;
}

/** A running fake llama-swap. */
export interface FakeLlamaSwap extends FakeRuntime {
  /** Changes the state from now on. */
  set(change: Partial<FakeLlamaSwapOptions>): void;
  /** Paths that made it start a server. */
  readonly started: readonly string[];
}

/** Starts a fake llama-swap on 127.0.0.1, by default on a free port, open, with one model. */
export async function startFakeLlamaSwap(options: FakeLlamaSwapOptions = {}): Promise<FakeLlamaSwap> {
  let state = options;
  const started: string[] = [];
  const runtime = await startFakeRuntime(({ route, path, headers }) => {
    const { models = [{ id: 'qwen3' }], apiKey } = state;
    if (route === 'GET /health') return { headers: TEXT, body: 'OK' };
    if (apiKey !== undefined && headers['authorization'] !== `Bearer ${apiKey}`) return NO_KEY;
    if (path.startsWith('/upstream/')) started.push(path);
    switch (route) {
      case 'GET /':
        return { status: 302, headers: { location: '/ui' } };
      case 'GET /v1/models':
        return { body: { data: models.map(toRow), object: 'list' } };
      case 'GET /running':
        return { body: { running: models.filter(({ isLoaded }) => isLoaded).map(toRunning) } };
      case 'GET /api/version':
        return { body: { version: '170', commit: '9b3a33d', build_date: '2026-11-01T00:00:00Z' } };
      default:
        return { status: 404, headers: TEXT, body: '404 page not found' };
    }
  }, options);
  return {
    ...runtime,
    started,
    set: (change) => {
      state = { ...state, ...change };
    },
  };
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

const NO_KEY: FakeAnswer = {
  status: 401,
  headers: { 'www-authenticate': 'Basic realm="llama-swap"' },
  body: { src: 'llama-swap', error: 'unauthorized: invalid or missing API key' },
};

function toRow(model: FakeLlamaSwapModel) {
  const { id, name, isLoaded = false, contextWindow, contextLength, vision, peer, type = 'model' } = model;
  return {
    id,
    object: 'model',
    created: 1_795_341_555,
    owned_by: 'llama-swap',
    ...(name === undefined ? {} : { name }),
    ...(contextLength === undefined ? {} : { context_length: contextLength }),
    ...(vision === true ? { architecture: { input_modalities: ['text', 'image'] } } : {}),
    meta: {
      llamaswap: peer === undefined ? { type } : { peerID: peer },
      ...(contextWindow === undefined ? {} : { n_ctx: contextWindow }),
    },
    status: { value: isLoaded ? 'loaded' : 'unloaded' },
  };
}

function toRunning({ id, name = '' }: FakeLlamaSwapModel) {
  return { model: id, state: 'ready', cmd: 'llama-server', proxy: 'http://127.0.0.1:5800', ttl: 0, name };
}
