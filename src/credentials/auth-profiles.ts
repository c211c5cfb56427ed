/**
 * The text of `auth-profiles.json` and of its sibling `auth-state.json`, made into profiles. Pure. A profile
 * that cannot be used is kept, with the reason: skipping it silently would hand its request to the next one.
 */
import * as z from 'zod';
import { isRecord } from '../domain/record.ts';
import { keyDefect, Secret } from '../domain/secret.ts';
import { readSecretRef, type SecretRef } from '../domain/secret-ref.ts';
import { hasControlCharacters, quoteUntrusted } from '../domain/untrusted-text.ts';
import { LATEST_TIME } from '../platform/clock.ts';
import { findDuplicateKey } from './duplicate-keys.ts';
import { flatToProfiles, looksFlat } from './flat-credentials.ts';
import { classifyKeyText, variableNamedBy } from './key-text.ts';
import { reasonOf } from './key-value.ts';
import { grantOf, readStoredLogin } from './oauth/stored-grant.ts';
import { PROFILE_TYPES } from './stored-profile.ts';
import type { BrokenProfile, ProfileType, ProfileUsage, StoredProfile } from './stored-profile.ts';

const optionalText = z.string().optional().catch(undefined);
const shownText = z
  .string()
  .refine((text) => !hasControlCharacters(text))
  .optional()
  .catch(undefined);
const optionalTime = z.number().optional().catch(undefined);

const usageSchema = z.object({
  lastUsed: optionalTime,
  cooldownUntil: optionalTime,
  disabledUntil: optionalTime,
  blockedUntil: optionalTime,
});

/** What both files may hold. Null says nothing, as nothing at all does. */
const stateFields = {
  order: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
  usageStats: z.record(z.string(), usageSchema.nullable()).nullish(),
};

const stateSchema = z.object(stateFields);
const storeSchema = z.object({
  ...stateFields,
  profiles: z.custom<Readonly<Record<string, unknown>>>(isRecord).optional(),
});

/** Secrets stay `unknown`: each may be text or a reference. Fields that are not named, the refresh token too, are dropped. */
const profileSchema = z.object({
  type: optionalText,
  mode: optionalText,
  provider: optionalText,
  key: z.unknown().optional(),
  apiKey: z.unknown().optional(),
  keyRef: z.unknown().optional(),
  token: z.unknown().optional(),
  tokenRef: z.unknown().optional(),
  access: z.unknown().optional(),
  expires: z.unknown().optional(),
  email: shownText,
  accountId: optionalText,
  projectId: optionalText,
});
type ProfileBody = z.infer<typeof profileSchema>;

/** The order that a store prescribes and the use that its owner recorded. */
export interface StoreState {
  /** Provider as written to profile ids. */
  readonly order: ReadonlyMap<string, readonly string[]>;
  /** By profile id. */
  readonly usage: ReadonlyMap<string, ProfileUsage>;
}

/** A store file as parsed. `detail` says what is wrong with the file, without any of its text. */
export type ParsedStore =
  | ({ readonly kind: 'parsed'; readonly profiles: readonly StoredProfile[] } & StoreState)
  | { readonly kind: 'broken'; readonly detail: string };

export type ParsedState =
  | ({ readonly kind: 'parsed' } & StoreState)
  | { readonly kind: 'broken'; readonly detail: string };

/** Parses `auth-profiles.json`. Never throws; `path` is only remembered with each profile. */
export function parseAuthProfiles(text: string, path: string): ParsedStore {
  const json = parseJson(text);
  if (json.kind === 'broken') return json;
  const body = storeSchema.safeParse(json.value);
  if (!body.success) return { kind: 'broken', detail: shapeDefect(body.error) };
  const { profiles = looksFlat(json.value) ? flatToProfiles(json.value) : {} } = body.data;
  return { kind: 'parsed', profiles: toProfiles(profiles, path), ...stateOf(body.data) };
}

/** Parses `auth.json` and `oauth.json`, which hold one credential for each provider. Never throws. */
export function parseFlatCredentials(text: string, path: string): ParsedStore {
  const json = parseJson(text);
  if (json.kind === 'broken') return json;
  const profiles = toProfiles(flatToProfiles(json.value), path);
  return { kind: 'parsed', profiles, order: new Map(), usage: new Map() };
}

function toProfiles(profiles: JsonObject, path: string): StoredProfile[] {
  return Object.entries(profiles).map(([id, profile]) => parseProfile(id, profile, path));
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Parses `auth-state.json`, to which later releases moved the order and the recorded use. Never throws. */
export function parseAuthState(text: string): ParsedState {
  const json = parseJson(text);
  if (json.kind === 'broken') return json;
  const body = stateSchema.safeParse(json.value);
  if (!body.success) return { kind: 'broken', detail: shapeDefect(body.error) };
  return { kind: 'parsed', ...stateOf(body.data) };
}

function parseJson(text: string): { kind: 'json'; value: JsonObject } | { kind: 'broken'; detail: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text around the mistake, and that may be a secret.
    return { kind: 'broken', detail: 'is not valid JSON' };
  }
  if (!isRecord(value)) return { kind: 'broken', detail: 'does not hold a JSON object' };
  const doubled = findDuplicateKey(text);
  if (doubled === undefined) return { kind: 'json', value };
  return { kind: 'broken', detail: `has the key ${quoteUntrusted(doubled)} twice in one object` };
}

function shapeDefect(error: z.ZodError): string {
  const field = error.issues[0]?.path.map(String).join('.') ?? '';
  return `does not have the form of a credential store at ${quoteUntrusted(field)}`;
}

function stateOf(file: z.infer<typeof stateSchema>): StoreState {
  const usage = Object.entries(file.usageStats ?? {}).flatMap(([id, stats]) => {
    if (stats === null) return [];
    const { lastUsed = 0, cooldownUntil = 0, disabledUntil = 0, blockedUntil = 0 } = stats;
    const unusableUntil = Math.max(0, cooldownUntil, disabledUntil, blockedUntil);
    return [[id, { lastUsed, unusableUntil }] as const];
  });
  const order = Object.entries(file.order ?? {}).flatMap(([provider, ids]) =>
    ids === null ? [] : [[provider, ids] as const],
  );
  return { order: new Map(order), usage: new Map(usage) };
}

function parseProfile(key: string, raw: unknown, path: string): StoredProfile {
  const id = hasControlCharacters(key) ? quoteUntrusted(key) : key;
  const parsed = profileSchema.safeParse(raw);
  const body = parsed.success ? parsed.data : undefined;
  const written = body?.provider?.trim() ?? '';
  const name = body?.type ?? body?.mode;
  const type = PROFILE_TYPES.find((known) => known === name) ?? null;
  const provider = hasControlCharacters(written) ? quoteUntrusted(written) : written;
  const facts = { id, provider: provider === '' ? providerInId(id) : provider, path };
  const broken = (reason: BrokenProfile['reason'], detail: string): BrokenProfile => {
    return { kind: 'broken', ...facts, type, reason, detail };
  };

  if (body === undefined) return broken('ineligible_profile', 'is not an object');
  if (id !== key) return broken('ineligible_profile', 'has an id with control characters');
  if (written === '') return broken('ineligible_profile', 'names no provider');
  if (provider !== written) return broken('ineligible_profile', 'names a provider with control characters');
  if (type === null) {
    const detail = name === undefined ? 'has no type' : `has the unknown type ${quoteUntrusted(name)}`;
    return broken('ineligible_profile', detail);
  }
  const login = type === 'oauth' ? readStoredLogin(raw) : undefined;
  const grant = login && grantOf(login);
  const expires = expiryOf(body.expires, type, grant !== undefined);
  if (expires.kind === 'invalid') return broken('invalid_expires', expires.detail);
  const secret = secretOf(body, type);
  if (secret.kind === 'unusable') {
    const { reason, detail, isPlaceholder, isElsewhere } = secret;
    return {
      ...broken(reason, detail),
      ...(isPlaceholder && { isPlaceholder }),
      ...(isElsewhere && { isElsewhere }),
    };
  }
  const { email, accountId, projectId } = body;
  const defect = accountId === undefined ? undefined : keyDefect(accountId);
  // The account travels in a request header beside the token.
  if (defect !== undefined) return broken('ineligible_profile', `"accountId" ${defect}`);
  return {
    kind: 'credential',
    ...facts,
    type,
    value: secret.value,
    expires: expires.at,
    ...(email === undefined ? {} : { email }),
    ...(accountId === undefined ? {} : { accountId }),
    ...(projectId === undefined ? {} : { projectId }),
    ...(grant === undefined ? {} : { grant }),
  };
}

/** Ids are `<provider>:<name>`, so a profile without a provider can still be shown where it belongs. */
function providerInId(id: string): string {
  return id.split(':', 1)[0]?.trim() ?? '';
}

type Expiry = { kind: 'valid'; at: number | null } | { kind: 'invalid'; detail: string };

/**
 * `expires`, when present, is a positive finite number of Unix milliseconds; an API key has none.
 *
 * @param isOwnLogin true for a login of this program, whose server may not have said it
 */
function expiryOf(expires: unknown, type: ProfileType, isOwnLogin: boolean): Expiry {
  if (type === 'api_key') return { kind: 'valid', at: null };
  if (expires === undefined) {
    if (type === 'token' || isOwnLogin) return { kind: 'valid', at: null };
    return { kind: 'invalid', detail: 'has no "expires", which an oauth profile needs' };
  }
  if (typeof expires === 'number' && expires > 0 && expires <= LATEST_TIME)
    return { kind: 'valid', at: expires };
  return { kind: 'invalid', detail: '"expires" is not a time in Unix milliseconds' };
}

type SecretField =
  | { kind: 'value'; value: Secret | SecretRef }
  | {
      kind: 'unusable';
      reason: 'missing_credential' | 'ineligible_profile';
      detail: string;
      isPlaceholder?: true;
      isElsewhere?: true;
    };

function secretOf(body: ProfileBody, type: ProfileType): SecretField {
  switch (type) {
    case 'api_key':
      return body.key === undefined && body.apiKey !== undefined
        ? readSecret('apiKey', body.apiKey, body.keyRef)
        : readSecret('key', body.key, body.keyRef);
    case 'token':
      return readSecret('token', body.token, body.tokenRef);
    case 'oauth':
      return readAccess(body.access);
  }
}

/** An access token is renewed where it stands, so it cannot stand elsewhere. */
function readAccess(access: unknown): SecretField {
  const secret = readSecret('access', access, undefined);
  if (secret.kind === 'unusable' || secret.value instanceof Secret) return secret;
  return unusable('"access" refers to a secret elsewhere, which an oauth profile cannot');
}

/** @param reference what stands in the field's companion for references; it beats a text beside it */
function readSecret(field: string, value: unknown, reference: unknown): SecretField {
  const written = isRecord(reference) ? reference : value;
  if (isRecord(written)) {
    const read = readSecretRef(written);
    return read.kind === 'reference'
      ? { kind: 'value', value: read.reference }
      : unusable(`"${written === value ? field : `${field}Ref`}" ${read.reason}`);
  }
  if (value === undefined || value === null) {
    return { kind: 'unusable', reason: 'missing_credential', detail: `has no "${field}"` };
  }
  if (typeof value !== 'string') return unusable(`"${field}" is not text`);
  // An empty environment: what is written here as a variable's name is a reference, and no key.
  const meaning = classifyKeyText(value, {});
  switch (meaning.kind) {
    case 'literal':
      return { kind: 'value', value: meaning.value };
    case 'variable':
    case 'variable-unset':
      return variableNamedBy(value.trim()) === undefined
        ? unusable(`"${field}" mixes text with a reference`)
        : { kind: 'value', value: { source: 'env', provider: null, id: meaning.name } };
    case 'empty':
      return { kind: 'unusable', reason: 'missing_credential', detail: `"${field}" ${reasonOf(meaning)}` };
    case 'marker': {
      const detail = `"${field}" ${reasonOf(meaning)}`;
      return {
        kind: 'unusable',
        reason: 'missing_credential',
        detail,
        isPlaceholder: true,
        isElsewhere: true,
      };
    }
    case 'command': {
      const detail = `"${field}" ${reasonOf(meaning)}`;
      return { kind: 'unusable', reason: 'missing_credential', detail, isElsewhere: true };
    }
    case 'defect':
      return unusable(`"${field}" ${reasonOf(meaning)}`);
  }
}

function unusable(detail: string): SecretField {
  return { kind: 'unusable', reason: 'ineligible_profile', detail };
}
