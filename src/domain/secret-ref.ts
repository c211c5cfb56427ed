/**
 * References to secrets as upstream files write them, in place of a value: what they look like, and how one
 * is named in a message. What one leads to is found elsewhere; here is nothing but the reference.
 */
import { hasControlCharacters } from './untrusted-text.ts';

/** Kinds of places that a reference may lead to. */
export const SECRET_SOURCES = ['env', 'file', 'exec', 'store'] as const;
export type SecretSource = (typeof SECRET_SOURCES)[number];

/** A reference: where to look, under which alias of the operator's config, for what. */
export interface SecretRef {
  readonly source: SecretSource;
  /** Alias of `secrets.providers`; null means the default of its source. */
  readonly provider: string | null;
  /** A variable's name, a JSON pointer or `value`, a command's own name for the secret. */
  readonly id: string;
}

/** A reference, or why an object is none, in words that follow the name of its place. */
export type SecretRefRead =
  | { readonly kind: 'reference'; readonly reference: SecretRef }
  | { readonly kind: 'defect'; readonly reason: string };

const ALIAS = /^[a-z][a-z0-9_-]{0,63}$/;

/** What an `id` may be, by source, with the words for it. */
const IDS: Readonly<Record<SecretSource, readonly [rule: RegExp, words: string]>> = {
  env: [/^[A-Z_][A-Z0-9_]{0,127}$/, 'the name of a variable'],
  file: [/^(?:value|\/.{0,1023})$/, 'a JSON pointer or "value"'],
  exec: [
    /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9][A-Za-z0-9._:/#-]{0,255}$/,
    'a name without "." and ".." parts',
  ],
  store: [/^.{1,256}$/, 'a name'],
};

/** Reads `{ source, provider?, id }`. What else the object holds is ignored. */
export function readSecretRef(raw: Readonly<Record<string, unknown>>): SecretRefRead {
  const { source: written, provider = null, id } = raw;
  const source = SECRET_SOURCES.find((known) => known === written);
  if (source === undefined) {
    return defect(`is an object without a "source" of ${SECRET_SOURCES.join(', ')}`);
  }
  if (provider !== null && (typeof provider !== 'string' || !ALIAS.test(provider))) {
    return defect(`is a reference to ${source} whose "provider" is not an alias`);
  }
  const [rule, words] = IDS[source];
  if (typeof id !== 'string' || !rule.test(id) || hasControlCharacters(id)) {
    return defect(`is a reference to ${source} whose "id" is not ${words}`);
  }
  return { kind: 'reference', reference: { source, provider, id } };
}

/** The reference in a form for messages: `env:OPENAI_API_KEY`, `file:vault:/openai/apiKey`. It is not secret. */
export function nameOfReference({ source, provider, id }: SecretRef): string {
  return provider === null ? `${source}:${id}` : `${source}:${provider}:${id}`;
}

function defect(reason: string): SecretRefRead {
  return { kind: 'defect', reason };
}
