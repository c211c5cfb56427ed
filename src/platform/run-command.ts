/**
 * Running another program for what it prints: without a shell, with an environment of its own, with a
 * deadline and a limit on the output. Nothing of it is left running afterwards.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { messageOf, systemCodeOf } from '../domain/errors.ts';
import { type Environment, variable } from './paths.ts';

/** What is run, and how much of it is waited for. */
export interface CommandRequest {
  /** Absolute path of the program. */
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the program. */
  readonly env: Environment;
  /** Text for its standard input, which is then closed. @default '' */
  readonly input?: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Most bytes that are taken from its standard output. */
  readonly maxBytes: number;
  /** Ends it before its deadline. */
  readonly signal?: AbortSignal;
}

/** What became of it. A reason shows nothing that the program printed. */
export type CommandOutcome =
  | { readonly kind: 'finished'; readonly stdout: string }
  /** `isLate`: its deadline passed. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isLate?: true };

/** Runs a program. Never rejects. */
export type RunCommand = (request: CommandRequest) => Promise<CommandOutcome>;

/** Variables that any program may have: where things are and which language to speak, and no secret. */
const HARMLESS = ['HOME', 'LANG', 'LC_ALL', 'LOGNAME', 'PATH', 'SHELL', 'TMPDIR', 'TZ', 'USER'] as const;

/** The part of an environment that another program may see. */
export function harmlessEnvironment(env: Environment): Environment {
  return Object.fromEntries(
    HARMLESS.flatMap((name) => {
      const value = variable(env, name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** Runs a program in a process group of its own, which ends with the answer, with the deadline or with the limit. */
export const runCommand: RunCommand = (request) =>
  new Promise((resolve) => {
    const { input = '', timeoutMs, maxBytes, signal: stop } = request;
    if (stop?.aborted === true) {
      resolve({ kind: 'failed', reason: GIVEN_UP });
      return;
    }
    const child = start(request);
    if (child === undefined) {
      resolve({ kind: 'failed', reason: 'cannot be run with these arguments' });
      return;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (outcome: CommandOutcome): void => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', giveUp);
      endGroup(child.pid);
      resolve(outcome);
    };
    const fail = (reason: string): void => settle({ kind: 'failed', reason });
    const giveUp = (): void => fail(GIVEN_UP);
    stop?.addEventListener('abort', giveUp);
    const timer = setTimeout(() => {
      settle({ kind: 'failed', reason: `did not answer within ${timeoutMs / 1000} s`, isLate: true });
    }, timeoutMs);
    child.on('error', (error) => fail(`cannot be run (${systemCodeOf(error) ?? messageOf(error)})`));
    // A program that does not read its input has closed it by the time the rest arrives.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) fail(`printed more than ${maxBytes} bytes`);
      else chunks.push(chunk);
    });
    child.on('close', (code, signal) => {
      if (code === 0) settle({ kind: 'finished', stdout: Buffer.concat(chunks).toString('utf8') });
      else fail(signal === null ? `ended with exit code ${String(code)}` : `was ended by ${signal}`);
    });
  });

const GIVEN_UP = 'was given up';

/** Undefined where Node refuses at once: a path, an argument or a variable holds a NUL. */
function start({
  command,
  args,
  env,
}: CommandRequest): ChildProcessByStdio<Writable, Readable, null> | undefined {
  try {
    return spawn(command, args, {
      env: { ...env },
      cwd: '/',
      // What it says on standard error may hold what it was asked for.
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
      windowsHide: true,
    });
  } catch {
    // The message would quote the argument.
    return undefined;
  }
}

/** Ends whatever the program started and left behind. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already, which is the usual case.
  }
}
