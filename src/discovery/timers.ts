/** The watcher's clockwork: ticks, refreshes and the pause before a second miss. None keeps the process alive. */

/** How often the watcher acts, in milliseconds. */
export interface WatchIntervals {
  /** Light check of each endpoint. @default 1500 */
  readonly tickMs?: number;
  /** Full list of each endpoint that is up. @default 10000 */
  readonly refreshMs?: number;
  /** Pause before a miss is repeated. @default 500 */
  readonly missMs?: number;
}

/** Timers that can be stopped together. */
export interface Timers {
  /** Calls back regularly; a second call does nothing. */
  start(actions: { readonly tick: () => void; readonly refresh: () => void }): void;
  /** Resolves after the pause, or at once when the timers are closed. */
  beforeSecondMiss(): Promise<void>;
  close(): void;
}

/** Creates the clockwork, standing still. */
export function createTimers({
  tickMs = 1_500,
  refreshMs = 10_000,
  missMs = 500,
}: WatchIntervals = {}): Timers {
  const running: NodeJS.Timeout[] = [];
  const pauses = new Set<() => void>();
  let closed = false;
  return {
    start: ({ tick, refresh }) => {
      if (closed || running.length > 0) return;
      running.push(setInterval(tick, tickMs).unref(), setInterval(refresh, refreshMs).unref());
    },
    beforeSecondMiss: () =>
      new Promise((resolve) => {
        if (closed) {
          resolve();
          return;
        }
        const end = () => {
          clearTimeout(timer);
          pauses.delete(end);
          resolve();
        };
        const timer = setTimeout(end, missMs).unref();
        pauses.add(end);
      }),
    close: () => {
      closed = true;
      for (const timer of running) clearInterval(timer);
      for (const end of pauses) end();
    },
  };
}
