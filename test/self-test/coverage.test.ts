/** "a new source cannot be forgotten": what the self-test drives, compared with what the program has. */
import { describe, expect, it } from 'vitest';
import { secretVariableNames } from '../../src/credentials/environment.ts';
import { PROFILE_TYPES } from '../../src/credentials/stored-profile.ts';
import { SECRET_SOURCES } from '../../src/domain/secret-ref.ts';
import { ROUTE_SCOPES } from '../../src/http/callers/route-scope.ts';
import { ROUTE_GROUPS } from '../../src/http/openapi/routes.ts';
import { brokenSources, refusedStarts } from '../../src/self-test/broken-sources.ts';
import { createCanaryBook, findCanaries } from '../../src/self-test/canaries.ts';
import { OTHER_COMMANDS, selfTestCommands } from '../../src/self-test/commands.ts';
import { requestsOf, routesWithoutBody } from '../../src/self-test/requests.ts';
import { workingSources } from '../../src/self-test/sources.ts';
import { makeWorld } from '../../src/self-test/world.ts';
import { runCli } from '../helpers/cli.ts';
import { tempFolder } from '../platform/temp-folder.ts';

let made = 0;
const book = createCanaryBook((length) => {
  made += 1;
  return `r${made}x`.padEnd(length, `${made}`);
});
const input = { book, counterpart: 'http://127.0.0.1:9', home: '/scratch', node: '/node', now: 0 };
const world = makeWorld('all', Object.values(workingSources(input)), {}, true);
const broken = makeWorld('broken', Object.values(brokenSources(input)), {}, false);
const routes = ROUTE_GROUPS.flatMap((group) => group.routes);

describe('sources', () => {
  it('every variable that may hold a secret has one, or the login shell has', () => {
    const shell = world.files['.profile'] ?? '';
    const without = secretVariableNames().filter((name) => !(name in world.env) && !shell.includes(name));
    expect(without).toEqual([]);
  });

  it('every type of profile stands in each store, and every source of references is used', () => {
    for (const path of [
      '.clawdbot/sidecar/auth-profiles.json',
      '.clawdbot/agents/main/agent/auth-profiles.json',
    ]) {
      const types = PROFILE_TYPES.filter((type) => !world.files[path]?.includes(`"type": "${type}"`));
      expect(types, path).toEqual([]);
    }
    const config = world.files['.clawdbot/moltbot.json'] ?? '';
    expect(SECRET_SOURCES.filter((source) => !config.includes(`"source": "${source}"`))).toEqual([]);
  });

  it('every canary stands in the world that it was made for', () => {
    refusedStarts({ book });
    const texts = JSON.stringify([world, broken, refusedStarts({ book })]);
    const found = new Set(findCanaries(texts, book.all()));
    expect(book.all().filter(({ name }) => !found.has(name))).toEqual([]);
    expect(found.size).toBeGreaterThan(150);
  });
});

describe('requests', () => {
  const mistaken = { token: 'wrong', query: 'query', body: 'body' };
  const requests = requestsOf(routes, { token: 't', providers: world.providers, mistaken });

  it('each route of the document is asked with the token, without it, and with a wrong one', () => {
    const kinds = new Set(
      requests.map(({ route, headers }) => `${route} ${headers['authorization'] ?? 'no token'}`),
    );
    const wanted = routes.flatMap(({ method, path }) =>
      ['Bearer t', 'no token', 'Bearer wrong'].map((who) => `${method.toUpperCase()} ${path} ${who}`),
    );
    expect(wanted.filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  it('each route that takes a body gets a good one', () => {
    expect(routesWithoutBody(routes)).toEqual([]);
    expect(routesWithoutBody([{ ...routes[0], id: 'new', body: {} }].flatMap(withBody))).toEqual(['new']);
  });

  it('no route hands out secrets but those that a token without secrets is refused', () => {
    const handing = new Set(requests.filter(({ handsOut }) => handsOut).map(({ route }) => route));
    const closed = ROUTE_SCOPES.filter(({ withoutSecrets }) => withoutSecrets === 'refused').map(
      ({ method, path }) => `${method} ${path}`,
    );
    expect([...handing].filter((route) => !closed.includes(route))).toEqual([]);
    expect([...handing]).toContain('GET /v1/resolve');
  });

  function withBody(route: object): typeof routes {
    return routes.slice(0, 1).map((first) => ({ ...first, ...route }));
  }
});

describe('commands', () => {
  it('every command of the program is called, or it is said why not', async () => {
    const { stdout } = await runCli(['__complete', ''], { home: await tempFolder() });
    const commands = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t', 1)[0] ?? '');
    const called = selfTestCommands(world.providers, 'key', true).map(({ args }) => args[0]);
    expect(commands.length).toBeGreaterThan(15);
    expect(commands.filter((name) => !called.includes(name) && !(name in OTHER_COMMANDS))).toEqual([]);
  });
});

describe('the search', () => {
  const secret = 'canary0123456789abcdefghijklmn';
  const found = (text: string): readonly string[] => findCanaries(text, [{ name: 'it', value: secret }]);

  it.each<readonly [how: string, text: string]>([
    ['itself', secret],
    ['its second half', secret.slice(-12)],
    ['its first half, behind the common prefix', secret.slice(6, 18)],
    ['in a URL', encodeURIComponent(secret)],
    ['in hexadecimal', Buffer.from(secret).toString('hex')],
    ...[0, 1, 2, 3].map((before) => {
      const text = `${'.'.repeat(before)}${secret}.`;
      return [
        `in Base64, ${before} bytes behind the start`,
        Buffer.from(text).toString('base64url'),
      ] as const;
    }),
  ])('finds a secret %s', (_how, text) => {
    expect(found(`before ${text} after`)).toEqual(['it']);
  });

  it('finds nothing in what is no secret', () => {
    expect(found(`canary ${secret.slice(0, 10)} ${Buffer.from('canary').toString('hex')}`)).toEqual([]);
  });
});
