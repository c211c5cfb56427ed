/**
 * Tokens with names: `psc_<id>_<secret>`. The prefix lets scanners find one that leaked, the id says which token
 * it is without showing it, and the rest is 256 random bits. Only the SHA-256 digest of a token is ever kept.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Secret } from './secret.ts';

/** The name of the token in `endpoint.json`; no other token may have it. */
export const ENDPOINT_TOKEN_NAME = 'endpoint';

const TOKEN = /^psc_([0-9a-f]{12})_[\w-]{43}$/;

/** The same within another text. */
const TOKEN_INSIDE = /psc_[0-9a-f]{12}_[\w-]{43}/;

/** What names begin tokens of `exec`; a colon is in no name that a person gives. */
export const EXEC_NAME_PREFIX = 'exec:';

/** A token that was just made. */
export interface NewCallerToken {
  /** 12 hexadecimal digits, not secret. */
  readonly id: string;
  readonly secret: Secret;
  readonly digest: string;
}

/** @param random gives that many random bytes; a test brings its own */
export function makeCallerToken(random: (size: number) => Buffer = randomBytes): NewCallerToken {
  const id = random(6).toString('hex');
  const text = `psc_${id}_${random(32).toString('base64url')}`;
  return { id, secret: new Secret(text), digest: digestOfToken(text) };
}

/** SHA-256 of a token in hexadecimal: what is kept of it, and the key of the proof that the server knows it. */
export function digestOfToken(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The id in a token with a name, or undefined for any other text. */
export function idOfToken(text: string): string | undefined {
  return TOKEN.exec(text)?.[1];
}

/** True for a text that has a token with a name somewhere in it. */
export function holdsCallerToken(text: string): boolean {
  return text.includes('psc_') && TOKEN_INSIDE.test(text);
}

/** Whether a person may give this name to a token. */
export function isTokenName(name: string): boolean {
  return /^[a-z0-9][\w.-]{0,63}$/i.test(name) && name !== ENDPOINT_TOKEN_NAME;
}
