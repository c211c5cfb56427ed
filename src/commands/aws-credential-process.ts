/** `aws credential-process`: the AWS keys of a provider in the form that the AWS tools read from a command. */
import { EXIT, factsOf } from '../domain/errors.ts';
import { awsKeysOf, toCredentialProcess } from '../http/aws-credentials.ts';
import { prepare } from '../preparation/preparation.ts';
import { resolve } from '../resolution/resolve.ts';
import type { CommandContext } from './context.ts';
import { printProblem } from './print-problem.ts';
import { surroundingsOf } from './surroundings.ts';

/** Flags of the command. */
export interface CredentialProcessFlags {
  /** @default amazon-bedrock */
  readonly provider?: string;
}

/**
 * Prints one JSON document with the keys, whether or not standard output is a terminal: it is made for another
 * program. No server and no scan is needed. A failure goes to standard error, and never with a secret.
 */
export async function awsCredentialProcess(
  context: CommandContext,
  { provider = 'amazon-bedrock' }: CredentialProcessFlags,
): Promise<number> {
  const prepared = await prepare(surroundingsOf(context), { flags: {}, scan: 'none' });
  if (prepared.kind === 'refused') {
    printProblem(context, prepared.problem, false);
    return prepared.exitCode;
  }
  const found = awsKeysOf(await resolve(prepared.snapshot, { provider }, context.clock()));
  if ('problem' in found) {
    printProblem(context, found.problem, false);
    return factsOf(found.problem.code).exitCode;
  }
  context.print(`${JSON.stringify(toCredentialProcess(found.keys))}\n`);
  return EXIT.ok;
}
