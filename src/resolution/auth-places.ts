/**
 * The places where a credential may stand, each looked at and described: stored profiles, the provider's
 * variables, the configured key; those of AWS stand in `aws-places.ts`. What a place holds is said in words,
 * never shown. A place that holds a reference is described; whether it is followed is decided when the
 * stronger places are known.
 */
import type { ResolvedAuth } from '../domain/auth.ts';
import type { CoolDown } from '../domain/cool-down.ts';
import type { Problem } from '../domain/errors.ts';
import { sameSocket } from '../domain/base-url.ts';
import type { EffectiveProvider, ProviderDefinition } from '../domain/provider.ts';
import { Secret } from '../domain/secret.ts';
import { nameOfReference, type SecretRef } from '../domain/secret-ref.ts';
import { type EnvironmentPlace, lookUpEnvironment } from '../credentials/environment.ts';
import { classifyKeyText, type KeyText } from '../credentials/key-text.ts';
import { findProfile, profilesFor } from '../credentials/profile-order.ts';
import { type ProfilePlace, profileSourceOf } from '../credentials/profile-place.ts';
import type { ProfileStores } from '../credentials/profile-store.ts';
import { toIso } from '../platform/clock.ts';
import { isNamedByApiKey } from './definition-fields.ts';
import { loginPlace, missingLogin } from './oauth-places.ts';
import type { Snapshot } from './snapshot.ts';

/** One place, and what came of looking there. */
export type AuthPlace =
  | {
      readonly kind: 'hit';
      readonly place: string;
      readonly found: string;
      readonly auth: ResolvedAuth;
      readonly note?: string;
      /** Why nothing takes its place when it ends, as the problem of a request then. */
      readonly trouble?: Problem;
      /** The cool-down that the credential is in. */
      readonly coolDown?: CoolDown;
      /** True: weaker places come first. */
      readonly setAside?: boolean;
    }
  | {
      /** `unverified`: it may hold a credential, and this question was not worth the wait. */
      readonly kind: 'empty' | 'skipped' | 'error' | 'expired' | 'unverified';
      readonly place: string;
      readonly found: string;
      readonly note?: string;
      /** What to do there, where that is known better than "look". */
      readonly remedy?: string | readonly string[];
      /** The file that something is wrong with, where `place` does not name it. */
      readonly file?: string;
      /** A better code than the kind's own. */
      readonly code?: 'reauth-required';
      /** When its source, which is down, is asked again, in Unix milliseconds. */
      readonly retryAt?: number;
      /** Something stands there that only looks like a key. */
      readonly isPlaceholder?: boolean;
    };

/** A place and what came of it, in words: with the file that something is wrong with, and that only once. */
export function lookedAt(place: AuthPlace): string {
  const what = place.note ?? place.found;
  const file = place.kind === 'error' ? place.file : undefined;
  const where = file === undefined ? place.place : `${place.place} in ${file}`;
  return what.startsWith(`${where} `) ? what : `${where}: ${what}`;
}

/** A place that says where the secret stands. */
export interface ReferringPlace {
  readonly kind: 'reference';
  readonly place: string;
  readonly found: string;
  readonly note?: string;
  readonly reference: SecretRef;
  readonly toAuth: (value: Secret) => ResolvedAuth;
}

/** A place whose credential is fetched or renewed while the program runs. */
export interface PendingPlace {
  readonly kind: 'pending';
  readonly place: string;
  readonly found: string;
  /** What would be handed out now without waiting; null when that has to be fetched. May renew it behind that. */
  readonly known: () => AuthPlace | null;
  /** What is known where nobody waits, such as the last failure; null for nothing, which is `unverified`. */
  readonly unasked: () => Promise<AuthPlace | null>;
  /** Fetches it. Never rejects. */
  readonly fetch: () => Promise<AuthPlace>;
}

/** A place that still has to be looked into. */
export type OpenPlace = ReferringPlace | PendingPlace;

/** The explicit profile alone, or the provider's profiles in upstream's order; broken stores are errors. */
export function profilePlaces(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  request: { readonly profileId?: string; readonly now: number },
): (AuthPlace | OpenPlace)[] {
  const { profiles, config } = snapshot;
  const { profileId, now } = request;
  const troubles = storeTroubles(profiles);
  const toPlace = (profile: ProfilePlace): AuthPlace | OpenPlace =>
    loginPlace(snapshot, provider, profile, now) ?? toProfilePlace(profile);
  if (profileId !== undefined) {
    const place = findProfile(profiles, profileId, provider.id, now);
    if (place !== undefined) return [toPlace(place)];
    return [{ kind: 'error', place: profileSourceOf(profileId), found: 'no such profile' }, ...troubles];
  }
  const found = profilesFor(profiles, provider.id, config.auth, now);
  const missing = missingLogin(snapshot, provider, found);
  if (found.length + troubles.length > 0) return [...troubles, ...found.map(toPlace), ...missing];
  return [{ kind: 'empty', place: 'auth profiles', found: 'none for this provider' }, ...missing];
}

/** Stores that cannot be read are never skipped in silence: what they hold might have come first. */
function storeTroubles({ stores, brokenState, notes }: ProfileStores): AuthPlace[] {
  const broken = stores.flatMap(({ state, path, detail }) =>
    state === 'broken' ? [{ path, detail: detail ?? 'it cannot be used' }] : [],
  );
  return [
    ...[...broken, ...brokenState].map(({ path, detail }): AuthPlace => ({
      kind: 'error',
      place: path,
      found: 'not usable',
      note: detail,
    })),
    ...notes.map((note): AuthPlace => ({ kind: 'skipped', place: 'auth profiles', found: 'not read', note })),
  ];
}

function toProfilePlace(profile: ProfilePlace): AuthPlace | OpenPlace {
  const place = profileSourceOf(profile.profileId);
  const what = profile.mode === null ? 'a profile' : WORDS[profile.mode];
  const expiry = profile.expiresAt === null ? '' : `, expires ${toIso(profile.expiresAt)}`;
  switch (profile.state) {
    case 'usable':
    case 'cooldown': {
      const { value, path, detail } = profile;
      const facts = { place, ...(detail === undefined ? {} : { note: detail }) };
      const found = `${what} in ${path}${expiry}`;
      if (value instanceof Secret) return { kind: 'hit', ...facts, found, auth: toAuth(profile, value) };
      return {
        kind: 'reference',
        ...facts,
        found: `${found}, which refers to ${nameOfReference(value)}`,
        reference: value,
        toAuth: (secret) => toAuth(profile, secret),
      };
    }
    case 'expired': {
      const remedy = REFRESHED_BY[profile.refreshedBy ?? 'nobody'];
      return {
        kind: 'expired',
        place,
        found: `${what} in ${profile.path}`,
        note: `${profile.detail}; ${remedy}`,
        remedy: `For ${place}: ${remedy}`,
      };
    }
    case 'broken':
      return {
        kind: profile.isElsewhere === true ? 'skipped' : 'error',
        place,
        found: `${what} in ${profile.path}`,
        file: profile.path,
        note: profile.detail,
        isPlaceholder: profile.isPlaceholder ?? false,
      };
    case 'excluded':
      return { kind: 'skipped', place, found: `${what} in ${profile.path}`, note: profile.detail };
  }
}

function toAuth(
  profile: Extract<ProfilePlace, { state: 'usable' | 'cooldown' }>,
  value: Secret,
): ResolvedAuth {
  const { mode, expiresAt, profileId, accountId } = profile;
  const base = { source: profileSourceOf(profileId), profileId };
  switch (mode) {
    case 'api-key':
      return { mode, ...base, apiKey: value };
    case 'token':
      return { mode, ...base, token: value, expiresAt };
    case 'oauth':
      return {
        mode,
        ...base,
        accessToken: value,
        expiresAt,
        ...(accountId === undefined ? {} : { accountId }),
      };
  }
}

const WORDS = { 'api-key': 'an API key', token: 'a token', oauth: 'an OAuth token' } as const;

/** Who can renew an expired credential. A store that belongs to another tool is never refreshed from here. */
const REFRESHED_BY = {
  sidecar: 'log in again to renew it',
  moltbot: 'the agent that owns this store renews it: use that agent once, or log in with it again',
  nobody: 'it cannot be renewed: store a new one',
} as const;

/** The provider's variables, each a place of its own. */
export function environmentPlaces(snapshot: Snapshot, provider: EffectiveProvider): AuthPlace[] {
  return lookUpEnvironment(provider.id, snapshot.env).map((found) =>
    toEnvironmentPlace(found, snapshot.shellVariables.has(found.name)),
  );
}

function toEnvironmentPlace(variable: EnvironmentPlace, fromShell: boolean): AuthPlace {
  const place = `${fromShell ? 'shell env' : 'env'}: ${variable.name}`;
  switch (variable.kind) {
    case 'unset':
      return { kind: 'empty', place, found: 'not set' };
    case 'not-a-key':
      return {
        kind: 'skipped',
        place,
        found: 'not a key',
        note: variable.reason,
        isPlaceholder: variable.isPlaceholder,
      };
    case 'set': {
      const { value } = variable;
      const auth: ResolvedAuth =
        variable.mode === 'oauth'
          ? { mode: 'oauth', source: place, accessToken: value, expiresAt: null }
          : { mode: 'api-key', source: place, apiKey: value };
      return { kind: 'hit', place, found: variable.mode === 'oauth' ? 'an OAuth token' : 'an API key', auth };
    }
  }
}

/**
 * The `apiKey` of the operator's entry, and of a hand-written models.json entry. A key goes to the server
 * that it was configured for and to no other.
 *
 * @param destination base URL that the request would go to
 */
export function configuredKeyPlaces(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  destination: string | undefined,
): (AuthPlace | OpenPlace)[] {
  const { bySource } = snapshot.providers;
  const cfg = bySource.cfg.get(provider.id);
  const places: (AuthPlace | OpenPlace)[] = [];
  if (cfg !== undefined) {
    const place = `cfg: models.providers.${cfg.id}.apiKey`;
    const missing = cfg.missingVariables?.find(isNamedByApiKey);
    // An entry that names no server means those that the catalog knows for its id.
    const own = serversOf(cfg);
    const meant = own.length > 0 ? own : serversOf(bySource.catalog.get(provider.id));
    const elsewhere =
      meant.length > 0 &&
      destination !== undefined &&
      cfg !== bySource[provider.origin].get(provider.id) &&
      !meant.some((server) => sameSocket(server, destination));
    if (missing !== undefined) {
      const note = `the variable ${missing.variable}, named at ${missing.configPath}, is not set`;
      places.push({ kind: 'error', place, found: `\${${missing.variable}}`, note });
    } else if (cfg.apiKeyProblem !== undefined) {
      places.push({ kind: 'error', place, found: 'not usable', note: cfg.apiKeyProblem });
    } else if ((cfg.apiKey ?? cfg.apiKeyRef) !== undefined && elsewhere) {
      const note = `it belongs to the server of the cfg entry, and ${provider.origin} leads to another one`;
      places.push({ kind: 'skipped', place, found: 'a key', note });
    } else {
      places.push(toKeyPlace(place, cfg, snapshot));
    }
  }
  if (provider.origin === 'models.json' && (provider.apiKey ?? provider.apiKeyRef) !== undefined) {
    places.push(toKeyPlace(`models.json: providers.${provider.id}.apiKey`, provider, snapshot));
  }
  return places;
}

/** Every server that a definition names, for the provider or for single models. */
function serversOf(definition: ProviderDefinition | undefined): string[] {
  const urls = [definition?.baseUrl, ...(definition?.models ?? []).map(({ baseUrl }) => baseUrl)];
  return urls.flatMap((url) => (url === undefined || url === '' ? [] : [url]));
}

function toKeyPlace(
  place: string,
  { apiKey: text, apiKeyRef: reference }: Pick<ProviderDefinition, 'apiKey' | 'apiKeyRef'>,
  snapshot: Snapshot,
): AuthPlace | OpenPlace {
  if (reference !== undefined) {
    const found = `a reference to ${nameOfReference(reference)}`;
    const toAuth = (apiKey: Secret): ResolvedAuth => ({ mode: 'api-key', source: place, apiKey });
    return { kind: 'reference', place, found, reference, toAuth };
  }
  if (text === undefined) return { kind: 'empty', place, found: 'no apiKey' };
  const key: KeyText = classifyKeyText(text, snapshot.env);
  switch (key.kind) {
    case 'literal':
      return {
        kind: 'hit',
        place,
        found: 'an API key',
        auth: { mode: 'api-key', source: place, apiKey: key.value },
      };
    case 'variable': {
      const auth: ResolvedAuth = { mode: 'api-key', source: place, apiKey: key.value };
      return { kind: 'hit', place, found: `an API key in the variable ${key.name}`, auth };
    }
    case 'variable-unset':
      return {
        kind: 'error',
        place,
        found: `the name ${key.name}`,
        note: `the variable ${key.name} is not set`,
      };
    case 'marker':
      return {
        kind: 'skipped',
        place,
        found: `the marker ${key.marker}`,
        note: 'a marker is not a key',
        isPlaceholder: true,
      };
    case 'command':
      return { kind: 'skipped', place, found: 'a command', note: 'commands are never run' };
    case 'defect':
      return { kind: 'error', place, found: 'not a key', note: key.reason };
    case 'empty':
      return { kind: 'empty', place, found: 'blank' };
  }
}
