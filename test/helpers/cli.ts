/** The built program as a user runs it: its own process, a temporary home, an environment of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { vi } from 'vitest';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  /** @default home */
  readonly cwd?: string;
}

/** A program that is still running. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until standard output or standard error matches. */
  until(pattern: RegExp): Promise<void>;
  /** Waits for the end of the process. */
  ended(): Promise<CliResult>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<CliResult>;
}

/** Starts the program. */
export function startCli(args: readonly string[], { home, env = {}, cwd = home }: CliOptions): RunningCli {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    // Nothing beyond the loopback is asked, not even the address of instance metadata.
    env: { PATH: process.env['PATH'], HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close');
  const ended = async (): Promise<CliResult> => {
    await closed;
    return { code: child.exitCode, stdout, stderr };
  };
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    async until(pattern) {
      await vi.waitFor(
        () => {
          if (pattern.test(stdout) || pattern.test(stderr)) return;
          throw new Error(`${String(pattern)} did not appear in:\n${stdout}\n${stderr}`);
        },
        { timeout: 15_000, interval: 20 },
      );
    },
    ended,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended();
    },
  };
}

/** Runs the program to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(args, options).ended();
}
