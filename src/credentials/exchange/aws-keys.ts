/** The AWS identity that is exchanged: a pair of keys from the environment, else whatever the AWS chain finds. */
import type { AwsCredentials } from '../../domain/auth.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import type { Environment } from '../../platform/paths.ts';
import { type AwsPlace, lookUpAwsEnvironment, PAIR_SOURCE } from '../aws-environment.ts';
import type { AwsIdentities, AwsIdentityOutcome } from '../aws/identities.ts';
import type { SourceFailure } from '../source-failure.ts';

/** Keys to be exchanged, or why there are none. */
export type AwsKeys =
  | {
      readonly kind: 'found';
      readonly keys: AwsCredentials;
      readonly region: string;
      readonly source: string;
    }
  | ({ readonly kind: 'none' } & SourceFailure);

/** Where the identity is asked about, if nothing names a region. */
const DEFAULT_REGION = 'us-east-1';

const THREE_WAYS = [
  "Run 'aws configure' for long-term credentials",
  "Run 'aws sso login' for SSO",
  'Or set AWS_ACCESS_KEY_ID/AWS_SECRET_ACCESS_KEY env vars',
] as const;

/**
 * Finds the keys, in the order in which they count for every provider. A bearer token is passed over: it proves an
 * identity to Bedrock alone. Never rejects.
 *
 * @param now Unix milliseconds
 */
export async function findAwsKeys(env: Environment, aws: AwsIdentities, now: number): Promise<AwsKeys> {
  return keysInVariables(env) ?? keysOfChain(await aws.resolve({ env, region: null }, now));
}

/**
 * The same as far as it is known without asking anybody; null where the AWS chain would tell.
 *
 * @param now Unix milliseconds
 */
export function knownAwsKeys(env: Environment, aws: AwsIdentities, now: number): AwsKeys | null {
  const set = keysInVariables(env);
  if (set !== null) return set;
  const chain = aws.unasked({ env, region: null }, now);
  return chain && keysOfChain(chain);
}

function keysInVariables(env: Environment): AwsKeys | null {
  const places = lookUpAwsEnvironment(env);
  for (const place of places) {
    if (place.kind === 'keys') return found(place.keys, place.source);
  }
  // Half a pair would otherwise be passed over in silence, and another identity used.
  for (const place of places) {
    const why = defectOfPair(place);
    if (why !== undefined) {
      return { kind: 'none', detail: `The AWS variables cannot be used: ${why}`, hints: THREE_WAYS };
    }
  }
  return null;
}

function keysOfChain(chain: AwsIdentityOutcome): AwsKeys {
  switch (chain.kind) {
    case 'found':
      return found(chain.keys, chain.source);
    case 'none':
      return { kind: 'none', detail: 'No AWS credentials found', hints: THREE_WAYS };
    case 'failed':
      return {
        kind: 'none',
        detail: `The AWS credentials cannot be used (${chain.source}): ${chain.detail}`,
        // What is down comes back by itself; where nothing is known, there are three ways to have an identity.
        hints: chain.hints.length > 0 || chain.retryAt !== undefined ? chain.hints : THREE_WAYS,
        ...(chain.retryAt === undefined ? {} : { retryAt: chain.retryAt }),
      };
  }
}

/** What is wrong with the pair of keys in the environment, where somebody set it. */
function defectOfPair(place: AwsPlace): string | undefined {
  if (place.source !== PAIR_SOURCE) return undefined;
  if (place.kind === 'incomplete') return place.note;
  return place.kind === 'not-a-key' ? place.reason : undefined;
}

function found(keys: AwsCredentials, source: string): AwsKeys {
  const region = keys.region ?? DEFAULT_REGION;
  if (!/^[a-z0-9-]{1,64}$/.test(region)) {
    return {
      kind: 'none',
      detail: `${quoteUntrusted(region)} is not an AWS region`,
      hints: ['Mend AWS_REGION'],
    };
  }
  return { kind: 'found', keys, region, source };
}
