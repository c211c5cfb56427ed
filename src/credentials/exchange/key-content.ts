/**
 * What a stored or issued key says of itself, checked: the key, whose it is and how long it lives. The file of a key
 * and the answer of the API have the same fields, and are judged by the same rules. Pure.
 */
import * as z from 'zod';
import type { Secret } from '../../domain/secret.ts';
import { hasControlCharacters, quoteUntrusted } from '../../domain/untrusted-text.ts';
import { toIso } from '../../platform/clock.ts';
import { judgeKey, reasonOf } from '../key-value.ts';

/** A key as the API issues it. */
export interface IssuedKey {
  readonly apiKey: Secret;
  readonly username: string;
  readonly awsArn: string | null;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** The same as the API wrote it. */
  readonly expiresAtText: string;
}

/** A key, or what is wrong with the text, in words that follow "it". They show no value but a date. */
export type KeyContent =
  | { readonly kind: 'key'; readonly key: IssuedKey }
  | { readonly kind: 'wrong'; readonly reason: string };

const name = z.string().min(1).max(512);

const fields = z.object({
  api_key: z.string(),
  username: name,
  expires_at: z.string(),
  aws_arn: name.nullish(),
});

/** A date further away was not given by a server of this kind: it is an error of somebody's clock or pen. */
const FURTHEST = 400 * 24 * 60 * 60_000;

const timestamp = z.iso.datetime({ offset: true, local: true });

/** @param now Unix milliseconds */
export function readKeyContent(value: unknown, now: number): KeyContent {
  const parsed = fields.safeParse(value);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    return wrong(field === '' ? 'does not hold a JSON object' : `has no usable ${field}`);
  }
  const { api_key: apiKey, username, expires_at: expires, aws_arn: awsArn = null } = parsed.data;
  const verdict = judgeKey(apiKey);
  if (verdict.kind !== 'key') return wrong(`has an api_key that ${reasonOf(verdict)}`);
  if ([username, awsArn ?? ''].some(hasControlCharacters)) return wrong('has a name with control characters');
  if (!timestamp.safeParse(expires).success) {
    return wrong(`has an expires_at that is no date: ${quoteUntrusted(expires, 40)}`);
  }
  // A server that leaves out the zone means UTC.
  const expiresAt = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(expires) ? expires : `${expires}Z`);
  if (Number.isNaN(expiresAt))
    return wrong(`has an expires_at that is no date: ${quoteUntrusted(expires, 40)}`);
  if (expiresAt - now > FURTHEST) {
    return wrong(`has an expires_at too far ahead to be true: ${toIso(expiresAt)}`);
  }
  return { kind: 'key', key: { apiKey: verdict.value, username, awsArn, expiresAt, expiresAtText: expires } };
}

function wrong(reason: string): KeyContent {
  return { kind: 'wrong', reason };
}
