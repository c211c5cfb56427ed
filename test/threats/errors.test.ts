/** Failures whose message holds a key: neither the answer nor the log tells it. */
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createCallers } from '../../src/http/callers/callers.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/create-logger.ts';
import { createApp } from '../../src/server.ts';
import { CANARY } from './target.ts';

it('threat 27: log or trace leak: a failure with the key in it, in whatever a route asks', async () => {
  const lines: string[] = [];
  const log = createLogger({
    level: 'debug',
    format: 'json',
    write: (line) => lines.push(line),
    secrets: () => [CANARY],
  });
  const fails = (): never => {
    throw new Error(`request with ${CANARY} failed`, { cause: new Error(CANARY) });
  };
  const callers = createCallers(new Secret('token-of-the-errors-test-0123456789'), systemClock);
  const app = createApp({
    snapshot: fails,
    resolver: { resolve: fails, kept: fails, forget: fails },
    reportRejection: fails,
    health: fails,
    discovery: fails,
    scan: fails,
    setUp: { describe: fails, connect: fails, changeDefaultModel: fails },
    watching: { stream: fails, poll: fails },
    logins: { start: fails, progress: fails },
    callers,
    reloadCallers: fails,
    metrics: { timer: fails, resolved: fails, text: fails },
    audit: { handedOut: fails },
    clock: fails,
    log,
  });
  const caller = { token: true, name: 'endpoint', scope: null, ended: null, isRefused: () => false };
  const env = { caller, connection: { destroy: () => undefined } };
  const bodies = ['{"model":"acme/m"}', '{"provider":"acme","flow":"code"}', '{"status":401}'];
  const failed = new Set<string>();
  for (const { method, path } of app.routes) {
    for (const body of method === 'GET' ? [null] : bodies) {
      const headers = { 'content-type': 'application/json' };
      const answer = await app.request(path.replaceAll(/:\w+/g, 'acme'), { method, headers, body }, env);
      const text = await answer.text();
      expect(text + inspect([...answer.headers])).not.toContain('canary');
      if (answer.status === 500) failed.add(`${method} ${path}`);
    }
  }
  // The others ask nothing of anybody.
  const quiet = ['GET /livez', 'POST /v1/tokens/lease', 'GET /openapi.json'];
  expect(app.routes.map(({ method, path }) => `${method} ${path}`).filter((one) => !failed.has(one))).toEqual(
    quiet,
  );
  expect(lines.length).toBeGreaterThanOrEqual(failed.size);
  expect(lines.join('')).not.toContain('canary');
  expect(lines.join('')).toContain('request with [secret] failed');
});
