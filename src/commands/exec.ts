/**
 * `exec`: runs a program with a token of its own, limited as the flags say, that is in force as long as the
 * program runs.
 */
import { basename } from 'node:path';
import { makeCallerToken } from '../domain/caller-token.ts';
import { EXIT, factsOf, type Problem, SidecarError } from '../domain/errors.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { holdLease } from '../http/held-lease.ts';
import type { Environment } from '../platform/paths.ts';
import { processId } from '../platform/process.ts';
import { runChild } from '../platform/run-child.ts';
import { AWS_RIVALS, callerVariables, findAwsAccess, NO_AWS_ADDRESS } from './caller-variables.ts';
import type { CommandContext } from './context.ts';
import { findServer } from './running-server.ts';
import { type ScopeFlags, scopeOf } from './scope-flags.ts';
import { warnOfUnknownNames } from './scope-warning.ts';
import { printProblem } from './print-problem.ts';

/** Runs the program; its exit code is the command's own. */
export async function exec(
  context: CommandContext,
  [command, ...args]: readonly string[],
  flags: ScopeFlags,
): Promise<number> {
  const fail = (problem: Problem): number => {
    printProblem(context, problem, false);
    return factsOf(problem.code).exitCode;
  };
  if (command === undefined) return EXIT.usage;
  try {
    const scope = scopeOf(flags);
    const found = await findServer(context);
    if (found.kind === 'absent') return fail(found.problem);
    const { endpoint, server } = found;
    const { url } = endpoint;
    await warnOfUnknownNames(context, scope, server);
    const aws = await findAwsAccess(server, url, scope);
    if (aws.kind === 'no-address') context.printError(`${NO_AWS_ADDRESS}\n`);
    const token = makeCallerToken();
    const lease = await holdLease(server, {
      name: `exec:${plainName(command)}:${processId()}`,
      token,
      scope,
      connect: async () => {
        const again = await findServer(context);
        if (again.kind === 'absent') return undefined;
        // The program knows one address, and whoever has that one now is not this server.
        if (again.endpoint.url === url) return again.server;
        again.server.close();
        return undefined;
      },
    });
    try {
      const end = await runChild({
        command,
        args,
        env: childEnvironment(context.env, callerVariables(url, token.secret, aws)),
        sharesTerminal: context.stdinIsTerminal ?? false,
      });
      if (end.kind === 'not-started') context.printError(`${quoteUntrusted(command)} ${end.reason}\n`);
      return end.exitCode;
    } finally {
      await lease.release();
    }
  } catch (error) {
    if (error instanceof SidecarError) return fail(error.toProblem());
    throw error;
  }
}

/** The variables of this process, with the server's own token and what would lead past ours taken out. */
function childEnvironment(env: Environment, ours: Readonly<Record<string, string>>): Environment {
  const rivals: readonly string[] = 'AWS_CONTAINER_CREDENTIALS_FULL_URI' in ours ? [...AWS_RIVALS] : [];
  const kept = Object.entries(env).filter(
    ([name]) => name !== 'PROVIDER_SIDECAR_TOKEN' && !rivals.includes(name),
  );
  return { ...Object.fromEntries(kept), ...ours };
}

/** The program's name as far as a token's name may hold it. */
function plainName(command: string): string {
  const plain = basename(command)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, 64);
  return plain === '' ? 'program' : plain;
}
