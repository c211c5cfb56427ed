/**
 * Requests that a page, a proxy or a stranger makes, as header lines: refused before the token is looked at, so that
 * nobody can learn from the answer whether a token is right.
 */
import { head } from '../helpers/raw-http.ts';

/** Who is attacked. */
export interface Aim {
  readonly port: number;
  /** The Host line that names the server. */
  readonly host: string;
  /** A token that is in force. */
  readonly token: string;
}

/** Requests that get one and the same answer, whoever sends them. */
export interface Forgeries {
  readonly status: number;
  readonly code: string;
  /** Lines of each head, without a token. */
  readonly heads: readonly (readonly string[])[];
}

/** The target of every attack that has none of its own: it would hand out a key. */
export const RESOLVE = 'GET /v1/resolve?model=acme/m HTTP/1.1';

const foreignHosts = (hosts: readonly string[]): Forgeries => ({
  status: 403,
  code: 'host-not-allowed',
  heads: hosts.map((host) => [RESOLVE, `Host: ${host}`]),
});

/** Threat 1. */
export function reboundNames({ port }: Aim): Forgeries {
  return foreignHosts([
    'evil.example',
    `evil.example:${port}`,
    `localhost.evil.example:${port}`,
    `127.0.0.1.nip.io:${port}`,
    `localhost.:${port}`,
    `2130706433:${port}`,
    `0x7f.1:${port}`,
    `127.1:${port}`,
    `[::ffff:7f00:1]:${port}`,
    '127.0.0.1',
    `127.0.0.1:${port === 65_535 ? 1 : port + 1}`,
  ]);
}

/** Threat 2. */
export function ambiguousHosts({ port, host }: Aim): Forgeries {
  return {
    status: 400,
    code: 'bad-request',
    heads: [
      [RESOLVE, host, 'Host: evil.example'],
      [RESOLVE, 'Host: evil.example', host],
      [RESOLVE, host, host],
      [RESOLVE, host, 'hOST:evil.example'],
      ['GET /v1/resolve?model=acme/m HTTP/1.0'],
      [RESOLVE],
      [RESOLVE, 'Host:'],
      [RESOLVE, `Host: 127.0.0.1:${port}@evil.example`],
      [RESOLVE, `Host: 127.0.0.1:${port}, evil.example`],
      [RESOLVE, `Host: 127.0.0.1:${port}/v1`],
      [`GET http://evil.example/v1/resolve HTTP/1.1`, host],
      [`GET http://127.0.0.1:${port}/v1/resolve HTTP/1.1`, host],
      [`CONNECT evil.example:443 HTTP/1.1`, host],
      ['OPTIONS * HTTP/1.1', host],
    ],
  };
}

/** Threat 3. */
export function permissiveSuffixes({ port }: Aim): Forgeries {
  return foreignHosts(
    [
      'printer.local',
      'db.internal',
      '192.168.1.9',
      '10.0.0.1',
      '0.0.0.0',
      '[::]',
      'host.docker.internal',
    ].map((name) => `${name}:${port}`),
  );
}

/** Threat 4. */
export function webPages({ port, host }: Aim): Forgeries {
  const page = 'Origin: https://evil.example';
  return {
    status: 403,
    code: 'origin-not-allowed',
    heads: [
      ...[
        page,
        'Origin: null',
        'Origin:',
        `Origin: http://127.0.0.1:${port}`,
        'Origin: http://localhost:3000',
        'Origin: file://',
        'Sec-Fetch-Site: cross-site',
        'Sec-Fetch-Site: same-site',
        'Sec-Fetch-Site: same-origin',
        'Sec-Fetch-Mode: no-cors',
        'Sec-Fetch-Mode: websocket',
      ].map((line) => [RESOLVE, host, line]),
      ['POST /v1/discovery/scan HTTP/1.1', host, page, 'Content-Type: text/plain'],
      ['POST /v1/setup/acme HTTP/1.1', host, page, 'Content-Type: application/x-www-form-urlencoded'],
      ['PUT /v1/default-model HTTP/1.1', host, page, 'Content-Type: application/json'],
      ['OPTIONS /v1/resolve HTTP/1.1', host, page, 'Access-Control-Request-Method: GET'],
      [
        'OPTIONS /v1/default-model HTTP/1.1',
        host,
        page,
        'Access-Control-Request-Method: PUT',
        'Access-Control-Request-Headers: authorization',
        'Access-Control-Request-Private-Network: true',
        'Access-Control-Request-Local-Network: true',
      ],
      ['GET /livez HTTP/1.1', host, page],
      ['GET /v1/events HTTP/1.1', host, page, 'Accept: text/event-stream'],
      ['GET /v1/events HTTP/1.1', host, page, 'Connection: Upgrade', 'Upgrade: websocket'],
    ],
  };
}

/** Threat 5. */
export function throughProxies({ host }: Aim): Forgeries {
  return {
    status: 403,
    code: 'forwarded-not-allowed',
    heads: [
      'X-Forwarded-For: 1.2.3.4',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: https',
      'Forwarded: for=1.1.1.1',
      'Via: 1.1 evil.example',
      'X-Real-IP: 127.0.0.1',
    ].map((line) => [RESOLVE, host, line]),
  };
}

/** Threat 12. */
export function secretsInTargets({ host, token }: Aim): Forgeries {
  return {
    status: 400,
    code: 'bad-request',
    heads: [
      `?token=${token}`,
      `?access_token=${token}`,
      `?model=${token}`,
      `?a=b;key=${token}`,
      `?%74oken=${token}`,
      `/${token}`,
    ].map((end) => [`GET /v1/resolve${end} HTTP/1.1`, host]),
  };
}

/** Threat 17. */
export function confusedPaths({ host }: Aim): Forgeries {
  return {
    status: 400,
    code: 'bad-request',
    heads: [
      '/v1/../resolve',
      '/livez/../v1/resolve',
      '/v1/%2e%2e/v1/resolve',
      '/livez%2f..%2fv1/resolve',
      '/v1/..%2fadmin',
      '/v1//resolve',
      '//v1/resolve',
      '/v1\\resolve',
      '/v1/%5cresolve',
      '/v1/%252e%252e/resolve',
      '/v1/resolve%00',
      '/v1/r\u00e9solve',
      `/${'a'.repeat(8_192)}`,
    ].map((path) => [`GET ${path} HTTP/1.1`, host]),
  };
}

/** All of them, by what they pretend. */
export const FORGERIES = {
  'a foreign Host': reboundNames,
  'two readings of the Host': ambiguousHosts,
  'a Host that looks local': permissiveSuffixes,
  'a web page': webPages,
  'a proxy': throughProxies,
  'a secret in the target': secretsInTargets,
  'a path of two readings': confusedPaths,
} as const;

/** Paths that look like a route, and are none. */
export const NO_ROUTES = ['/V1/Resolve', '/v1/resolve/', '/v1', '/livez/', '/v1/resolve.json'] as const;

/** Threat 20: bytes of requests with another one hidden behind them, which shows the token. */
export function smuggledRequests({ host, token }: Aim): readonly string[] {
  const smuggled = head(RESOLVE, host, `Authorization: Bearer ${token}`);
  const length = `Content-Length: ${smuggled.length}`;
  const post = ['POST /v1/discovery/scan HTTP/1.1', host] as const;
  return [
    [...post, length, 'Transfer-Encoding: chunked'],
    [...post, 'Transfer-Encoding: chunked', 'Content-Length: 0'],
    [...post, 'Content-Length: 0', length],
    [...post, 'Transfer-Encoding: xchunked'],
    [...post, 'Transfer-Encoding: chunked, identity'],
    [...post, 'Transfer-Encoding : chunked'],
    [...post, 'Content-Length: -1'],
    [...post, 'Content-Length: +0'],
    [...post, 'Content-Length: 0x1'],
    [...post, 'X: a\nTransfer-Encoding: chunked'],
    ['POST /v1/discovery/scan HTTP/9.9', host],
    ['GET /livez HTTP/1.1\nHost: evil.example', host],
  ].map((lines) => head(...lines) + smuggled);
}
