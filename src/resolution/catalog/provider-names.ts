/** What people call the providers of the built-in catalog. */

const NAMES: ReadonlyMap<string, string> = new Map([
  ['amazon-bedrock', 'Amazon Bedrock'],
  ['anthropic', 'Anthropic'],
  ['azure-openai-responses', 'Azure OpenAI'],
  ['cerebras', 'Cerebras'],
  ['cloudflare-ai-gateway', 'Cloudflare AI Gateway'],
  ['cloudflare-workers-ai', 'Cloudflare Workers AI'],
  ['deepseek', 'DeepSeek'],
  ['fireworks', 'Fireworks AI'],
  ['github-copilot', 'GitHub Copilot'],
  ['google', 'Google Gemini'],
  ['google-vertex', 'Google Vertex AI'],
  ['groq', 'Groq'],
  ['huggingface', 'Hugging Face'],
  ['kimi-coding', 'Kimi Coding'],
  ['minimax', 'MiniMax'],
  ['minimax-cn', 'MiniMax (China)'],
  ['mistral', 'Mistral'],
  ['moonshot', 'Moonshot AI'],
  ['moonshotai-cn', 'Moonshot AI (China)'],
  ['openai', 'OpenAI'],
  ['openai-codex', 'OpenAI Codex (ChatGPT)'],
  ['opencode', 'OpenCode Zen'],
  ['opencode-go', 'OpenCode Go'],
  ['openrouter', 'OpenRouter'],
  ['vercel-ai-gateway', 'Vercel AI Gateway'],
  ['xai', 'xAI'],
  ['xiaomi', 'Xiaomi MiMo'],
  ['xiaomi-token-plan-ams', 'Xiaomi MiMo Token Plan (Amsterdam)'],
  ['xiaomi-token-plan-cn', 'Xiaomi MiMo Token Plan (China)'],
  ['xiaomi-token-plan-sgp', 'Xiaomi MiMo Token Plan (Singapore)'],
  ['zai', 'Z.AI'],
]);

/** The display name of a canonical provider id; the id itself where there is none. */
export function displayNameOf(id: string): string {
  return NAMES.get(id) ?? id;
}
