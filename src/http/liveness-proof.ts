/**
 * How a server shows that it is the one that `endpoint.json` names, before anybody sends it the token: it
 * answers a random challenge with a keyed digest that only who knows the token can make. The client library asks
 * in other people's programs, so no package is loaded for it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isRecord } from '../domain/record.ts';
import type { Secret } from '../domain/secret.ts';
import type { EndpointFile } from '../platform/endpoint-file.ts';

/** What a challenge may look like: enough randomness, nothing that could mean something else. */
const CHALLENGE = /^[\w-]{22,128}$/;

/** Longest wait for the answer, in milliseconds. */
const DEADLINE_MS = 2_000;

/** True for a text that may be answered. */
export function isChallenge(text: string): boolean {
  return CHALLENGE.test(text);
}

/** The answer to a challenge: HMAC-SHA256 under the token, base64url. */
export function proofFor(challenge: string, token: Secret): string {
  return createHmac('sha256', token.reveal()).update(`livez:${challenge}`).digest('base64url');
}

/** Whether the server behind the file answers, and is the one that wrote it. Sends no token. */
export async function provesItself({ url, token }: Pick<EndpointFile, 'url' | 'token'>): Promise<boolean> {
  const challenge = randomBytes(32).toString('base64url');
  try {
    const response = await fetch(`${url}/livez?challenge=${challenge}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const answer: unknown = await response.json();
    if (!isRecord(answer) || answer['status'] !== 'ok' || typeof answer['proof'] !== 'string') return false;
    const given = Buffer.from(answer['proof']);
    const wanted = Buffer.from(proofFor(challenge, token));
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  } catch {
    // Nobody answers, or not in this form: either way it is not that server.
    return false;
  }
}
