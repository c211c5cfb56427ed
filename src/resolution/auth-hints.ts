/** What to do when a provider has no usable credential: the exact variable, file or line for this provider. */
import type { EffectiveProvider } from '../domain/provider.ts';
import { runtimeOfProviderId } from '../domain/provider-id.ts';
import { environmentVariablesOf } from '../credentials/environment.ts';
import type { AuthPlace } from './auth-places.ts';
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
  const remedies = places.flatMap(({ kind, ...place }) =>
    (kind === 'expired' || kind === 'empty') && 'remedy' in place && place.remedy !== undefined
      ? [place.remedy]
      : [],
  );
  if (profileId !== undefined) {
    return [
      ...remedies,
      `Ask without profile=${profileId}, or store that profile anew`,
      'See what there is: provider-sidecar explain',
    ];
  }
  if (provider.auth === 'aws-sdk') {
    return [
      'export AWS_BEARER_TOKEN_BEDROCK=your-token',
      'export AWS_ACCESS_KEY_ID=your-id AWS_SECRET_ACCESS_KEY=your-secret',
    ];
  }
  const missing = places.flatMap(
    ({ note }) => /^the variable (\w+)\b.* is not set$/.exec(note ?? '')?.[1] ?? [],
  );
  const variables = [...new Set([...missing, ...mostTypicalFirst(provider.id)])];
  const file = provider.origin === 'models.json' ? 'models.json' : (snapshot.configPath ?? 'moltbot.json');
  const field = (name: string): string => fieldOf(provider.origin, provider.id, name);
  return [
    ...remedies,
    ...variables.slice(0, 3).map((name) => `export ${name}=your-key`),
    ...places
      .filter(({ kind }) => kind === 'error')
      .map(({ place, note, found }) => `Mend ${place}: ${note ?? found}`),
    ...(isLocal(provider) ? [`If it needs no key, say so: ${field('auth')} = "none" in ${file}`] : []),
    ...(missing.length === 0 ? [`Or set ${field('apiKey')} in ${file}`] : []),
  ];
}

/** A key is easier to come by than an OAuth token, and the provider's own name than another tool's. */
function mostTypicalFirst(providerId: string): string[] {
  const own = providerId.replaceAll(/[^a-z0-9]+/g, '_').toUpperCase();
  const rank = (name: string): number =>
    (name.includes('OAUTH_TOKEN') ? 2 : 0) + (name.startsWith(own) ? 0 : 1);
  return [...environmentVariablesOf(providerId)].sort((a, b) => rank(a) - rank(b));
}

/** A server on this machine, where "no key" is the usual case. */
function isLocal(provider: EffectiveProvider): boolean {
  if (runtimeOfProviderId(provider.id) !== undefined) return true;
  if (provider.baseUrl === undefined || !URL.canParse(provider.baseUrl)) return false;
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(provider.baseUrl).hostname);
}
