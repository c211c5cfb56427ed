/** The answer of `auth list` and `auth status`: how each provider is authenticated, what is shadowed, what is wrong. */
import type { AuthStatus } from '../../domain/answers/providers.ts';
import type { CoolDownAnswer } from '../../domain/answers/cool-down.ts';
import { expiryOf } from '../../domain/auth.ts';
import type { AuthMode, EffectiveProvider, Origin } from '../../domain/provider.ts';
import { sameProvider } from '../../credentials/profile-selection.ts';
import { isoOrNull } from '../../platform/clock.ts';
import type { AuthPlace } from '../auth-place.ts';
import { chosenPlace, isRefused } from '../choose-place.ts';
import { authPlaces, credentialVersion } from '../resolve-auth.ts';
import type { Snapshot } from '../snapshot.ts';
import { coolDownsOf } from './cool-down-answer.ts';
import { statusOf } from './listings.ts';

/** Something about a credential that the operator should know. `detail` shows no value. */
export interface AuthWarning {
  readonly code:
    | 'wide-file-mode'
    | 'placeholder-looking'
    | 'expired'
    | 'cooldown'
    | 'rejected'
    | 'ending'
    | 'source-down'
    | 'unusable';
  readonly detail: string;
}

/** JSON-ready. */
export interface ProviderAuth {
  readonly id: string;
  readonly name: string;
  readonly origin: Origin;
  readonly mode: AuthMode | null;
  readonly source: string | null;
  readonly status: AuthStatus;
  /** ISO 8601, or null when the credential does not expire or nobody knows. */
  readonly expiresAt: string | null;
  /** Keyed: equal credentials look equal on this machine, and no character of one shows. */
  readonly fingerprint: string | null;
  /** Sources of credentials that would be used if the stronger ones were not there. */
  readonly shadows: readonly string[];
  /** What keeps its credentials from being used first; left out where there is nothing. */
  readonly coolDowns?: readonly CoolDownAnswer[];
  readonly warnings: readonly AuthWarning[];
}

export interface AuthAnswer {
  readonly revision: number;
  readonly providers: readonly ProviderAuth[];
}

/**
 * @param all true: also catalog providers of which nothing is stored, set or configured
 * @param now Unix milliseconds
 * @param waitFor id of a provider whose credential is fetched where it has to be; a list does not wait
 */
export async function listAuth(
  snapshot: Snapshot,
  { all, now, waitFor }: { readonly all: boolean; readonly now: number; readonly waitFor?: string },
): Promise<AuthAnswer> {
  const everyone = await Promise.all(
    [...snapshot.providers.byId.values()].map((provider) =>
      describeAuth(snapshot, provider, { now, wait: provider.id === waitFor }),
    ),
  );
  const providers = everyone.filter(
    ({ origin, status, warnings }) =>
      all || origin !== 'catalog' || status !== 'missing' || warnings.length > 0,
  );
  return { revision: snapshot.revision, providers };
}

async function describeAuth(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  request: { readonly now: number; readonly wait: boolean },
): Promise<ProviderAuth> {
  const places = await authPlaces(snapshot, provider, request);
  const used = chosenPlace(places);
  const others = places.flatMap((place) =>
    place.kind === 'hit' && place !== used && !isRefused(place) ? [place] : [],
  );
  const coolDowns = coolDownsOf(snapshot, provider.id, places, request.now);
  const { id, name = id, origin } = provider;
  return {
    id,
    name,
    origin,
    mode: used?.auth.mode ?? provider.auth ?? null,
    source: used?.auth.source ?? null,
    status: statusOf(places),
    expiresAt: used === undefined ? null : isoOrNull(expiryOf(used.auth)),
    fingerprint: used === undefined ? null : credentialVersion(used.auth, snapshot.installKey),
    shadows: others.map(({ auth }) => auth.source),
    ...(coolDowns.length === 0 ? {} : { coolDowns }),
    warnings: [...openFiles(snapshot, provider), ...places.flatMap((place) => warningsOf(place, snapshot))],
  };
}

/** Stores with a credential of this provider that other users can read. */
function openFiles({ profiles }: Snapshot, { id }: EffectiveProvider): AuthWarning[] {
  return profiles.stores
    .filter(
      (store) => store.isOpenToOthers && store.profiles.some(({ provider }) => sameProvider(provider, id)),
    )
    .map(({ path }) => ({
      code: 'wide-file-mode',
      detail: `${path} can be read by other users; run: chmod 600 ${path}`,
    }));
}

function warningsOf(place: AuthPlace, { profiles }: Snapshot): AuthWarning[] {
  // A store that cannot be read is said once for all providers, not for each.
  const isStore = [...profiles.stores, ...profiles.brokenState].some(({ path }) => path === place.place);
  const detail = `${place.place}: ${place.note ?? place.found}`;
  if (isStore) return [];
  switch (place.kind) {
    case 'hit':
      if (isRefused(place)) return [{ code: 'rejected', detail }];
      if (place.note === undefined) return [];
      return [
        { code: place.trouble !== undefined && place.coolDown === undefined ? 'ending' : 'cooldown', detail },
      ];
    case 'expired':
    case 'error':
      if (place.retryAt !== undefined) return [{ code: 'source-down', detail }];
      if (place.kind === 'expired') return [{ code: 'expired', detail }];
      return [{ code: place.isPlaceholder === true ? 'placeholder-looking' : 'unusable', detail }];
    case 'skipped':
      return place.isPlaceholder === true ? [{ code: 'placeholder-looking', detail }] : [];
    case 'empty':
    case 'unverified':
      return [];
  }
}
