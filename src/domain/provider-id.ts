/**
 * Provider ids: how they are spelled, which spellings mean the same provider, and which of them discovery
 * may claim. Ids compare trimmed and lower-case; the aliases are those that the operators' other tools accept.
 */

/** Spellings that always mean another id. */
const ALIASES: Readonly<Record<string, string>> = {
  'z.ai': 'zai',
  'z-ai': 'zai',
  'opencode-zen': 'opencode',
  'opencode-go-auth': 'opencode-go',
  bedrock: 'amazon-bedrock',
  'aws-bedrock': 'amazon-bedrock',
  bytedance: 'volcengine',
  doubao: 'volcengine',
  moonshotai: 'moonshot',
  'moonshot-ai': 'moonshot',
  kimi: 'kimi-coding',
  'kimi-code': 'kimi-coding',
  'novita-ai': 'novita',
  novitaai: 'novita',
  'x-ai': 'xai',
  'fireworks-ai': 'fireworks',
  'gmi-cloud': 'gmi',
  gmicloud: 'gmi',
  'meituan-longcat': 'longcat',
};

/** Spellings that mean another id only while no source defines a provider of that very id. */
const ALIASES_UNLESS_DEFINED: Readonly<Record<string, string>> = {
  qwen: 'qwen-portal',
  modelstudio: 'qwen',
  qwencloud: 'qwen',
  dashscope: 'qwen',
};

/** Ids that discovery may claim; never a hosted provider's. */
export const RUNTIME_IDS = [
  'ollama',
  'lmstudio',
  'llamacpp',
  'vllm',
  'sglang',
  'localai',
  'jan',
  'koboldcpp',
  'tabbyapi',
  'text-generation-webui',
  'docker-model-runner',
  'lemonade',
  'exo',
  'llama-swap',
  'mlx-lm',
  'gpt4all',
  'nim',
] as const;

/** The id of a kind of local runtime. */
export type RuntimeId = (typeof RUNTIME_IDS)[number];

/** Trims, lower-cases and follows the aliases. `isDefined` says whether a source defines that exact id. */
export function canonicalProviderId(id: string, isDefined: (id: string) => boolean = () => false): string {
  const plain = id.trim().toLowerCase();
  const alias = Object.hasOwn(ALIASES, plain) ? ALIASES[plain] : undefined;
  if (alias !== undefined) return alias;
  if (isDefined(plain)) return plain;
  const soft = Object.hasOwn(ALIASES_UNLESS_DEFINED, plain) ? ALIASES_UNLESS_DEFINED[plain] : undefined;
  return soft ?? plain;
}

/** The runtime behind a discovered provider id (`ollama`, `ollama-11500`), or undefined for any other id. */
export function runtimeOfProviderId(id: string): RuntimeId | undefined {
  return RUNTIME_IDS.find((runtime) => {
    if (id === runtime) return true;
    return id.startsWith(`${runtime}-`) && /^\d{1,5}$/.test(id.slice(runtime.length + 1));
  });
}
