/**
 * AWS credentials in the environment, in the order in which the AWS tools look: a Bedrock bearer token, then
 * a pair of keys. Profiles, containers and web identities are the AWS chain's, which comes after these.
 */
import type { AwsCredentials } from '../domain/auth.ts';
import { keyDefect, Secret } from '../domain/secret.ts';
import { firstVariable, variable } from '../platform/paths.ts';
import type { Environment } from '../platform/paths.ts';
import { judgeKey, reasonOf } from './key-value.ts';

const BEARER = 'AWS_BEARER_TOKEN_BEDROCK';
const KEY_ID = 'AWS_ACCESS_KEY_ID';
const SECRET_KEY = 'AWS_SECRET_ACCESS_KEY';
const SESSION = 'AWS_SESSION_TOKEN';

const BEARER_SOURCE = `env: ${BEARER}` as const;
/** How the pair of keys is named as a source. */
export const PAIR_SOURCE = `env: ${KEY_ID} + ${SECRET_KEY}` as const;

/** One place for AWS credentials and what it holds. Notes and reasons never show a value. */
export type AwsPlace =
  | {
      readonly kind: 'bearer';
      readonly source: string;
      readonly bearerToken: Secret;
      readonly region: string | null;
    }
  | { readonly kind: 'keys'; readonly source: string; readonly keys: AwsCredentials }
  | { readonly kind: 'unset'; readonly source: string }
  /** Half of the pair is there. */
  | {
      readonly kind: 'incomplete';
      readonly source: string;
      readonly missing: string;
      readonly note: string;
    }
  | { readonly kind: 'not-a-key'; readonly source: string; readonly reason: string };

/** Looks at every place for AWS credentials, strongest first. The first `bearer` or `keys` counts. */
export function lookUpAwsEnvironment(env: Environment): AwsPlace[] {
  const region = regionOf(env);
  return [lookUpBearer(env, region), lookUpPair(env, region)];
}

/** The region that the variables name. */
export function regionOf(env: Environment): string | null {
  return firstVariable(env, ['AWS_REGION', 'AWS_DEFAULT_REGION'])?.value ?? null;
}

function lookUpBearer(env: Environment, region: string | null): AwsPlace {
  const verdict = judgeKey(variable(env, BEARER) ?? '');
  if (verdict.kind === 'empty') return { kind: 'unset', source: BEARER_SOURCE };
  if (verdict.kind !== 'key') return { kind: 'not-a-key', source: BEARER_SOURCE, reason: reasonOf(verdict) };
  return { kind: 'bearer', source: BEARER_SOURCE, bearerToken: verdict.value, region };
}

function lookUpPair(env: Environment, region: string | null): AwsPlace {
  const accessKeyId = variable(env, KEY_ID);
  const secretAccessKey = variable(env, SECRET_KEY);
  const sessionToken = variable(env, SESSION);
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    if (accessKeyId === secretAccessKey) return { kind: 'unset', source: PAIR_SOURCE };
    const [there, missing] = accessKeyId === undefined ? [SECRET_KEY, KEY_ID] : [KEY_ID, SECRET_KEY];
    const note = `${there} is set and ${missing} is not; both are needed`;
    return { kind: 'incomplete', source: PAIR_SOURCE, missing, note };
  }
  for (const [name, value] of [
    [KEY_ID, accessKeyId],
    [SECRET_KEY, secretAccessKey],
    [SESSION, sessionToken],
  ] as const) {
    const defect = value === undefined ? undefined : keyDefect(value);
    if (defect !== undefined) return { kind: 'not-a-key', source: PAIR_SOURCE, reason: `${name} ${defect}` };
  }
  const keys: AwsCredentials = {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: sessionToken === undefined ? null : new Secret(sessionToken),
    region,
    // Environment keys carry no expiry, not even temporary ones.
    expiration: null,
  };
  return { kind: 'keys', source: PAIR_SOURCE, keys };
}

/** Everything in the variables that an AWS identity depends on: equal lists, equal identities. */
export function awsVariables(env: Environment): readonly (readonly [string, string])[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('AWS_'))
    .sort()
    .flatMap((name) => {
      const value = variable(env, name);
      return value === undefined ? [] : [[name, value] as const];
    });
}
