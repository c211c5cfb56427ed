/**
 * The environment as a place of credentials: which variables belong to which provider, in which order they
 * are looked at, and what each of them holds. AWS variables follow other rules; see `aws-environment.ts`.
 */
import { canonicalProviderId } from '../domain/provider-id.ts';
import type { Secret } from '../domain/secret.ts';
import { variable } from '../platform/paths.ts';
import type { Environment } from '../platform/paths.ts';
import { judgeKey, reasonOf } from './key-value.ts';

/** Provider id to variables, strongest first: the union of what the operators' other tools accept. */
const PROVIDER_VARIABLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['alibaba', ['MODELSTUDIO_API_KEY', 'DASHSCOPE_API_KEY', 'QWEN_API_KEY']],
  ['anthropic', ['ANTHROPIC_OAUTH_TOKEN', 'ANTHROPIC_API_KEY']],
  ['anthropic-openai', ['ANTHROPIC_API_KEY']],
  ['arcee', ['ARCEEAI_API_KEY']],
  ['azure-openai-responses', ['AZURE_OPENAI_API_KEY']],
  ['baseten', ['BASETEN_API_KEY']],
  ['byteplus', ['BYTEPLUS_API_KEY']],
  ['byteplus-plan', ['BYTEPLUS_API_KEY']],
  ['cerebras', ['CEREBRAS_API_KEY']],
  ['chutes', ['CHUTES_OAUTH_TOKEN', 'CHUTES_API_KEY']],
  ['clawrouter', ['CLAWROUTER_API_KEY']],
  ['cloudflare-ai-gateway', ['CLOUDFLARE_AI_GATEWAY_API_KEY', 'CLOUDFLARE_API_KEY']],
  ['cloudflare-workers-ai', ['CLOUDFLARE_API_KEY']],
  ['cohere', ['COHERE_API_KEY']],
  ['deepgram', ['DEEPGRAM_API_KEY']],
  ['deepinfra', ['DEEPINFRA_API_KEY']],
  ['deepseek', ['DEEPSEEK_API_KEY']],
  ['featherless', ['FEATHERLESS_API_KEY']],
  ['fireworks', ['FIREWORKS_API_KEY']],
  ['github-copilot', ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN']],
  ['gmi', ['GMI_API_KEY']],
  ['google', ['GEMINI_API_KEY', 'GOOGLE_API_KEY']],
  ['google-vertex', ['GOOGLE_CLOUD_API_KEY']],
  ['groq', ['GROQ_API_KEY']],
  ['huggingface', ['HUGGINGFACE_HUB_TOKEN', 'HF_TOKEN']],
  ['kilocode', ['KILOCODE_API_KEY']],
  ['kimi-coding', ['KIMI_API_KEY', 'KIMICODE_API_KEY']],
  ['litellm', ['LITELLM_API_KEY']],
  ['lmstudio', ['LM_API_TOKEN']],
  ['longcat', ['LONGCAT_API_KEY']],
  ['meta', ['MODEL_API_KEY']],
  ['microsoft-foundry', ['AZURE_OPENAI_API_KEY']],
  ['minimax', ['MINIMAX_CODE_PLAN_KEY', 'MINIMAX_CODING_API_KEY', 'MINIMAX_API_KEY']],
  ['minimax-cn', ['MINIMAX_CN_API_KEY', 'MINIMAX_API_KEY']],
  ['minimax-portal', ['MINIMAX_OAUTH_TOKEN', 'MINIMAX_API_KEY']],
  ['mistral', ['MISTRAL_API_KEY']],
  // Its own provider in some releases, a spelling of `qwen` in others: its own variable comes first.
  ['modelstudio', ['MODELSTUDIO_API_KEY', 'QWEN_API_KEY', 'DASHSCOPE_API_KEY']],
  ['moonshot', ['MOONSHOT_API_KEY', 'KIMI_API_KEY']],
  ['moonshotai-cn', ['MOONSHOT_API_KEY']],
  ['nim', ['JAATO_NIM_API_KEY', 'NVIDIA_API_KEY']],
  ['novita', ['NOVITA_API_KEY']],
  ['nvidia', ['NVIDIA_API_KEY']],
  ['ollama', ['OLLAMA_API_KEY']],
  ['ollama-cloud', ['OLLAMA_API_KEY']],
  ['openai', ['CODEX_API_KEY', 'OPENAI_API_KEY']],
  ['openai-codex', ['CODEX_API_KEY', 'OPENAI_API_KEY']],
  ['opencode', ['OPENCODE_API_KEY', 'OPENCODE_ZEN_API_KEY']],
  ['opencode-go', ['OPENCODE_API_KEY', 'OPENCODE_ZEN_API_KEY']],
  ['openrouter', ['OPENROUTER_API_KEY']],
  ['perplexity', ['PERPLEXITY_API_KEY', 'OPENROUTER_API_KEY']],
  ['qianfan', ['QIANFAN_API_KEY']],
  ['qwen', ['QWEN_API_KEY', 'MODELSTUDIO_API_KEY', 'DASHSCOPE_API_KEY']],
  ['qwen-dashscope', ['DASHSCOPE_API_KEY']],
  ['qwen-portal', ['QWEN_OAUTH_TOKEN', 'QWEN_PORTAL_API_KEY']],
  ['qwen-token-plan', ['QWEN_TOKEN_PLAN_API_KEY']],
  ['radius', ['RADIUS_API_KEY']],
  ['sglang', ['SGLANG_API_KEY']],
  ['stepfun', ['STEPFUN_API_KEY']],
  ['stepfun-plan', ['STEPFUN_API_KEY']],
  ['synthetic', ['SYNTHETIC_API_KEY']],
  ['tencent-tokenhub', ['TOKENHUB_API_KEY']],
  ['tencent-tokenplan', ['TOKENPLAN_API_KEY']],
  ['together', ['TOGETHER_API_KEY']],
  ['venice', ['VENICE_API_KEY']],
  ['vercel-ai-gateway', ['AI_GATEWAY_API_KEY']],
  ['vllm', ['VLLM_API_KEY']],
  ['volcengine', ['VOLCANO_ENGINE_API_KEY']],
  ['volcengine-plan', ['VOLCANO_ENGINE_API_KEY']],
  ['voyage', ['VOYAGE_API_KEY']],
  ['xai', ['XAI_API_KEY']],
  ['xiaomi', ['XIAOMI_API_KEY']],
  ['xiaomi-token-plan', ['XIAOMI_TOKEN_PLAN_API_KEY']],
  ['xiaomi-token-plan-ams', ['XIAOMI_TOKEN_PLAN_AMS_API_KEY']],
  ['xiaomi-token-plan-cn', ['XIAOMI_TOKEN_PLAN_CN_API_KEY']],
  ['xiaomi-token-plan-sgp', ['XIAOMI_TOKEN_PLAN_SGP_API_KEY']],
  ['zai', ['ZAI_API_KEY', 'Z_AI_API_KEY']],
]);

const KNOWN_VARIABLES: ReadonlySet<string> = new Set([...PROVIDER_VARIABLES.values()].flat());

/** Secrets of services that serve no models, and of AWS: never resolved from here, always kept out of logs. */
const OTHER_SECRETS = [
  'ANTHROPIC_ADMIN_API_KEY',
  'ANTHROPIC_ADMIN_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AZURE_SPEECH_API_KEY',
  'AZURE_SPEECH_KEY',
  'BRAVE_API_KEY',
  'BYTEPLUS_SEED_SPEECH_API_KEY',
  'COMFY_API_KEY',
  'COMFY_CLOUD_API_KEY',
  'ELEVENLABS_API_KEY',
  'EXA_API_KEY',
  'FAL_API_KEY',
  'FAL_KEY',
  'FIRECRAWL_API_KEY',
  'FISH_API_KEY',
  'FISH_AUDIO_API_KEY',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'GRADIUM_API_KEY',
  'INWORLD_API_KEY',
  'LLAMA_SERVER_API_KEY',
  'OPENAI_ADMIN_KEY',
  'PARALLEL_API_KEY',
  'PIXVERSE_API_KEY',
  'RUNWAYML_API_SECRET',
  'RUNWAY_API_KEY',
  'SENSEAUDIO_API_KEY',
  'SPEECH_KEY',
  'TAVILY_API_KEY',
  'VOLCENGINE_TTS_API_KEY',
  'VOLCENGINE_TTS_TOKEN',
  'VYDRA_API_KEY',
  'XI_API_KEY',
] as const;

/** Numbered and named spare keys: `OPENAI_API_KEY_2`. */
const SPARE_KEY = /^(?:ANTHROPIC|OPENAI)_API_KEY_/;

/**
 * The variables that may hold a provider's key, strongest first; none for a provider without any.
 *
 * An id with a row of its own is taken as it is written, because `qwen` names different products in
 * different releases; any other id goes through the aliases.
 */
export function environmentVariablesOf(providerId: string): readonly string[] {
  const id = canonicalProviderId(providerId, (written) => PROVIDER_VARIABLES.has(written));
  return PROVIDER_VARIABLES.get(id) ?? [];
}

/** True for a variable that belongs to some provider: its name means "look there" and is never a key. */
export function isKnownProviderVariable(name: string): boolean {
  return KNOWN_VARIABLES.has(name);
}

/**
 * Every variable whose value must stay out of logs.
 *
 * @param env when given, the spare keys that are set there (`OPENAI_API_KEY_2`) are named too
 */
export function secretVariableNames(env: Environment = {}): readonly string[] {
  const spare = Object.keys(env).filter((name) => SPARE_KEY.test(name));
  return [...new Set([...KNOWN_VARIABLES, ...OTHER_SECRETS, ...spare])];
}

/** One variable of a provider and what it holds. A reason never shows the value. */
export type EnvironmentPlace =
  | {
      readonly name: string;
      readonly kind: 'set';
      readonly value: Secret;
      readonly mode: 'oauth' | 'api-key';
    }
  | { readonly name: string; readonly kind: 'unset' }
  | {
      readonly name: string;
      readonly kind: 'not-a-key';
      readonly reason: string;
      /** True for a marker or a stand-in, which only looks like a key. */
      readonly isPlaceholder: boolean;
    };

/** Looks at every variable of a provider, strongest first: one place each, so that all can be explained. */
export function lookUpEnvironment(providerId: string, env: Environment): EnvironmentPlace[] {
  return environmentVariablesOf(providerId).map((name) => lookUpVariable(name, env));
}

function lookUpVariable(name: string, env: Environment): EnvironmentPlace {
  const text = variable(env, name);
  if (text === undefined) return { name, kind: 'unset' };
  if (isKnownProviderVariable(text)) {
    const reason = 'holds the name of a variable and not its value';
    return { name, kind: 'not-a-key', reason, isPlaceholder: true };
  }
  const verdict = judgeKey(text);
  if (verdict.kind !== 'key') {
    const isPlaceholder = verdict.kind === 'marker';
    return { name, kind: 'not-a-key', reason: reasonOf(verdict), isPlaceholder };
  }
  const mode = name.includes('OAUTH_TOKEN') ? 'oauth' : 'api-key';
  return { name, kind: 'set', value: verdict.value, mode };
}
