/** Every fake runtime, so that a test can put each of them to every identifier. */
import type { RuntimeId } from '../../../src/domain/provider-id.ts';
import { startFakeLmStudio } from '../fake-lmstudio.ts';
import { startFakeOllama } from '../fake-ollama.ts';
import type { FakeRuntime, ListenOptions } from '../fake-runtime.ts';
import { startFakeDockerModelRunner } from './docker-model-runner.ts';
import { startFakeExo } from './exo.ts';
import { startFakeLemonade } from './lemonade.ts';
import { startFakeLlamaServer } from './llamacpp.ts';
import { startFakeLlamaSwap } from './llama-swap.ts';
import { startFakeMlxLm } from './mlx-lm.ts';
import { startFakeLocalAi } from './localai.ts';
import { startFakeNim } from './nim.ts';
import { startFakeSglang } from './sglang.ts';
import { startFakeVllm } from './vllm.ts';
import { startFakeGpt4All } from './gpt4all.ts';
import { startFakeJan } from './jan.ts';
import { startFakeKoboldCpp } from './koboldcpp.ts';
import { startFakeTabbyApi } from './tabbyapi.ts';
import { startFakeTextGenerationWebui } from './text-generation-webui.ts';

/** A fake as its runtime is usually found: with a model. */
export interface NamedFake {
  readonly id: RuntimeId;
  /** Starts it on 127.0.0.1, by default on a free port. */
  start(port?: number): Promise<FakeRuntime>;
}

/** All fakes, one for each runtime. */
export const ALL_FAKES: readonly NamedFake[] = [
  { id: 'ollama', start: (port) => startFakeOllama({ ...at(port), models: [{ name: 'llama3:chat' }] }) },
  { id: 'lmstudio', start: (port) => startFakeLmStudio({ ...at(port), models: [{ key: 'qwen3-8b' }] }) },
  { id: 'llamacpp', start: (port) => startFakeLlamaServer(at(port)) },
  { id: 'llama-swap', start: (port) => startFakeLlamaSwap(at(port)) },
  { id: 'mlx-lm', start: (port) => startFakeMlxLm(at(port)) },
  { id: 'nim', start: (port) => startFakeNim(at(port)) },
  { id: 'vllm', start: (port) => startFakeVllm(at(port)) },
  { id: 'sglang', start: (port) => startFakeSglang(at(port)) },
  { id: 'localai', start: (port) => startFakeLocalAi(at(port)) },
  { id: 'lemonade', start: (port) => startFakeLemonade(at(port)) },
  { id: 'docker-model-runner', start: (port) => startFakeDockerModelRunner(at(port)) },
  { id: 'exo', start: (port) => startFakeExo(at(port)) },
  { id: 'jan', start: (port) => startFakeJan(at(port)) },
  { id: 'koboldcpp', start: (port) => startFakeKoboldCpp(at(port)) },
  { id: 'tabbyapi', start: (port) => startFakeTabbyApi(at(port)) },
  { id: 'text-generation-webui', start: (port) => startFakeTextGenerationWebui(at(port)) },
  { id: 'gpt4all', start: (port) => startFakeGpt4All(at(port)) },
];

function at(port: number | undefined): ListenOptions {
  return port === undefined ? {} : { port };
}
