/** A real HTTP server standing in for NVIDIA NIM: hosted or self-hosted, sound or broken in a chosen way. */
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { NIM_MODELS } from '../../src/domain/nim-service.ts';

/** How the server behaves. */
export type NimBehaviour =
  /** The list and the models want the key. */
  | 'keyed'
  /** The list answers anybody, the models want the key. */
  | 'public-list'
  /** The list answers anybody, and a request is looked at before its key. */
  | 'careless'
  /** Nothing wants a key. */
  | 'open'
  /** Another service: every path is an HTML page with status 404. */
  | 'html-404'
  | 'rate-limited'
  /** Every path leads to another server. */
  | 'redirect'
  /** Accepts the connection and never answers. */
  | 'silent';

/** One request that came in. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** The stand-in. */
export interface FakeNim {
  /** With `/v1`. */
  readonly baseUrl: string;
  readonly port: number;
  readonly seen: SeenRequest[];
  behaviour: NimBehaviour;
  /** What it lists: ids, or whole rows. @default the models that are known of the hosted service */
  models: readonly unknown[];
  stop(): Promise<void>;
}

export interface FakeNimOptions {
  readonly behaviour?: NimBehaviour;
  /** The key that is good. */
  readonly key?: string;
  readonly redirectTo?: string;
  readonly models?: readonly unknown[];
}

/** Starts it on a free port. */
export async function startFakeNim(options: FakeNimOptions = {}): Promise<FakeNim> {
  const { key = 'nvapi-good', redirectTo = 'http://127.0.0.1:9/' } = options;
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { method = '', url = '', headers } = request;
      const { authorization } = headers;
      seen.push({ method, path: url, authorization, body });
      const answer = answerOf(fake.behaviour, {
        method,
        url,
        good: authorization === `Bearer ${key}`,
        redirectTo,
        models: fake.models,
      });
      if (answer === null) return;
      response.writeHead(answer.status, { 'content-type': answer.type, ...answer.headers });
      response.end(answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = addressOf(server.address());
  const fake: FakeNim = {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    port,
    seen,
    behaviour: options.behaviour ?? 'keyed',
    models: options.models ?? NIM_MODELS.map(({ id }) => id),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly good: boolean;
  readonly redirectTo: string;
  readonly models: readonly unknown[];
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const listOf = (models: readonly unknown[]): Answer => ({
  status: 200,
  type: 'application/json',
  body: JSON.stringify({
    object: 'list',
    data: models.map((row) => (typeof row === 'string' ? { id: row, object: 'model' } : row)),
  }),
});
const error = (status: number): Answer => ({ status, type: 'application/json', body: '{"detail":"no"}' });

function answerOf(behaviour: NimBehaviour, asked: Asked): Answer | null {
  const { method, url, good, redirectTo } = asked;
  const ok = listOf(asked.models);
  const isList = method === 'GET' && url === '/v1/models';
  switch (behaviour) {
    case 'silent':
      return null;
    case 'html-404':
      return { status: 404, type: 'text/html', body: '<html>nothing here</html>' };
    case 'rate-limited':
      return error(429);
    case 'redirect':
      return { status: 302, type: 'text/plain', body: '', headers: { location: redirectTo } };
    case 'open':
      return isList ? ok : error(404);
    case 'keyed':
      if (!good) return error(401);
      return isList ? ok : error(422);
    case 'careless':
      return isList ? ok : error(422);
    case 'public-list':
      if (isList) return ok;
      return error(good ? 422 : 401);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) body += String(chunk);
  return body;
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return address;
}
