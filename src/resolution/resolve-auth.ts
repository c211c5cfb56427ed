/**
 * How a request to a provider is authenticated: the contract's order of places, first hit wins. The same
 * function answers startup validation, health, the server, `explain` and the command line.
 */
import type { AuthOutcome, ResolvedAuth, Step } from '../domain/auth.ts';
import type { CoolDown } from '../domain/cool-down.ts';
import type { Problem } from '../domain/errors.ts';
import type { EffectiveProvider } from '../domain/provider.ts';
import { fingerprintOf } from '../domain/secret.ts';
import { type AuthPlace, lookedAt, type OpenPlace } from './auth-place.ts';
import { configuredKeyPlaces, environmentPlaces, profilePlaces } from './auth-places.ts';
import { awsPlaces } from './aws-places.ts';
import { noAuthHints } from './auth-hints.ts';
import { type ChoiceRequest, chosenPlace, isRefused, judgePlace } from './choose-place.ts';
import { exchangePlaces } from './exchange-places.ts';
import { followPlaces } from './follow-places.ts';
import { type MissingCredential, missingCredential } from './missing-credential.ts';
import type { Snapshot } from './snapshot.ts';

export interface AuthRequest extends ChoiceRequest {
  /** A profile that the caller insists on. */
  readonly profileId?: string;
  /** Base URL that the request would go to. @default the provider's own */
  readonly destination?: string;
  /** False: what would have to be fetched is `unverified`, for lists that must not wait. @default true */
  readonly wait?: boolean;
}

/**
 * 1. `auth: "none"` → no credential, whatever else is there; none either where no key may go. 2. The explicit profile. 3. `aws-sdk` → AWS
 * credentials, really looked up. 4. Stored profiles, then an exchanged key. 5. Environment. 6. The configured key. 7. `no-auth`.
 */
export async function resolveAuth(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  request: AuthRequest,
): Promise<AuthOutcome> {
  const places = await authPlaces(snapshot, provider, request);
  const winner = chosenPlace(places);
  const steps = places.map((place) => toStep(place, place === winner, snapshot.installKey));
  if (winner !== undefined) {
    const { auth, coolDown, trouble } = winner;
    return {
      kind: 'satisfied',
      auth,
      steps,
      ...(coolDown === undefined ? {} : { coolDown }),
      ...(trouble === undefined ? {} : { trouble }),
    };
  }
  return { kind: 'failed', problem: nothingFound(snapshot, provider, request, places), steps };
}

/** Every place in the order in which they count, each with what it holds; `chosenPlace` tells which one is used. */
export async function authPlaces(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  request: AuthRequest,
): Promise<readonly AuthPlace[]> {
  const history = (version: string): readonly CoolDown[] =>
    snapshot.credentialHealth.historyOf({ providerId: provider.id, version });
  const judge = (place: AuthPlace): AuthPlace => {
    const version = place.kind === 'hit' ? credentialVersion(place.auth, snapshot.installKey) : null;
    if (place.kind !== 'hit' || version === null) return place;
    return judgePlace(place, history(version), request);
  };
  const { references } = snapshot;
  return followPlaces(placesFor(snapshot, provider, request), references, request.wait ?? true, judge);
}

function placesFor(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  request: AuthRequest,
): readonly (AuthPlace | OpenPlace)[] {
  const policy: AuthPlace[] =
    provider.auth === 'none'
      ? [
          {
            kind: 'hit',
            place: 'provider policy',
            found: `auth "none" in ${provider.origin}`,
            auth: { mode: 'none', source: 'provider-policy' },
          },
        ]
      : [];
  if (provider.keyHeldBack !== undefined) {
    const note = provider.keyHeldBack.reason;
    return [...policy, { kind: 'error', place: 'key policy', found: 'no key is sent', note }];
  }
  const profiles = profilePlaces(snapshot, provider, request);
  if (request.profileId !== undefined) return [...policy, ...profiles];
  if (provider.auth === 'aws-sdk') return [...policy, ...awsPlaces(snapshot, provider, request.now)];
  const destination = request.destination ?? provider.baseUrl;
  return [
    ...policy,
    ...profiles,
    ...exchangePlaces(snapshot, provider, destination, request.now),
    ...environmentPlaces(snapshot, provider),
    ...configuredKeyPlaces(snapshot, provider, destination),
  ];
}

function toStep(place: AuthPlace, used: boolean, installKey: string): Step {
  const base = {
    step: 'auth' as const,
    place: place.place,
    found: place.found,
    ...(place.note === undefined ? {} : { note: place.note }),
  };
  if (place.kind !== 'hit') return { ...base, outcome: OUTCOMES[place.kind] };
  const version = credentialVersion(place.auth, installKey);
  return {
    ...base,
    outcome: used ? 'used' : isRefused(place) ? 'error' : place.setAside === true ? 'skipped' : 'shadowed',
    ...(version === null ? {} : { fingerprint: version }),
  };
}

const OUTCOMES = {
  empty: 'empty',
  skipped: 'skipped',
  error: 'error',
  expired: 'error',
  unverified: 'skipped',
} as const;

/**
 * Tells two credentials apart without showing a character of either; null where there is none.
 *
 * @param installKey key of the HMAC, private to this machine
 */
export function credentialVersion(auth: ResolvedAuth, installKey: string): string | null {
  switch (auth.mode) {
    case 'none':
      return null;
    case 'api-key':
      return fingerprintOf(auth.apiKey.reveal(), installKey);
    case 'token':
      return fingerprintOf(auth.token.reveal(), installKey);
    case 'oauth':
      return fingerprintOf(auth.accessToken.reveal(), installKey);
    case 'aws-sdk': {
      if (auth.credentials.kind === 'bearer') {
        return fingerprintOf(auth.credentials.bearerToken.reveal(), installKey);
      }
      const { accessKeyId, secretAccessKey, sessionToken } = auth.credentials.keys;
      const parts = [accessKeyId, secretAccessKey.reveal(), sessionToken?.reveal() ?? ''];
      return fingerprintOf(JSON.stringify(parts), installKey);
    }
  }
}

function nothingFound(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  request: AuthRequest,
  places: readonly AuthPlace[],
): Problem {
  const missing = missingCredential(places);
  const looked = places.map(lookedAt);
  const hintsFrom = (order: readonly AuthPlace[]): string[] =>
    noAuthHints(snapshot, provider, request.profileId, order.map(asUnusable));
  if (missing !== undefined) {
    const { code, why, retryAt } = missing;
    // The first hint is for what the error is about.
    const hints = hintsFrom([missing.place, ...places.filter((place) => place !== missing.place)]);
    const detail = `${SENTENCES[code](provider.id)} (${why})`;
    return { code, detail, hints, ...(retryAt === undefined ? {} : { retryAt }) };
  }
  const hints = hintsFrom(places);
  return {
    code: 'no-auth',
    detail: `No usable credential for provider "${provider.id}". Looked at ${looked.length === 0 ? 'nothing' : looked.join('; ')}`,
    hints,
  };
}

const SENTENCES: Readonly<Record<MissingCredential['code'], (providerId: string) => string>> = {
  'credential-source-down': (id) => `The source of the credential for provider "${id}" is down`,
  'reauth-required': (id) => `Somebody has to log in to provider "${id}" again`,
  'auth-expired': (id) => `The credential for provider "${id}" has expired`,
};

/** A key that its provider refused, for one who wants to know what to mend. */
function asUnusable(place: AuthPlace): AuthPlace {
  if (place.kind !== 'hit') return place;
  const { place: where, found, note = 'it is not used' } = place;
  return { kind: 'error', place: where, found, note };
}
