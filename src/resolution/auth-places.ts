/**
 * The places where a credential may stand, each looked at and described: stored profiles, AWS variables,
 * the provider's variables, the configured key. What a place holds is said in words, never shown.
 */
import type { ResolvedAuth } from '../domain/auth.ts';
import { sameSocket } from '../domain/base-url.ts';
import type { EffectiveProvider } from '../domain/provider.ts';
import { type AwsPlace, lookUpAwsEnvironment } from '../credentials/aws-environment.ts';
import { type EnvironmentPlace, lookUpEnvironment } from '../credentials/environment.ts';
import { classifyKeyText, type KeyText } from '../credentials/key-text.ts';
import { findProfile, profilesFor } from '../credentials/profile-order.ts';
import { type ProfilePlace, profileSourceOf } from '../credentials/profile-place.ts';
import type { ProfileStores } from '../credentials/profile-store.ts';
import { toIso } from '../platform/clock.ts';
import { isNamedByApiKey } from './definition-fields.ts';
import type { Snapshot } from './snapshot.ts';

/** One place, and what came of looking there. */
export type AuthPlace =
  | {
      readonly kind: 'hit';
      readonly place: string;
      readonly found: string;
      readonly auth: ResolvedAuth;
      readonly note?: string;
    }
  | {
      readonly kind: 'empty' | 'skipped' | 'error' | 'expired';
      readonly place: string;
      readonly found: string;
      readonly note?: string;
    };

/** The explicit profile alone, or the provider's profiles in upstream's order; broken stores are errors. */
export function profilePlaces(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  request: { readonly profileId?: string; readonly now: number },
): AuthPlace[] {
  const { profiles, config } = snapshot;
  const { profileId, now } = request;
  const troubles = storeTroubles(profiles);
  if (profileId !== undefined) {
    const place = findProfile(profiles, profileId, provider.id, now);
    if (place !== undefined) return [toProfilePlace(place)];
    return [{ kind: 'error', place: profileSourceOf(profileId), found: 'no such profile' }, ...troubles];
  }
  const places = profilesFor(profiles, provider.id, config.auth, now).map(toProfilePlace);
  if (places.length + troubles.length > 0) return [...troubles, ...places];
  return [{ kind: 'empty', place: 'auth profiles', found: 'none for this provider' }];
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

function toProfilePlace(profile: ProfilePlace): AuthPlace {
  const place = profileSourceOf(profile.profileId);
  const what = profile.mode === null ? 'a profile' : WORDS[profile.mode];
  const expiry = profile.expiresAt === null ? '' : `, expires ${toIso(profile.expiresAt)}`;
  switch (profile.state) {
    case 'usable':
    case 'cooldown': {
      const note = profile.detail === undefined ? {} : { note: profile.detail };
      return {
        kind: 'hit',
        place,
        found: `${what} in ${profile.path}${expiry}`,
        auth: toAuth(profile),
        ...note,
      };
    }
    case 'expired': {
      const note = `${profile.detail}; ${REFRESHED_BY[profile.refreshedBy ?? 'nobody']}`;
      return { kind: 'expired', place, found: `${what} in ${profile.path}`, note };
    }
    case 'broken':
      return { kind: 'error', place, found: `${what} in ${profile.path}`, note: profile.detail };
    case 'excluded':
      return { kind: 'skipped', place, found: `${what} in ${profile.path}`, note: profile.detail };
  }
}

function toAuth(profile: Extract<ProfilePlace, { state: 'usable' | 'cooldown' }>): ResolvedAuth {
  const { mode, value, expiresAt, profileId, accountId } = profile;
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

/** AWS credentials in the environment. What only the AWS chain can resolve is named and skipped. */
export function awsPlaces(snapshot: Snapshot, provider: EffectiveProvider): AuthPlace[] {
  return lookUpAwsEnvironment(snapshot.env).map((place) => toAwsPlace(place, provider.region ?? null));
}

function toAwsPlace(found: AwsPlace, providerRegion: string | null): AuthPlace {
  const place = found.source;
  switch (found.kind) {
    case 'bearer': {
      const region = providerRegion ?? found.region;
      const credentials = { kind: 'bearer' as const, bearerToken: found.bearerToken, region };
      const auth: ResolvedAuth = { mode: 'aws-sdk', source: place, credentials };
      return { kind: 'hit', place, found: 'a Bedrock bearer token', auth };
    }
    case 'keys': {
      const keys = { ...found.keys, region: providerRegion ?? found.keys.region };
      const auth: ResolvedAuth = { mode: 'aws-sdk', source: place, credentials: { kind: 'keys', keys } };
      return { kind: 'hit', place, found: 'a key pair', auth };
    }
    case 'unset':
      return { kind: 'empty', place, found: 'not set' };
    case 'incomplete':
      return { kind: 'error', place, found: 'half of the pair', note: found.note };
    case 'not-a-key':
      return { kind: 'error', place, found: 'not a key', note: found.reason };
    case 'not-looked-at':
      return { kind: 'skipped', place, found: 'set', note: found.note };
  }
}

/** The provider's variables, each a place of its own. */
export function environmentPlaces(snapshot: Snapshot, provider: EffectiveProvider): AuthPlace[] {
  return lookUpEnvironment(provider.id, snapshot.env).map(toEnvironmentPlace);
}

function toEnvironmentPlace(variable: EnvironmentPlace): AuthPlace {
  const place = `env: ${variable.name}`;
  switch (variable.kind) {
    case 'unset':
      return { kind: 'empty', place, found: 'not set' };
    case 'not-a-key':
      return { kind: 'skipped', place, found: 'not a key', note: variable.reason };
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
 */
export function configuredKeyPlaces(snapshot: Snapshot, provider: EffectiveProvider): AuthPlace[] {
  const { bySource } = snapshot.providers;
  const cfg = bySource.cfg.get(provider.id);
  const places: AuthPlace[] = [];
  if (cfg !== undefined) {
    const place = `cfg: models.providers.${cfg.id}.apiKey`;
    const missing = cfg.missingVariables?.find(isNamedByApiKey);
    // An entry that names no server means the one that the catalog knows for its id.
    const meant = cfg.baseUrl ?? bySource.catalog.get(provider.id)?.baseUrl;
    const elsewhere =
      meant !== undefined && provider.baseUrl !== undefined && !sameSocket(meant, provider.baseUrl);
    if (missing !== undefined) {
      const note = `the variable ${missing.variable}, named at ${missing.configPath}, is not set`;
      places.push({ kind: 'error', place, found: `\${${missing.variable}}`, note });
    } else if (cfg.apiKeyProblem !== undefined) {
      places.push({ kind: 'error', place, found: 'not usable', note: cfg.apiKeyProblem });
    } else if (cfg.apiKey !== undefined && elsewhere) {
      const note = `it belongs to the server of the cfg entry, and ${provider.origin} leads to another one`;
      places.push({ kind: 'skipped', place, found: 'a key', note });
    } else {
      places.push(toKeyPlace(place, cfg.apiKey, snapshot));
    }
  }
  if (provider.origin === 'models.json' && provider.apiKey !== undefined) {
    places.push(toKeyPlace(`models.json: providers.${provider.id}.apiKey`, provider.apiKey, snapshot));
  }
  return places;
}

function toKeyPlace(place: string, text: string | undefined, snapshot: Snapshot): AuthPlace {
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
      return { kind: 'skipped', place, found: `the marker ${key.marker}`, note: 'a marker is not a key' };
    case 'command':
      return { kind: 'skipped', place, found: 'a command', note: 'commands are never run' };
    case 'defect':
      return { kind: 'error', place, found: 'not a key', note: key.reason };
    case 'empty':
      return { kind: 'empty', place, found: 'blank' };
  }
}
