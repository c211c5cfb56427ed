/** One run of the self-test: what it is made with, what it has found so far, and how it calls the program. */
import { type ObservedProgram, startObserved } from '../platform/observed-program.ts';
import type { Environment } from '../platform/paths.ts';
import { harmlessEnvironment } from '../platform/run-command.ts';
import type { ScratchFolder } from '../platform/scratch-folder.ts';
import type { CanaryBook } from './canaries.ts';
import { type SelfTestCommand, TOKEN_TEXT } from './commands.ts';
import type { Findings } from './findings.ts';
import { watchProcesses } from './look-around.ts';

/** What the self-test is run with. */
export interface LeakTestOptions {
  /** The program under test, with the arguments that every call begins with. */
  readonly program: readonly [command: string, ...args: string[]];
  /** Where programs and the language are found; no secret of it is used. */
  readonly env: Environment;
  /** Absolute path of Node.js, which runs the commands of the scratch machines. */
  readonly node: string;
  /** Unix milliseconds. */
  readonly now: number;
  /** That many characters of `a-z0-9`. */
  readonly randomText: (length: number) => string;
  /** Told what is done now. */
  readonly onProgress: (step: string) => void;
  /** Gives up: programs are ended, scratch machines removed. */
  readonly signal: AbortSignal;
}

/** Everything that one run hands around. */
export interface Run extends LeakTestOptions {
  readonly book: CanaryBook;
  readonly findings: Findings;
  readonly counts: { servers: number; requests: number; commands: number };
  readonly answers: Set<string>;
  readonly notDone: string[];
}

/** Where a program is run: the variables and the home folder of a scratch machine. */
export interface Machine {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly scratch: ScratchFolder;
}

/** Milliseconds for a command to end. */
const COMMAND_MS = 60_000;

/** Commands that run at once. */
const AT_ONCE = 2;

/** A program that is looked at as long as it runs. */
export interface WatchedProgram extends ObservedProgram {
  /** Ends it when the run is given up, and does not look at it any more. */
  readonly release: () => void;
}

/** Starts the program under test. @param startsForeign its children are not looked at */
export function start(
  run: Run,
  machine: Machine,
  args: readonly string[],
  { input = '', startsForeign = false }: { readonly input?: string; readonly startsForeign?: boolean } = {},
): WatchedProgram {
  const [command, ...first] = run.program;
  const { path } = machine.scratch;
  const running = startObserved({
    command,
    args: [...first, ...args],
    env: { ...harmlessEnvironment(run.env), ...machine.env, HOME: path },
    cwd: path,
    input,
  });
  const watching = watchProcesses(run, machine.name, running.pid, startsForeign);
  const end = (): void => void running.stop();
  if (run.signal.aborted) end();
  else run.signal.addEventListener('abort', end);
  return {
    ...running,
    release() {
      run.signal.removeEventListener('abort', end);
      watching.stop();
    },
  };
}

/** Calls the program to its end and looks at what it printed, which is the answer. */
export async function call(run: Run, machine: Machine, command: SelfTestCommand): Promise<string> {
  const { args, mayPrint } = command;
  const where = `${args.join(' ')} (${machine.name})`;
  const running = start(run, machine, args, command);
  const timer = setTimeout(() => {
    run.notDone.push(`${where} did not end`);
    void running.stop();
  }, COMMAND_MS);
  await running.ended;
  clearTimeout(timer);
  running.release();
  run.counts.commands += 1;
  const stdout = running.stdout();
  if (mayPrint === undefined) run.findings.look('output of commands', where, stdout);
  else {
    run.findings.use(stdout);
    // From now on no other place may show it.
    for (const [token] of stdout.matchAll(TOKEN_TEXT)) run.book.learn(`token that ${where} printed`, token);
  }
  run.findings.look('output of commands', `${where}, standard error`, running.stderr());
  return stdout;
}

/** Calls the program with each of the commands, several at once. */
export async function callAll(
  run: Run,
  machine: Machine,
  commands: readonly SelfTestCommand[],
): Promise<void> {
  const waiting = [...commands];
  const work = async (): Promise<void> => {
    for (let command = waiting.shift(); command !== undefined; command = waiting.shift()) {
      if (run.signal.aborted) return;
      await call(run, machine, command);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
