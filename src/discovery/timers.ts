/** The watcher's clockwork: ticks and refreshes, which keep no process alive, and the pause before a second miss. */

/** How often the watcher acts, in milliseconds. Each wait is up to a tenth shorter or longer. */
export interface WatchIntervals {
  /** Light check of each endpoint. @default 1800 */
  readonly tickMs?: number;
  /** Full list of each endpoint that is up. @default 10000 */
  readonly refreshMs?: number;
  /** Pause before a miss is repeated. @default 500 */
  readonly missMs?: number;
  /** From 0 up to 1: how long a wait is within its tenth. @default Math.random */
  readonly random?: () => number;
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
  // As long as a start can still be noticed within 2.5 s: connections that are refused are most of the idle cost.
  tickMs = 1_800,
  refreshMs = 10_000,
  missMs = 500,
  random = Math.random,
}: WatchIntervals = {}): Timers {
  const running = new Set<NodeJS.Timeout>();
  const pauses = new Set<() => void>();
  let started = false;
  let closed = false;

  /** Jitter keeps several sidecars, and the ticks and refreshes of one, from falling into step. */
  const repeat = (ms: number, action: () => void): void => {
    const timer = setTimeout(
      () => {
        running.delete(timer);
        if (closed) return;
        repeat(ms, action);
        action();
      },
      ms * (0.9 + 0.2 * random()),
    ).unref();
    running.add(timer);
  };

  return {
    start: ({ tick, refresh }) => {
      if (closed || started) return;
      started = true;
      repeat(tickMs, tick);
      repeat(refreshMs, refresh);
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
        // Whoever waits for it, as a command that scans once, must not end in the middle.
        const timer = setTimeout(end, missMs);
        pauses.add(end);
      }),
    close: () => {
      closed = true;
      for (const timer of running) clearTimeout(timer);
      for (const end of pauses) end();
    },
  };
}
