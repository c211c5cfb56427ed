/** The built program as a user runs it: a process of its own, with a home and an environment of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

/** Where it runs. */
export interface Machine {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How it ended, and what it wrote on both streams. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export interface RunningProgram {
  readonly ended: Promise<Ended>;
  /** Waits until the output matches. Rejects when the program ends before. */
  readonly until: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly stop: () => Promise<Ended>;
}

/** Starts it. */
export function startProgram(args: readonly string[], { home, env }: Machine): RunningProgram {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      child.emit('output');
    });
  }
  const ended = once(child, 'close').then((): Ended => ({ code: child.exitCode, output }));
  return {
    ended,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(output);
          if (found === null) return;
          child.off('output', look);
          resolve(found);
        };
        child.on('output', look);
        void ended.then(() => reject(new Error(`${args.join(' ')} ended before its time:\n${output}`)));
        look();
      }),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Runs it to its end. */
export function runProgram(args: readonly string[], machine: Machine): Promise<Ended> {
  return startProgram(args, machine).ended;
}
