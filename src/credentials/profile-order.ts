/**
 * A provider's stored profiles in the order in which they are tried, and what each is worth now. Pure.
 * Every profile of the provider appears once for each store that holds it, also those that are not used.
 *
 * The sidecar's store comes before the agent's. Within a store an explicit order is kept as it is written;
 * without one it is `oauth` before `token` before `api_key`, then the profile that was not used for longest.
 * Profiles in a cool-down come after those, soonest ready first; profiles that are left out come last.
 */
import { overlayMaps } from './overlay.ts';
import { excludedPlace, judgeProfile } from './profile-place.ts';
import type { ProfilePlace } from './profile-place.ts';
import { configMismatch, sameProvider, selectList } from './profile-selection.ts';
import type { ProfileConfig, ProfileList } from './profile-selection.ts';
import type { ProfileStore, ProfileStores, StorePlace } from './profile-store.ts';
import { PROFILE_TYPES } from './stored-profile.ts';
import type { ProfileUsage, StoredProfile } from './stored-profile.ts';

/** Strongest first. */
const PLACES = ['sidecar', 'moltbot'] as const;

/**
 * The provider's profiles in the order in which they are tried.
 *
 * @param providerId id of the effective provider
 * @param now Unix milliseconds
 */
export function profilesFor(
  { stores }: ProfileStores,
  providerId: string,
  config: ProfileConfig,
  now: number,
): ProfilePlace[] {
  return PLACES.flatMap((place) => placesOf(overlay(stores, place), place, providerId, config, now));
}

/**
 * The profile that a caller names, whatever any order says of it; the sidecar's store first, undefined when
 * no store has it. One of another provider is `excluded`: a credential goes to its own provider only.
 *
 * @param providerId id of the effective provider that the request goes to
 * @param now Unix milliseconds
 */
export function findProfile(
  { stores }: ProfileStores,
  profileId: string,
  providerId: string,
  now: number,
): ProfilePlace | undefined {
  const found = PLACES.flatMap((place) => {
    const { profiles, usage } = overlay(stores, place);
    return profiles.filter(({ id }) => id === profileId).map((profile) => ({ place, profile, usage }));
  });
  const own = found.find(({ profile }) => sameProvider(profile.provider, providerId));
  if (own !== undefined) return judgeProfile(own.profile, own.place, own.usage.get(profileId), now);
  const [other] = found;
  if (other === undefined) return undefined;
  return excludedPlace(other.profile, other.place, 'ineligible_profile', 'belongs to another provider');
}

type Layer = Pick<ProfileStore, 'profiles' | 'order' | 'usage'>;

/** The files of one place as one store: what stands in the stronger file wins, entry by entry. */
function overlay(stores: readonly ProfileStore[], place: StorePlace): Layer {
  const layers = stores.filter((store) => store.place === place);
  const profiles = layers.map((layer) => new Map(layer.profiles.map((profile) => [profile.id, profile])));
  return {
    profiles: [...overlayMaps(profiles).values()],
    order: overlayMaps(layers.map(({ order }) => order)),
    usage: overlayMaps(layers.map(({ usage }) => usage)),
  };
}

function placesOf(
  layer: Layer,
  store: StorePlace,
  providerId: string,
  config: ProfileConfig,
  now: number,
): ProfilePlace[] {
  const own = layer.profiles.filter(({ provider }) => sameProvider(provider, providerId));
  const list = selectList(own, store, layer.order, providerId, config);
  const listed = own.filter(({ id }) => list === null || list.ids.includes(id));
  const eligible = listed.filter((profile) => configMismatch(profile, config) === undefined);
  const judged = inOrder(eligible, list, layer.usage).map((profile) =>
    judgeProfile(profile, store, layer.usage.get(profile.id), now),
  );
  const readyAt = ({ profileId }: ProfilePlace): number => layer.usage.get(profileId)?.unusableUntil ?? 0;
  return [
    ...judged.filter(({ state }) => state !== 'cooldown'),
    ...judged.filter(({ state }) => state === 'cooldown').toSorted((a, b) => readyAt(a) - readyAt(b)),
    ...listed.flatMap((profile) => {
      const reason = configMismatch(profile, config);
      return reason === undefined ? [] : [excludedPlace(profile, store, 'ineligible_profile', reason)];
    }),
    ...own
      .filter((profile) => !listed.includes(profile))
      .map((profile) =>
        excludedPlace(profile, store, 'excluded_by_auth_order', 'is not in the list of profiles to use'),
      ),
  ];
}

/** The order before cool-downs; profiles that it does not tell apart stay in the order of the file. */
function inOrder(
  profiles: readonly StoredProfile[],
  list: ProfileList | null,
  usage: ReadonlyMap<string, ProfileUsage>,
): StoredProfile[] {
  if (list?.kind === 'order') {
    const rank = ({ id }: StoredProfile): number => list.ids.indexOf(id);
    return profiles.toSorted((a, b) => rank(a) - rank(b));
  }
  const lastUsed = ({ id }: StoredProfile): number => usage.get(id)?.lastUsed ?? 0;
  return profiles.toSorted((a, b) => typeRank(a) - typeRank(b) || lastUsed(a) - lastUsed(b));
}

function typeRank({ type }: StoredProfile): number {
  return type === null ? PROFILE_TYPES.length : PROFILE_TYPES.indexOf(type);
}
