/** This process: its variables, its folder, its streams and its end. Read once and handed on. */
import { fstatSync, readFileSync, realpathSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import type { Environment } from './paths.ts';

/** A copy of the variables, so later changes change nothing. */
export function processEnvironment(): Environment {
  return { ...process.env };
}

/** The user's home folder: `HOME` where it is set. */
export function homeFolder(): string {
  return homedir();
}

/** Folder that relative paths on the command line are meant from. */
export function currentFolder(): string {
  return process.cwd();
}

/** Another program for the same Node.js as this one, as a command to run. */
export function nodeProgram(args: readonly string[]): { command: string; args: readonly string[] } {
  return { command: process.execPath, args };
}

/** Id of this process. */
export function processId(): number {
  return process.pid;
}

/** True while a process with that id exists, whoever owns it. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The wish to stop, for a command that has something to put in order first. */
export interface StopSignal {
  /**
   * Aborts at the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once. Before the first call each
   * ends the process as they do by default, which is right for a command that leaves nothing behind.
   */
  readonly signal: () => AbortSignal;
  /** Stops as a signal would, or ends the process where nobody waits for one. */
  readonly stop: () => void;
}

/** Exit code of a program that Ctrl-C ended, as shells have it. */
const INTERRUPTED = 130;

/** What a signal that aborted says of it. */
class Interruption extends Error {
  override readonly name = 'AbortError';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('The program was told to stop');
    this.exitCode = exitCode;
  }
}

/**
 * The exit code of a command that was stopped in the middle: 128 and the number of the signal, as shells say it; that
 * of Ctrl-C where it was no signal.
 */
export function exitCodeOfStop({ reason }: AbortSignal): number {
  return reason instanceof Interruption ? reason.exitCode : INTERRUPTED;
}

/** Makes the signal; installs no handler yet. */
export function createStopSignal(): StopSignal {
  let controller: AbortController | undefined;
  return {
    signal() {
      if (controller !== undefined) return controller.signal;
      const made = new AbortController();
      controller = made;
      for (const [name, code] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
        ['SIGHUP', 129],
      ] as const) {
        process.on(name, () => {
          if (name === 'SIGHUP') endBySignal(name);
          if (made.signal.aborted) process.exit(code);
          made.abort(new Interruption(code));
        });
      }
      return made.signal;
    },
    stop() {
      if (controller === undefined) process.exit(0);
      controller.abort();
    },
  };
}

/**
 * Lets the process end by this signal when it has put everything in order. After SIGHUP its terminal is gone; node
 * would fail to reset that one at its end, and abort with a core file.
 */
function endBySignal(name: 'SIGHUP'): void {
  process.once('exit', () => {
    process.removeAllListeners(name);
    process.kill(process.pid, name);
  });
}

/** Writes to standard output; a reader that has gone away (`| head`) is no error. */
export function writeStdout(text: string): void {
  process.stdout.write(text);
}

/** What a file says that has no room: the disk, the quota, or the size limit; or, rarely, not now. */
const NO_ROOM: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EAGAIN']);

/**
 * Makes the writer of a log that outlives a full disk. What finds no room is lost, and later lines are written again
 * when there is some; the stream that node has for a file is closed by the first failure, for good.
 *
 * @returns takes whole lines
 */
export function createLogOutput(): (lines: string) => void {
  const STDOUT = 1;
  const kind = fstatSync(STDOUT);
  // Pipes and sockets never run full, and their readers may be slow; terminals are for people.
  if (isatty(STDOUT) || !(kind.isFile() || kind.isCharacterDevice())) return writeStdout;
  // The size limit sends a signal too, which would end the process.
  process.on('SIGXFSZ', () => undefined);
  let isCut = false;
  return (lines) => {
    // The rest of a line that found no room is lost: the next one begins in a line of its own.
    const bytes = Buffer.from(isCut ? `\n${lines}` : lines);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(STDOUT, bytes, written);
      isCut = false;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && NO_ROOM.has(error.code))) throw error;
      if (written > 0) isCut = bytes[written - 1] !== NEWLINE;
    }
  };
}

const NEWLINE = 0x0a;

/** Writes to standard error. */
export function writeStderr(text: string): void {
  process.stderr.write(text);
}

/** Which of the standard streams are terminals. */
export function terminals(): { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean } {
  // Looking at process.stdin would open it, and a program that is run from here is to have it untouched.
  return { stdin: isatty(0), stdout: process.stdout.isTTY, stderr: process.stderr.isTTY };
}

/** Stops when the reader of standard output has gone away (`| head`): nobody will see what follows. */
export function stopOnClosedPipe({ stop }: StopSignal): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A terminal that was closed says EIO.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    stop();
  });
}

/** Calls back as the process ends, whatever ends it but a kill; only what needs no wait can be done then. */
export function onProcessEnd(listener: () => void): void {
  process.once('exit', listener);
}

/** The exit code that the process ends with once nothing is left to do. */
export function setExitCode(code: number): void {
  process.exitCode = code;
}

/** This program as it was started, by absolute paths and without its arguments. */
export function programCommand(): readonly string[] {
  const script = process.argv[1];
  return script === undefined ? [process.execPath] : [process.execPath, realpathSync(script)];
}

/** What stands behind the program on its command line. */
export function commandLine(): readonly string[] {
  return process.argv.slice(2);
}

/** Version of this program, from its package. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? '0.0.0';
}
