/** "a new source cannot be forgotten": what the self-test drives, compared with what the program has. */
import { describe, expect, it } from 'vitest';
import { secretVariableNames } from '../../src/credentials/environment.ts';
import { PROFILE_TYPES } from '../../src/credentials/stored-profile.ts';
import { SECRET_SOURCES } from '../../src/domain/secret-ref.ts';
import { ROUTE_SCOPES } from '../../src/http/callers/route-scope.ts';
import { ROUTE_GROUPS } from '../../src/http/openapi/routes.ts';
import { AWS_WAYS, awsWays } from '../../src/self-test/aws-ways.ts';
import { brokenSources, refusedStarts } from '../../src/self-test/broken-sources.ts';
import { createCanaryBook } from '../../src/self-test/canaries.ts';
import { OTHER_COMMANDS, selfTestCommands } from '../../src/self-test/commands.ts';
import { startCounterpart } from '../../src/self-test/counterpart.ts';
import {
  followUps,
  requestsOf,
  requestsWithoutSecrets,
  routesWithoutBody,
} from '../../src/self-test/requests.ts';
import { loginShell, workingSources } from '../../src/self-test/sources.ts';
import { makeWorld } from '../../src/self-test/world.ts';
import { runCli } from '../helpers/cli.ts';
import { tempFolder } from '../platform/temp-folder.ts';

let made = 0;
const book = createCanaryBook((length) => {
  made += 1;
  return `r${made}x`.padEnd(length, `${made}`);
});
const input = { book, counterpart: 'http://127.0.0.1:9', home: '/scratch', node: '/node', now: 0 };
const world = makeWorld('all', Object.values(workingSources(input)), {}, 'everything');
const broken = makeWorld('broken', Object.values(brokenSources(input)), {}, 'reading');
const ways = [...Object.values(awsWays(input)), loginShell(input)].map((source) =>
  makeWorld('one', [source], {}, 'requests'),
);
const routes = ROUTE_GROUPS.flatMap((group) => group.routes);

describe('sources', () => {
  it('every variable that may hold a secret has one, or a .env file or the login shell has', () => {
    const texts = [world.files['.clawdbot/.env'], ...ways.map(({ files }) => files['.profile'])].join('\n');
    const without = secretVariableNames().filter((name) => !(name in world.env) && !texts.includes(name));
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
    const found = book.find(JSON.stringify([world, broken, ways, refusedStarts({ book })]));
    expect(book.all().filter(({ name }) => !found.has(name))).toEqual([]);
    expect(found.size).toBeGreaterThan(150);
  });
});

describe('identities of AWS', () => {
  it.each(AWS_WAYS)(
    'by %s: keys are issued, and after that refused in words that repeat what was sent',
    async (way) => {
      const counterpart = await startCounterpart(book);
      try {
        const ask = async (): Promise<string> => {
          const path = way === 'sso' ? '/federation/credentials' : '';
          const response = await fetch(`${counterpart.url}/aws/${way}${path}`, {
            headers: { authorization: 'sent-before' },
            ...(way === 'web-identity' ? { method: 'POST', body: 'Action=AssumeRoleWithWebIdentity' } : {}),
          });
          return `${response.status} ${await response.text()}`;
        };
        expect([...book.find(await ask())]).toContain(`AWS, ${way}: issued secret key`);
        counterpart.refuse(way);
        expect(await ask()).toMatch(/^40[13] .*sent-before/s);
      } finally {
        await counterpart.close();
      }
    },
  );

  it('a proof of an identity, and the signature in it, is looked for from the moment on that it was sent', async () => {
    const counterpart = await startCounterpart(book);
    try {
      const url = 'https://sts.example/?X-Amz-Signature=00112233445566778899aabbccddeeff';
      const proof = `sidecar-aws-v1.${Buffer.from(url).toString('base64url')}`;
      const body = JSON.stringify({ aws_identity_proof: proof });
      await fetch(`${counterpart.url}/v1/auth/aws-login`, { method: 'POST', body });
      expect([...book.find(proof)]).toContain('exchange: presigned proof');
      expect([...book.find(url)]).toEqual(['exchange: signature of a presigned proof']);
    } finally {
      await counterpart.close();
    }
  });
});

describe('requests', () => {
  const mistaken = { token: 'wrong', query: 'query', body: 'body' };
  const requests = requestsOf(routes, {
    token: 't',
    tokenWithoutSecrets: 'few',
    providers: world.providers,
    mistaken,
  });

  it('each route of the document is asked with the token, without it, and with a wrong one', () => {
    const kinds = new Set(
      requests.map(({ route, headers }) => `${route} ${headers['authorization'] ?? 'no token'}`),
    );
    const wanted = routes.flatMap(({ method, path }) =>
      ['Bearer t', 'no token', 'Bearer wrong'].map((who) => `${method.toUpperCase()} ${path} ${who}`),
    );
    expect(wanted.filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  it('a token without secrets asks each route, and no answer to it may hold one', () => {
    const input = { token: 't', tokenWithoutSecrets: 'few', providers: world.providers, mistaken };
    const asked = requestsWithoutSecrets(routes, input);
    expect(new Set(asked.map(({ route }) => route)).size).toBe(routes.length);
    expect(asked.every(({ headers }) => headers['authorization'] === 'Bearer few')).toBe(true);
    expect(asked.filter(({ handsOut }) => handsOut)).toEqual([]);
  });

  it('each credential that was handed out is reported as refused, and each login is asked about', () => {
    const input = { token: 't', tokenWithoutSecrets: 'few', providers: world.providers, mistaken };
    const asked = followUps(routes, input, {
      resolutions: new Map([
        ['rs_a.b', 'the answer with a key'],
        ['rs_c.d', 'another'],
      ]),
      logins: new Map([['login-1', '']]),
    });
    expect(asked.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'POST /v1/resolve/rs_a.b/rejected',
      'POST /v1/resolve/rs_c.d/rejected',
      'GET /v1/logins/login-1',
    ]);
    expect(asked[0]?.body).toContain('the answer with a key');
    expect(asked[1]?.body).toContain('"status":403');
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
    const called = selfTestCommands(world.providers, 'key', 'everything').map(({ args }) => args[0]);
    expect(commands.length).toBeGreaterThan(15);
    expect(commands.filter((name) => !called.includes(name) && !(name in OTHER_COMMANDS))).toEqual([]);
  });
});

describe('the search', () => {
  const secret = 'canary0123456789abcdefghijklmn';
  const one = createCanaryBook(() => '');
  one.learn('it', secret);
  const found = (text: string): readonly string[] => [...one.find(text)];

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

  it('strikes it out, in part too', () => {
    expect(one.strikeOut(`GET /a?key=${secret}&part=${secret.slice(6, 18)}`)).toBe('GET /a?key=…&part=…');
  });
});
