/** The routes of a server over one snapshot, without a socket. */
import { createCallers } from '../../src/http/callers/callers.ts';
import { Secret } from '../../src/domain/secret.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createResolver } from '../../src/resolution/resolver.ts';
import type { Snapshot } from '../../src/resolution/snapshot.ts';
import { createApp } from '../../src/server.ts';
import { assessHealth } from '../../src/validation/health.ts';

/** Asks a route, as a caller that may do everything. */
type AskRoute = (
  path: string,
  query?: Record<string, string>,
) => Promise<{ readonly status: number; readonly text: string }>;

/** @param now Unix milliseconds; the time of every answer */
export function serverOver(snapshot: Snapshot, now: number): AskRoute {
  const unreachable = () => {
    throw new Error('not asked for here');
  };
  const app = createApp({
    snapshot: () => snapshot,
    resolver: createResolver(
      () => snapshot,
      () => now,
    ),
    reportRejection: unreachable,
    health: () => assessHealth(snapshot, { now, minContextWindow: 0, unvalidated: false }),
    discovery: () => snapshot.discovery,
    scan: unreachable,
    setUp: { describe: unreachable, connect: unreachable, changeDefaultModel: unreachable },
    callers: createCallers(new Secret('token-of-the-snapshot-server-012345'), systemClock),
    reloadCallers: unreachable,
    watching: { stream: unreachable, poll: unreachable },
    logins: { start: unreachable, progress: unreachable },
    clock: () => now,
    metrics: { timer: () => 0, resolved: () => undefined, text: unreachable },
    audit: { handedOut: () => undefined },
    log: { error: unreachable },
  });
  return async (path: string, query = {}) => {
    const search = new URLSearchParams(query).toString();
    const response = await app.request(
      `${path}${search === '' ? '' : `?${search}`}`,
      {},
      { caller: { token: true, name: 'endpoint', scope: null, ended: null, isRefused: () => false } },
    );
    return { status: response.status, text: await response.text() };
  };
}
