/** `service print`: a file by which the system's own service manager starts the server and keeps it running. */
import { dirname } from 'node:path';
import { EXIT, type Problem } from '../domain/errors.ts';
import { hasControlCharacters } from '../domain/untrusted-text.ts';
import { fileExists, readTextFile } from '../platform/files.ts';
import { findPaths, placeVariables } from '../platform/paths.ts';
import { currentFolder, programCommand, programVersion } from '../platform/process.ts';
import { loadSettings } from '../settings/load.ts';
import type { CommandContext } from './context.ts';
import type { ServiceFacts } from './service-facts.ts';
import { launchdPlist } from './service-launchd.ts';
import { systemdUnit } from './service-systemd.ts';
import { printProblem } from './print-problem.ts';

const WRITERS: Readonly<Record<string, (facts: ServiceFacts) => string>> = {
  systemd: systemdUnit,
  launchd: launchdPlist,
};

/** Prints the file for one service manager; changes nothing. */
export async function servicePrint(context: CommandContext, manager: string): Promise<number> {
  const fail = (problem: Problem, exitCode: number): number => {
    printProblem(context, problem, false);
    return exitCode;
  };
  const write = Object.hasOwn(WRITERS, manager) ? WRITERS[manager] : undefined;
  if (write === undefined) {
    const known = Object.keys(WRITERS);
    return fail(
      {
        code: 'bad-request',
        detail: 'There is no such service manager',
        hints: [`One of: ${known.join(', ')}`],
      },
      EXIT.usage,
    );
  }
  const { env, home } = context;
  const paths = findPaths(env, home);
  // Where the server writes may be set.
  const loaded = await loadSettings({ flags: {}, env, paths, cwd: currentFolder(), readTextFile });
  if (loaded.kind === 'broken') return fail(loaded.problem, EXIT.config);
  const { modelsJson, socket } = loaded.settings;
  const writes = [paths.sidecarDir, dirname(modelsJson), ...(socket === null ? [] : [dirname(socket)])];
  const facts: ServiceFacts = {
    version: programVersion(),
    command: programCommand(),
    home,
    variables: placeVariables(env, home),
    writes: [...new Set(writes)],
  };
  const texts = [...facts.command, ...facts.writes, ...Object.values(facts.variables), home];
  if (texts.some(hasControlCharacters)) {
    const detail = 'A path holds a line break or another control character, which no service file can carry';
    return fail({ code: 'config-invalid', detail, hints: ['Move the program or its folders'] }, EXIT.config);
  }
  context.print(write(facts));
  for (const folder of facts.writes) {
    if (fileExists(folder)) continue;
    context.printError(`${folder} does not exist yet. Make it first: mkdir -p -m 700 ${shellWord(folder)}\n`);
  }
  return EXIT.ok;
}

/** A text as one word of a shell. */
function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
