/**
 * Variables from the operator's login shell, for programs that were not started from one. Only when the
 * operator wants it and none of the expected variables is set; only the expected variables are taken.
 */
import * as z from 'zod';
import { isRecord } from '../domain/record.ts';
import { type Environment, firstVariable, variable } from '../platform/paths.ts';
import { harmlessEnvironment, type RunCommand } from '../platform/run-command.ts';
import { secretVariableNames } from './environment.ts';

/** Whether the shell is asked, and for how long it is waited for. */
export interface ShellWish {
  readonly enabled: boolean;
  /** Milliseconds. */
  readonly timeoutMs: number;
}

/** What the shell gave; a failure is told and costs nothing else. */
export type ShellImport =
  | { readonly kind: 'not-asked' }
  | { readonly kind: 'imported'; readonly variables: Environment }
  | { readonly kind: 'failed'; readonly detail: string };

const DEFAULT_TIMEOUT_MS = 15_000;
const LONGEST_TIMEOUT_MS = 120_000;
const MAX_BYTES = 2 * 1024 * 1024;

const ENABLING = ['MOLTBOT_LOAD_SHELL_ENV', 'CLAWDBOT_LOAD_SHELL_ENV', 'OPENCLAW_LOAD_SHELL_ENV'] as const;
const TIMEOUTS = [
  'MOLTBOT_SHELL_ENV_TIMEOUT_MS',
  'CLAWDBOT_SHELL_ENV_TIMEOUT_MS',
  'OPENCLAW_SHELL_ENV_TIMEOUT_MS',
] as const;

const wishSchema = z.looseObject({
  enabled: z.boolean().optional().catch(undefined),
  timeoutMs: z.number().nonnegative().optional().catch(undefined),
});

/** Reads `env.shellEnv` of the operator's config. A variable switches it on too, and sets the timeout. */
export function readShellWish(envBlock: unknown, env: Environment): ShellWish {
  const parsed = wishSchema.safeParse(isRecord(envBlock) ? envBlock['shellEnv'] : undefined);
  const { enabled = false, timeoutMs = DEFAULT_TIMEOUT_MS } = parsed.success ? parsed.data : {};
  const byVariable = firstVariable(env, ENABLING)?.value.toLowerCase();
  const milliseconds = Number(firstVariable(env, TIMEOUTS)?.value ?? timeoutMs);
  return {
    enabled: enabled || (byVariable !== undefined && ['1', 'true', 'yes', 'on'].includes(byVariable)),
    timeoutMs: Math.min(
      Number.isFinite(milliseconds) && milliseconds > 0 ? milliseconds : timeoutMs,
      LONGEST_TIMEOUT_MS,
    ),
  };
}

/** What the login shell runs; many shells become this very program. */
export const LIST_VARIABLES = 'env -0';

/**
 * Asks the login shell. Never rejects.
 *
 * @param env what is set already
 * @param outside the process's own environment: it alone names the shell and what the shell reads, so that no
 *   config file chooses a program
 */
export async function importShellVariables(
  wish: ShellWish,
  env: Environment,
  outside: Environment,
  run: RunCommand,
): Promise<ShellImport> {
  const expected = secretVariableNames();
  if (!wish.enabled || expected.some((name) => variable(env, name) !== undefined))
    return { kind: 'not-asked' };
  const named = variable(outside, 'SHELL');
  const shell = named?.startsWith('/') === true ? named : '/bin/sh';
  const outcome = await run({
    command: shell,
    args: ['-l', '-c', LIST_VARIABLES],
    env: harmlessEnvironment(outside),
    timeoutMs: wish.timeoutMs,
    maxBytes: MAX_BYTES,
  });
  if (outcome.kind === 'failed') {
    return {
      kind: 'failed',
      detail: `The login shell ${shell} ${outcome.reason}; its variables are not used`,
    };
  }
  return { kind: 'imported', variables: pick(outcome.stdout, new Set(expected)) };
}

/** What a start-up file prints stands before the first variable and is no part of any. */
function pick(output: string, expected: ReadonlySet<string>): Environment {
  const entries = output.split('\0').flatMap((entry): [string, string][] => {
    const [, name, value] = /^(?:[^]*\n)?([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(entry) ?? [];
    return name !== undefined && value !== undefined && value.trim() !== '' && expected.has(name)
      ? [[name, value]]
      : [];
  });
  return Object.fromEntries(entries);
}
