/** A lease that the server did not grant is none, however the connection ends. */
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { makeCallerToken } from '../../src/domain/caller-token.ts';
import { Secret } from '../../src/domain/secret.ts';
import { holdLease } from '../../src/http/held-lease.ts';
import { proofFor } from '../../src/http/liveness-proof.ts';
import { connectProven, type ProvenServer } from '../../src/http/proven-server.ts';
import { serveLocally } from '../helpers/local-server.ts';

/** A connection to a server that proves itself and then does this. */
async function connected(then: (response: ServerResponse) => void): Promise<ProvenServer> {
  const token = new Secret('played-token-0123456789');
  const url = await serveLocally((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    if (pathname !== '/livez') {
      request.resume().once('end', () => then(response));
      return;
    }
    const proof = proofFor(searchParams.get('challenge') ?? '', request.headers.host ?? '', token);
    response.end(JSON.stringify({ status: 'ok', proof }));
  });
  const server = await connectProven({ url, token });
  if (server === undefined) throw new Error('it did not prove itself');
  return server;
}

const request = {
  name: 'exec:test:1',
  token: makeCallerToken(),
  scope: { providers: null, models: null, secrets: true },
  connect: async () => undefined,
};

it.each<[string, (response: ServerResponse) => void]>([
  ['before its answer begins', (response) => response.socket?.resetAndDestroy()],
  [
    'in the middle of a refusal',
    (response) => {
      response.writeHead(400, { 'content-length': 100 }).write('{"code":');
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
    },
  ],
  ['after the header lines, by an end', (response) => response.end()],
  [
    'after the header lines, by a break',
    (response) => {
      response.flushHeaders();
      setImmediate(() => response.socket?.resetAndDestroy());
    },
  ],
])('a connection that is lost %s is `not-running`, and no lease', async (_when, then) => {
  const server = await connected(then);
  await expect(holdLease(server, request)).rejects.toMatchObject({
    name: 'SidecarError',
    code: 'not-running',
  });
});

it('one that was granted is held until it is released', async () => {
  const server = await connected((response) => response.write('{"name":"exec:test:1"}\n'));
  const lease = await holdLease(server, request);
  await lease.release();
});

it('a question that gets no answer is `not-running`, and says what the system said', async () => {
  const server = await connected((response) => response.socket?.resetAndDestroy());
  await expect(server.ask({ path: '/health' })).rejects.toMatchObject({
    code: 'not-running',
    cause: { code: 'ECONNRESET' },
  });
  server.close();
});
