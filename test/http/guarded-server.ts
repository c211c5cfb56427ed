/** A guarded server over a tiny app, and what every refusal of it must look like. */
import { Hono } from 'hono';
import { expect, onTestFinished } from 'vitest';
import { createAccessRules } from '../../src/http/access.ts';
import { close, listen } from '../../src/http/listening.ts';
import {
  createGuardedServer,
  type GuardedEnv,
  type GuardedServerOptions,
} from '../../src/http/node-server.ts';
import { onlyCaller } from '../helpers/callers.ts';
import type { RawAnswer } from '../helpers/raw-http.ts';

/** The token of every test server. */
export const TOKEN = 'test-token-0123456789abcdefABCDEF_-';
/** The header line that carries it. */
export const BEARER = `Authorization: Bearer ${TOKEN}`;

/** The caller without its signal, which is no data. */
function shown({ caller: { token, name, scope } }: GuardedEnv): object {
  return { token, name, scope };
}

function routes(): Hono<{ Bindings: GuardedEnv }> {
  const app = new Hono<{ Bindings: GuardedEnv }>();
  app.get('/livez', (c) => c.json({ status: 'ok' }));
  app.get('/health', (c) => c.json({ caller: shown(c.env) }));
  app.get('/v1/resolve', (c) => c.json({ model: c.req.query('model') ?? null, caller: shown(c.env) }));
  app.post('/v1/echo', async (c) => c.json({ length: (await c.req.text()).length }));
  app.get('/v1/fails', () => {
    throw new Error('canary-in-error');
  });
  app.onError((error) => {
    throw error;
  });
  return app;
}

/** A running server. */
export interface Running {
  readonly port: number;
  /** The Host line that names the server. */
  readonly host: string;
  /** Everything that was logged, as JSON lines. */
  readonly logged: () => string;
  /** How many requests came past the guard. */
  readonly seen: () => number;
}

/** Starts a guarded server with a few routes; the test's end stops it. */
export async function start(options: Partial<GuardedServerOptions> = {}): Promise<Running> {
  const app = routes();
  const lines: string[] = [];
  const log = (message: string, facts: object = {}): void => {
    lines.push(JSON.stringify({ ...facts, message }));
  };
  const callers = onlyCaller(TOKEN);
  let requests = 0;
  let port = 0;
  const server = createGuardedServer({
    fetch: (request, env) => {
      requests += 1;
      return app.fetch(request, env);
    },
    rules: () =>
      createAccessRules({
        allowedHosts: [`127.0.0.1:${port}`, `localhost:${port}`],
        ...callers,
        openPaths: ['/livez', '/health'],
        rawTokenPrefixes: ['/v1/aws/credentials/'],
      }),
    log: { warn: log, error: log },
    ...options,
  });
  onTestFinished(() => close(server, 0));
  ({ port } = await listen(server, { host: '127.0.0.1', port: 0 }));
  return { port, host: `Host: 127.0.0.1:${port}`, logged: () => lines.join('\n'), seen: () => requests };
}

/** The whole form of a refusal, checked on every one of them. */
export function expectRefusal(answer: RawAnswer, status: number, code: string): void {
  expect(answer.text.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    connection: 'close',
  });
  expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
  expect(answer.text).not.toMatch(/access-control/i);
  const document: unknown = JSON.parse(answer.body);
  expect(document).toEqual({
    type: `urn:provider-sidecar:problem:${code}`,
    title: expect.any(String),
    status,
    code,
    detail: expect.any(String),
    hints: [expect.any(String)],
  });
  expect(answer.text).not.toContain(TOKEN);
  expect(answer.text).not.toContain('evil');
}
