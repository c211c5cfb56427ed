/** What an answer of the AWS chain means: keys with where they came from, nothing, or what does not work and how to mend it. Pure. */
import type { AwsCredentials } from '../../domain/auth.ts';
import { keyDefect, Secret } from '../../domain/secret.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import { toIso } from '../../platform/clock.ts';
import { type Environment, firstVariable, variable } from '../../platform/paths.ts';
import { PAIR_SOURCE, regionOf } from '../aws-environment.ts';
import type { ChainReply } from './ask-chain.ts';
import { type ChainPlan, shellWord } from './chain-plan.ts';
import { chainSourceOf } from './chain-source.ts';
import type { SourceFailure } from '../source-failure.ts';
import type { AwsIdentityOutcome } from './identities.ts';
import { type AwsProfile, type ProfileMethod, rootProfile, type SharedProfiles } from './shared-profiles.ts';
import { CONTAINER_VARIABLES, WEB_IDENTITY_VARIABLE } from './signs.ts';

/** What was asked, and with what. */
export interface Asked {
  readonly env: Environment;
  readonly shared: SharedProfiles;
  readonly plan: Extract<ChainPlan, { kind: 'ask' }>;
}

/**
 * A source that is down is asked again at the time `retryAt` of the outcome, or later: whoever asks it sets the pace.
 *
 * @param now Unix milliseconds
 */
export function judgeAnswer(reply: ChainReply, asked: Asked, now: number): AwsIdentityOutcome {
  switch (reply.kind) {
    case 'found':
      return judgeKeys(reply, asked, now);
    case 'failed':
      return judgeFailure(reply.reasons, asked, now);
    case 'no-answer': {
      const culprit = configuredPart(asked);
      const detail = `${culprit?.words ?? 'the AWS chain'} ${reply.reason}`;
      const source = chainSourceOf(asked.env);
      return { kind: 'failed', source, detail, ...remedyFor(asked, reply.isLate, now) };
    }
  }
}

type Found = Extract<ChainReply, { kind: 'found' }>;

function judgeKeys(found: Found, asked: Asked, now: number): AwsIdentityOutcome {
  const { env, plan } = asked;
  const { accessKeyId, secretAccessKey, sessionToken, expiration, features } = found;
  const origin = originOf(features, asked);
  const source = features.some((feature) => OWN_VARIABLES.test(feature)) ? PAIR_SOURCE : chainSourceOf(env);
  const fail = (detail: string): AwsIdentityOutcome => ({
    kind: 'failed',
    source,
    detail,
    hints: hintsFor(asked),
  });
  for (const [what, value] of [
    ['access key id', accessKeyId],
    ['secret access key', secretAccessKey],
    ['session token', sessionToken],
  ] as const) {
    const defect = value === null ? undefined : keyDefect(value);
    if (defect !== undefined) return fail(`${origin}: the ${what} ${defect}`);
  }
  if (expiration !== null && expiration <= now)
    return fail(`${origin}: the keys expired at ${toIso(expiration)}`);
  const keys: AwsCredentials = {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    // An empty one is how some sources say that there is none.
    sessionToken: sessionToken === null || sessionToken === '' ? null : new Secret(sessionToken),
    region: regionOf(env) ?? plan.profile?.region ?? null,
    expiration,
  };
  const end = expiration === null ? '' : `, expires ${toIso(expiration)}`;
  return { kind: 'found', keys, source, detail: `keys of ${origin}${end}` };
}

const METHOD_WORDS = {
  keys: 'stored keys',
  role: 'assumed role',
  'web-identity': 'web identity',
  process: 'credential_process',
  sso: 'SSO',
  login: 'aws login',
} as const satisfies Record<ProfileMethod, string>;

function profileWords({ name, method, file }: AwsProfile): string {
  const how = method === null ? '' : `${METHOD_WORDS[method]}, `;
  return `the profile ${quoteUntrusted(name)} (${how}${file})`;
}

/** The SDK's mark on keys that stood in the environment. */
const OWN_VARIABLES = /^CREDENTIALS_ENV_VARS$/;

const WEB_IDENTITY = `the web identity of ${WEB_IDENTITY_VARIABLE}`;

/** Where the keys came from, by the marks that the SDK leaves on them; the instance metadata leave none. */
function originOf(features: readonly string[], { env, plan }: Asked): string {
  const has = (pattern: RegExp): boolean => features.some((feature) => pattern.test(feature));
  if (has(OWN_VARIABLES)) return 'the environment variables';
  if (has(/^CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN$/)) return WEB_IDENTITY;
  if (plan.profile !== null && (plan.alone || has(/^CREDENTIALS_(?:PROFILE|SSO|PROCESS|LOGIN)/))) {
    return profileWords(plan.profile);
  }
  return containerWords(env) ?? 'the instance metadata service';
}

function containerWords(env: Environment): string | undefined {
  const set = firstVariable(env, CONTAINER_VARIABLES);
  return set === undefined ? undefined : `the container credentials of ${set.name}`;
}

/** The first part of the chain that somebody set up, with the name that the SDK gives it. */
function configuredPart({ env, plan }: Asked): { readonly words: string; readonly part: RegExp } | undefined {
  if (plan.profile !== null && plan.profile.method !== null) {
    return { words: profileWords(plan.profile), part: plan.alone ? /^/ : /^from(?:Ini|Process)$/ };
  }
  if (variable(env, WEB_IDENTITY_VARIABLE) !== undefined) {
    return { words: WEB_IDENTITY, part: /^fromTokenFile$/ };
  }
  const container = containerWords(env);
  return container === undefined ? undefined : { words: container, part: /^remoteProvider$/ };
}

type Reasons = Extract<ChainReply, { kind: 'failed' }>['reasons'];

function judgeFailure(reasons: Reasons, asked: Asked, now: number): AwsIdentityOutcome {
  const source = chainSourceOf(asked.env);
  const culprit = configuredPart(asked);
  if (culprit === undefined) {
    const off = variable(asked.env, 'AWS_EC2_METADATA_DISABLED');
    const metadata =
      off === undefined || off === 'false' ? 'no instance metadata' : 'instance metadata switched off';
    const detail = `no profile with keys, no web identity, no container credentials, ${metadata}`;
    return { kind: 'none', source, detail };
  }
  // The first error of a part says most; what follows is what the SDK makes of it.
  const reason = reasons.find(({ part }) => culprit.part.test(part)) ?? reasons.at(-1);
  const detail = `${culprit.words} does not work: ${quoteUntrusted(reason?.text ?? 'no reason given', 300)}`;
  return { kind: 'failed', source, detail, ...remedyFor(asked, reason?.isDown === true, now) };
}

/** What to do about it: no new login ends an outage. */
function remedyFor(asked: Asked, isDown: boolean, now: number): Pick<SourceFailure, 'hints' | 'retryAt'> {
  const hints = hintsFor(asked);
  return isDown ? { hints: hints.filter((hint) => !hint.startsWith('aws ')), retryAt: now } : { hints };
}

/** What to do about the part that somebody set up. */
function hintsFor({ env, shared, plan }: Asked): string[] {
  const { profile } = plan;
  if (profile === null || profile.method === null) {
    if (variable(env, WEB_IDENTITY_VARIABLE) !== undefined) {
      return [`Check ${WEB_IDENTITY_VARIABLE} and AWS_ROLE_ARN`];
    }
    const set = firstVariable(env, CONTAINER_VARIABLES);
    return set === undefined ? [] : [`Check that the server of ${set.name} runs and takes the token`];
  }
  const root = rootProfile(shared.byName, profile);
  const option = root.name === 'default' ? '' : ` --profile ${shellWord(root.name)}`;
  if (profile === root) return renewalOf(root, option);
  const role = `Check the role of the profile ${quoteUntrusted(profile.name)} in ${profile.file}`;
  // A login ends by itself; stored keys and commands are seldom what is wrong behind a role.
  const isLogin = root.method === 'sso' || root.method === 'login';
  return isLogin ? [...renewalOf(root, option), role] : [role, ...renewalOf(root, option)];
}

function renewalOf({ method, name, file }: AwsProfile, option: string): string[] {
  switch (method) {
    case 'sso':
      return [`aws sso login${option}`];
    case 'login':
      return [`aws login${option}`];
    case 'process':
      return [
        `Run the credential_process of the profile ${quoteUntrusted(name)} by hand: it stands in ${file}`,
      ];
    case 'keys':
      return [`aws configure${option}`];
    case 'web-identity':
      return [`Check web_identity_token_file and role_arn of the profile ${quoteUntrusted(name)} in ${file}`];
    case 'role':
      return [`Check role_arn and source_profile of the profile ${quoteUntrusted(name)} in ${file}`];
    case null:
      return [`The profile ${quoteUntrusted(name)} has no keys: aws configure${option}`];
  }
}
