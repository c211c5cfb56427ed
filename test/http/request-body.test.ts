/** The cap on request bodies over real sockets. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { head, openSocket, readToEnd, sendRaw } from '../helpers/raw-http.ts';
import { BEARER, expectRefusal, start, TOKEN } from './guarded-server.ts';

describe('G12: "body cap 64 KiB → 413"', () => {
  const post = (host: string, ...lines: string[]): string =>
    head('POST /v1/echo HTTP/1.1', host, BEARER, 'Connection: close', ...lines);
  const chunk = (size: number): string => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;
  const KIB_64 = 64 * 1024;

  it('64 KiB are taken, declared and chunked', async () => {
    const server = await start();
    const declared = post(server.host, `Content-Length: ${KIB_64}`) + 'x'.repeat(KIB_64);
    expect((await sendRaw(server.port, declared)).body).toBe(`{"length":${KIB_64}}`);
    const chunks = `${chunk(1)}${chunk(KIB_64 - 1)}0\r\n\r\n`;
    const chunked = post(server.host, 'Transfer-Encoding: chunked') + chunks;
    expect((await sendRaw(server.port, chunked)).body).toBe(`{"length":${KIB_64}}`);
  });

  it('one byte more is refused, declared and chunked, and the answer arrives', async () => {
    const server = await start();
    const declared = post(server.host, `Content-Length: ${KIB_64 + 1}`) + 'x'.repeat(KIB_64 + 1);
    expectRefusal(await sendRaw(server.port, declared), 413, 'bad-request');
    const chunks = `${chunk(1)}${chunk(KIB_64)}0\r\n\r\n`;
    const chunked = post(server.host, 'Transfer-Encoding: chunked') + chunks;
    expectRefusal(await sendRaw(server.port, chunked), 413, 'bad-request');
    expect(server.seen()).toBe(0);
  });

  it('an endless chunked body is cut', async () => {
    const server = await start();
    const socket = await openSocket(server.port);
    const answer = readToEnd(socket);
    socket.write(post(server.host, 'Transfer-Encoding: chunked'));
    const more = (): void => {
      while (socket.writable && socket.write(chunk(16_384)));
    };
    socket.on('drain', more);
    more();
    await answer;
    expect(server.seen()).toBe(0);
  });

  it('the party and token checks come before the size, and a client that sends all before it reads can do so', async () => {
    const server = await start();
    const socket = await openSocket(server.port);
    socket.write(head('POST /v1/echo HTTP/1.1', server.host, 'Content-Length: 600000'));
    for (let piece = 0; piece < 10; piece += 1) {
      const failure = await new Promise((resolve) => socket.write('x'.repeat(60_000), resolve));
      expect(failure ?? null).toBeNull();
    }
    expectRefusal(await readToEnd(socket), 401, 'unauthorized');
  });

  it('a client that waits for "100 Continue" gets it only for a body that will be read', async () => {
    const server = await start();
    const expects = 'Expect: 100-continue';
    const long = post(server.host, `Content-Length: ${KIB_64 + 1}`, expects);
    expectRefusal(await sendRaw(server.port, long), 413, 'bad-request');
    const stranger = head('POST /v1/echo HTTP/1.1', server.host, 'Content-Length: 2', expects);
    expectRefusal(await sendRaw(server.port, stranger), 401, 'unauthorized');

    const socket = await openSocket(server.port);
    const whole = readToEnd(socket);
    socket.write(post(server.host, 'Content-Length: 2', expects));
    await once(socket, 'data');
    socket.write('xy');
    const { text } = await whole;
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK[^]*\{"length":2\}$/);
  });

  it('a body on GET is ignored', async () => {
    const server = await start();
    const ask = head('GET /livez HTTP/1.1', server.host, 'Content-Length: 2', 'Connection: close');
    expect(await sendRaw(server.port, `${ask}xy`)).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  });

  it('a client that goes away in the middle of a request does no harm', async () => {
    const server = await start();
    const gone = httpRequest({ port: server.port, host: '127.0.0.1', method: 'POST', path: '/v1/echo' });
    gone.on('error', () => undefined);
    gone.setHeader('Authorization', `Bearer ${TOKEN}`);
    gone.write('part');
    await once(gone, 'socket');
    gone.destroy();
    const answer = await sendRaw(server.port, head('GET /livez HTTP/1.1', server.host, 'Connection: close'));
    expect(answer.status).toBe(200);
  });
});
