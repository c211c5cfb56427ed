/**
 * The places where AWS credentials may stand: the bearer token and the pair of keys in the environment, then
 * everything that only the AWS chain can find, as one place that has to be asked.
 */
import type { ResolvedAuth } from '../domain/auth.ts';
import type { EffectiveProvider } from '../domain/provider.ts';
import type { AwsIdentityOutcome, AwsIdentityRequest } from '../credentials/aws/identities.ts';
import { chainSourceOf } from '../credentials/aws/chain-source.ts';
import { type AwsPlace, lookUpAwsEnvironment, regionOf } from '../credentials/aws-environment.ts';
import { remediesOf } from '../credentials/source-failure.ts';
import type { AuthPlace, PendingPlace } from './auth-place.ts';
import { endingProblem } from './source-trouble.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Every place, strongest first. Nothing is asked here: the chain's place knows how to.
 *
 * @param now Unix milliseconds
 */
export function awsPlaces(
  snapshot: Snapshot,
  provider: EffectiveProvider,
  now: number,
): (AuthPlace | PendingPlace)[] {
  const region = provider.region ?? null;
  const { env, live } = snapshot;
  const found = lookUpAwsEnvironment(env);
  const first = found.find(({ kind }) => kind === 'bearer' || kind === 'keys');
  const fromVariables = found.map((place) => {
    const known = toVariablePlace(place, region);
    if (place !== first || region !== null || regionOf(env) !== null) return known;
    // As the SDKs do: what no variable says is looked up in the profile, whose keys are not used.
    const fetch = async (): Promise<AuthPlace> => toVariablePlace(place, await live.aws.profileRegion(env));
    const pending: PendingPlace = {
      kind: 'pending',
      place: known.place,
      found: known.found,
      known: () => null,
      unasked: async () => known,
      fetch,
    };
    return pending;
  });
  return [...fromVariables, chainPlace(snapshot, provider, now)];
}

/**
 * Asks the AWS chain for every provider that would use it, where something points to an identity, so that
 * lists know it and the first request need not wait. Waits for nothing.
 *
 * @param now Unix milliseconds
 */
export function warmAwsIdentities(snapshot: Snapshot, now: number): void {
  const { env, live, providers } = snapshot;
  const isSet = lookUpAwsEnvironment(env).some(({ kind }) => kind === 'bearer' || kind === 'keys');
  if (isSet) return;
  for (const provider of providers.byId.values()) {
    const request = requestFor(snapshot, provider);
    if (provider.auth === 'aws-sdk' && live.aws.unasked(request, now) === null) {
      void live.aws.resolve(request, now);
    }
  }
}

function requestFor({ env }: Snapshot, { id, region }: EffectiveProvider): AwsIdentityRequest {
  return { env, region: region ?? null, providerId: id };
}

function toVariablePlace(found: AwsPlace, providerRegion: string | null): AuthPlace {
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
  }
}

function chainPlace(snapshot: Snapshot, provider: EffectiveProvider, now: number): PendingPlace {
  const { env, live } = snapshot;
  const request = requestFor(snapshot, provider);
  const place = chainSourceOf(env);
  const toPlace = (outcome: AwsIdentityOutcome | null): AuthPlace | null =>
    outcome && toChainPlace(provider.id, outcome);
  const known = (): AuthPlace | null => toPlace(live.aws.peek(request, now));
  return {
    kind: 'pending',
    place,
    found: 'the AWS chain',
    known,
    // A catalog has a provider for AWS on every machine: a list must not say "perhaps" on each of them.
    unasked: async () => known() ?? toPlace(live.aws.unasked(request, now)),
    fetch: async () => toChainPlace(provider.id, await live.aws.resolve(request, now)),
  };
}

function toChainPlace(providerId: string, outcome: AwsIdentityOutcome): AuthPlace {
  const { source: place, detail } = outcome;
  switch (outcome.kind) {
    case 'found': {
      const auth: ResolvedAuth = {
        mode: 'aws-sdk',
        source: place,
        credentials: { kind: 'keys', keys: outcome.keys },
      };
      const { trouble, keys } = outcome;
      if (trouble === undefined) return { kind: 'hit', place, found: detail, auth };
      const code = trouble.retryAt === undefined ? 'no-auth' : 'credential-source-down';
      return {
        kind: 'hit',
        place,
        found: detail,
        auth,
        note: `other keys cannot be had: ${trouble.detail}`,
        trouble: endingProblem({ providerId, place, expiresAt: keys.expiration }, code, trouble),
      };
    }
    case 'none':
      return { kind: 'empty', place, found: detail };
    case 'failed': {
      const { retryAt } = outcome;
      const remedy = remediesOf(outcome);
      const down = retryAt === undefined ? {} : { retryAt };
      return { kind: 'error', place, found: 'an identity that does not work', note: detail, remedy, ...down };
    }
  }
}
