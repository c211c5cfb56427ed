/**
 * Which of a store's profiles may be used for a provider: the store's own order, else the config's
 * `auth.order`, else the provider's entries in the config's `auth.profiles`, else every profile. An empty
 * list counts as none. Pure.
 */
import { canonicalProviderId } from '../domain/provider-id.ts';
import type { StorePlace } from './profile-store.ts';
import type { StoredProfile } from './stored-profile.ts';

/** The `auth` part of the operator's config, as far as it concerns profiles. */
export interface ProfileConfig {
  /** Provider to profile ids. */
  readonly order: Readonly<Record<string, readonly string[]>>;
  /** Profile id to what the operator's tool knows of it. */
  readonly profiles: Readonly<Record<string, { readonly provider: string; readonly mode?: string }>>;
}

/** A list that narrows a store. An `order` is also the order in which its profiles are tried. */
export interface ProfileList {
  readonly kind: 'order' | 'profiles';
  readonly ids: readonly string[];
}

/** Equal after the aliases; the wanted id itself is taken as it is written (`qwen` may be its own provider). */
export function sameProvider(written: string, wanted: string): boolean {
  const exact = wanted.trim().toLowerCase();
  const isExact = (id: string): boolean => id === exact;
  return canonicalProviderId(written, isExact) === canonicalProviderId(wanted, isExact);
}

/**
 * The list that narrows a store, or null when every profile counts.
 *
 * @param own the provider's profiles in that store
 * @param storeOrder the order that the store itself prescribes, by provider
 */
export function selectList(
  own: readonly StoredProfile[],
  place: StorePlace,
  storeOrder: ReadonlyMap<string, readonly string[]>,
  providerId: string,
  config: ProfileConfig,
): ProfileList | null {
  const isWanted = ([provider, ids]: readonly [string, readonly string[]]): boolean =>
    sameProvider(provider, providerId) && ids.length > 0;
  const order = [...storeOrder].find(isWanted) ?? Object.entries(config.order).find(isWanted);
  if (order !== undefined) return { kind: 'order', ids: order[1] };
  const ids = Object.entries(config.profiles)
    .filter(([, { provider }]) => sameProvider(provider, providerId))
    .map(([id]) => id);
  // The agent's tool keeps this list of its own logins. One that names none of ours says nothing about ours.
  const concernsStore = place === 'moltbot' || own.some(({ id }) => ids.includes(id));
  return ids.length > 0 && concernsStore ? { kind: 'profiles', ids } : null;
}

/**
 * Why the config's own entry for a profile does not fit what is stored, in words; undefined when it fits or
 * there is none. `oauth` in the config accepts a stored token, `token` refuses a stored oauth credential.
 */
export function configMismatch(profile: StoredProfile, { profiles }: ProfileConfig): string | undefined {
  const entry = Object.hasOwn(profiles, profile.id) ? profiles[profile.id] : undefined;
  if (entry === undefined) return undefined;
  if (!sameProvider(entry.provider, profile.provider)) return 'belongs to another provider in the config';
  if (entry.mode === undefined || profile.type === null || entry.mode === profile.type) return undefined;
  if (entry.mode === 'oauth' && profile.type === 'token') return undefined;
  return `is stored as ${profile.type}, which is not the mode that the config names`;
}
