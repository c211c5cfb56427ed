/**
 * What a login of this program leaves in a stored OAuth profile beside the access token: whose token it is, by
 * which client it was got, and whether it can be renewed. Pure.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { keyDefect, Secret } from '../../domain/secret.ts';
import { hasControlCharacters } from '../../domain/untrusted-text.ts';
import { LATEST_TIME } from '../../platform/clock.ts';

/** Why a stored login cannot be renewed any more. Only a new login ends this state. */
export interface GrantRefusal {
  /** Unix milliseconds. */
  readonly at: number;
  /** In words that follow the name of the profile. */
  readonly detail: string;
}

/** The login behind an access token, without the refresh token. */
export interface OAuthGrant {
  readonly issuer: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** When the access token was received, in Unix milliseconds; null when the file does not say. */
  readonly obtained: number | null;
  /** Tells two states of the tokens apart; computed from them, and shown nowhere. */
  readonly version: string;
  /** True when there is a refresh token. */
  readonly renewable: boolean;
  readonly refusal: GrantRefusal | null;
}

/** A login as it is stored, with everything that renewing it takes. */
export interface StoredLogin extends OAuthGrant {
  readonly provider: string;
  readonly access: Secret;
  readonly refresh: Secret | null;
  /** Unix milliseconds; null when the server did not say. */
  readonly expires: number | null;
  /** When a renewal began whose end was never written down, in Unix milliseconds. */
  readonly renewing: number | null;
}

const time = z.number().positive().max(LATEST_TIME).optional().catch(undefined);
const plainText = z
  .string()
  .trim()
  .min(1)
  .max(2048)
  .refine((text) => !hasControlCharacters(text));
/** By the rule by which tokens are received: one that can be stored is one that can be read again. */
const token = z
  .string()
  .trim()
  .refine((text) => keyDefect(text) === undefined);

const loginSchema = z.object({
  type: z.literal('oauth'),
  provider: plainText,
  access: token,
  refresh: token.optional().catch(undefined),
  issuer: plainText,
  clientId: plainText,
  scopes: z.array(plainText).catch([]),
  expires: time,
  obtained: time,
  renewing: time,
  refusal: z.object({ at: z.number(), detail: plainText }).optional().catch(undefined),
});

/** Reads an entry of a profile store; undefined for one that no login of this program made. */
export function readStoredLogin(entry: unknown): StoredLogin | undefined {
  const parsed = loginSchema.safeParse(entry);
  if (!parsed.success) return undefined;
  const { provider, access, refresh, issuer, clientId, scopes } = parsed.data;
  const { expires = null, obtained = null, renewing = null, refusal = null } = parsed.data;
  return {
    provider,
    issuer,
    clientId,
    scopes,
    access: new Secret(access),
    refresh: refresh === undefined ? null : new Secret(refresh),
    expires,
    obtained,
    renewing,
    refusal,
    renewable: refresh !== undefined,
    version: versionOf(access, refresh),
  };
}

/** What tells two states of the tokens apart. */
export function versionOf(access: string, refresh: string | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify([access, refresh ?? null]))
    .digest('hex');
}

/** The same without secrets: what a resolution has to know of it. */
export function grantOf(login: StoredLogin): OAuthGrant {
  const { issuer, clientId, scopes, obtained, version, renewable, refusal } = login;
  return { issuer, clientId, scopes, obtained, version, renewable, refusal };
}
