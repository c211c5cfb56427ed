/** `env`: the variables of `exec` for the current shell, with a token that ends by itself. */
import { randomBytes } from 'node:crypto';
import { describeScope } from '../domain/caller-scope.ts';
import { factsOf, type Problem, SidecarError } from '../domain/errors.ts';
import type { ProvenServer } from '../http/proven-server.ts';
import { createCallerTokenStore } from '../credentials/caller-tokens.ts';
import { isoOrNull } from '../platform/clock.ts';
import { findPaths } from '../platform/paths.ts';
import { callerVariables, findAwsAccess, NO_AWS_ADDRESS } from './caller-variables.ts';
import { type CommandContext, printJson } from './context.ts';
import { findServer } from './running-server.ts';
import { type ScopeFlags, scopeOf } from './scope-flags.ts';
import { warnOfUnknownNames } from './scope-warning.ts';
import { printProblem } from './print-problem.ts';
import { lifeOf } from './token.ts';

export interface EnvFlags extends ScopeFlags {
  readonly ttl?: string;
  readonly json?: boolean;
}

const DEFAULT_LIFE = '1h';

/** Prints `export` lines for `eval`; what a person should know goes to standard error. */
export async function env(context: CommandContext, flags: EnvFlags): Promise<number> {
  const asJson = flags.json === true;
  const fail = (problem: Problem): number => {
    printProblem(context, problem, asJson);
    return factsOf(problem.code).exitCode;
  };
  try {
    const scope = scopeOf(flags);
    const lifeMs = lifeOf(flags.ttl ?? DEFAULT_LIFE);
    const found = await findServer(context);
    if (found.kind === 'absent') return fail(found.problem);
    const { server, endpoint } = found;
    try {
      await warnOfUnknownNames(context, scope, server);
      const aws = await findAwsAccess(server, endpoint.url, scope);
      if (aws.kind === 'no-address') context.printError(`${NO_AWS_ADDRESS}\n`);
      const store = createCallerTokenStore(findPaths(context.env, context.home).tokens, context.clock);
      const name = `env-${randomBytes(4).toString('hex')}`;
      const { stored, token } = await store.create({ name, scope, lifeMs });
      // In force when the shell has the variables, and not a moment later.
      try {
        await takeIn(server);
      } catch (error) {
        // Nobody gets its text, so it is of use to nobody.
        await store.revoke(name);
        throw error;
      }
      const variables = {
        ...callerVariables(endpoint.url, token.secret, aws),
        PROVIDER_SIDECAR_TOKEN_NAME: name,
      };
      const expiresAt = isoOrNull(stored.expiresAt);
      if (asJson) printJson(context, { name, ...scope, expiresAt, variables });
      else context.print(Object.entries(variables).map(toExport).join(''));
      context.printError(
        `Token ${name}: ${describeScope(scope)}; until ${expiresAt ?? 'it is revoked'}. End it: provider-sidecar token revoke ${name}\n`,
      );
      return 0;
    } finally {
      server.close();
    }
  } catch (error) {
    if (error instanceof SidecarError) return fail(error.toProblem());
    throw error;
  }
}

/** Has the server read the tokens. @throws SidecarError `not-running` when it did not */
async function takeIn(server: ProvenServer): Promise<void> {
  const { status } = await server.ask({ path: '/v1/tokens' });
  if (status === 200) return;
  throw new SidecarError('not-running', `The server did not read the token (status ${status})`, [
    'Look what is wrong: provider-sidecar status',
  ]);
}

/** A line for any POSIX shell. */
function toExport([name, value]: readonly [string, string]): string {
  return `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`;
}
