/** What may be sent to the routes that change something: strange bodies, and requests that name a server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTE_GROUPS } from '../../src/http/openapi/routes.ts';
import { head, type RawAnswer } from '../helpers/raw-http.ts';
import { ACME_URL, CANARY, startTarget, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.close());

/** Every route that takes a JSON body, with a body that fits it. */
const ROUTES: readonly (readonly [string, string])[] = [
  ['PUT /v1/default-model', '{"model":"acme/m"}'],
  ['POST /v1/setup/acme', '{"model":"acme/m"}'],
  ['POST /v1/resolve/rs_none/rejected', '{"status":401}'],
  ['POST /v1/logins', '{"provider":"acme","flow":"code"}'],
  ['POST /v1/tokens/lease', `{"name":"exec:x:1","id":"${'0'.repeat(12)}","sha256":"${'0'.repeat(64)}"}`],
];

function post(route: string, body: string, type = 'application/json'): Promise<RawAnswer> {
  return target.send(
    head(
      `${route} HTTP/1.1`,
      target.host,
      target.bearer,
      `Content-Type: ${type}`,
      `Content-Length: ${Buffer.byteLength(body, 'latin1')}`,
      'Connection: close',
    ) + body,
  );
}

function get(path: string, ...lines: readonly string[]): Promise<RawAnswer> {
  return target.send(head(`GET ${path} HTTP/1.1`, target.host, target.bearer, 'Connection: close', ...lines));
}

describe('G12: bodies with a valid token', () => {
  it('these are all the routes that take one', () => {
    const described = ROUTE_GROUPS.flatMap(({ routes }) => routes)
      .filter((route) => 'body' in route && route.body !== undefined)
      .map(
        ({ method, path }) =>
          `${method.toUpperCase()} ${path.replace(':provider', 'acme').replace(':id', 'x').replace(':resolutionId', 'rs_none')}`,
      );
    expect([...described].sort()).toEqual(ROUTES.map(([route]) => route).sort());
  });

  it.each(ROUTES)('%s: another type is 415, also the types that a form can send', async (route, body) => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/json',
    ]) {
      expect((await post(route, body, type)).status).toBe(415);
    }
    await target.expectUnharmed();
  });

  it.each(ROUTES)('%s: a field twice, __proto__, depth, other values: 400', async (route, body) => {
    const inner = body.slice(1);
    const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    for (const attack of [
      `{${inner.slice(0, -1)},${inner}`,
      `{"\\u005f_proto__":{"model":"acme/m"},${inner}`,
      `{"__proto__":null,${inner}`,
      `{"constructor":{"prototype":{}},${inner}`,
      `{"a":${deep(10_000)},${inner}`,
      deep(10_000),
      `{"a":`.repeat(10_000),
      '[]',
      'null',
      '"text"',
      '',
      '{',
      `${body} ${body}`,
      '\u00ff\u00fe',
    ]) {
      const answer = await post(route, attack);
      expect([attack.slice(0, 60), answer.status]).toEqual([attack.slice(0, 60), 400]);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'bad-request' });
      target.expectNoSecret(answer.text);
    }
    expect((await post(route, `{"a":"${'x'.repeat(65 * 1024)}"}`)).status).toBe(413);
    await target.expectUnharmed();
  });
});

it('G12: "POST text/plain → 415", also where no body is needed', async () => {
  const scan = 'POST /v1/discovery/scan';
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    expect((await post(scan, 'x=1', type)).status).toBe(415);
  }
  for (const body of ['{', '{"x":1}', '[]', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`]) {
    expect((await post(scan, body)).status).toBe(400);
  }
  expect((await post(scan, '{}')).status).not.toBe(415);
  expect((await post(scan, JSON.stringify({ [CANARY]: CANARY }))).body).not.toContain(CANARY);
  expect((await post(scan, '', 'text/plain')).status).not.toBe(415);
});

describe('a caller with the full token', () => {
  it('threat 13: token sent to an attacker’s URL', async () => {
    const evil = `127.0.0.1:${target.decoy.port}`;
    for (const query of [
      `model=acme/m&baseUrl=http://${evil}/v1`,
      `model=acme/m&base_url=http://${evil}`,
      `model=acme/m&gatewayUrl=ws://${evil}`,
      `model=acme/m&url=http://${evil}`,
      `model=acme/m&host=${evil}`,
      `model=//${evil}/m`,
      `model=%5C%5C${evil}/m`,
      `model=http://${evil}/m`,
      `model=acme@${evil}/m`,
      `model=acme:x@${evil}/m`,
      `model=acme./m`,
      `model=acme:1/m`,
      `model=acme%00/m`,
      `model=acme%2f..%2fopenai/m`,
      `provider=http://${evil}`,
      `provider=acme&provider=evil`,
      `provider=acme.`,
    ]) {
      const answer = await get(`/v1/resolve?${query}`);
      expect([query, answer.status >= 400 && answer.status < 500]).toEqual([query, true]);
      target.expectNoSecret(answer.text);
    }
    // Headers that steer other servers say nothing here.
    for (const line of [
      `X-Target: http://${evil}`,
      `X-Base-Url: http://${evil}`,
      `X-Original-Url: /v1/tokens`,
      `X-Http-Method-Override: PUT`,
    ]) {
      const answer = await get('/v1/resolve?model=acme/m', line);
      expect(answer.body).toContain(`"baseUrl":"${ACME_URL}"`);
      expect(answer.body).not.toContain(evil);
    }
    for (const [route, body] of ROUTES) {
      const answer = await post(route, `{"baseUrl":"http://${evil}/v1",${body.slice(1)}`);
      expect(answer.status).toBe(400);
      target.expectNoSecret(answer.text);
    }
    await target.expectUnharmed();
  });

  it('threat 25: masked echo saved back', async () => {
    // What the listings and explanations show in place of a key is no key, and no route would take one.
    for (const [route, body] of ROUTES) {
      for (const field of ['apiKey', 'key', 'token', 'secret', 'credentials']) {
        expect((await post(route, `{"${field}":"[secret]",${body.slice(1)}`)).status).toBe(400);
      }
    }
    for (const path of [
      '/v1/providers/acme',
      '/v1/explain?model=acme/m',
      '/v1/snapshot',
      '/health',
      '/metrics',
    ]) {
      const { text } = await get(path);
      expect(text).not.toContain(CANARY);
    }
    await target.expectUnharmed();
  });
});
