/** The guarded server over real sockets: what reaches a route, and what becomes of slow clients. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createAccessRules } from '../../src/http/access.ts';
import { toReadyBody } from '../../src/http/ready-body.ts';
import { onlyCaller } from '../helpers/callers.ts';
import { head, openSocket, readToEnd, sendRaw } from '../helpers/raw-http.ts';
import { BEARER, expectRefusal, start, TOKEN } from './guarded-server.ts';

describe('what the guard lets through', () => {
  it('`/livez` needs no token and says nothing more than its status', async () => {
    const server = await start();
    const answer = await sendRaw(server.port, head('GET /livez HTTP/1.1', server.host, 'Connection: close'));
    expect(answer).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  });

  it('the route learns whether the caller had the token, from the guard and from no header', async () => {
    const server = await start();
    const lines = [server.host, 'Connection: close', 'Caller: {"token":true}'];
    const bare = await sendRaw(server.port, head('GET /health HTTP/1.1', ...lines));
    expect(bare.body).toBe('{"caller":{"token":false,"name":null,"scope":null}}');
    const known = await sendRaw(server.port, head('GET /health HTTP/1.1', ...lines, BEARER));
    expect(known.body).toBe('{"caller":{"token":true,"name":"endpoint","scope":null}}');
  });

  it("Node's own fetch reaches a route, with slash and colon encoded in the query", async () => {
    const server = await start();
    const url = `http://localhost:${server.port}/v1/resolve?model=ollama%2Fllama3%3Achat`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      model: 'ollama/llama3:chat',
      caller: { token: true, name: 'endpoint', scope: null },
    });
  });

  it('a rotated token counts from the next request on, also on an open connection', async () => {
    const { callers, mayRequest } = onlyCaller(TOKEN);
    let port = 0;
    const server = await start({
      rules: () =>
        createAccessRules({ allowedHosts: [`127.0.0.1:${port}`], callers, mayRequest, openPaths: [] }),
    });
    ({ port } = server);
    const socket = await openSocket(port);
    const whole = readToEnd(socket);
    const ask = head('GET /v1/resolve HTTP/1.1', server.host, BEARER);
    socket.write(ask);
    await once(socket, 'data');
    callers.setEndpointToken(new Secret('another-token-0123456789'));
    socket.write(ask);
    const { text } = await whole;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401']);
  });

  it.each(['{"name":"Kimi"}', '{"name":"Кими – 北京 \u00e9 \ud83d\ude00"}'])(
    'a ready answer arrives whole: %s',
    async (text) => {
      const server = await start({ ready: () => toReadyBody(text) });
      const socket = await openSocket(server.port);
      const whole = readToEnd(socket);
      const lines = ['GET /v1/resolve HTTP/1.1', server.host, BEARER] as const;
      // Another answer behind it would not be found if the length were wrong.
      socket.write(head(...lines) + head(...lines, 'Connection: close'));
      const answers = (await whole).text.split(/(?=HTTP\/1\.1 )/);
      expect(answers).toHaveLength(2);
      // Read as Latin-1, so that every byte counts.
      const bytes = Buffer.from(text).toString('latin1');
      for (const answer of answers) expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe(bytes);
    },
  );

  it('a failing route is `internal` 500 and shows nothing of the failure', async () => {
    const server = await start();
    const ask = head('GET /v1/fails HTTP/1.1', server.host, BEARER, 'Connection: close');
    const answer = await sendRaw(server.port, ask);
    expect(answer.status).toBe(500);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    });
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'internal', status: 500, hints: [] });
    expect(answer.text).not.toContain('canary');
    expect(server.logged()).toContain('A route failed');
  });
});

describe('G13: slow and half-open clients', () => {
  const deadlines = { headers: 150, request: 300, checkEvery: 20 };

  it('a client that never finishes its headers is cut with 408', async () => {
    const server = await start({ deadlines: { ...deadlines, request: 60_000 } });
    expectRefusal(
      await sendRaw(server.port, `GET /livez HTTP/1.1\r\n${server.host}\r\n`),
      408,
      'bad-request',
    );
  });

  it('a client that never sends a byte is cut', async () => {
    const server = await start({ deadlines });
    expect((await sendRaw(server.port, '')).status).toBe(408);
  });

  it('a client that never finishes its body is cut, declared and chunked', async () => {
    const server = await start({ deadlines });
    for (const line of ['Content-Length: 10', 'Transfer-Encoding: chunked']) {
      const ask = head('POST /v1/echo HTTP/1.1', server.host, BEARER, line);
      expect((await sendRaw(server.port, ask)).status).toBe(408);
    }
  });

  it('a refused client that never finishes its body is cut too', async () => {
    const server = await start({ deadlines });
    const ask = head('POST /v1/echo HTTP/1.1', server.host, 'Content-Length: 10');
    expectRefusal(await sendRaw(server.port, ask), 401, 'unauthorized');
  });

  it('200 half-open sockets do not keep a good request from its answer, and all are cut in the end', async () => {
    const server = await start({ deadlines: { headers: 1_000, request: 2_000, checkEvery: 50 } });
    const sockets = await Promise.all(Array.from({ length: 200 }, () => openSocket(server.port)));
    const ends = sockets.map((socket) => readToEnd(socket));
    for (const socket of sockets) socket.write('GET /livez HTTP/1.1\r\nHost: ');
    const answer = await sendRaw(server.port, head('GET /livez HTTP/1.1', server.host, 'Connection: close'));
    expect(answer.status).toBe(200);
    for (const end of await Promise.all(ends)) expect(end.status).toBe(408);
  });

  it('garbage in the middle of an answer breaks the connection and forges no second answer', async () => {
    const server = await start({
      fetch: () => {
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(new TextEncoder().encode('first')),
        });
        return new Response(body);
      },
    });
    const socket = await openSocket(server.port);
    const whole = readToEnd(socket);
    socket.write(head('GET /livez HTTP/1.1', server.host));
    await once(socket, 'data');
    socket.write('garbage\r\n\r\n');
    const { text } = await whole;
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it.each([
    ['a request', 1, 'garbage\r\n\r\n'],
    ['two requests', 2, 'garbage\r\n\r\n'],
    ['a request, in a body,', 1, head('POST /v1/echo HTTP/1.1', 'Host: x', BEARER, 'Content-Length: 10')],
  ])(
    'what is wrong behind %s that waits for its answer gets none in its place',
    async (_what, count, wrong) => {
      let finish: () => void = () => undefined;
      const server = await start({
        deadlines,
        fetch: () =>
          new Promise((resolve) => {
            finish = () => resolve(new Response('{}'));
          }),
      });
      const socket = await openSocket(server.port);
      const whole = readToEnd(socket);
      const ask = head('GET /livez HTTP/1.1', server.host);
      socket.write(ask.repeat(count) + wrong.replace('Host: x', server.host));
      const { text } = await whole;
      finish();
      expect(text).toBe('');
    },
  );
});
