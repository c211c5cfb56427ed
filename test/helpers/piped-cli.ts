/** The built program with something piped in, or at a terminal that a test types on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { vi } from 'vitest';
import type { CliResult } from './cli.ts';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');

export interface PipedOptions {
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  /** @default home */
  readonly cwd?: string;
}

/** Runs the program to its end with this standard input. */
export async function runPiped(
  args: readonly string[],
  input: string,
  { home, env = {}, cwd = home }: PipedOptions,
): Promise<CliResult> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: home, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A program that wants no input may be gone before it is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

/** The program at a terminal. */
export interface TerminalCli {
  /** Everything that the terminal shows so far. */
  readonly screen: () => string;
  /** Waits until the screen shows this behind what was waited for before. */
  until(text: string): Promise<void>;
  /** Types; a return is `\r`. */
  type(text: string): void;
  /** Waits for the end; the exit code of the program. */
  ended(): Promise<number | null>;
}

/**
 * Starts the program on a pseudo terminal, which `script` makes (util-linux; the BSD one takes its arguments in
 * another order). Without it the test fails: a wizard that nobody could drive is not tested.
 */
export function startOnTerminal(args: readonly string[], options: PipedOptions): TerminalCli {
  return runOnTerminal([process.execPath, CLI, ...args], options);
}

/**
 * The same, with what the terminal is left like behind it: the screen shows the id of the program first
 * (`pid: …`), and the settings of the terminal (`stty -a`) last.
 */
export function startOnWatchedTerminal(args: readonly string[], options: PipedOptions): TerminalCli {
  const script = `sh -c 'echo pid: $$; exec "$@"' program "$@"; stty -a; echo left`;
  return runOnTerminal(['sh', '-c', script, 'watch', process.execPath, CLI, ...args], options);
}

function runOnTerminal(
  command: readonly string[],
  { home, env = {}, cwd = home }: PipedOptions,
): TerminalCli {
  const line = command.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const how = process.platform === 'linux' ? ['-qec', line, '/dev/null'] : ['-q', '/dev/null', ...command];
  const child = spawn('script', how, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: home, SHELL: '/bin/sh', TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  let read = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close');
  return {
    screen: () => screen,
    async until(text) {
      await vi.waitFor(
        () => {
          const at = screen.indexOf(text, read);
          if (at === -1)
            throw new Error(`${JSON.stringify(text)} is not on the screen:\n${screen.slice(read)}`);
          read = at + text.length;
        },
        { timeout: 20_000, interval: 20 },
      );
    },
    type: (text) => void child.stdin.write(text),
    async ended() {
      await closed;
      return child.exitCode;
    },
  };
}
