/**
 * Values that must not be seen. A `Secret` prints as `[secret]` wherever it ends up by accident; only the
 * resolve answer and an outgoing request reveal it.
 */
import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';

/** What stands where a secret is not shown. */
export const MASK = '[secret]';

/** A credential value: an API key, a token, an AWS secret. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it only where it leaves for its rightful receiver. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

/**
 * A short keyed fingerprint (HMAC-SHA256): equal secrets look equal, and no character of one shows.
 *
 * @param key the install key of this machine; without it the fingerprint cannot be computed by guessing
 */
export function fingerprintOf(value: string, key: string): string {
  return createHmac('sha256', key).update(value).digest('hex').slice(0, 16);
}

/**
 * Why a string cannot be used as a key, or undefined when it can. HTTP header values carry visible ASCII
 * only (RFC 9110, section 5.5); CR, LF and NUL would end the header and begin another.
 */
export function keyDefect(value: string): string | undefined {
  if (value === '') return 'is empty';
  if (value.length > 16_384) return 'is longer than 16384 characters';
  if (/[^\x21-\x7e]/.test(value))
    return 'holds a character that no header may carry (control, space or non-ASCII)';
  return undefined;
}

/** A fingerprint as a person compares it: the same length wherever one is shown. */
export function shortFingerprint(fingerprint: string): string {
  return fingerprint.slice(0, 8);
}
