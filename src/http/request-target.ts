/**
 * Which request targets the guard lets through. Routers, URL parsers and proxies read odd targets in
 * different ways, so only those that everybody reads alike are plain; and none may carry a secret.
 */
import { holdsCallerToken } from '../domain/caller-token.ts';
import type { Secret } from '../domain/secret.ts';

/** Longest request target in characters. */
const MAX_TARGET_LENGTH = 8 * 1024;

/** Path characters of RFC 3986: no backslash, control, blank, quote, fragment or non-ASCII. */
const PATH = /^\/(?:[\w\-.~!$&'()*+,;=:@/]|%[\da-f]{2})*$/i;

/** Encodings that another reader may decode into a separator, a dot, a control or a second encoding. */
const RISKY_ENCODING = /%(?:[01][\da-f]|2[5ef]|5c|7f)/i;

/** Empty and dot segments, which URL parsers fold away. */
const FOLDED_SEGMENT = /\/\/|\/\.{1,2}(?:\/|$)/;

/** Visible ASCII without backslash and fragment. */
const QUERY = /^[!"$-[\]-~]*$/;

/** Names of query parameters under which clients of other servers send credentials. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set([
  'token',
  'access_token',
  'api_key',
  'key',
  'authorization',
]);

/** Shorter tokens are not searched for in targets: they may be plain words, such as a model's name. */
const MIN_SEARCHED_TOKEN_LENGTH = 16;

/** The path of an origin-form target, raw. */
export function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark === -1 ? target : target.slice(0, mark);
}

/** True for a short origin-form target (`/path?query`) that has one reading only. The query may be encoded freely. */
export function isPlainTarget(target: string): boolean {
  if (target.length > MAX_TARGET_LENGTH) return false;
  const path = pathOf(target);
  if (!PATH.test(path) || FOLDED_SEGMENT.test(path)) return false;
  if (path.includes('%') && RISKY_ENCODING.test(path)) return false;
  return QUERY.test(target.slice(path.length));
}

/** True when the target holds the endpoint's token, what looks like a token with a name, or a query parameter that is meant for one. URLs end up in logs. */
export function namesSecret(target: string, token: Secret): boolean {
  const value = token.reveal();
  if (value.length >= MIN_SEARCHED_TOKEN_LENGTH) {
    if (target.includes(value)) return true;
    // Most tokens look the same when they are encoded.
    if (/[^\w.~-]/.test(value) && target.includes(encodeURIComponent(value))) return true;
  }
  if (holdsCallerToken(target)) return true;
  const mark = target.indexOf('?');
  if (mark === -1) return false;
  return target
    .slice(mark + 1)
    .split(/[&;]/)
    .some((pair) => SECRET_PARAMETERS.has(parameterName(pair)));
}

/** The decoded, lower-case name of a query pair; a name that cannot be decoded stays as written. */
function parameterName(pair: string): string {
  const equals = pair.indexOf('=');
  const name = equals === -1 ? pair : pair.slice(0, equals);
  if (!name.includes('%')) return name.toLowerCase();
  try {
    return decodeURIComponent(name).toLowerCase();
  } catch {
    return name.toLowerCase();
  }
}
