/** A command line that could not be read, for a program that asked for JSON. */
import type { CommandContext } from './context.ts';
import { printProblem } from './print-problem.ts';

/**
 * Prints the problem document where `--json` stands on the command line. The words for people stand on standard
 * error already.
 *
 * @param words the command line; no parsed option tells, because it could not be read
 * @param fault what the parser of the command line says of it
 */
export function printUsageProblem(
  context: CommandContext,
  words: readonly string[],
  fault: { readonly code: string; readonly message: string },
): void {
  // What stands behind `--` belongs to the program that `exec` would run.
  const end = words.indexOf('--');
  if (!words.slice(0, end === -1 ? undefined : end).includes('--json')) return;
  const detail =
    fault.code === 'commander.help' ? 'A subcommand is missing' : fault.message.replace(/^error: /, '');
  printProblem(context, { code: 'bad-request', detail, hints: ['See: provider-sidecar --help'] }, true);
}
