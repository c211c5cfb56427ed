/**
 * How every command tells a problem. A file of its own: commands that only talk to the server need nothing else of
 * what computes answers, and start the sooner without it.
 */
import type { Problem } from '../domain/errors.ts';
import { toProblemDetails } from '../http/problem-details.ts';
import { type CommandContext, printJson } from './context.ts';

/** A problem for a reader: what failed, and what to do. With `--json` the problem document instead. */
export function printProblem(context: CommandContext, problem: Problem, asJson: boolean): void {
  if (asJson) {
    printJson(context, toProblemDetails(problem));
    return;
  }
  const hints = problem.hints.map((hint) => `  - ${hint}\n`).join('');
  context.printError(`${problem.code}: ${problem.detail}\n${hints}`);
}
