/** `${VAR}` in the strings of the operator's config. Pure. */
import { isRecord } from '../../domain/record.ts';
import { hasControlCharacters, quoteUntrusted } from '../../domain/untrusted-text.ts';
import type { Environment } from '../../platform/paths.ts';

/** Where a value stands: keys of objects, indexes of arrays. */
export type PathSegments = readonly (string | number)[];

/** A variable that is named and not set. */
export interface MissingReference {
  readonly variable: string;
  readonly path: PathSegments;
}

/** The value with its references replaced, and those that could not be. */
export interface Substituted {
  readonly value: unknown;
  readonly missing: readonly MissingReference[];
}

/** `${NAME}`, or `$${NAME}` for the literal text `${NAME}`. Only upper-case names are references. */
const REFERENCE = /\$(\$?)\{([A-Z_][A-Z0-9_]*)\}/g;

/**
 * Replaces the references in every string, at any depth. A replaced value is not looked at again. A variable
 * that is unset or blank keeps its placeholder, so that one missing key breaks only what needs it.
 */
export function substitute(value: unknown, env: Environment, path: PathSegments = []): Substituted {
  const missing: MissingReference[] = [];
  return { value: walk(value, env, path, missing), missing };
}

/** `models.providers.x.models[0].name`. */
export function formatPath(path: PathSegments): string {
  return path
    .map((segment) => {
      if (typeof segment === 'number') return `[${segment}]`;
      return `.${hasControlCharacters(segment) || segment.length > 128 ? quoteUntrusted(segment) : segment}`;
    })
    .join('')
    .replace(/^\./, '');
}

function walk(value: unknown, env: Environment, path: PathSegments, missing: MissingReference[]): unknown {
  if (typeof value === 'string') return replaceIn(value, env, path, missing);
  if (Array.isArray(value)) return value.map((item, index) => walk(item, env, [...path, index], missing));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, walk(item, env, [...path, key], missing)]),
  );
}

function replaceIn(text: string, env: Environment, path: PathSegments, missing: MissingReference[]): string {
  return text.replaceAll(REFERENCE, (whole, escape: string, name: string) => {
    if (escape !== '') return whole.slice(1);
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && value.trim() !== '') return value;
    if (!missing.some((known) => known.variable === name && known.path === path)) {
      missing.push({ variable: name, path });
    }
    return whole;
  });
}
