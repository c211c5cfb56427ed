/** `doctor --leaks`: the self-test for leaks, with its report. */
import { randomInt } from 'node:crypto';
import { EXIT, factsOf, messageOf, SidecarError } from '../domain/errors.ts';
import { exitCodeOfStop, nodeProgram, programCommand } from '../platform/process.ts';
import type { PlaceReport } from '../self-test/findings.ts';
import { type LeakReport, runLeakTest, type SeededSource } from '../self-test/leak-test.ts';
import { type CommandContext, printJson } from './context.ts';
import { printProblem } from './print-problem.ts';

/** Runs it. Exit code 0: everything was looked at and is clean. */
export async function doctorLeaks(context: CommandContext, asJson: boolean): Promise<number> {
  const [command = nodeProgram([]).command, ...args] = programCommand();
  const { stopSignal } = context;
  const progress = createProgress(context);
  let report: LeakReport;
  try {
    report = await runLeakTest({
      program: [command, ...args],
      env: context.env,
      node: nodeProgram([]).command,
      now: context.clock(),
      randomText,
      onProgress: progress.show,
      signal: stopSignal,
    });
  } catch (error) {
    progress.wipe();
    // An error of this program's own is not about the folder, as where nothing can be listened on.
    const hints =
      error instanceof SidecarError
        ? []
        : ['Make room in the folder for temporary files, or set TMPDIR to another one'];
    const detail = `No scratch machine can be made: ${messageOf(error)}`;
    const problem = new SidecarError('cannot-write', detail, hints).toProblem();
    printProblem(context, problem, asJson);
    return factsOf(problem.code).exitCode;
  }
  progress.wipe();
  const isClean = report.notDone.length === 0 && report.places.every(({ leaks }) => leaks.length === 0);
  if (asJson) printJson(context, { clean: isClean, ...report });
  else context.print(toText(report, isClean));
  if (stopSignal.aborted) return exitCodeOfStop(stopSignal);
  return isClean ? EXIT.ok : EXIT.failed;
}

/** One line that changes on a terminal; elsewhere a line for each step. */
function createProgress({ stderrIsTerminal, printError }: CommandContext): {
  readonly show: (step: string) => void;
  readonly wipe: () => void;
} {
  const wiped = '\r\u001b[2K';
  return {
    show: (step) => printError(stderrIsTerminal ? `${wiped}${step} …` : `${step} …\n`),
    wipe: () => printError(stderrIsTerminal ? wiped : ''),
  };
}

function toText(report: LeakReport, isClean: boolean): string {
  const { canaries, inUse, servers, requests, commands, answers, sources, places, notDone } = report;
  const routes = new Set(answers.map((answer) => answer.split(' ').slice(0, 2).join(' ')));
  const leaks = places.flatMap((place) => place.leaks).length;
  return [
    `Seeded: ${canaries} made-up secrets, of which ${inUse} were handed out to whom they are for`,
    ...sources.map(lineOfSource),
    '',
    `Asked: ${requests} requests to ${routes.size} routes of ${servers} servers, ${commands} commands`,
    '',
    'Looked at:',
    ...places.flatMap(linesOf),
    '',
    ...notDone.map((what) => `Not done: ${what}`),
    ...(notDone.length === 0 ? [] : ['']),
    verdict(leaks, isClean),
    '',
  ].join('\n');
}

function verdict(leaks: number, isClean: boolean): string {
  if (isClean) return 'No leak was found';
  if (leaks === 0) return 'No leak was found in what was done, but not everything was done';
  return `Leaks found: ${leaks}. This is a defect of the program: please report it`;
}

function lineOfSource({ name, secrets, handedOut }: SeededSource): string {
  return `  ${name.padEnd(44)}${secrets}${handedOut === 0 ? '' : `, ${handedOut} handed out`}`;
}

function linesOf({ place, texts, leaks }: PlaceReport): string[] {
  const name = `  ${place.padEnd(32)}`;
  if (leaks.length === 0) return [`${name}${texts === 0 ? 'none were there' : `clean (${texts} looked at)`}`];
  return [`${name}LEAK`, ...leaks.map(({ canary, where }) => `    ${canary}: in ${where}`)];
}

function randomText(length: number): string {
  return Array.from({ length }, () => randomInt(36).toString(36)).join('');
}
