/** Running a program in this one's place: its streams, its signals and its exit code, as if it had been called itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { systemCodeOf } from '../domain/errors.ts';
import type { Environment } from './paths.ts';

export interface ChildRequest {
  /** A path, or a name that is looked for in `PATH`. */
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the program. */
  readonly env: Environment;
  /** True when both stand before a terminal, which sends its signals to both. */
  readonly sharesTerminal: boolean;
}

/** How it ended. */
export type ChildEnd =
  /** 128 and the number of the signal where a signal ended it, as shells say it. */
  | { readonly kind: 'ended'; readonly exitCode: number }
  /** 127: there is no such program; 126: it cannot be run. */
  | { readonly kind: 'not-started'; readonly exitCode: 126 | 127; readonly reason: string };

/** Signals that are passed on. */
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** Those that a terminal sends to every program before it; passed on as well, they would come twice. */
const FROM_TERMINAL: readonly string[] = ['SIGINT', 'SIGQUIT'];

/** Runs a program to its end. Never rejects. */
export function runChild({ command, args, env, sharesTerminal }: ChildRequest): Promise<ChildEnd> {
  return new Promise((resolve) => {
    let started: ChildProcess | undefined;
    // Before the program begins: it may say that it is ready, and be told to end, before this goes on.
    const handlers = PASSED_ON.map((signal) => {
      const handler = (): void => {
        if (!sharesTerminal || !FROM_TERMINAL.includes(signal)) started?.kill(signal);
      };
      process.on(signal, handler);
      return [signal, handler] as const;
    });
    const settle = (end: ChildEnd): void => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
      resolve(end);
    };
    try {
      started = spawn(command, args, { env: { ...env }, stdio: 'inherit' });
    } catch {
      // Node refuses at once what holds a NUL; its message would quote the argument.
      settle({ kind: 'not-started', exitCode: 126, reason: 'cannot be run with these arguments' });
      return;
    }
    const { pid } = started;
    started.on('error', (error) => {
      if (pid !== undefined) return;
      const code = systemCodeOf(error) ?? 'unknown error';
      const missing = code === 'ENOENT';
      settle({
        kind: 'not-started',
        exitCode: missing ? 127 : 126,
        reason: missing ? 'was not found' : `cannot be run (${code})`,
      });
    });
    started.on('exit', (code, signal) => {
      settle({ kind: 'ended', exitCode: signal === null ? (code ?? 1) : 128 + constants.signals[signal] });
    });
  });
}
