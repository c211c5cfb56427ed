/** Wire formats that providers speak, by the ids that the operators' tools give them. */
import { nearest } from './nearest.ts';

/** Every id that some release of those tools accepts; several of them are plain bearer apis here. */
const API_IDS: readonly string[] = [
  'openai-completions',
  'openai-responses',
  'openai-chatgpt-responses',
  'openai-codex-responses',
  'azure-openai-responses',
  'anthropic-messages',
  'google-generative-ai',
  'google-vertex',
  'bedrock-converse-stream',
  'mistral-conversations',
  'github-copilot',
  'ollama',
  'pi-messages',
];

/** What to write instead of an id that is not among the known ones; undefined for one that is. */
export function unknownApiHint(api: string): string | undefined {
  if (API_IDS.includes(api)) return undefined;
  const meant = nearest(api, API_IDS, 1).map((id) => `Did you mean ${id}? `);
  return `${meant.join('')}Known are ${API_IDS.join(', ')}`;
}
