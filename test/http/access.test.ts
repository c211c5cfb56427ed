/** The guard's decision as a table: each row is a threat and the code that meets it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { type AccessRequest, createAccessRules, decideAccess } from '../../src/http/access.ts';
import { createCallers } from '../../src/http/callers/callers.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { onlyCaller } from '../helpers/callers.ts';

const TOKEN = 'test-token-0123456789abcdefABCDEF_-+/';
const HOST = '127.0.0.1:18780';

const rules = createAccessRules({
  allowedHosts: [HOST, 'localhost:18780', '[::1]:18780'],
  ...onlyCaller(TOKEN),
  openPaths: ['/livez', '/health'],
  rawTokenPrefixes: ['/v1/aws/credentials/'],
});

type Header = readonly [name: string, value: string];
const GOOD_HOST: Header = ['Host', HOST];
const GOOD_TOKEN: Header = ['Authorization', `Bearer ${TOKEN}`];

function ask(headers: readonly Header[], change: Partial<AccessRequest> = {}): string {
  const request = {
    method: 'GET',
    target: '/v1/resolve',
    httpVersion: '1.1',
    rawHeaders: headers.flat(),
    ...change,
  };
  const decision = decideAccess(request, rules);
  return decision.kind === 'refuse' ? decision.code : `allow token=${decision.caller.token}`;
}

const ALLOWED = 'allow token=true';
const askTarget = (target: string): string => ask([GOOD_HOST, GOOD_TOKEN], { target });

describe('one reading only: ambiguity is 400', () => {
  it.each<[string, readonly Header[]]>([
    ['no Host', [GOOD_TOKEN]],
    ['two Hosts, the good one first', [GOOD_HOST, ['host', 'evil.example'], GOOD_TOKEN]],
    ['two Hosts, the good one last', [['HOST', 'evil.example'], GOOD_HOST, GOOD_TOKEN]],
    ['the same Host twice', [GOOD_HOST, GOOD_HOST, GOOD_TOKEN]],
    ['an empty Host', [['Host', ''], GOOD_TOKEN]],
    ['a Host with userinfo', [['Host', `${HOST}@evil.example`], GOOD_TOKEN]],
    ['a Host with a path', [['Host', `${HOST}/x`], GOOD_TOKEN]],
    ['a Host list', [['Host', `${HOST}, evil.example`], GOOD_TOKEN]],
    ['two Authorization lines', [GOOD_HOST, GOOD_TOKEN, GOOD_TOKEN]],
    ['two Authorization lines, one wrong', [GOOD_HOST, ['authorization', 'Bearer x'], GOOD_TOKEN]],
  ])('%s', (_name, headers) => {
    expect(ask(headers)).toBe('bad-request');
  });

  it.each([
    'http://evil.example/v1/resolve',
    `http://${HOST}/v1/resolve`,
    '*',
    HOST,
    '',
    'v1/resolve',
    '//v1/resolve',
    '//evil.example/v1',
    '/v1//resolve',
    '/v1/../admin',
    '/v1/..',
    '/v1/./resolve',
    '/v1/%2e%2e/admin',
    '/v1/%2E/admin',
    '/v1/..%2fadmin',
    '/v1/..%2Fadmin',
    '/v1/%5cadmin',
    '/v1/%5Cadmin',
    '/v1\\resolve',
    '/v1/%252e/admin',
    '/v1/%00',
    '/v1/%0d%0aX:y',
    '/v1/%zz',
    '/v1/%4',
    '/v1/r\u00e9solve',
    '/v1/re solve',
    '/v1/\u0000',
    '/v1/\u007f',
    '/v1/resolve#fragment',
    '/v1/resolve?model=a#b',
    '/v1/resolve?model=a\\b',
    '/v1/resolve?model=\u00e9',
    '/v1/resolve?model=a b',
    '/v1/resolve?model=\u0001',
    `/${'a'.repeat(8192)}`,
  ])('target %j', (target) => {
    expect(askTarget(target)).toBe('bad-request');
  });

  it.each([
    '/v1/resolve?model=ollama%2Fllama3%3Achat',
    '/v1/resolve?model=ollama/llama3:chat',
    '/v1/resolve?model=openrouter%2Fa%2F..%2Fb&profile=x%40y',
    '/v1/resolve?model=%E6%9C%88',
    '/v1/providers/ollama-11500',
    '/v1/providers/a%3Ab',
    '/v1/resolve/rs_a.b-c~d/rejected',
    '/',
    `/${'a'.repeat(8191)}`,
  ])('"percent-encoded characters in the query are fine": %j passes', (target) => {
    expect(askTarget(target)).toBe(ALLOWED);
  });

  it.each(['0.9', '2.0', ''])('HTTP version %j', (httpVersion) => {
    expect(ask([GOOD_HOST, GOOD_TOKEN], { httpVersion })).toBe('bad-request');
  });

  it('HTTP/1.0 with exactly one Host is not ambiguous', () => {
    expect(ask([GOOD_HOST, GOOD_TOKEN], { httpVersion: '1.0' })).toBe(ALLOWED);
  });
});

describe('"never accepted in a URL": a token in the target is 400, also beside a good header', () => {
  it.each([
    '?token=x',
    '?TOKEN=x',
    '?token',
    '?a=b&access_token=x',
    '?api_key=x',
    '?key=x',
    '?Authorization=x',
    '?%74oken=x',
    '?a=b;token=x',
    `?q=${TOKEN}`,
    `?q=${encodeURIComponent(TOKEN)}`,
    `/${TOKEN}`,
  ])('%s', (rest) => {
    expect(askTarget(`/v1/resolve${rest}`)).toBe('bad-request');
  });

  it('parameters that merely contain such a name pass', () => {
    expect(askTarget('/v1/resolve?tokens=1&monkey=2&model=key&%zz=1')).toBe(ALLOWED);
  });

  it('a token as short as a word does not make that word forbidden', () => {
    const short = createAccessRules({ allowedHosts: [HOST], ...onlyCaller('v1'), openPaths: [] });
    const request = { method: 'GET', target: '/v1/resolve', httpVersion: '1.1' };
    const rawHeaders = ['Host', HOST, 'Authorization', 'Bearer v1'];
    expect(decideAccess({ ...request, rawHeaders }, short).kind).toBe('allow');
  });
});

describe('"Host not in the exact allow-list" is 403', () => {
  it.each([
    'evil.example',
    'evil.example:18780',
    'localhost.evil.example:18780',
    '127.0.0.1.nip.io:18780',
    'localhost.:18780',
    'localhost',
    '127.0.0.1',
    '127.0.0.1:18781',
    '127.0.0.1:018780',
    '2130706433:18780',
    '0x7f.1:18780',
    '[::ffff:7f00:1]:18780',
    '[::]:18780',
    'printer.local:18780',
    '192.168.1.9:18780',
    '0.0.0.0:18780',
  ])('%s', (host) => {
    expect(ask([['Host', host], GOOD_TOKEN])).toBe('host-not-allowed');
    expect(ask([['Host', host]])).toBe('host-not-allowed');
  });

  it.each(['127.0.0.1:18780', 'localhost:18780', 'LocalHost:18780', '[::1]:18780'])('%s passes', (host) => {
    expect(ask([['Host', host], GOOD_TOKEN])).toBe(ALLOWED);
  });
});

describe('requests of web pages and proxies are 403, with a valid token too', () => {
  it.each<Header>([
    ['Origin', 'https://evil.example'],
    ['Origin', 'http://localhost:3000'],
    ['Origin', `http://${HOST}`],
    ['origin', 'null'],
    ['Origin', ''],
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Site', 'same-site'],
    ['sec-fetch-site', 'same-origin'],
    ['Sec-Fetch-Site', 'NONE'],
    ['Sec-Fetch-Mode', 'no-cors'],
    ['Sec-Fetch-Mode', 'websocket'],
  ])('%s: %s is origin-not-allowed', (name, value) => {
    expect(ask([GOOD_HOST, GOOD_TOKEN, [name, value]])).toBe('origin-not-allowed');
    expect(ask([GOOD_HOST, [name, value]], { target: '/livez' })).toBe('origin-not-allowed');
  });

  it('a good Sec-Fetch-Site line does not outweigh a bad one', () => {
    const lines: Header[] = [
      ['Sec-Fetch-Site', 'cross-site'],
      ['Sec-Fetch-Site', 'none'],
    ];
    expect(ask([GOOD_HOST, GOOD_TOKEN, ...lines])).toBe('origin-not-allowed');
  });

  it("an address typed by a person, and Node's own fetch with its lone `cors`, pass", () => {
    const typed: Header[] = [
      ['Sec-Fetch-Site', 'none'],
      ['Sec-Fetch-Mode', 'navigate'],
    ];
    expect(ask([GOOD_HOST, GOOD_TOKEN, ...typed])).toBe(ALLOWED);
    expect(ask([GOOD_HOST, GOOD_TOKEN, ['sec-fetch-mode', 'cors']])).toBe(ALLOWED);
  });

  it.each<Header>([
    ['X-Forwarded-For', '127.0.0.1'],
    ['x-forwarded-host', HOST],
    ['X-Forwarded-Anything', ''],
    ['Forwarded', 'for=1.1.1.1'],
    ['Via', '1.1 x'],
    ['X-Real-IP', '127.0.0.1'],
  ])('%s: %s is forwarded-not-allowed', (name, value) => {
    expect(ask([GOOD_HOST, GOOD_TOKEN, [name, value]])).toBe('forwarded-not-allowed');
  });
});

describe('"compared by digest in constant time": only the exact token is let in', () => {
  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer x',
    `Bearer ${'x'.repeat(1024 * 1024)}`,
    "Bearer '",
    'Bearer \u0000',
    `Bearer ${TOKEN} `,
    ` Bearer ${TOKEN}`,
    `Bearer  ${TOKEN}`,
    `Bearer\t${TOKEN}`,
    `bearer ${TOKEN}`,
    `BEARER ${TOKEN}`,
    `Basic ${TOKEN}`,
    `Digest ${TOKEN}`,
    TOKEN,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN}, Bearer ${TOKEN}`,
  ])('%j is unauthorized', (value) => {
    expect(ask([GOOD_HOST, ['Authorization', value]])).toBe('unauthorized');
  });

  it('threat 9: whatever is presented, what is looked up has the length of a digest', () => {
    const lengths: number[] = [];
    const { callers, mayRequest } = onlyCaller(TOKEN);
    const watched = createAccessRules({
      allowedHosts: [HOST],
      callers: {
        endpointToken: callers.endpointToken,
        find: (digest) => {
          lengths.push(digest.length);
          return callers.find(digest);
        },
      },
      mayRequest,
      openPaths: [],
    });
    for (const token of ['x', TOKEN.slice(0, -1), TOKEN, `${TOKEN}x`, 'x'.repeat(100_000)]) {
      const rawHeaders = ['Host', HOST, 'Authorization', `Bearer ${token}`];
      const request = { method: 'GET', target: '/v1/resolve', httpVersion: '1.1', rawHeaders };
      expect(decideAccess(request, watched).kind).toBe(token === TOKEN ? 'allow' : 'refuse');
    }
    expect(lengths).toEqual([32, 32, 32, 32, 32]);
  });

  it('no token is unauthorized on every route that is not open', () => {
    for (const target of ['/v1/resolve', '/', '/livez/', '/LIVEZ', '/health/x', '/%6civez', '/metrics']) {
      expect(ask([GOOD_HOST], { target })).toBe('unauthorized');
    }
  });

  it('open routes need no token to be read, and a token there must still be right', () => {
    for (const target of ['/livez', '/health', '/health?x=1']) {
      for (const method of ['GET', 'HEAD']) {
        expect(ask([GOOD_HOST], { target, method })).toBe('allow token=false');
        expect(ask([GOOD_HOST, GOOD_TOKEN], { target, method })).toBe(ALLOWED);
        expect(ask([GOOD_HOST, ['Authorization', 'Bearer x']], { target, method })).toBe('unauthorized');
      }
      expect(ask([GOOD_HOST], { target, method: 'POST' })).toBe('unauthorized');
      expect(ask([GOOD_HOST], { target, method: 'OPTIONS' })).toBe('unauthorized');
    }
  });

  it('the bare token passes on the AWS route alone', () => {
    const bare: Header = ['Authorization', TOKEN];
    const target = '/v1/aws/credentials/amazon-bedrock';
    expect(ask([GOOD_HOST, bare], { target })).toBe(ALLOWED);
    expect(ask([GOOD_HOST, GOOD_TOKEN], { target })).toBe(ALLOWED);
    expect(ask([GOOD_HOST, ['Authorization', `${TOKEN}x`]], { target })).toBe('unauthorized');
    expect(ask([GOOD_HOST, bare])).toBe('unauthorized');
    expect(ask([GOOD_HOST], { target })).toBe('unauthorized');
  });

  it('holds for random Authorization values', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary-ascii' }),
      fc.string().map((text) => `Bearer ${text}`),
      fc.tuple(fc.nat(TOKEN.length - 1), fc.string({ maxLength: 2 })).map(([at, text]) => {
        return `Bearer ${TOKEN.slice(0, at)}${text}${TOKEN.slice(at + 1)}`;
      }),
    );
    fc.assert(
      fc.property(value, (authorization) => {
        const expected = authorization === `Bearer ${TOKEN}` ? ALLOWED : 'unauthorized';
        expect(ask([GOOD_HOST, ['Authorization', authorization]])).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  it.each(['', 'with blank', 'line\r\nbreak', 'caf\u00e9'])('a token of %j lets nobody in', (token) => {
    const make = (): unknown => createCallers(new Secret(token), systemClock);
    expect(make).toThrow(expect.objectContaining({ code: 'config-invalid' }));
    if (token !== '') expect(make).not.toThrow(token);
  });
});

describe('order: ambiguity, Host, Origin, forwarding, token', () => {
  it('each refusal hides all later ones', () => {
    const faults: readonly [string, readonly Header[]][] = [
      ['bad-request', [['Authorization', 'y']]],
      ['host-not-allowed', []],
      ['origin-not-allowed', [['Origin', 'null']]],
      ['forwarded-not-allowed', [['Via', 'x']]],
      ['unauthorized', [['Authorization', 'x']]],
    ];
    for (const [start, [code]] of faults.entries()) {
      const host: Header = start <= 1 ? ['Host', 'evil.example'] : GOOD_HOST;
      expect(ask([host, ...faults.slice(start).flatMap(([, headers]) => headers)])).toBe(code);
    }
  });

  it('random requests are decided, never thrown at, and never let in without the token', () => {
    const name = fc.oneof(
      fc.constantFrom('Host', 'Authorization', 'Origin', '__proto__', 'Via'),
      fc.string(),
    );
    const text = fc.oneof(fc.constantFrom(HOST, '%', '/livez', '*'), fc.string({ unit: 'binary-ascii' }));
    const target = fc.oneof(
      text,
      fc.webPath(),
      fc.string().map((path) => `/${path}`),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text)), target, text, (headers, target, method) => {
        const decision = ask([GOOD_HOST, ...headers], { target, method });
        expect(decision).not.toBe(ALLOWED);
      }),
      { numRuns: 500 },
    );
  });

  it('a cut rawHeaders list is decided too', () => {
    expect(ask([], { rawHeaders: ['Host'] })).toBe('bad-request');
  });
});
