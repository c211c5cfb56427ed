/** The table of what a limited token may do: complete, and closed for what is not in it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.ts';
import { createCallers } from '../../../src/http/callers/callers.ts';
import { findRouteScope } from '../../../src/http/callers/route-scope.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { createResolver } from '../../../src/resolution/resolver.ts';
import { createApp } from '../../../src/server.ts';

const unused = (): never => {
  throw new Error('no route is called here');
};
const app = createApp({
  snapshot: unused,
  resolver: createResolver(unused, unused),
  reportRejection: unused,
  health: unused,
  discovery: unused,
  scan: unused,
  setUp: { describe: unused, connect: unused, changeDefaultModel: unused },
  watching: { stream: unused, poll: unused },
  logins: { start: unused, progress: unused },
  metrics: { timer: unused, resolved: unused, text: unused },
  audit: { handedOut: unused },
  callers: createCallers(new Secret('token-of-the-scope-test-0123456789'), systemClock),
  reloadCallers: unused,
  clock: unused,
  log: silentLogger,
});

describe('routes × what a limited token may do', () => {
  it.each(app.routes.map(({ method, path }) => [method, path] as const))(
    'somebody decided about %s %s',
    (method, path) => {
      expect(findRouteScope(method, path.replaceAll(/:\w+/g, 'x'))?.scope).toMatchObject({ method, path });
    },
  );

  it('a new route is refused until somebody decides', () => {
    for (const path of [
      '/v1/new',
      '/',
      '',
      '/v1/resolve/',
      '/v1/providers/',
      '/V1/resolve',
      '/v1/tokens/x',
    ]) {
      expect(findRouteScope('GET', path)).toBeUndefined();
    }
    expect(findRouteScope('DELETE', '/v1/providers')).toBeUndefined();
    expect(findRouteScope('POST', '/v1/resolve')).toBeUndefined();
  });

  it('HEAD is GET, and the named segment is given', () => {
    expect(findRouteScope('HEAD', '/v1/providers/a%3Ab')).toMatchObject({
      scope: { narrowed: 'visible' },
      argument: 'a%3Ab',
    });
  });

  it('what changes something, and what hands out a secret, is never open to everybody', () => {
    const scopeOf = (method: string, path: string) =>
      findRouteScope(method, path.replaceAll(/:\w+/g, 'x'))?.scope;
    for (const { method, path } of app.routes) {
      if (method === 'GET') continue;
      const scope = scopeOf(method, path);
      expect(['refused', 'resolution'], path).toContain(scope?.narrowed);
      expect(scope?.withoutSecrets, path).toBe('refused');
    }
    for (const path of ['/v1/resolve', '/v1/aws/credentials/x']) {
      expect(scopeOf('GET', path)?.withoutSecrets).toBe('refused');
    }
  });

  it('random paths are looked up and never thrown at', () => {
    fc.assert(
      fc.property(fc.string(), fc.webPath(), (method, path) => {
        const found = findRouteScope(method, path);
        expect(found === undefined || found.scope.path.split('/').length === path.split('/').length).toBe(
          true,
        );
      }),
    );
  });
});
