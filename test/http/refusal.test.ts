/** Refusals on the wire: raw bytes in, the constant document out, and no route ever called. */
import { describe, expect, it } from 'vitest';
import { toReadyBody } from '../../src/http/ready-body.ts';
import { head, sendRaw } from '../helpers/raw-http.ts';
import { BEARER, expectRefusal, start, TOKEN } from './guarded-server.ts';
import { REFUSED_REQUESTS } from './refused-requests.ts';

describe('G1 to G11: what the guard never lets past, no route sees', () => {
  it.each(REFUSED_REQUESTS)('%s', async (_name, bytes, status, code) => {
    const server = await start();
    expectRefusal(await sendRaw(server.port, bytes(server.host, TOKEN)), status, code);
    expect(server.seen()).toBe(0);
    expect(server.logged()).not.toContain(TOKEN);
    expect(server.logged()).toContain(code);
    expect(server.logged()).not.toContain('evil');
  });

  it('a refused HEAD has the headers of the refusal and no body', async () => {
    const server = await start();
    const answer = await sendRaw(server.port, head('HEAD /v1/resolve HTTP/1.1', server.host));
    expect(answer).toMatchObject({ status: 401, body: '' });
    expect(answer.headers).toMatchObject({ 'www-authenticate': 'Bearer', connection: 'close' });
  });

  it('a refused request ends its connection: what is pipelined behind it is not answered', async () => {
    const server = await start();
    const good = head('GET /v1/resolve HTTP/1.1', server.host, BEARER);
    const answer = await sendRaw(server.port, head('GET /v1/resolve HTTP/1.1', server.host) + good);
    expect(answer.status).toBe(401);
    expect(answer.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it.each([
    ['refused, of the version that ends its connection', () => head('GET /v1/resolve HTTP/1.0', BEARER), 400],
    [
      'refused, that says that it is the last',
      (host: string) => head('GET /v1/resolve HTTP/1.1', host, 'Connection: close'),
      401,
    ],
    [
      'answered, that says that it is the last',
      (host: string) => head('GET /v1/ready HTTP/1.1', host, BEARER, 'Connection: close'),
      200,
    ],
  ])('what comes behind a request, %s, gets no answer of its own', async (_name, bytes, status) => {
    const server = await start({ ready: () => toReadyBody('{}') });
    for (const behind of [head('GET /v1/resolve HTTP/1.1', server.host, BEARER), 'no request\r\n\r\n']) {
      const answer = await sendRaw(server.port, bytes(server.host) + behind);
      expect(answer.status).toBe(status);
      expect(answer.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    }
  });
});

describe('a refusal on the route of AWS SDKs has what they show', () => {
  it.each([
    ['no token', []],
    ['a wrong token', ['Authorization: wrong-0123456789-0123456789']],
  ])('%s: Code and Message', async (_what, lines) => {
    const { port, host } = await start();
    const answer = await sendRaw(
      port,
      head('GET /v1/aws/credentials/amazon-bedrock HTTP/1.1', host, ...lines),
    );
    expect(JSON.parse(answer.body)).toMatchObject({
      status: 401,
      code: 'unauthorized',
      Code: 'unauthorized',
      Message: 'This route needs the token of this server',
    });
  });
});
