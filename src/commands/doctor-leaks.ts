/** `doctor --leaks`: the self-test for leaks, with its report. */
import { randomInt } from 'node:crypto';
import { EXIT } from '../domain/errors.ts';
import { nodeProgram, programCommand } from '../platform/process.ts';
import type { PlaceReport } from '../self-test/findings.ts';
import { type LeakReport, runLeakTest } from '../self-test/leak-test.ts';
import { type CommandContext, printJson } from './context.ts';

/** Runs it. Exit code 0: every place is clean. */
export async function doctorLeaks(context: CommandContext, asJson: boolean): Promise<number> {
  const [command = nodeProgram([]).command, ...args] = programCommand();
  const report = await runLeakTest({
    program: [command, ...args],
    env: context.env,
    node: nodeProgram([]).command,
    now: context.clock(),
    randomText,
    onProgress: (step) => context.printError(`${step} …\n`),
    signal: context.stopSignal,
  });
  const isClean = report.notDone.length === 0 && report.places.every(({ leaks }) => leaks.length === 0);
  if (asJson) printJson(context, { clean: isClean, ...report });
  else context.print(toText(report, isClean));
  return isClean ? EXIT.ok : EXIT.failed;
}

function toText(report: LeakReport, isClean: boolean): string {
  const { canaries, inUse, requests, commands, places, notDone } = report;
  return [
    `${canaries} made-up secrets, of which ${inUse} were handed out to whom they are for; ${requests} requests, ${commands} commands`,
    '',
    ...places.flatMap(linesOf),
    ...notDone.map((what) => `Not done: ${what}`),
    '',
    isClean ? 'No leak was found' : 'This is a defect of the program: please report it',
    '',
  ].join('\n');
}

function linesOf({ place, texts, leaks }: PlaceReport): string[] {
  const name = `  ${place.padEnd(32)}`;
  if (leaks.length === 0)
    return [`${name}${texts === 0 ? 'not there on this system' : `clean (${texts} looked at)`}`];
  return [`${name}LEAK`, ...leaks.map(({ canary, where }) => `    ${canary}: in ${where}`)];
}

function randomText(length: number): string {
  return Array.from({ length }, () => randomInt(36).toString(36)).join('');
}
