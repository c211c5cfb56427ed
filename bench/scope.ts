/** What a measure opened, so that all of it is closed: at the end, after a failure, and after Ctrl-C. */

/** Collects ways to undo things. */
export interface Scope {
  /** Remembers a way to undo something. On a scope that is closed it runs at once. */
  onClose(undo: () => void | Promise<void>): void;
  /** Undoes everything, newest first. A failure does not keep the rest from being undone. */
  close(): Promise<void>;
}

/** An open scope with nothing in it. */
export function createScope(): Scope {
  const undos: (() => void | Promise<void>)[] = [];
  let closed = false;
  return {
    onClose(undo) {
      undos.push(undo);
      // A process that was started while Ctrl-C was being handled must end too.
      if (closed) void closeAll(undos.splice(0));
    },
    close() {
      closed = true;
      return closeAll(undos.splice(0));
    },
  };
}

async function closeAll(undos: readonly (() => void | Promise<void>)[]): Promise<void> {
  for (const undo of undos.toReversed()) {
    try {
      await undo();
    } catch (error) {
      process.stderr.write(`Tidying up failed: ${String(error)}\n`);
    }
  }
}
