/**
 * What a change makes of the sidecar's own `auth-profiles.json`: adding, replacing and removing profiles in
 * its parsed text. Pure. What this program does not know in the file stays as it is, in its place.
 */
import { isRecord } from '../domain/record.ts';
import { classifyKeyText } from './key-text.ts';
import { reasonOf } from './key-value.ts';
import { sameProvider } from './profile-selection.ts';
import type { NewCredential } from './stored-profile.ts';

/** The parsed file. */
export type StoreBody = Readonly<Record<string, unknown>>;

/** Why a credential is not taken: `placeholder-looking` for what stands in for a key, `unusable` for the rest. */
export interface CredentialDefect {
  readonly kind: 'placeholder-looking' | 'unusable';
  /** In words that follow "it", and that show no value. */
  readonly detail: string;
}

/** What is wrong with a credential that is to be stored; undefined when it can be. */
export function credentialDefect(credential: NewCredential): CredentialDefect | undefined {
  // An empty environment: what would be read back as a reference is no key, whether its variable is set or not.
  const meaning = classifyKeyText(secretTextOf(credential), {});
  switch (meaning.kind) {
    case 'literal':
      return undefined;
    case 'marker':
      return { kind: 'placeholder-looking', detail: `looks like a placeholder: ${reasonOf(meaning)}` };
    case 'variable':
    case 'variable-unset':
      return { kind: 'placeholder-looking', detail: 'is the name of a variable and not its value' };
    case 'empty':
    case 'command':
    case 'defect':
      return { kind: 'unusable', detail: reasonOf(meaning) };
  }
}

/** Fields that say what a credential is. A new credential brings its own; every other field stays. */
const CREDENTIAL_FIELDS: ReadonlySet<string> = new Set([
  'type',
  'mode',
  'provider',
  'key',
  'apiKey',
  'keyRef',
  'token',
  'tokenRef',
  'access',
  'refresh',
  'expires',
  'email',
  'accountId',
  'projectId',
  'issuer',
  'clientId',
  'scopes',
  'tokenType',
  'obtained',
  'renewing',
  'refusal',
]);

/** The file with one profile more, or with another credential in it. Everything else keeps its place. */
export function withProfile(body: StoreBody, profileId: string, credential: NewCredential): StoreBody {
  const profiles = isRecord(body.profiles) ? body.profiles : {};
  const before = Object.hasOwn(profiles, profileId) ? profiles[profileId] : undefined;
  const kept = Object.entries(isRecord(before) ? before : {}).filter(([key]) => !CREDENTIAL_FIELDS.has(key));
  const profile = { ...toFields(credential), ...Object.fromEntries(kept) };
  // Built from entries: a profile of the name `__proto__` is an entry like any other.
  const entries = Object.entries(profiles).map(
    ([id, old]) => [id, id === profileId ? profile : old] as const,
  );
  const added = before === undefined ? [...entries, [profileId, profile] as const] : entries;
  const versioned = body.version === undefined ? { version: 1, ...body } : body;
  return { ...versioned, profiles: Object.fromEntries(added) };
}

/** The entry of one profile, as it is written. */
export function entryOf({ profiles }: StoreBody, profileId: string): StoreBody | undefined {
  const entry = isRecord(profiles) && Object.hasOwn(profiles, profileId) ? profiles[profileId] : undefined;
  return isRecord(entry) ? entry : undefined;
}

/** The file with another entry for a profile that it has; everything else keeps its place. */
export function withEntry(body: StoreBody, profileId: string, entry: StoreBody): StoreBody {
  const profiles = Object.entries(isRecord(body.profiles) ? body.profiles : {});
  const changed = profiles.map(([id, old]) => [id, id === profileId ? entry : old] as const);
  return { ...body, profiles: Object.fromEntries(changed) };
}

/** The file without these profiles, and without what else it says of them. */
export function withoutProfiles(body: StoreBody, ids: readonly string[]): StoreBody {
  const without = (entries: unknown): StoreBody =>
    Object.fromEntries(Object.entries(isRecord(entries) ? entries : {}).filter(([id]) => !ids.includes(id)));
  // An order that still named them would leave out the profile that is stored next.
  const order = Object.entries(isRecord(body.order) ? body.order : {}).flatMap(([provider, list]) => {
    const left: unknown = Array.isArray(list) ? list.filter((id) => !ids.includes(String(id))) : list;
    return Array.isArray(left) && left.length === 0 ? [] : [[provider, left] as const];
  });
  return {
    ...body,
    profiles: without(body.profiles),
    ...(body.order === undefined ? {} : { order: Object.fromEntries(order) }),
    ...(body.usageStats === undefined ? {} : { usageStats: without(body.usageStats) }),
  };
}

/** Every profile of the provider of that id, whatever the profiles are called. */
export function profilesOfProvider({ profiles }: StoreBody, providerId: string): string[] {
  if (!isRecord(profiles)) return [];
  return Object.entries(profiles)
    .filter(([id, profile]) => {
      const written = isRecord(profile) ? profile.provider : undefined;
      const provider = typeof written === 'string' ? written : id.split(':', 1)[0];
      return provider !== undefined && sameProvider(provider, providerId);
    })
    .map(([id]) => id);
}

function secretTextOf(credential: NewCredential): string {
  switch (credential.type) {
    case 'api_key':
      return credential.key.reveal();
    case 'token':
      return credential.token.reveal();
    case 'oauth':
      return credential.access.reveal();
  }
}

/** A credential as the file writes it. */
function toFields(credential: NewCredential): StoreBody {
  const { type, provider, email } = credential;
  const owner = email === undefined ? {} : { email };
  switch (type) {
    case 'api_key':
      return { type, provider, key: credential.key.reveal().trim(), ...owner };
    case 'token': {
      const { token, expires } = credential;
      const expiry = expires === undefined ? {} : { expires };
      return { type, provider, token: token.reveal().trim(), ...expiry, ...owner };
    }
    case 'oauth': {
      const { access, refresh, expires, accountId, projectId, login } = credential;
      return {
        type,
        provider,
        access: access.reveal().trim(),
        ...(refresh === undefined ? {} : { refresh: refresh.reveal().trim() }),
        ...(expires === undefined ? {} : { expires }),
        ...owner,
        ...(accountId === undefined ? {} : { accountId }),
        ...(projectId === undefined ? {} : { projectId }),
        ...login,
      };
    }
  }
}
