/** Refusals on the wire: raw bytes in, the constant document out, and no route ever called. */
import { describe, expect, it } from 'vitest';
import { head, sendRaw } from '../helpers/raw-http.ts';
import { BEARER, expectRefusal, start, TOKEN } from './guarded-server.ts';

describe('G1 to G8: what the guard refuses on the wire never reaches a route', () => {
  const cases: readonly [string, (host: string) => string, number, string][] = [
    [
      'G1 foreign Host with token',
      () => head('GET /v1/resolve HTTP/1.1', 'Host: evil.example', BEARER),
      403,
      'host-not-allowed',
    ],
    [
      'G1 foreign Host without token',
      () => head('GET /v1/resolve HTTP/1.1', 'Host: evil.example'),
      403,
      'host-not-allowed',
    ],
    [
      'G2 two Hosts, good first',
      (host) => head('GET /v1/resolve HTTP/1.1', host, 'Host: evil', BEARER),
      400,
      'bad-request',
    ],
    [
      'G2 two Hosts, good last',
      (host) => head('GET /v1/resolve HTTP/1.1', 'Host: evil', host, BEARER),
      400,
      'bad-request',
    ],
    [
      'G3 absolute-form target',
      (host) => head('GET http://evil/v1/resolve HTTP/1.1', host, BEARER),
      400,
      'bad-request',
    ],
    ['G3 HTTP/1.0 without Host', () => head('GET /v1/resolve HTTP/1.0', BEARER), 400, 'bad-request'],
    ['G3 HTTP/1.1 without Host', () => head('GET /livez HTTP/1.1'), 400, 'bad-request'],
    ['G3 empty Host', () => head('GET /v1/resolve HTTP/1.1', 'Host:', BEARER), 400, 'bad-request'],
    [
      'G4 Origin of another local page',
      (host) => head('GET /v1/resolve HTTP/1.1', host, BEARER, 'Origin: http://localhost:3000'),
      403,
      'origin-not-allowed',
    ],
    [
      'G4 Origin null',
      (host) => head('GET /v1/resolve HTTP/1.1', host, BEARER, 'Origin: null'),
      403,
      'origin-not-allowed',
    ],
    [
      'G4 same-site fetch',
      (host) => head('GET /v1/resolve HTTP/1.1', host, BEARER, 'Sec-Fetch-Site: same-site'),
      403,
      'origin-not-allowed',
    ],
    [
      'G5 CORS preflight',
      (host) =>
        head(
          'OPTIONS /v1/resolve HTTP/1.1',
          host,
          'Origin: http://evil.example',
          'Access-Control-Request-Method: GET',
          'Access-Control-Request-Private-Network: true',
        ),
      403,
      'origin-not-allowed',
    ],
    ['G5 OPTIONS without Origin', (host) => head('OPTIONS /livez HTTP/1.1', host), 401, 'unauthorized'],
    ['G5 OPTIONS *', (host) => head('OPTIONS * HTTP/1.1', host, BEARER), 400, 'bad-request'],
    [
      'G6 X-Forwarded-For',
      (host) => head('GET /v1/resolve HTTP/1.1', host, BEARER, 'X-Forwarded-For: 1.1.1.1'),
      403,
      'forwarded-not-allowed',
    ],
    [
      'G6 Forwarded',
      (host) => head('GET /v1/resolve HTTP/1.1', host, BEARER, 'Forwarded: for=1.1.1.1'),
      403,
      'forwarded-not-allowed',
    ],
    [
      'G6 Via',
      (host) => head('GET /v1/resolve HTTP/1.1', host, BEARER, 'Via: 1.1 x'),
      403,
      'forwarded-not-allowed',
    ],
    ['G7 no token', (host) => head('GET /v1/resolve HTTP/1.1', host), 401, 'unauthorized'],
    ['G7 no token on an unknown route', (host) => head('GET /nothing HTTP/1.1', host), 401, 'unauthorized'],
    [
      'G8 two Authorization lines',
      (host) => head('GET /v1/resolve HTTP/1.1', host, BEARER, BEARER),
      400,
      'bad-request',
    ],
    [
      'G8 TAB after the scheme',
      (host) => head('GET /v1/resolve HTTP/1.1', host, `Authorization: Bearer\t${TOKEN}`),
      401,
      'unauthorized',
    ],
    [
      'G8 lower-case scheme, trailing blank',
      (host) => head('GET /v1/resolve HTTP/1.1', host, `Authorization: bearer ${TOKEN} `),
      401,
      'unauthorized',
    ],
    [
      'G8 token in the query',
      (host) => head(`GET /v1/resolve?token=${TOKEN} HTTP/1.1`, host),
      400,
      'bad-request',
    ],
    ['G11 encoded slash', (host) => head('GET /v1/..%2fadmin HTTP/1.1', host, BEARER), 400, 'bad-request'],
    ['G11 encoded dots', (host) => head('GET /v1/%2e%2e/x HTTP/1.1', host, BEARER), 400, 'bad-request'],
    ['G11 double slash', (host) => head('GET //v1/resolve HTTP/1.1', host, BEARER), 400, 'bad-request'],
    ['G11 8 KiB path', (host) => head(`GET /${'a'.repeat(8192)} HTTP/1.1`, host, BEARER), 400, 'bad-request'],
    ['G11 non-ASCII path', (host) => head('GET /v1/r\u00e9 HTTP/1.1', host, BEARER), 400, 'bad-request'],
    [
      'a second Host behind 1,500 header lines',
      (host) => head('GET /livez HTTP/1.1', host, ...Array.from({ length: 1500 }, () => 'a:b'), 'Host: evil'),
      400,
      'bad-request',
    ],
    ['CONNECT', (host) => head('CONNECT evil:443 HTTP/1.1', host, BEARER), 400, 'bad-request'],
    [
      'Upgrade',
      (host) => head('GET /v1/resolve HTTP/1.1', host, BEARER, 'Connection: Upgrade', 'Upgrade: websocket'),
      400,
      'bad-request',
    ],
    [
      'Upgrade by a web page',
      (host) =>
        head(
          'GET /v1/resolve HTTP/1.1',
          host,
          BEARER,
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Origin: http://evil',
        ),
      403,
      'origin-not-allowed',
    ],
    [
      'an expectation nobody knows',
      (host) => head('GET /livez HTTP/1.1', host, 'Expect: evil'),
      400,
      'bad-request',
    ],
    ['no HTTP at all', () => 'evil\r\n\r\n', 400, 'bad-request'],
    ['TLS', () => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400, 'bad-request'],
    [
      'both Content-Length and Transfer-Encoding',
      (host) =>
        head('POST /v1/echo HTTP/1.1', host, BEARER, 'Content-Length: 3', 'Transfer-Encoding: chunked'),
      400,
      'bad-request',
    ],
    [
      'NUL in the token',
      (host) => head('GET /v1/resolve HTTP/1.1', host, 'Authorization: Bearer \u0000'),
      400,
      'bad-request',
    ],
    [
      '20 KiB of headers',
      (host) => head('GET /v1/resolve HTTP/1.1', host, `Authorization: Bearer ${'x'.repeat(20_000)}`),
      431,
      'bad-request',
    ],
  ];
  it.each(cases)('%s', async (_name, bytes, status, code) => {
    const server = await start();
    expectRefusal(await sendRaw(server.port, bytes(server.host)), status, code);
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
