/** Asks the AWS chain in a process of its own, with exactly the variables that count here, and with a deadline. */
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Environment } from '../../platform/paths.ts';
import { nodeProgram } from '../../platform/process.ts';
import type { RunCommand } from '../../platform/run-command.ts';
import { awsVariables, regionOf } from '../aws-environment.ts';
import { secretVariableNames } from '../environment.ts';
import {
  CHAIN_REQUEST,
  type ChainAnswer,
  chainAnswerSchema,
  PROFILE_PREFIX,
  WHOLE_CHAIN,
} from './chain-answer.ts';

/** What is asked. */
export interface ChainQuestion {
  /** Variables as they count for the program. */
  readonly env: Environment;
  readonly home: string;
  /** The one profile that may answer; null for the whole chain. */
  readonly profile: string | null;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The answer, or why there is none. */
export type ChainReply =
  | ChainAnswer
  | { readonly kind: 'no-answer'; readonly reason: string; readonly isLate: boolean };

/** Asks the chain. Never rejects. */
export type AskChain = (question: ChainQuestion) => Promise<ChainReply>;

/** Largest answer, in bytes: a session token has a few thousand characters. */
const MAX_BYTES = 128 * 1024;

/** @param run runs the program, and ends it with everything that it started */
export function createAskChain(run: RunCommand): AskChain {
  return async ({ env, home, profile, timeoutMs, signal }) => {
    const outcome = await run({
      ...nodeProgram(programArguments()),
      env: chainEnvironment(env, home, profile),
      timeoutMs: timeoutMs + (IS_SOURCE ? LOADING_SOURCE_MS : 0),
      maxBytes: MAX_BYTES,
      signal,
    });
    if (outcome.kind === 'failed') {
      return { kind: 'no-answer', reason: outcome.reason, isLate: outcome.isLate === true };
    }
    const answer = readAnswer(outcome.stdout);
    return answer ?? { kind: 'no-answer', reason: 'gave an answer that cannot be read', isLate: false };
  };
}

/** True where this file still is TypeScript. */
const IS_SOURCE = import.meta.url.endsWith('.ts');

/** What loads TypeScript takes its time before the program begins, in milliseconds. */
const LOADING_SOURCE_MS = 15_000;

/** The program beside this file; where it still is TypeScript, with what can load that. */
function programArguments(): readonly string[] {
  const program = fileURLToPath(new URL(`./chain-program.${IS_SOURCE ? 'ts' : 'js'}`, import.meta.url));
  if (!IS_SOURCE) return [program];
  const loader = createRequire(import.meta.url).resolve('tsx');
  return ['--import', pathToFileURL(loader).href, program];
}

/** Names that secrets of other programs usually have. */
const SECRET_NAME = /(?:TOKEN|SECRET|PASSWORD|PASSPHRASE|API_?KEY|_KEY)(?:_|$)/i;

/**
 * Everything that the SDK and the commands of profiles read, with AWS variables trimmed and blank ones left out. The
 * secrets of other services and the token of this server are none of their business.
 */
function chainEnvironment(env: Environment, home: string, profile: string | null): Environment {
  const secrets = new Set(secretVariableNames(env));
  const others = Object.entries(env).filter(
    ([name]) => !name.startsWith('AWS_') && !secrets.has(name) && !SECRET_NAME.test(name),
  );
  const region = regionOf(env);
  return {
    ...Object.fromEntries([...others, ...awsVariables(env)]),
    HOME: home,
    // The SDK for this language does not know the other variable.
    ...(region === null ? {} : { AWS_REGION: region }),
    // A command of a profile sees it too, and so this program knows itself when it is such a command.
    [CHAIN_REQUEST]: profile === null ? WHOLE_CHAIN : `${PROFILE_PREFIX}${profile}`,
  };
}

function readAnswer(text: string): ChainAnswer | undefined {
  try {
    return chainAnswerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // The program was ended while it wrote.
    return undefined;
  }
}
