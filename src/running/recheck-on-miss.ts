/** Before a request for a local runtime fails, one more look: the runtime may have started a moment ago. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Discovery } from '../discovery/watcher.ts';
import { messageOf } from '../domain/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';

/** Most often that requests for something unknown make the runtimes be looked at, in milliseconds. */
const RECHECK_EVERY_MS = 1_000;
/** Longest that such a request waits: an endpoint that hangs must not hold it up. */
const RECHECK_WAIT_MS = 1_500;

/** Looks at the runtimes once for all requests that miss at the same time, and not more than once a second. */
export function recheckOnMiss(
  discovery: Discovery | null,
  settled: () => Promise<void>,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): () => Promise<void> {
  let underWay: Promise<void> | undefined;
  let last = -Infinity;
  const recheck = async (): Promise<void> => {
    const waited = new AbortController();
    const looked = (discovery?.recheck() ?? Promise.resolve()).then(
      () => undefined,
      (error: unknown) => log.warn(`Looking for local runtimes failed: ${messageOf(error)}`),
    );
    const tired = sleep(RECHECK_WAIT_MS, undefined, { signal: waited.signal, ref: false }).catch(
      () => undefined,
    );
    await Promise.race([looked, tired]);
    waited.abort();
    await settled();
  };
  return () => {
    if (discovery === null) return Promise.resolve();
    if (underWay !== undefined) return underWay;
    if (Math.abs(clock() - last) < RECHECK_EVERY_MS) return Promise.resolve();
    last = clock();
    underWay = recheck().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
