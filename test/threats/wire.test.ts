/**
 * Requests that a page, a proxy or a stranger makes, as raw bytes to a running sidecar: each with and without the
 * valid token. They are refused in one constant form, give no secret away, change nothing and reach nobody else.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTE_GROUPS } from '../../src/http/openapi/routes.ts';
import { expectRefusal } from '../http/guarded-server.ts';
import { head } from '../helpers/raw-http.ts';
import { startTarget, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.close());

/** The target of every attack that has none of its own: it would hand out a key. */
const RESOLVE = 'GET /v1/resolve?model=acme/m HTTP/1.1';

/** Refuses each of these heads alike, with the token and without it. */
async function expectAllRefused(
  status: number,
  code: string,
  heads: readonly (readonly string[])[],
): Promise<void> {
  const bodies = new Set<string>();
  for (const lines of heads) {
    for (const token of [[target.bearer], []]) {
      const answer = await target.send(head(...lines, ...token));
      expectRefusal(answer, status, code);
      target.expectNoSecret(answer.text);
      bodies.add(answer.body);
    }
  }
  // Not a byte tells a right token from none, or one attack from another.
  expect(bodies.size).toBe(1);
  await target.expectUnharmed();
}

describe('before the token is looked at', () => {
  it('threat 1: DNS rebinding', async () => {
    const port = target.port;
    await expectAllRefused(
      403,
      'host-not-allowed',
      [
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
      ].map((host) => [RESOLVE, `Host: ${host}`]),
    );
  });

  it('threat 2: Host ambiguity', async () => {
    const { host, port } = target;
    await expectAllRefused(400, 'bad-request', [
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
    ]);
  });

  it('threat 3: permissive suffixes', async () => {
    await expectAllRefused(
      403,
      'host-not-allowed',
      [
        'printer.local',
        'db.internal',
        '192.168.1.9',
        '10.0.0.1',
        '0.0.0.0',
        '[::]',
        'host.docker.internal',
      ].map((name) => [RESOLVE, `Host: ${name}:${target.port}`]),
    );
  });

  it('threat 4: CSRF, 0.0.0.0-day', async () => {
    const { host, port } = target;
    const page = 'Origin: https://evil.example';
    await expectAllRefused(403, 'origin-not-allowed', [
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
    ]);
  });

  it('threat 5: SSRF through another local service', async () => {
    await expectAllRefused(
      403,
      'forwarded-not-allowed',
      [
        'X-Forwarded-For: 1.2.3.4',
        'X-Forwarded-For: 127.0.0.1',
        'X-Forwarded-Host: evil.example',
        'X-Forwarded-Proto: https',
        'Forwarded: for=1.1.1.1',
        'Via: 1.1 evil.example',
        'X-Real-IP: 127.0.0.1',
      ].map((line) => [RESOLVE, target.host, line]),
    );
  });

  it('threat 12: token in URL, referrer, log', async () => {
    const { token } = target.rig;
    await expectAllRefused(
      400,
      'bad-request',
      [
        `?token=${token}`,
        `?access_token=${token}`,
        `?model=${token}`,
        `?a=b;key=${token}`,
        `?%74oken=${token}`,
        `/${token}`,
      ].map((end) => [`GET /v1/resolve${end} HTTP/1.1`, target.host]),
    );
    expect(JSON.stringify(target.rig.logged)).toContain('bad-request');
  });

  it('threat 17: path confusion', async () => {
    await expectAllRefused(
      400,
      'bad-request',
      [
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
      ].map((path) => [`GET ${path} HTTP/1.1`, target.host]),
    );
    for (const path of ['/V1/Resolve', '/v1/resolve/', '/v1', '/livez/', '/v1/resolve.json']) {
      const answer = await target.send(
        head(`GET ${path} HTTP/1.1`, target.host, target.bearer, 'Connection: close'),
      );
      expect([path, answer.status]).toEqual([path, 404]);
      target.expectNoSecret(answer.text);
    }
  });

  it('threat 20: smuggling', async () => {
    const { host } = target;
    const smuggled = head('GET /v1/resolve?model=acme/m HTTP/1.1', host, target.bearer);
    const length = `Content-Length: ${smuggled.length}`;
    const post = ['POST /v1/discovery/scan HTTP/1.1', host] as const;
    for (const lines of [
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
    ]) {
      const answer = await target.send(head(...lines) + smuggled);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      // One answer at most: what was hidden behind is no request.
      expect([lines, answer.text.match(/HTTP\/1\.1 \d+/g)]).toEqual([lines, [`HTTP/1.1 ${answer.status}`]]);
      target.expectNoSecret(answer.text);
    }
    await target.expectUnharmed();
  });
});

describe('the token', () => {
  const answerTo = (...authorization: readonly string[]) =>
    target.send(head(RESOLVE, target.host, ...authorization, 'Connection: close'));

  it('the right one gets the key: the attacks below are refused for no other reason', async () => {
    expect((await answerTo(target.bearer)).text).toContain('sk-canary');
  });

  it('threat 6: unauthenticated local caller', async () => {
    const routes = ROUTE_GROUPS.flatMap((group) => group.routes);
    expect(routes.length).toBeGreaterThan(15);
    for (const { method, path } of routes) {
      const plain = path.replaceAll(/:\w+/g, 'acme');
      const open = plain === '/livez' || plain === '/health';
      const asked = head(`${method.toUpperCase()} ${plain} HTTP/1.1`, target.host, 'Connection: close');
      const answer = await target.send(asked);
      if (!open) expectRefusal(answer, 401, 'unauthorized');
      else expect(answer.body).toBe('{"status":"ok"}');
      target.expectNoSecret(answer.text);
    }
    for (const line of ['POST /livez', 'DELETE /health', 'GET /nothing', 'TRACE /v1/resolve', 'GET /']) {
      expectRefusal(await target.send(head(`${line} HTTP/1.1`, target.host)), 401, 'unauthorized');
    }
    await target.expectUnharmed();
  });

  it('threat 7: presence taken for validity', async () => {
    const { token } = target.rig;
    for (const value of [
      '',
      'Bearer',
      'Bearer x',
      "Bearer '",
      "Bearer ' OR '1'='1",
      'Bearer null',
      'Bearer undefined',
      'Bearer [object Object]',
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token}x`,
      `Bearer ${token.toUpperCase()}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer "${token}"`,
      `Bearer  ${token}`,
      `Bearer\t${token}`,
      `Bearer ${'x'.repeat(15_000)}`,
    ]) {
      expectRefusal(await answerTo(`Authorization: ${value}`), 401, 'unauthorized');
    }
    expectRefusal(await answerTo(target.bearer, target.bearer), 400, 'bad-request');
    expectRefusal(await answerTo(target.bearer, 'authorization: Bearer x'), 400, 'bad-request');
    expectRefusal(await answerTo(`Authorization: Bearer ${'x'.repeat(1024 * 1024)}`), 431, 'bad-request');
    expectRefusal(await answerTo(`Authorization: Bearer ${token}\u0000`), 400, 'bad-request');
    for (const header of [
      'X-Api-Key',
      'Cookie',
      'Proxy-Authorization',
      'X-Auth-Token',
      'X-Provider-Sidecar-Token',
    ]) {
      expectRefusal(await answerTo(`${header}: ${token}`), 401, 'unauthorized');
    }
    await target.expectUnharmed();
  });

  it('threat 8: scheme confusion', async () => {
    const { token } = target.rig;
    const basic = Buffer.from(`user:${token}`).toString('base64');
    for (const value of [
      token,
      `bearer ${token}`,
      `BEARER ${token}`,
      `Basic ${basic}`,
      `Digest ${token}`,
      `Token ${token}`,
    ]) {
      expectRefusal(await answerTo(`Authorization: ${value}`), 401, 'unauthorized');
    }
    // The one route for AWS clients takes it bare, and still no other scheme.
    const aws = (value: string) =>
      target.send(
        head(
          'GET /v1/aws/credentials/acme HTTP/1.1',
          target.host,
          `Authorization: ${value}`,
          'Connection: close',
        ),
      );
    expect((await aws(token)).status).not.toBe(401);
    expectRefusal(await aws(`Digest ${token}`), 401, 'unauthorized');
    await target.expectUnharmed();
  });
});
