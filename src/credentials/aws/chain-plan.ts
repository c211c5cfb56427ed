/**
 * What to ask the AWS chain, decided from the variables and the shared files. A profile that is named, and
 * that says how it gets its keys, is asked alone: another identity must never stand in for it. Pure.
 */
import type { Problem } from '../../domain/errors.ts';
import { nearest } from '../../domain/nearest.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import { type Environment, variable } from '../../platform/paths.ts';
import { CHAIN_REQUEST } from './chain-answer.ts';
import { chainSourceOf } from './chain-source.ts';
import type { AwsIdentityOutcome } from './identities.ts';
import { ownAddressProblem } from './own-address.ts';
import { type AwsProfile, rootProfile, type SharedProfiles } from './shared-profiles.ts';

/** What to do. */
export type ChainPlan =
  /** There is nothing to ask: the outcome is known. */
  | { readonly kind: 'settled'; readonly outcome: AwsIdentityOutcome }
  | {
      readonly kind: 'ask';
      /** The profile that counts, where the files have it. */
      readonly profile: AwsProfile | null;
      /** True: that profile and nothing else. */
      readonly alone: boolean;
      readonly timeoutMs: number;
    };

/** For everything that asks a server or a file. */
const TIMEOUT_MS = 5_000;

/** For a profile that runs a program, which may ask servers of its own. */
const PROCESS_TIMEOUT_MS = 15_000;

/** @param ownPorts ports that this program listens on, or will */
export function planChain(env: Environment, shared: SharedProfiles, ownPorts: readonly number[]): ChainPlan {
  const circle = ownAddressProblem(env, ownPorts) ?? ownCommandProblem(env);
  if (circle !== null) {
    const { detail, hints } = circle;
    return { kind: 'settled', outcome: { kind: 'failed', source: chainSourceOf(env), detail, hints } };
  }
  const named = variable(env, 'AWS_PROFILE');
  const profile = shared.byName.get(named ?? 'default') ?? null;
  if (named !== undefined && profile === null)
    return { kind: 'settled', outcome: noSuchProfile(named, shared) };
  const runsProgram = profile !== null && rootProfile(shared.byName, profile).method === 'process';
  return {
    kind: 'ask',
    profile,
    alone: named !== undefined && profile?.method !== null,
    timeoutMs: runsProgram ? PROCESS_TIMEOUT_MS : TIMEOUT_MS,
  };
}

/** A profile whose command is this very program: it would ask the profile, which would ask it, without end. */
function ownCommandProblem(env: Environment): Pick<Problem, 'detail' | 'hints'> | null {
  if (variable(env, CHAIN_REQUEST) === undefined) return null;
  return {
    detail:
      'the credential_process of the profile is provider-sidecar itself, which would ask that profile again',
    hints: [
      'Set credential_process in a profile of its own, and AWS_PROFILE to it only for the programs that use it',
    ],
  };
}

function noSuchProfile(named: string, { byName, files, troubles }: SharedProfiles): AwsIdentityOutcome {
  const places =
    troubles.length > 0 ? troubles.join('; ') : `it is not in ${files.config} or ${files.credentials}`;
  const [near] = nearest(named, [...byName.keys()], 1);
  return {
    kind: 'failed',
    source: 'env: AWS_PROFILE',
    detail: `AWS_PROFILE names the profile ${quoteUntrusted(named)}: ${places}`,
    hints: [
      ...(near === undefined ? [] : [`Did you mean AWS_PROFILE=${near}?`]),
      `aws configure --profile ${shellWord(named)}`,
    ],
  };
}

/** The name of a profile as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
