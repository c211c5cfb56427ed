/**
 * How a server shows that it is the right one before anybody sends it a token: it answers a random challenge
 * with a keyed digest that only who knows the token can make. The address is in it, so that nobody at another one
 * can pass the challenge on to the server and its answer back.
 */
import { createHmac } from 'node:crypto';
import { digestOfToken, idOfToken } from '../domain/caller-token.ts';
import { Secret } from '../domain/secret.ts';

/** What a challenge may look like: enough randomness, nothing that could mean something else. */
const CHALLENGE = /^[\w-]{22,128}$/;

/** True for a text that may be answered. */
export function isChallenge(text: string): boolean {
  return CHALLENGE.test(text);
}

/**
 * The answer to a challenge: HMAC-SHA256 under the key, base64url.
 *
 * @param host the Host of the request, with its port; the server has let it in, so it is an address of its own
 */
export function proofFor(challenge: string, host: string, key: Secret): string {
  const text = `livez:${host.toLowerCase()}:${challenge}`;
  return createHmac('sha256', key.reveal()).update(text).digest('base64url');
}

/**
 * The key of the proof for the holder of a token: the token of `endpoint.json` itself, and for a token with a
 * name its SHA-256 digest in hexadecimal, because that is all that the server has of it.
 */
export function proofKeyOf(token: Secret): Secret {
  const text = token.reveal();
  return idOfToken(text) === undefined ? token : new Secret(digestOfToken(text));
}
