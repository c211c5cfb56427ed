/**
 * Programs under measurement, each in its own process with an environment of its own. What is measured is
 * what a user runs: the built program, without a loader.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Scope } from './scope.ts';

/** A program that has said that it is ready. */
export interface Program {
  readonly pid: number;
  /** Milliseconds from the call of `spawn` until the line that says so had arrived here. */
  readonly readyAfterMs: number;
  /** What the groups of the ready pattern matched. */
  readonly ready: readonly string[];
  /** Ends it and waits for its end. Safe to call twice. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  /** Arguments of node. */
  readonly args: readonly string[];
  /** Says on standard output that the program is ready. */
  readonly ready: RegExp;
  readonly env?: Readonly<Record<string, string>>;
  /** @default the folder of the project */
  readonly cwd?: string;
}

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const READY_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 5_000;

/** Starts node with these arguments and waits until it is ready; the scope ends it at the latest. */
export async function startProgram(
  scope: Scope,
  { args, ready, env = {}, cwd = PROJECT }: ProgramOptions,
): Promise<Program> {
  const startedAt = performance.now();
  // The open standard input is how a child of ours learns that this process is gone.
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const stop = (): Promise<void> => end(child);
  scope.onClose(stop);
  const match = await firstMatch(child, ready);
  const readyAfterMs = performance.now() - startedAt;
  if (child.pid === undefined) throw new Error('The process has no id');
  return { pid: child.pid, readyAfterMs, ready: match.slice(1), stop };
}

function firstMatch(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = '';
    let errors = '';
    const fail = (what: string): void => {
      clearTimeout(timer);
      reject(
        new Error(`${child.spawnargs.join(' ').slice(0, 200)} ${what}: ${(errors || output).slice(0, 500)}`),
      );
    };
    const timer = setTimeout(() => fail('was not ready in time'), READY_DEADLINE_MS);
    // Both streams are read to the end, so that no program waits for a full pipe while it is measured.
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (output.length > 100_000) return;
      output += text;
      const match = pattern.exec(output);
      if (match === null) return;
      clearTimeout(timer);
      resolve(match);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (errors.length < 10_000) errors += text;
    });
    child.on('error', (error) => fail(`could not be started (${error.message})`));
    child.on('close', (code) => fail(`ended with exit code ${code ?? 'none'} before it was ready`));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await closed;
  clearTimeout(timer);
}
