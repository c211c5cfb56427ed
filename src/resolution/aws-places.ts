/**
 * The places where AWS credentials may stand: the bearer token and the pair of keys in the environment, then
 * everything that only the AWS chain can find, as one place that has to be asked.
 */
import type { ResolvedAuth } from '../domain/auth.ts';
import type { EffectiveProvider } from '../domain/provider.ts';
import type { AwsIdentityOutcome, AwsIdentityRequest } from '../credentials/aws/identities.ts';
import { chainSourceOf } from '../credentials/aws/chain-source.ts';
import { type AwsPlace, lookUpAwsEnvironment } from '../credentials/aws-environment.ts';
import type { AuthPlace, PendingPlace } from './auth-places.ts';
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
  const fromVariables = lookUpAwsEnvironment(snapshot.env).map((place) => toVariablePlace(place, region));
  return [...fromVariables, chainPlace(snapshot, provider, now)];
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

function chainPlace({ env, live }: Snapshot, provider: EffectiveProvider, now: number): PendingPlace {
  const request: AwsIdentityRequest = { env, region: provider.region ?? null, providerId: provider.id };
  const place = chainSourceOf(env);
  const known = live.aws.peek(request, now);
  const pending: PendingPlace = {
    kind: 'pending',
    place,
    found: 'the AWS chain',
    known: known === null ? null : toChainPlace(known),
    fetch: async () => toChainPlace(await live.aws.resolve(request, now)),
  };
  if (live.aws.hasSign(request)) return pending;
  // A catalog has a provider for AWS on every machine: where nothing points to an identity, a list says so.
  const found = 'no variable and no file points to an identity';
  return { ...pending, unasked: { kind: 'empty', place, found } };
}

function toChainPlace(outcome: AwsIdentityOutcome): AuthPlace {
  const { source: place, detail } = outcome;
  switch (outcome.kind) {
    case 'found': {
      const auth: ResolvedAuth = {
        mode: 'aws-sdk',
        source: place,
        credentials: { kind: 'keys', keys: outcome.keys },
      };
      return { kind: 'hit', place, found: detail, auth };
    }
    case 'none':
      return { kind: 'empty', place, found: detail };
    case 'failed': {
      const { hints } = outcome;
      const remedies = hints.length === 0 ? {} : { remedy: hints.join('; or: ') };
      return { kind: 'error', place, found: 'an identity that does not work', note: detail, ...remedies };
    }
  }
}
