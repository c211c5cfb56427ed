/**
 * A program of its own: asks the AWS SDK's chain once, with its whole environment as the SDK's, prints the
 * answer and ends. The server runs it as a child, so the SDK is never loaded there and can always be ended.
 */
import { fromHttp, fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { systemCodeOf } from '../../domain/errors.ts';
import { withoutSecrets } from '../../domain/sent-secrets.ts';
import { type Environment, variable } from '../../platform/paths.ts';
import { homeFolder, processEnvironment, writeStdout } from '../../platform/process.ts';
import { CHAIN_REQUEST, type ChainAnswer, MAX_REASON, PROFILE_PREFIX } from './chain-answer.ts';
import { sentByChain } from './chain-secrets.ts';
import { isOutage } from './outage.ts';
import { CONTAINER_VARIABLES } from './signs.ts';

/** Milliseconds for one question to the instance metadata service, which answers from the machine itself. */
const METADATA_TIMEOUT = 600;

/** Milliseconds for one question to a container's credential server. */
const CONTAINER_TIMEOUT = 1_000;

async function askChain(env: Environment): Promise<ChainAnswer> {
  const request = variable(env, CHAIN_REQUEST) ?? '';
  const reasons: Reason[] = [];
  const logger = createLogger(reasons);
  if (request.startsWith(PROFILE_PREFIX)) {
    return answer(
      () => fromIni({ profile: request.slice(PROFILE_PREFIX.length), logger }),
      reasons,
      logger.part,
    );
  }
  const inContainer = CONTAINER_VARIABLES.some((name) => variable(env, name) !== undefined);
  const timeout = inContainer ? CONTAINER_TIMEOUT : METADATA_TIMEOUT;
  const whole = fromNodeProviderChain({ logger, timeout, maxRetries: inContainer ? 1 : 0 });
  const first = await answer(() => whole, reasons, logger.part);
  if (first.kind === 'found' || !inContainer) return first;
  // The chain keeps to itself what the container's server said.
  const alone = await answer(
    () => fromHttp({ timeout, maxRetries: 0 }),
    [],
    () => CONTAINER_PART,
  );
  return alone.kind === 'found' ? alone : { ...alone, reasons: [...alone.reasons, ...first.reasons] };
}

type Reason = Extract<ChainAnswer, { kind: 'failed' }>['reasons'][number];

/** What the SDK's chain calls its part for servers of containers and instances. */
const CONTAINER_PART = 'remoteProvider';

type Provider = ReturnType<typeof fromIni> | ReturnType<typeof fromNodeProviderChain>;

async function answer(
  make: () => Provider,
  reasons: readonly Reason[],
  part: () => string,
): Promise<ChainAnswer> {
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration, ...more } = await make()();
    const end = trueExpiration(more) ?? expiration?.getTime() ?? null;
    // As JSON it would be null: keys that never end.
    if (Number.isNaN(end)) {
      const text = 'keys whose Expiration is no time';
      return { kind: 'failed', reasons: [{ part: part(), text, isDown: false }, ...reasons] };
    }
    return {
      kind: 'found',
      accessKeyId,
      secretAccessKey,
      sessionToken: sessionToken ?? null,
      expiration: end,
      features: '$source' in more ? Object.keys(Object(more.$source)) : [],
    };
  } catch (error) {
    const reason = { part: part(), text: describe(error), isDown: isOutage(error) };
    return { kind: 'failed', reasons: [...reasons, reason] };
  }
}

/** The SDK prolongs keys of an instance that it could not renew; when they really end stands beside. */
function trueExpiration(more: object): number | null {
  return 'originalExpiration' in more && more.originalExpiration instanceof Date
    ? more.originalExpiration.getTime()
    : null;
}

/** The SDK tells its logger which part it asks, and why that part had nothing. */
function createLogger(reasons: Reason[]) {
  let part = '';
  const ignore = (): void => undefined;
  return {
    part: () => part,
    debug: (...words: unknown[]): void => {
      const line = words.join(' ');
      const begun = /defaultProvider::(\w+)/.exec(line)?.[1];
      const failed = /property-provider (?:->|\(!\)) ([\s\S]*)/.exec(line)?.[1];
      if (begun !== undefined) part = begun;
      if (failed !== undefined)
        reasons.push({ part, text: clean(failed), isDown: isOutage(new Error(failed)) });
    },
    info: ignore,
    warn: ignore,
    error: ignore,
  };
}

/** An error in words. Those of the SDK and of AWS may speak; any other could quote what it read. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'an error without words';
  const isTold = '$fault' in error || 'tryNextLink' in error;
  if (isTold) return clean(error.message);
  const code = systemCodeOf(error);
  return code === undefined ? error.name : `${error.name} ${code}`;
}

/** Some messages of the SDK wrap another's, which may quote a file, an answer, or what a command printed. */
function clean(message: string): string {
  if (/^Command failed|maxBuffer/.test(message)) return 'its credential_process ended with an error';
  if (/JSON|Unexpected (?:token|end)/.test(message) && !/^Profile \S+ credential_process/.test(message)) {
    return 'an answer that is not valid JSON';
  }
  return message;
}

/** The answer, where the words of servers repeat nothing that they were sent. */
async function askCarefully(env: Environment): Promise<ChainAnswer> {
  const reply = await askChain(env);
  if (reply.kind === 'found') return reply;
  const sent = await sentByChain(env, homeFolder());
  const reasons = reply.reasons.map(({ text, ...rest }) => ({
    ...rest,
    text: withoutSecrets(text, sent).slice(0, MAX_REASON),
  }));
  return { ...reply, reasons };
}

writeStdout(JSON.stringify(await askCarefully(processEnvironment())));
