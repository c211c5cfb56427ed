/**
 * The AWS container-credential contract over a resolution: what any AWS SDK reads from the address in
 * `AWS_CONTAINER_CREDENTIALS_FULL_URI`. The same keys leave on the command line as `credential_process` output.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html,
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
import type { AwsCredentials, Resolution, ResolutionOutcome } from '../domain/auth.ts';
import { factsOf, type Problem, SidecarError } from '../domain/errors.ts';
import { isoOrNull, toIso } from '../platform/clock.ts';
import { type ProblemExtra, problemResponse } from './problem-details.ts';

/** Milliseconds until an answer has left: clients of this contract give up after a second. */
const ANSWER_WITHIN = 900;

/** For keys that do not expire: they are handed out for this long, in milliseconds, and then again. */
const REISSUED_FOR = 20 * 60_000;

/** The keys of a resolution, or why it has none that AWS tools can use. */
export function awsKeysOf(
  outcome: ResolutionOutcome,
): { readonly keys: AwsCredentials } | { readonly problem: Problem } {
  if (outcome.kind === 'failed') return outcome;
  const { provider, auth } = outcome.resolution;
  if (auth.mode === 'aws-sdk' && auth.credentials.kind === 'keys') return auth.credentials;
  const detail =
    auth.mode === 'aws-sdk'
      ? `Provider "${provider.id}" uses the bearer token of ${auth.source}, which is no pair of AWS keys`
      : `Provider "${provider.id}" is authenticated by ${auth.mode}, not with AWS keys`;
  const hint =
    auth.mode === 'aws-sdk'
      ? 'Give the client AWS_BEARER_TOKEN_BEDROCK, or start without that variable and keys are used'
      : 'Ask for its credentials with GET /v1/resolve';
  return { problem: { code: 'no-auth', detail, hints: [hint] } };
}

/**
 * The answer to an AWS SDK, in time whatever happens: what is not known by then goes on, and the client, which
 * asks again by itself, finds it.
 *
 * @param resolution of the provider that was asked for; must not reject
 * @param now Unix milliseconds
 * @param handedOut told right before the keys leave; a SidecarError that it throws is the answer in their place
 */
export async function awsCredentialsResponse(
  resolution: Promise<ResolutionOutcome>,
  now: () => number,
  handedOut: (resolution: Resolution) => void,
): Promise<Response> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ANSWER_WITHIN, null);
  });
  const outcome = await Promise.race([resolution, late]);
  clearTimeout(timer);
  if (outcome === null) return refuse({ ...NOT_YET, retryAt: now() + NOT_YET_MS }, now(), { status: 503 });
  if (outcome.kind === 'failed') return refuse(outcome.problem, now());
  const found = awsKeysOf(outcome);
  if ('problem' in found) return refuse(found.problem, now());
  try {
    handedOut(outcome.resolution);
  } catch (error) {
    if (error instanceof SidecarError) return refuse(error.toProblem(), now());
    throw error;
  }
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = found.keys;
  const body = {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey.reveal(),
    // The contract wants four strings; clients leave out an empty one when they sign.
    Token: sessionToken?.reveal() ?? '',
    Expiration: toIso(expiration ?? now() + REISSUED_FOR),
  };
  return new Response(JSON.stringify(body), {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });
}

/** The document of `credential_process`; keys that do not expire have no `Expiration`. */
export function toCredentialProcess(keys: AwsCredentials): Readonly<Record<string, unknown>> {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  const expiration = isoOrNull(keys.expiration);
  return {
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken === null ? {} : { SessionToken: sessionToken.reveal() }),
    ...(expiration === null ? {} : { Expiration: expiration }),
  };
}

/** What is being fetched is worth another look after so long, in milliseconds. */
const NOT_YET_MS = 1_000;

const NOT_YET: Problem = {
  code: 'no-auth',
  detail: 'The AWS credentials are still being fetched',
  hints: ['Ask again in a moment'],
};

/** A problem with the members that AWS SDKs show beside. */
function refuse(problem: Problem, now: number, extra: ProblemExtra = {}): Response {
  const { status = factsOf(problem.code).status } = extra;
  return problemResponse(problem, { status, Code: problem.code, Message: problem.detail }, now);
}
