/** The list of runtimes, in the order of reports: the first model of the first one up is the automatic default. */
import type { RuntimeId } from '../../domain/provider-id.ts';
import { dockerModelRunner } from './docker-model-runner.ts';
import { exo } from './exo.ts';
import { gpt4All } from './gpt4all.ts';
import { jan } from './jan.ts';
import { koboldCpp } from './koboldcpp.ts';
import { lemonade } from './lemonade.ts';
import { llamaCpp } from './llamacpp.ts';
import { llamaSwap } from './llama-swap.ts';
import { lmStudio } from './lmstudio.ts';
import { localAi } from './localai.ts';
import { mlxLm } from './mlx-lm.ts';
import { nim } from './nim.ts';
import { ollama } from './ollama.ts';
import type { Runtime } from './runtime.ts';
import { sglang } from './sglang.ts';
import { tabbyApi } from './tabbyapi.ts';
import { textGenerationWebui } from './text-generation-webui.ts';
import { vllm } from './vllm.ts';

/** Every runtime that discovery knows. */
export const RUNTIMES: readonly Runtime[] = [
  ollama,
  lmStudio,
  llamaCpp,
  llamaSwap,
  nim,
  vllm,
  sglang,
  localAi,
  lemonade,
  dockerModelRunner,
  exo,
  jan,
  koboldCpp,
  tabbyApi,
  textGenerationWebui,
  gpt4All,
  mlxLm,
];

/** The runtime of an id, or undefined for one that discovery cannot identify yet. */
export function runtimeById(id: RuntimeId): Runtime | undefined {
  return RUNTIMES.find((runtime) => runtime.id === id);
}
