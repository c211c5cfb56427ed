/** A program that is run to be looked at: all that it prints, and what the system shows of it and of its children. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Environment } from './paths.ts';

export interface ObservedProgram {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits for a match in what it prints; undefined when it ended, or the time is over. */
  readonly until: (pattern: RegExp, timeoutMs: number) => Promise<RegExpExecArray | undefined>;
  /** Settles when it has ended, whatever it leaves running. Null: a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Asks it to end, and ends it when it does not within five seconds. */
  readonly stop: () => Promise<number | null>;
}

/** How it is run. */
export interface ObservedRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Environment;
  readonly cwd: string;
  /** Text for its standard input. @default '' */
  readonly input?: string;
}

/** What a program leaves running may hold its output open for ever; after its end that is waited for so long, in milliseconds. */
const GRACE_MS = 2_000;

/** Starts a program. One that cannot be started ends with exit code null. */
export function startObserved({ command, args, env, cwd, input = '' }: ObservedRequest): ObservedProgram {
  const child = spawn(command, args, { cwd, env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    tell();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    tell();
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  let hasEnded = false;
  let grace: NodeJS.Timeout | undefined;
  const ended = new Promise<number | null>((resolve) => {
    const end = (code: number | null): void => {
      clearTimeout(grace);
      hasEnded = true;
      resolve(code);
      tell();
    };
    child.on('close', end);
    child.on('exit', (code) => {
      grace = setTimeout(() => {
        // What has come meanwhile is read before this.
        setImmediate(() => {
          child.stdout.destroy();
          child.stderr.destroy();
          end(code);
        });
      }, GRACE_MS);
    });
    child.on('error', () => end(null));
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    until: (pattern, timeoutMs) =>
      new Promise((resolve) => {
        const settle = (match: RegExpExecArray | undefined): void => {
          clearTimeout(timer);
          listeners.delete(look);
          resolve(match);
        };
        const look = (): void => {
          const match = pattern.exec(stdout) ?? pattern.exec(stderr);
          if (match !== null || hasEnded) settle(match ?? undefined);
        };
        const timer = setTimeout(() => settle(undefined), timeoutMs);
        listeners.add(look);
        look();
      }),
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
  };
}

/** What the system shows of a process to the same user. */
export interface ProcessView {
  readonly pid: number;
  /** Its arguments, with blanks between them. */
  readonly arguments: string;
  /** `NAME=value`, one a line. */
  readonly environment: string;
}

/** A process and all below it; empty where there is no /proc (macOS). */
export function viewProcesses(pid: number): readonly ProcessView[] {
  const args = readProc(`/proc/${pid}/cmdline`);
  if (args === undefined) return [];
  const environment = readProc(`/proc/${pid}/environ`) ?? '';
  const children = (readProc(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter((id) => id !== '');
  return [
    { pid, arguments: args.replaceAll('\0', ' '), environment: environment.replaceAll('\0', '\n') },
    ...children.flatMap((child) => viewProcesses(Number(child))),
  ];
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended, or this system has no such file.
    return undefined;
  }
}
