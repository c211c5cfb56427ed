/** The last words of the program: one line, with every secret that is known struck out of it. */
import { messageOf } from '../domain/errors.ts';
import { escapeControlCharacters } from '../domain/untrusted-text.ts';
import type { Environment } from '../platform/paths.ts';

/** Longest line, in characters. */
const MAX_LENGTH = 500;

/** Shorter values are plain words too often. */
const MIN_SECRET_LENGTH = 8;

/**
 * What is said of something that nobody caught.
 *
 * @param secrets values that must not show, beside those that stand in variables for secrets
 */
export function lastWords(thrown: unknown, env: Environment, secrets: Iterable<string> = []): string {
  const values = [...secrets, ...secretVariables(env)].filter((value) => value.length >= MIN_SECRET_LENGTH);
  // The longest first: a secret that begins with another one must not leave its end behind.
  const clean = values
    .sort((one, other) => other.length - one.length)
    .reduce((text, value) => text.replaceAll(value, '[secret]'), messageOf(thrown));
  const line = escapeControlCharacters(clean);
  const cut = line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
  return `provider-sidecar failed: ${cut}\n`;
}

/** Variables whose names say that their values are nobody else's business. */
function secretVariables(env: Environment): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && /key|token|secret|password|credential/i.test(name) ? [value] : [],
  );
}
