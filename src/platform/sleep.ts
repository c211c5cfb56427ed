/** Waiting, handed on as an argument like the clock, so that a test need not wait. */
import { setTimeout } from 'node:timers/promises';

/** Resolves after so many milliseconds; rejects at once when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** The machine's own waiting. It keeps the process alive. */
export const systemSleep: Sleep = async (ms, signal) => {
  await setTimeout(ms, undefined, { signal });
};
