/** Model references: `provider/model`, split at the FIRST slash, so `openrouter/a/b` is model `a/b`. */
import { hasControlCharacters } from './untrusted-text.ts';

/** A reference to one model of one provider. */
export interface ModelRef {
  /** Provider part, trimmed, as it was written. */
  readonly provider: string;
  /** Model part, exactly as the provider knows it. */
  readonly model: string;
}

/** Longest reference that is looked at, in characters. */
const MAX_LENGTH = 512;

/** Parses `provider/model`; undefined when there is no slash, an empty part, or a character no id has. */
export function parseModelRef(text: string): ModelRef | undefined {
  if (text.length > MAX_LENGTH || hasControlCharacters(text)) return undefined;
  const slash = text.indexOf('/');
  if (slash === -1) return undefined;
  const provider = text.slice(0, slash).trim();
  const model = text.slice(slash + 1).trim();
  return provider === '' || model === '' ? undefined : { provider, model };
}

/** Why `parseModelRef` takes a text for no reference, for a message. */
export function whyNoModelRef(text: string): string {
  if (text.length > MAX_LENGTH) return `it has more than ${MAX_LENGTH} characters`;
  if (hasControlCharacters(text)) return 'it holds a control character';
  return /^[^/]*\S[^/]*\//.test(text)
    ? 'it has no model after the slash'
    : 'it has no provider before a slash';
}

/** The reference as text. */
export function formatModelRef(provider: string, model: string): string {
  return `${provider}/${model}`;
}
