/**
 * "A scripted attacker (raw sockets, … a hostile runtime, a hostile working directory) gets no secret and no state
 * change, with and without a valid token where that makes a difference": one script against the built program, in
 * order. After every step one judge looks at all that the attacker got and at all that the program has.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { head, openSocket, type RawAnswer, readToEnd } from '../helpers/raw-http.ts';
import { all, type Attacker, bearer, createAttacker } from './attacker.ts';
import { changesBeyond, pathsBeyond } from './beyond-scope.ts';
import { ACME_KEY, BEYOND, type BuiltTarget, startBuiltTarget } from './built-target.ts';
import { EXPOSED_HOSTS } from './exposed-hosts.ts';
import { NO_ROUTES, RESOLVE } from './forged-requests.ts';
import {
  expectNothingOfBadRows,
  listBadRows,
  listTooMany,
  sendOn,
  UNUSABLE_ANSWERS,
} from './hostile-runtime.ts';
import { halfRequests } from './odd-connections.ts';
import { expectNothingPlanted, TELLING_PATHS } from './planted-folder.ts';
import {
  BODY_ROUTES,
  LARGE_BODY,
  maskedKeys,
  OTHER_TYPES,
  SHOWING_PATHS,
  steeringLines,
  steeringPaths,
  strangeBodies,
  withBody,
} from './strange-bodies.ts';
import { ACME_URL } from './target.ts';
import { otherSchemes, presentButWrong, STRAY_LINES } from './wrong-tokens.ts';

let target: BuiltTarget;
let attacker: Attacker;
/** Places that the steps look at by themselves. */
let judgedThere: readonly string[] = [];

beforeAll(async () => {
  target = await startBuiltTarget();
  attacker = createAttacker(target);
});
afterAll(() => target.close());

afterEach(async () => {
  if (target.cli.child.exitCode !== null) return;
  await target.oracle.expectUnharmed(judgedThere);
  // The runtime is the attacker's too.
  target.oracle.expectNoSecret(JSON.stringify(target.fake.requests));
  const { body } = await attacker.send(head('GET /livez HTTP/1.1', target.host, 'Connection: close'));
  expect(body).toBe('{"status":"ok"}');
});

describe('step 1: over raw sockets, without a token that is in force', () => {
  it('no token: forged requests, every route', async () => {
    await attacker.forgeAll([]);
    await attacker.expectNobody([]);
  });

  it('a wrong token: the same words as without one', async () => {
    const lines = [bearer(target.tokens.wrong)];
    await attacker.forgeAll(lines);
    await attacker.expectNobody(lines);
    await attacker.sendBroken(target.tokens.wrong, false);
  });

  it('a token that is taken back and one that is replaced: their streams end, and then they are nobody', async () => {
    const gone = [target.tokens.revoked, target.tokens.rotated];
    const streams = await Promise.all(
      gone.map(async (token) => {
        const socket = await openSocket(target.port);
        const ended = readToEnd(socket);
        socket.write(head('GET /v1/events HTTP/1.1', target.host, bearer(token)));
        await once(socket, 'data');
        return { ended };
      }),
    );
    const kept = await openSocket(target.port);
    kept.write(head('GET /v1/models HTTP/1.1', target.host, bearer(gone[0] ?? '')));
    await once(kept, 'data');
    await target.endTokens();
    for (const { ended } of streams) {
      const { text } = await ended;
      expect(text).toContain('event: revoked');
      target.oracle.expectNoSecret(text);
    }
    const rest = readToEnd(kept);
    kept.write(head(RESOLVE, target.host, bearer(gone[0] ?? '')));
    const last = (await rest).text;
    expect(last).toContain('HTTP/1.1 401 ');
    target.oracle.expectNoSecret(last);
    for (const token of gone) {
      await attacker.forgeAll([bearer(token)]);
      await attacker.expectNobody([bearer(token)]);
    }
  });
});

describe('step 2: with a token for one provider', () => {
  it('gets the key of that provider and no other, in no other way either', async () => {
    const { limited } = target.tokens;
    await attacker.forgeAll([bearer(limited)]);
    await attacker.sendBroken(limited, false);
    const owed = await attacker.get('/v1/resolve?model=acme/m', limited, { allowed: [ACME_KEY] });
    expect(target.oracle.secretsIn(owed.text)).toEqual([ACME_KEY]);
    await all(pathsBeyond(BEYOND), async ([path]) => {
      attacker.expectRefused(await attacker.get(path, limited), 403, 'scope-not-allowed');
    });
    const own: { resolutionId: string } = JSON.parse((await target.ask('/v1/resolve?model=cfg-key/m')).text);
    for (const query of ['', 'provider=acme&', 'model=acme/m&']) {
      const path = `/v1/resolve?${query}resolution=${encodeURIComponent(own.resolutionId)}`;
      attacker.expectRefused(await attacker.get(path, limited), 403, 'scope-not-allowed');
    }
    for (const [method, path] of changesBeyond(BEYOND)) {
      const answer = await attacker.send(
        withBody(attacker.aimWith(limited), `${method} ${path}`, '{"model":"acme/m"}'),
      );
      attacker.expectRefused(answer, 403, 'scope-not-allowed');
    }
    for (const path of ['/v1/providers?all=true', '/v1/models', '/health', '/openapi.json']) {
      expect((await attacker.get(path, limited)).text).not.toMatch(/cfg-headers|own-oauth|login-good/);
    }
    await attacker.showWrongly(presentButWrong(limited));
  });
});

describe('step 3: with the full token, in forms that are refused', () => {
  it('forged, broken and smuggled requests; the token in the wrong place', async () => {
    const { full } = target.tokens;
    await attacker.forgeAll([bearer(full)]);
    await attacker.sendBroken(full, true);
    await attacker.showWrongly([...presentButWrong(full), ...otherSchemes(full)]);
    for (const line of [...NO_ROUTES.map((path) => `GET ${path} HTTP/1.1`), ...STRAY_LINES]) {
      const answer = await attacker.send(head(line, target.host, bearer(full), 'Connection: close'));
      expect([line, answer.status]).toEqual([line, 404]);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  it('strange bodies to every route that takes one', async () => {
    const aim = attacker.aimWith(target.tokens.full);
    const evil = `127.0.0.1:${target.decoy.port}`;
    for (const [route, body] of BODY_ROUTES) {
      const steered = `{"baseUrl":"http://${evil}/v1",${body.slice(1)}`;
      const sent: readonly (readonly [number, string])[] = [
        ...OTHER_TYPES.map((type) => [415, withBody(aim, route, body, type)] as const),
        ...[...strangeBodies(body), ...maskedKeys(body), steered].map(
          (strange) => [400, withBody(aim, route, strange)] as const,
        ),
        [413, withBody(aim, route, LARGE_BODY)],
      ];
      await all(sent, async ([status, bytes]) => {
        const answer = await attacker.send(bytes);
        expect([bytes.slice(0, 300), answer.status]).toEqual([bytes.slice(0, 300), status]);
        expect(answer.headers['cache-control']).toBe('no-store');
        expect(answer.text).not.toMatch(/access-control/i);
      });
    }
  });

  it('requests that name another server, and answers that show what there is', async () => {
    const { full } = target.tokens;
    const evil = `127.0.0.1:${target.decoy.port}`;
    for (const path of steeringPaths(evil)) {
      const { status } = await attacker.get(path, full);
      expect([path, status >= 400 && status < 500]).toEqual([path, true]);
    }
    for (const line of steeringLines(evil)) {
      const { body } = await attacker.get('/v1/resolve?model=acme/m', full, { line, allowed: [ACME_KEY] });
      expect(body).toContain(`"baseUrl":"${ACME_URL}"`);
      expect(body).not.toContain(evil);
    }
    for (const path of SHOWING_PATHS) await attacker.get(path, full);
  });
});

describe('step 4: from the machine', () => {
  it('a hostile folder: nothing of it is read', async () => {
    for (const path of TELLING_PATHS) expectNothingPlanted((await target.ask(path)).text, target.decoy);
    expect((await target.ask('/v1/resolve?model=planted/m')).status).toBe(404);
    expectNothingPlanted(target.cli.stdout() + target.cli.stderr(), target.decoy);
  });

  it('G14, G15: other addresses, a port that is taken, a server that runs, a file in the place of the socket', async () => {
    const file = join(target.home, 'planted.sock');
    await writeFile(file, 'no socket', { mode: 0o600 });
    await target.oracle.accept();
    const serve = (home: Parameters<BuiltTarget['call']>[0], ...args: readonly string[]) =>
      target.call(home, ['serve', ...args]);
    const ends = await Promise.all([
      ...EXPOSED_HOSTS.slice(0, 3).map((host) => serve('another home', '--host', host, '--port', '0')),
      serve('another home', '--port', String(target.port)),
      serve('the same home', '--port', '0'),
      serve('another home', '--port', 'none', '--socket', file),
    ]);
    expect(ends.map(({ code }) => code)).toEqual([78, 78, 78, 69, 69, 69]);
    for (const { stdout, stderr } of ends) {
      expect(stdout).not.toMatch(/listening/i);
      target.oracle.expectNoSecret(stdout + stderr);
      expectNothingPlanted(stderr.replaceAll(file, ''), target.decoy);
    }
  });
});

/** The runtime is itself. */
function behave({ fake }: BuiltTarget): void {
  fake.setFault(null);
  for (const route of ['GET /api/tags', 'GET /v1/models']) fake.setRoute(route, undefined);
}

describe('step 5: from a runtime at a default port, while half requests hang', () => {
  /** The file of models without what the runtime itself is in it. */
  const modelsOfOthers = async (): Promise<unknown> => {
    const text = await readFile(join(target.home, '.clawdbot/sidecar/models.json'), 'utf8');
    expectNothingOfBadRows(text, target.decoy);
    const { providers }: { providers: Record<string, unknown> } = JSON.parse(text);
    return { ...providers, ollama: null };
  };
  let others: unknown;
  let halves: Promise<RawAnswer[]>;
  beforeAll(async () => {
    others = await modelsOfOthers();
    halves = Promise.all(
      halfRequests(attacker.aimWith(target.tokens.full)).map((bytes) => target.send(bytes)),
    );
    // What the runtime says of itself may change; what it makes of it is looked at in each step.
    judgedThere = ['/models.json', '/models.json.ids', '/v1/providers', '/v1/snapshot'];
  });

  const tricks: readonly (readonly [string, () => void])[] = [
    ['redirects', () => sendOn(target.fake, target.decoy)],
    ['names, places and keys in its rows', () => listBadRows(target.fake, target.decoy)],
    ['a hundred thousand models', () => listTooMany(target.fake)],
    ...UNUSABLE_ANSWERS.map((fault) => [`${fault} answers`, () => target.fake.setFault(fault)] as const),
  ];
  it.each(tricks)('%s', async (_name, play) => {
    const asked = target.fake.requests.length;
    behave(target);
    play();
    expect((await target.ask('/v1/discovery/scan', 'POST')).status).toBe(200);
    expect(target.fake.requests.length).toBeGreaterThan(asked);
    await all(['/v1/models', '/v1/providers', '/v1/discovery', '/v1/snapshot', '/metrics'], async (path) => {
      const { text } = await target.ask(path);
      // Where somebody would have been sent on to is shown as what it is.
      expectNothingOfBadRows(text.replaceAll(`to \\"${target.decoy.url}/steal\\"`, ''), target.decoy);
      target.oracle.expectNoSecret(text);
    });
    expect(await modelsOfOthers()).toEqual(others);
    // The keys of others are where they were, and lead where they led.
    const { text } = await target.ask('/v1/resolve?model=acme/m');
    expect(text).toContain(`"baseUrl":"${ACME_URL}"`);
    expect(target.oracle.secretsIn(text)).toEqual([ACME_KEY]);
    expect((await target.ask('/v1/resolve?model=openai/gpt-5')).text).not.toContain('127.0.0.1:11434');
  });

  it('the half requests have all been cut', async () => {
    for (const { status, text } of await halves) {
      expect([0, 100, 400, 408]).toContain(status);
      target.oracle.expectNoSecret(text);
    }
  });
});

describe('step 6: afterwards', () => {
  it('the runtime is itself again, and nothing is left of what it did', async () => {
    behave(target);
    judgedThere = ['/v1/providers', '/v1/snapshot'];
    await vi.waitFor(
      async () => {
        await target.ask('/v1/discovery/scan', 'POST');
        await target.oracle.expectUnharmed(judgedThere);
      },
      { timeout: 15_000, interval: 100 },
    );
  });

  it('every token does what it did before', async () => {
    for (const token of [target.tokens.full, target.tokens.limited]) {
      const { text } = await attacker.get('/v1/resolve?model=acme/m', token, { allowed: [ACME_KEY] });
      expect(target.oracle.secretsIn(text)).toEqual([ACME_KEY]);
    }
  });

  it('it ends as it should, and all that it ever printed holds no secret', async () => {
    const { code, stdout, stderr } = await target.cli.stop();
    expect(code).toBe(0);
    target.oracle.expectNoSecret(stdout + stderr);
    expect(existsSync(join(target.home, '.clawdbot/sidecar/endpoint.json'))).toBe(false);
    expect(target.decoy.asked).toEqual([]);
  });
});
