/** Names that people and other tools write for a model: aliases of the operator's config, and short forms of ids. Pure. */
import { runtimeOfProviderId } from '../domain/provider-id.ts';

/**
 * What an alias stands for, else the text itself. Aliases compare without case; one that is written exactly so
 * comes first.
 *
 * @param aliases alias, as written, to what it stands for
 * @param text trimmed
 */
export function followAlias(aliases: Readonly<Record<string, string>>, text: string): string {
  const exact = Object.hasOwn(aliases, text) ? aliases[text] : undefined;
  if (exact !== undefined) return exact;
  const plain = text.toLowerCase();
  return Object.entries(aliases).find(([alias]) => alias.toLowerCase() === plain)?.[1] ?? text;
}

/** The ids that a written one may mean at a provider, the written one first. */
export function spellingsOf(providerId: string, id: string): readonly string[] {
  if (providerId === 'anthropic') return [id, longAnthropicName(id)];
  if (providerId === 'google') return [id, id.replace(/^gemini-3-(?:pro|flash)$/, '$&-preview')];
  // Ollama itself takes a name without a tag for that.
  if (runtimeOfProviderId(providerId) === 'ollama' && !id.includes(':')) return [id, `${id}:latest`];
  return [id];
}

/** `opus-4.5` is `claude-opus-4-5`. */
function longAnthropicName(id: string): string {
  return id.replace(/^(opus|sonnet|haiku)-(\d+)\.(\d+)$/, 'claude-$1-$2-$3');
}
