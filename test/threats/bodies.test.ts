/** What may be sent to the routes that change something: strange bodies, and requests that name a server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { head, type RawAnswer } from '../helpers/raw-http.ts';
import {
  BODY_ROUTES,
  describedBodyRoutes,
  LARGE_BODY,
  maskedKeys,
  OTHER_TYPES,
  SHOWING_PATHS,
  steeringLines,
  steeringPaths,
  strangeBodies,
  withBody,
} from './strange-bodies.ts';
import { ACME_URL, startTarget, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.close());

function post(route: string, body: string, type?: string): Promise<RawAnswer> {
  return target.send(withBody(target, route, body, type));
}

function get(path: string, ...lines: readonly string[]): Promise<RawAnswer> {
  return target.send(head(`GET ${path} HTTP/1.1`, target.host, target.bearer, 'Connection: close', ...lines));
}

describe('G12: bodies with a valid token', () => {
  it('these are all the routes that take one', () => {
    expect([...describedBodyRoutes()].sort()).toEqual(BODY_ROUTES.map(([route]) => route).sort());
  });

  it.each(BODY_ROUTES)(
    '%s: another type is 415, also the types that a form can send',
    async (route, body) => {
      for (const type of OTHER_TYPES) {
        expect((await post(route, body, type)).status).toBe(415);
      }
      await target.expectUnharmed();
    },
  );

  it.each(BODY_ROUTES)('%s: a field twice, __proto__, depth, other values: 400', async (route, body) => {
    for (const attack of strangeBodies(body)) {
      const answer = await post(route, attack);
      expect([attack.slice(0, 60), answer.status]).toEqual([attack.slice(0, 60), 400]);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'bad-request' });
      target.expectNoSecret(answer.text);
    }
    expect((await post(route, LARGE_BODY)).status).toBe(413);
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
  const canary = 'sk-canary-0123456789';
  expect((await post(scan, JSON.stringify({ [canary]: canary }))).body).not.toContain(canary);
  expect((await post(scan, '', 'text/plain')).status).not.toBe(415);
});

describe('a caller with the full token', () => {
  it('threat 13: token sent to an attacker’s URL', async () => {
    const evil = `127.0.0.1:${target.decoy.port}`;
    for (const path of steeringPaths(evil)) {
      const answer = await get(path);
      expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
      target.expectNoSecret(answer.text);
    }
    for (const line of steeringLines(evil)) {
      const answer = await get('/v1/resolve?model=acme/m', line);
      expect(answer.body).toContain(`"baseUrl":"${ACME_URL}"`);
      expect(answer.body).not.toContain(evil);
    }
    for (const [route, body] of BODY_ROUTES) {
      const answer = await post(route, `{"baseUrl":"http://${evil}/v1",${body.slice(1)}`);
      expect(answer.status).toBe(400);
      target.expectNoSecret(answer.text);
    }
    await target.expectUnharmed();
  });

  it('threat 25: masked echo saved back', async () => {
    // What the listings and explanations show in place of a key is no key, and no route would take one.
    for (const [route, body] of BODY_ROUTES) {
      for (const masked of maskedKeys(body)) expect((await post(route, masked)).status).toBe(400);
    }
    for (const path of SHOWING_PATHS) target.expectNoSecret((await get(path)).text);
    await target.expectUnharmed();
  });
});
