/**
 * What the text of an `apiKey` field can mean: a key, the name of a variable that holds one, a marker, a
 * command. A text that looks like a variable's name is never sent as a key, whether the variable is set or
 * not: a misspelt name would otherwise travel to a provider as `Authorization: Bearer MOONSHOT_API_KEX`.
 */
import type { Secret } from '../domain/secret.ts';
import { variable } from '../platform/paths.ts';
import type { Environment } from '../platform/paths.ts';
import { isKnownProviderVariable } from './environment.ts';
import { judgeKey, reasonOf } from './key-value.ts';

/** The meaning of an `apiKey` text. A reason names variables and never shows a value. */
export type KeyText =
  | { readonly kind: 'literal'; readonly value: Secret }
  | { readonly kind: 'variable'; readonly name: string; readonly value: Secret }
  | { readonly kind: 'variable-unset'; readonly name: string }
  | { readonly kind: 'marker'; readonly marker: string }
  | { readonly kind: 'command' }
  | { readonly kind: 'defect'; readonly reason: string }
  | { readonly kind: 'empty' };

const VARIABLE_NAME = /^[A-Z][A-Z0-9_]*_[A-Z0-9_]*$/;
const WHOLE_REFERENCE = /^\$(?:\{([A-Z_][A-Z0-9_]*)\}|([A-Z_][A-Z0-9_]*))$/;
const REFERENCE_INSIDE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/;

/** Variables that other tools name to say "the cloud's own chain authenticates"; their values are no API keys. */
const CHAIN_VARIABLES: ReadonlySet<string> = new Set([
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_PROFILE',
  'GOOGLE_APPLICATION_CREDENTIALS',
]);

/**
 * Says what an `apiKey` text means.
 *
 * @param env where variables are looked up; a `${NAME}` that is still there was not set when the config was
 *   read, or stands in a file in which nothing is substituted
 */
export function classifyKeyText(text: string, env: Environment): KeyText {
  const trimmed = text.trim();
  const name = variableNamedBy(trimmed);
  if (name !== undefined) return lookUp(name, env);
  const inside = trimmed.startsWith('!') ? undefined : REFERENCE_INSIDE.exec(trimmed)?.[1];
  if (inside !== undefined) {
    if (variable(env, inside) === undefined) return { kind: 'variable-unset', name: inside };
    return { kind: 'defect', reason: `mixes text with the unresolved reference \${${inside}}` };
  }
  const verdict = judgeKey(trimmed);
  return verdict.kind === 'key' ? { kind: 'literal', value: verdict.value } : verdict;
}

/** The variable that a text stands for as a whole: `NAME_OF_IT`, `${NAME}` or `$NAME`. */
export function variableNamedBy(text: string): string | undefined {
  if (VARIABLE_NAME.test(text)) return text;
  const reference = WHOLE_REFERENCE.exec(text);
  return reference?.[1] ?? reference?.[2];
}

function lookUp(name: string, env: Environment): KeyText {
  if (CHAIN_VARIABLES.has(name)) return { kind: 'marker', marker: name };
  const value = variable(env, name);
  if (value === undefined) return { kind: 'variable-unset', name };
  if (isKnownProviderVariable(value)) {
    return { kind: 'defect', reason: `names ${name}, which holds the name of another variable` };
  }
  const verdict = judgeKey(value);
  if (verdict.kind === 'key') return { kind: 'variable', name, value: verdict.value };
  return { kind: 'defect', reason: `names ${name}, which ${reasonOf(verdict)}` };
}
