/** What is known of NVIDIA NIM before anybody is asked: where it is hosted, and the models offered first. */

/** A model as a person chooses it. */
export interface OfferedModel {
  /** The id as the provider knows it. */
  readonly id: string;
  readonly name: string;
  /** One line that helps to choose. */
  readonly about: string;
}

interface NimModel extends OfferedModel {
  readonly reasoning: boolean;
  /** Tokens that the model was trained for. */
  readonly contextWindow: number;
  readonly maxTokens: number;
}

/** The hosted service. */
export const NIM_SERVICE = {
  id: 'nim',
  name: 'NVIDIA NIM',
  baseUrl: 'https://integrate.api.nvidia.com/v1',
  keyPage: 'https://build.nvidia.com/',
} as const;

/** The models that are offered first, in that order. */
export const NIM_MODELS: readonly NimModel[] = [
  {
    id: 'meta/llama-3.3-70b-instruct',
    name: 'Llama 3.3 70B',
    about: 'strong general-purpose reasoning',
    reasoning: false,
    contextWindow: 131_072,
    maxTokens: 8_192,
  },
  {
    id: 'meta/llama-3.1-405b-instruct',
    name: 'Llama 3.1 405B',
    about: 'the largest open model',
    reasoning: false,
    contextWindow: 131_072,
    maxTokens: 8_192,
  },
  {
    id: 'deepseek/deepseek-r1',
    name: 'DeepSeek-R1',
    about: 'reasoning with chain-of-thought',
    reasoning: true,
    contextWindow: 131_072,
    maxTokens: 8_192,
  },
  {
    id: 'nvidia/llama-3.1-nemotron-70b-instruct',
    name: 'Nemotron 70B',
    about: 'NVIDIA-tuned Llama',
    reasoning: false,
    contextWindow: 131_072,
    maxTokens: 8_192,
  },
];
