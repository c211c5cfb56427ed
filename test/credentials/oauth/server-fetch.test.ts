/** A server that repeats what it was sent: its refusals end in messages, and hold no secret by then. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createServerFetch, type RequestFate } from '../../../src/credentials/oauth/server-fetch.ts';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  if (server !== undefined) await once(server, 'close');
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/token`;
}

/** Repeats everything, with this status. */
const repeats =
  (status: number): RequestListener =>
  (request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const said = `${request.headers.authorization ?? ''} ${body} ${new URLSearchParams(body).get('refresh_token') ?? ''}`;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: 'invalid_grant', error_description: said }));
    });
  };

const SECRET = 'canary secret/of+the client';
const basic = Buffer.from(`self:${encodeURIComponent(SECRET)}`).toString('base64');

async function ask(url: string, headers: Record<string, string>): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: 'canary-refresh/token=1',
    client_secret: SECRET,
    code: 'canary-code',
    code_verifier: 'canary-verifier',
    device_code: 'canary-device',
    scope: 'openid offline_access',
  });
  const request = { method: 'POST', headers, body, redirect: 'manual' as const };
  const response = await createServerFetch()(url, request);
  return response.text();
}

describe('a refusal', () => {
  it('that repeats the request gives no token, no code and no secret of the client away', async () => {
    const said = await ask(await serve(repeats(400)), { authorization: `Basic ${basic}` });
    expect(JSON.parse(said)).toMatchObject({ error: 'invalid_grant' });
    expect(said).not.toContain('canary');
    expect(said).not.toContain(basic.slice(0, 16));
    expect(said).toContain('[secret]');
    // What is no secret is told: it helps whoever has to mend it.
    expect(said).toContain('grant_type=refresh_token');
    expect(said).toContain('scope=openid+offline_access');
  });

  it('of a bearer token does not repeat it', async () => {
    const said = await ask(await serve(repeats(401)), { authorization: 'Bearer canary-access-token' });
    expect(said).not.toContain('canary');
  });
});

it('a good answer may hold what was sent: a refresh token that stays the same', async () => {
  const said = await ask(await serve(repeats(200)), {});
  expect(said).toContain('canary-refresh/token=1');
});

it('a server without TLS, which is on this machine, is asked past the proxy of the environment; any other through it', async () => {
  const asked: string[] = [];
  const before = getGlobalDispatcher();
  // What Node.js puts here under NODE_USE_ENV_PROXY.
  class Proxied extends Agent {
    override dispatch(...[options]: Parameters<Agent['dispatch']>): boolean {
      asked.push(String(options.origin));
      throw new Error('asked through the proxy');
    }
  }
  setGlobalDispatcher(new Proxied());
  onTestFinished(() => setGlobalDispatcher(before));
  const url = await serve((_request, response) => response.end('{"direct":true}'));
  const ask = createServerFetch();
  const init = { method: 'POST', headers: {}, body: 'code=canary', redirect: 'manual' as const };
  expect(await (await ask(url, init)).json()).toEqual({ direct: true });
  await expect(ask('https://as.example/token', init)).rejects.toThrow();
  expect(asked).toEqual(['https://as.example']);
});

describe('what became of a request that was given up', () => {
  /** Asks until `stop` is called. */
  async function fateOf(url: string, stopped: AbortSignal): Promise<readonly RequestFate[]> {
    const fates: RequestFate[] = [];
    const ask = createServerFetch({ onFate: (fate) => fates.push(fate) });
    const body = new URLSearchParams({ grant_type: 'refresh_token' });
    const request = { method: 'POST', headers: {}, body, redirect: 'manual' as const, signal: stopped };
    await expect(ask(url, request)).rejects.toThrow();
    return fates;
  }

  it('before there was a connection: it was not sent', async () => {
    const stop = new AbortController();
    const sockets: Socket[] = [];
    // Takes the connection and says nothing: TLS never comes to be.
    const silent = createTcpServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined).once('data', () => stop.abort());
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : '';
    try {
      expect(await fateOf(`https://127.0.0.1:${port}/token`, stop.signal)).toEqual([{ kind: 'not-sent' }]);
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
      await once(silent, 'close');
    }
  });

  it('before anything began: it was not sent', async () => {
    const url = await serve((_request, response) => response.end('{}'));
    expect(await fateOf(url, AbortSignal.abort())).toEqual([{ kind: 'not-sent' }]);
  });

  it('after the server had it: its answer never came, on a new connection and on a kept one', async () => {
    let stop = new AbortController();
    const url = await serve((request, response) => {
      request.resume();
      if (request.method === 'GET') response.end('{}');
      else stop.abort();
    });
    expect(await fateOf(url, stop.signal)).toEqual([{ kind: 'unanswered' }]);
    stop = new AbortController();
    await createServerFetch()(url, { method: 'GET', headers: {}, redirect: 'manual' });
    expect(await fateOf(url, stop.signal)).toEqual([{ kind: 'unanswered' }]);
  });
});
