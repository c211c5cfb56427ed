/** Variables that stand in files: `<state>/.env` and the config's `env` block. The real environment wins. */
import { parseEnv } from 'node:util';
import { isRecord } from '../../domain/record.ts';
import type { Environment } from '../../platform/paths.ts';
import { type MissingReference, substitute } from './substitute.ts';

/** Keys of the `env` block that are not variables. */
const NOT_VARIABLES = new Set(['vars', 'shellEnv']);

/** The variables of a `.env` file. */
export function parseDotEnv(text: string): Environment {
  return { ...parseEnv(text) };
}

/** Adds variables where the stronger environment leaves them unset or blank. */
export function layUnder(stronger: Environment, weaker: Environment): Environment {
  const merged = new Map(Object.entries(stronger));
  for (const [name, value] of Object.entries(weaker)) {
    if (isBlank(merged.get(name)) && !isBlank(value)) merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

/** What the `env` block sets, and the variables that its own values name and that are not set. */
export interface EnvBlock {
  readonly variables: Environment;
  readonly missing: readonly MissingReference[];
}

/**
 * Reads the `env` block: strings under `vars` and directly in it; `vars` wins over a direct key. A value may
 * name variables that come from outside the block.
 */
export function readEnvBlock(config: unknown, env: Environment): EnvBlock {
  const block = isRecord(config) ? config['env'] : undefined;
  if (!isRecord(block)) return { variables: {}, missing: [] };
  const variables = new Map<string, string>();
  const missing: MissingReference[] = [];
  const take = (name: string, raw: unknown, path: readonly string[]): void => {
    // Numbers and the like are left alone, as the operator's other tools leave them.
    if (typeof raw !== 'string' || raw.trim() === '' || name.trim() === '') return;
    const result = substitute(raw, env, path);
    missing.push(...result.missing);
    // Half a value is worse than none: a variable whose own references are missing stays unset.
    if (result.missing.length === 0 && typeof result.value === 'string')
      variables.set(name.trim(), result.value);
  };
  for (const [name, raw] of Object.entries(block)) {
    if (!NOT_VARIABLES.has(name)) take(name, raw, ['env', name]);
  }
  const vars = block['vars'];
  if (isRecord(vars)) {
    for (const [name, raw] of Object.entries(vars)) take(name, raw, ['env', 'vars', name]);
  }
  return { variables: Object.fromEntries(variables), missing };
}

function isBlank(value: string | undefined): boolean {
  return value === undefined || value.trim() === '';
}
