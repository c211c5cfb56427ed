/** Takes a server down, part by part, in the reverse order of the start. */
import { messageOf } from '../domain/errors.ts';
import type { Logger } from '../platform/logger.ts';

/** Empties the list, last step first. A step that fails is logged, and keeps no other from being done. */
export async function undoAll(undo: (() => Promise<void>)[], log: Pick<Logger, 'error'>): Promise<void> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (error) {
      log.error('A part of the server could not be put in order at its end', { error: messageOf(error) });
    }
  }
}
