/** Stores and profiles for tests: what a file holds, parsed as the program parses it. */
import { parseAuthProfiles } from '../../src/credentials/auth-profiles.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { SecretRef } from '../../src/domain/secret-ref.ts';
import type { ProfileConfig } from '../../src/credentials/profile-selection.ts';
import type { ProfileStore, ProfileStores, StorePlace } from '../../src/credentials/profile-store.ts';

/** The time of every test, in Unix milliseconds. */
export const NOW = 1_000_000;
export const NO_CONFIG: ProfileConfig = { order: {}, profiles: {} };

export interface StoreFile {
  readonly profiles?: Readonly<Record<string, object>>;
  readonly order?: Readonly<Record<string, readonly string[]>>;
  readonly usageStats?: Readonly<Record<string, object>>;
}

export function store(place: StorePlace, file: StoreFile, path = `/${place}.json`): ProfileStore {
  const parsed = parseAuthProfiles(JSON.stringify(file), path);
  if (parsed.kind === 'broken') throw new Error(parsed.detail);
  return { place, path, state: 'loaded', ...parsed };
}

/** The text of a stored value; what only refers to one has none. */
export function textOf(value: Secret | SecretRef): string | undefined {
  return value instanceof Secret ? value.reveal() : undefined;
}

export function storesOf(...stores: readonly ProfileStore[]): ProfileStores {
  return { stores, brokenState: [], notes: [] };
}

export const key = (value = 'canary-key', provider = 'acme'): object => ({
  type: 'api_key',
  provider,
  key: value,
});
export const token = (expires?: number): object => ({
  type: 'token',
  provider: 'acme',
  token: 'canary-token',
  expires,
});
export const oauth = (expires = NOW + 1): object => ({
  type: 'oauth',
  provider: 'acme',
  access: 'canary-access',
  refresh: 'canary-refresh',
  expires,
});
