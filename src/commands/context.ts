/** What a command may touch of the outside: variables, home folder, terminal, clock. Tests hand in their own. */
import type { Clock } from '../platform/clock.ts';
import type { Environment } from '../platform/paths.ts';

export interface CommandContext {
  readonly env: Environment;
  readonly home: string;
  readonly clock: Clock;
  /** Writes to standard output; the text brings its own line ends. */
  readonly print: (text: string) => void;
  /** Makes the writer of a log that goes on for long: what a full disk has no room for is lost. @default `print` */
  readonly logOutput?: () => (lines: string) => void;
  /** Writes to standard error. */
  readonly printError: (text: string) => void;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** @default false */
  readonly stdinIsTerminal?: boolean;
  /** Default ports by runtime, for tests that map them. */
  readonly defaultPorts?: Readonly<Record<string, readonly number[]>>;
  /** Takes note of values that the last words of the program must not hold. */
  readonly hideSecrets?: (values: () => Iterable<string>) => void;
  /** Aborts when the user interrupts or the process is told to end. */
  readonly stopSignal: AbortSignal;
}

/** True where colours are welcome: a terminal, and NO_COLOR not set (https://no-color.org). */
export function wantsColour(context: CommandContext, isTerminal: boolean): boolean {
  return isTerminal && !context.env['NO_COLOR'];
}

/** Prints a JSON answer as one indented document. */
export function printJson(context: CommandContext, answer: unknown): void {
  context.print(`${JSON.stringify(answer, null, 2)}\n`);
}

/** Shows `label` on a terminal while work takes longer than half a second, and wipes it afterwards. */
export async function withProgress<T>(context: CommandContext, label: string, work: Promise<T>): Promise<T> {
  if (!context.stderrIsTerminal) return work;
  let shown = false;
  const timer = setInterval(() => {
    context.printError(shown ? '.' : `${label} …`);
    shown = true;
  }, 500);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (shown) context.printError('\r\u001b[2K');
  }
}
