/** What to do when a provider has no usable credential: the exact variable, file or line for this provider. */
import { isLoopbackHost } from '../domain/loopback.ts';
import type { EffectiveProvider } from '../domain/provider.ts';
import { runtimeOfProviderId } from '../domain/provider-id.ts';
import { environmentVariablesOf } from '../credentials/environment.ts';
import { type AuthPlace, lookedAt } from './auth-place.ts';
import { fieldOf } from './origin-file.ts';
import type { Snapshot } from './snapshot.ts';

/** Hints for the error, most useful first. */
export function noAuthHints(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  profileId: string | undefined,
  places: readonly AuthPlace[],
): string[] {
  if (provider.keyHeldBack !== undefined) return [provider.keyHeldBack.remedy];
  // A place that is configured and does not work knows best what to do there.
  const remedies = places.flatMap((place) => remedyOf(place) ?? []);
  if (profileId !== undefined) {
    return [
      ...remedies,
      `Ask without profile=${profileId}, or store that profile anew`,
      'See what there is: provider-sidecar explain',
    ];
  }
  if (provider.auth === 'aws-sdk') {
    return [
      ...remedies,
      'export AWS_BEARER_TOKEN_BEDROCK=your-token',
      'export AWS_ACCESS_KEY_ID=your-id AWS_SECRET_ACCESS_KEY=your-secret',
      ...(remedies.length > 0 ? [] : ['Or make a profile: aws configure, or aws configure sso']),
    ];
  }
  const missing = places.flatMap(
    ({ note }) => /^the variable (\w+)\b.* is not set$/.exec(note ?? '')?.[1] ?? [],
  );
  // Ollama on this machine takes no key, so none may be asked for: what is missing is the word that says so.
  const keyless = isLocalOllama(provider);
  const variables = [...new Set([...missing, ...(keyless ? [] : mostTypicalFirst(provider.id))])];
  const file = provider.origin === 'models.json' ? 'models.json' : (snapshot.configPath ?? 'moltbot.json');
  const field = (name: string): string => fieldOf(provider.origin, provider.id, name);
  const saysNone = `If it needs no key, say so: ${field('auth')} = "none" in ${file}`;
  const ways = [
    ...remedies,
    ...(keyless ? [`Say that it needs no key: ${field('auth')} = "none" in ${file}`] : []),
    ...variables.slice(0, 3).map((name) => `export ${name}=your-key`),
    ...places
      .filter((place) => place.kind === 'error' && remedyOf(place) === undefined)
      .map((place) => `Mend ${lookedAt(place)}`),
    ...(isLocal(provider) && !keyless ? [saysNone] : []),
  ];
  if (missing.length > 0 || keyless) return ways;
  // Where discovery made the entry, or another way to a credential is set up, `auth <provider> key` is not the way.
  const isStorable =
    provider.origin !== 'models.json' && remedies.length === 0 && /^[\w.-]+$/.test(provider.id);
  if (isStorable) {
    ways.push(
      `${ways.length === 0 ? 'Check' : 'Or check'} a key and store it: provider-sidecar auth ${provider.id} key`,
    );
  }
  return [...ways, `${ways.length === 0 ? 'Set' : 'Or set'} ${field('apiKey')} in ${file}`];
}

/** What to do at a place, where that is known better than "look". */
function remedyOf(place: AuthPlace): string | readonly string[] | undefined {
  return place.kind === 'hit' ? undefined : place.remedy;
}

/** A key is easier to come by than an OAuth token, and the provider's own name than another tool's. */
function mostTypicalFirst(providerId: string): string[] {
  const own = providerId.replaceAll(/[^a-z0-9]+/g, '_').toUpperCase();
  const rank = (name: string): number =>
    (name.includes('OAUTH_TOKEN') ? 2 : 0) + (name.startsWith(own) ? 0 : 1);
  return [...environmentVariablesOf(providerId)].sort((a, b) => rank(a) - rank(b));
}

/** Ollama at an address of this machine. It never checks a key; one that is sent there only gives it away. */
function isLocalOllama(provider: EffectiveProvider): boolean {
  return (
    runtimeOfProviderId(provider.id) === 'ollama' &&
    provider.baseUrl !== undefined &&
    isLoopback(provider.baseUrl)
  );
}

/** A server on this machine, where "no key" is the usual case. */
function isLocal(provider: EffectiveProvider): boolean {
  if (runtimeOfProviderId(provider.id) !== undefined) return true;
  return provider.baseUrl !== undefined && isLoopback(provider.baseUrl);
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && isLoopbackHost(new URL(url).hostname);
}
