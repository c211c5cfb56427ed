/**
 * The places where a credential may stand, each looked at and described: stored profiles, the provider's
 * variables, the configured key; those of AWS stand in `aws-places.ts`. What a place holds is said in words,
 * never shown. A place that holds a reference is described; whether it is followed is decided when the
 * stronger places are known.
 */
import type { ResolvedAuth } from '../domain/auth.ts';
import { sameSocket } from '../domain/base-url.ts';
import type { EffectiveProvider, MissingVariable, ProviderDefinition } from '../domain/provider.ts';
import { Secret } from '../domain/secret.ts';
import { nameOfReference } from '../domain/secret-ref.ts';
import { type EnvironmentPlace, lookUpEnvironment } from '../credentials/environment.ts';
import { classifyKeyText, type KeyText } from '../credentials/key-text.ts';
import { findProfile, profilesFor } from '../credentials/profile-order.ts';
import { type ProfilePlace, profileSourceOf } from '../credentials/profile-place.ts';
import type { ProfileStores } from '../credentials/profile-store.ts';
import { toIso } from '../platform/clock.ts';
import type { AuthPlace, OpenPlace } from './auth-place.ts';
import { isNamedByApiKey } from './definition-fields.ts';
import { loginPlace, missingLogin } from './oauth-places.ts';
import type { Snapshot } from './snapshot.ts';

/** The explicit profile alone, or the provider's profiles in upstream's order; broken stores are errors. */
export function profilePlaces(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  request: { readonly profileId?: string; readonly now: number },
): (AuthPlace | OpenPlace)[] {
  const { profiles, config } = snapshot;
  const { profileId, now } = request;
  const troubles = storeTroubles(profiles);
  // What a store calls `qwen` is a product of its own as soon as something defines a provider of that very id.
  const isOwn = (profile: ProfilePlace): boolean =>
    snapshot.providers.canonicalId(profile.provider) === provider.id;
  const toPlace = (profile: ProfilePlace): AuthPlace | OpenPlace =>
    loginPlace(snapshot, provider, profile, now) ?? toProfilePlace(profile);
  if (profileId !== undefined) {
    const place = findProfile(profiles, profileId, provider.id, now);
    if (place !== undefined) return [isOwn(place) ? toPlace(place) : ofAnotherProvider(place)];
    return [{ kind: 'error', place: profileSourceOf(profileId), found: 'no such profile' }, ...troubles];
  }
  const found = profilesFor(profiles, provider.id, config.auth, now).filter(isOwn);
  const missing = missingLogin(snapshot, provider, found);
  if (found.length + troubles.length > 0) return [...troubles, ...found.map(toPlace), ...missing];
  return [{ kind: 'empty', place: 'auth profiles', found: 'none for this provider' }, ...missing];
}

function ofAnotherProvider({ profileId, path }: ProfilePlace): AuthPlace {
  const note = 'belongs to another provider';
  return { kind: 'skipped', place: profileSourceOf(profileId), found: `a profile in ${path}`, note };
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
  return lookUpEnvironment(provider.id, snapshot.env).map((found) => toEnvironmentPlace(found, snapshot));
}

function toEnvironmentPlace(variable: EnvironmentPlace, { shellVariables, config }: Snapshot): AuthPlace {
  const fromShell = shellVariables.has(variable.name);
  const place = `${fromShell ? 'shell env' : 'env'}: ${variable.name}`;
  switch (variable.kind) {
    case 'unset': {
      // The config's own block may set it, by a variable that is missing in turn.
      const paths = [`env.vars.${variable.name}`, `env.${variable.name}`];
      const missing = config.missingVariables.find(({ configPath }) => paths.includes(configPath));
      const note = missing === undefined ? {} : { note: notSet(missing) };
      return { kind: 'empty', place, found: 'not set', ...note };
    }
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
      places.push({ kind: 'error', place, found: `\${${missing.variable}}`, note: notSet(missing) });
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

function notSet({ variable, configPath }: MissingVariable): string {
  return `the variable ${variable}, named at ${configPath}, is not set`;
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
