/**
 * Requests that the guard refuses on the wire, each by its name: every one of them has one answer, and no route sees
 * it. They show a token that is right, so that it is not the token that they are refused for.
 */
import { head } from '../helpers/raw-http.ts';

/** Name, bytes by the Host line of the server and its token, status and code of the refusal. */
export type RefusedRequest = readonly [
  name: string,
  bytes: (host: string, token: string) => string,
  status: number,
  code: string,
];

const bearer = (token: string): string => `Authorization: Bearer ${token}`;

export const REFUSED_REQUESTS: readonly RefusedRequest[] = [
  [
    'G1 foreign Host with token',
    (_host, token) => head('GET /v1/resolve HTTP/1.1', 'Host: evil.example', bearer(token)),
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
    (host, token) => head('GET /v1/resolve HTTP/1.1', host, 'Host: evil', bearer(token)),
    400,
    'bad-request',
  ],
  [
    'G2 two Hosts, good last',
    (host, token) => head('GET /v1/resolve HTTP/1.1', 'Host: evil', host, bearer(token)),
    400,
    'bad-request',
  ],
  [
    'G3 absolute-form target',
    (host, token) => head('GET http://evil/v1/resolve HTTP/1.1', host, bearer(token)),
    400,
    'bad-request',
  ],
  [
    'G3 HTTP/1.0 without Host',
    (_host, token) => head('GET /v1/resolve HTTP/1.0', bearer(token)),
    400,
    'bad-request',
  ],
  ['G3 HTTP/1.1 without Host', () => head('GET /livez HTTP/1.1'), 400, 'bad-request'],
  [
    'G3 empty Host',
    (_host, token) => head('GET /v1/resolve HTTP/1.1', 'Host:', bearer(token)),
    400,
    'bad-request',
  ],
  [
    'G4 Origin of another local page',
    (host, token) => head('GET /v1/resolve HTTP/1.1', host, bearer(token), 'Origin: http://localhost:3000'),
    403,
    'origin-not-allowed',
  ],
  [
    'G4 Origin null',
    (host, token) => head('GET /v1/resolve HTTP/1.1', host, bearer(token), 'Origin: null'),
    403,
    'origin-not-allowed',
  ],
  [
    'G4 same-site fetch',
    (host, token) => head('GET /v1/resolve HTTP/1.1', host, bearer(token), 'Sec-Fetch-Site: same-site'),
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
  ['G5 OPTIONS *', (host, token) => head('OPTIONS * HTTP/1.1', host, bearer(token)), 400, 'bad-request'],
  [
    'G6 X-Forwarded-For',
    (host, token) => head('GET /v1/resolve HTTP/1.1', host, bearer(token), 'X-Forwarded-For: 1.1.1.1'),
    403,
    'forwarded-not-allowed',
  ],
  [
    'G6 Forwarded',
    (host, token) => head('GET /v1/resolve HTTP/1.1', host, bearer(token), 'Forwarded: for=1.1.1.1'),
    403,
    'forwarded-not-allowed',
  ],
  [
    'G6 Via',
    (host, token) => head('GET /v1/resolve HTTP/1.1', host, bearer(token), 'Via: 1.1 x'),
    403,
    'forwarded-not-allowed',
  ],
  ['G7 no token', (host) => head('GET /v1/resolve HTTP/1.1', host), 401, 'unauthorized'],
  ['G7 no token on an unknown route', (host) => head('GET /nothing HTTP/1.1', host), 401, 'unauthorized'],
  [
    'G8 two Authorization lines',
    (host, token) => head('GET /v1/resolve HTTP/1.1', host, bearer(token), bearer(token)),
    400,
    'bad-request',
  ],
  [
    'G8 TAB after the scheme',
    (host, token) => head('GET /v1/resolve HTTP/1.1', host, `Authorization: Bearer\t${token}`),
    401,
    'unauthorized',
  ],
  [
    'G8 lower-case scheme, trailing blank',
    (host, token) => head('GET /v1/resolve HTTP/1.1', host, `Authorization: bearer ${token} `),
    401,
    'unauthorized',
  ],
  [
    'G8 token in the query',
    (host, token) => head(`GET /v1/resolve?token=${token} HTTP/1.1`, host),
    400,
    'bad-request',
  ],
  [
    'G11 encoded slash',
    (host, token) => head('GET /v1/..%2fadmin HTTP/1.1', host, bearer(token)),
    400,
    'bad-request',
  ],
  [
    'G11 encoded dots',
    (host, token) => head('GET /v1/%2e%2e/x HTTP/1.1', host, bearer(token)),
    400,
    'bad-request',
  ],
  [
    'G11 double slash',
    (host, token) => head('GET //v1/resolve HTTP/1.1', host, bearer(token)),
    400,
    'bad-request',
  ],
  [
    'G11 8 KiB path',
    (host, token) => head(`GET /${'a'.repeat(8192)} HTTP/1.1`, host, bearer(token)),
    400,
    'bad-request',
  ],
  [
    'G11 non-ASCII path',
    (host, token) => head('GET /v1/r\u00e9 HTTP/1.1', host, bearer(token)),
    400,
    'bad-request',
  ],
  [
    'a second Host behind 1,500 header lines',
    (host) => head('GET /livez HTTP/1.1', host, ...Array.from({ length: 1500 }, () => 'a:b'), 'Host: evil'),
    400,
    'bad-request',
  ],
  ['CONNECT', (host, token) => head('CONNECT evil:443 HTTP/1.1', host, bearer(token)), 400, 'bad-request'],
  [
    'Upgrade',
    (host, token) =>
      head('GET /v1/resolve HTTP/1.1', host, bearer(token), 'Connection: Upgrade', 'Upgrade: websocket'),
    400,
    'bad-request',
  ],
  [
    'Upgrade by a web page',
    (host, token) =>
      head(
        'GET /v1/resolve HTTP/1.1',
        host,
        bearer(token),
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
    (host, token) =>
      head('POST /v1/echo HTTP/1.1', host, bearer(token), 'Content-Length: 3', 'Transfer-Encoding: chunked'),
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
  [
    'the first bytes of HTTP/2',
    () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000',
    400,
    'bad-request',
  ],
  [
    'an upgrade to HTTP/2',
    (host, token) =>
      head(
        'GET /v1/resolve HTTP/1.1',
        host,
        bearer(token),
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
      ),
    400,
    'bad-request',
  ],
];
