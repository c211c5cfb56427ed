/**
 * Requests that a page, a proxy or a stranger makes, as raw bytes to a running sidecar: each with and without the
 * valid token. They are refused in one constant form, give no secret away, change nothing and reach nobody else.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal } from '../http/guarded-server.ts';
import { head } from '../helpers/raw-http.ts';
import {
  ambiguousHosts,
  confusedPaths,
  type Forgeries,
  NO_ROUTES,
  permissiveSuffixes,
  reboundNames,
  RESOLVE,
  secretsInTargets,
  smuggledRequests,
  throughProxies,
  webPages,
} from './forged-requests.ts';
import { startTarget, type Target } from './target.ts';
import { everyRoute, otherSchemes, presentButWrong, STRAY_LINES } from './wrong-tokens.ts';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target.close());

/** Refuses each of these heads alike, with the token and without it. */
async function expectAllRefused({ status, code, heads }: Forgeries): Promise<void> {
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
  it('threat 1: DNS rebinding', () => expectAllRefused(reboundNames(target)));

  it('threat 2: Host ambiguity', () => expectAllRefused(ambiguousHosts(target)));

  it('threat 3: permissive suffixes', () => expectAllRefused(permissiveSuffixes(target)));

  it('threat 4: CSRF, 0.0.0.0-day', () => expectAllRefused(webPages(target)));

  it('threat 5: SSRF through another local service', () => expectAllRefused(throughProxies(target)));

  it('threat 12: token in URL, referrer, log', async () => {
    await expectAllRefused(secretsInTargets(target));
    expect(JSON.stringify(target.rig.logged)).toContain('bad-request');
  });

  it('threat 17: path confusion', async () => {
    await expectAllRefused(confusedPaths(target));
    for (const path of NO_ROUTES) {
      const answer = await target.send(
        head(`GET ${path} HTTP/1.1`, target.host, target.bearer, 'Connection: close'),
      );
      expect([path, answer.status]).toEqual([path, 404]);
      target.expectNoSecret(answer.text);
    }
  });

  it('threat 20: smuggling', async () => {
    for (const bytes of smuggledRequests(target)) {
      const answer = await target.send(bytes);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      // One answer at most: what was hidden behind is no request.
      expect([bytes, answer.text.match(/HTTP\/1\.1 \d+/g)]).toEqual([bytes, [`HTTP/1.1 ${answer.status}`]]);
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
    const routes = everyRoute();
    expect(routes.length).toBeGreaterThan(15);
    for (const { line, isOpen } of routes) {
      const answer = await target.send(head(line, target.host, 'Connection: close'));
      if (!isOpen) expectRefusal(answer, 401, 'unauthorized');
      else expect(answer.body).toBe('{"status":"ok"}');
      target.expectNoSecret(answer.text);
    }
    for (const line of STRAY_LINES) {
      expectRefusal(await target.send(head(line, target.host)), 401, 'unauthorized');
    }
    await target.expectUnharmed();
  });

  it('threat 7: presence taken for validity', async () => {
    for (const { lines, status, code } of presentButWrong(target.token)) {
      expectRefusal(await answerTo(...lines), status, code);
    }
    await target.expectUnharmed();
  });

  it('threat 8: scheme confusion', async () => {
    for (const { lines, status, code } of otherSchemes(target.token)) {
      expectRefusal(await answerTo(...lines), status, code);
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
    expect((await aws(target.token)).status).not.toBe(401);
    expectRefusal(await aws(`Digest ${target.token}`), 401, 'unauthorized');
    await target.expectUnharmed();
  });
});
