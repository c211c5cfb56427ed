/** Standard input: read whole when something is piped in, or asked line by line when a person sits there. */
import { createInterface } from 'node:readline/promises';
import { StringDecoder } from 'node:string_decoder';

/** Longest input that is taken, in characters: no key comes near. */
export const MAX_INPUT_LENGTH = 64 * 1024;

/** All that was piped in, as far as it is taken. */
export interface PipedInput {
  readonly text: string;
  /** True when there was more: the text is not what was meant then. */
  readonly isCut: boolean;
}

/** True when a person can be asked: input and the messages' stream are both a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** True when standard input is no terminal: nobody types there, and nothing that is read shows on a screen. */
export function isPiped(): boolean {
  return !process.stdin.isTTY;
}

/** All of standard input as text, cut at 64 Ki characters. */
export async function readAllInput(): Promise<PipedInput> {
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > MAX_INPUT_LENGTH) break;
  }
  return { text: text.slice(0, MAX_INPUT_LENGTH), isCut: text.length > MAX_INPUT_LENGTH };
}

/**
 * Asks for a line and echoes it. Null when the person gives up (Ctrl-C, Ctrl-D).
 *
 * @param signal ends the question, as giving up does
 */
export async function askLine(question: string, signal: AbortSignal): Promise<string | null> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new AbortController();
  lines.once('close', () => gone.abort());
  lines.once('SIGINT', () => lines.close());
  try {
    return await lines.question(question, { signal: AbortSignal.any([signal, gone.signal]) });
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') {
      process.stderr.write('\n');
      return null;
    }
    throw error;
  } finally {
    lines.close();
  }
}

const ENTER = ['\r', '\n'];
const GIVE_UP = ['\u0003', '\u0004'];
const ERASE = ['\u007f', '\b'];
const ERASE_ALL = '\u0015';
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Asks for a secret. The terminal is in raw mode meanwhile, so nothing that is typed or pasted shows; a signal
 * that ends the program puts it back first. Null when the person gives up (Ctrl-C, Ctrl-D).
 */
export function askHidden(question: string): Promise<string | null> {
  const { stdin, stderr } = process;
  const decoder = new StringDecoder('utf8');
  return new Promise((resolve) => {
    let text = '';
    const restore = (): void => {
      for (const name of END_SIGNALS) process.off(name, onSignal);
      stdin.off('data', onData);
      stdin.off('end', onEnd);
      stdin.setRawMode(false);
    };
    // With the handler gone, the same signal does what it would have done.
    const onSignal = (name: NodeJS.Signals): void => {
      restore();
      process.kill(process.pid, name);
    };
    const finish = (answer: string | null): void => {
      restore();
      stdin.pause();
      stderr.write('\n');
      resolve(answer);
    };
    const onEnd = (): void => finish(null);
    const onData = (chunk: Buffer): void => {
      // Arrow keys and the marks around a paste are sequences of their own, and no part of a key.
      const typed = decoder.write(chunk).replaceAll(/\u001b\[[0-9;?]*[A-Za-z~]/g, '');
      for (const character of typed) {
        if (ENTER.includes(character)) return finish(text);
        if (GIVE_UP.includes(character)) return finish(null);
        if (character === ERASE_ALL) text = '';
        else if (ERASE.includes(character)) text = text.slice(0, -1);
        else if (text.length < MAX_INPUT_LENGTH) text += character;
      }
    };
    for (const name of END_SIGNALS) process.on(name, onSignal);
    stdin.setRawMode(true);
    stdin.on('data', onData);
    stdin.on('end', onEnd);
    stdin.resume();
    // Only now: what is typed before the question would still be echoed.
    stderr.write(question);
  });
}
