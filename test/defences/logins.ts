/** What holds against attacks on logins and on credentials that are renewed. */
import type { Defence } from './defence.ts';

const TOKENS = 'test/credentials/oauth/oauth-tokens.test.ts';
const PROCESSES = 'test/credentials/oauth/processes.test.ts';
const REDIRECTS = 'test/login/oauth/redirect-attacks.test.ts';
const CODE_FLOW = 'test/login/oauth/code-flow.test.ts';
const PRESIGNED = 'test/credentials/exchange/presigned-identity.test.ts';

const RENEW = 'src/credentials/oauth/renew-login.ts';
const REDIRECT = 'src/login/oauth/redirect-request.ts';
const LISTENER = 'src/login/oauth/redirect-listener.ts';

export const LOGIN_DEFENCES: readonly Defence[] = [
  {
    against: 'threat 33',
    file: 'src/http/liveness-proof.ts',
    defence: '`livez:${host.toLowerCase()}:${challenge}`',
    without: '`livez:${host.toLowerCase()}:`',
    test: 'test/e2e/server-identity.test.ts',
    fails: 'answers a challenge with a digest that only the token makes',
  },
  {
    against: 'threat 34',
    file: 'src/credentials/exchange/presigned-identity.ts',
    defence: '[SERVER_ID_HEADER]: serverId',
    without: "[SERVER_ID_HEADER]: 'gpu.example.com'",
    test: PRESIGNED,
    fails: '"bound to the server’s id"',
  },
  {
    against: 'threat 34',
    file: 'src/credentials/exchange/presigned-identity.ts',
    defence: 'const LIFE_SECONDS = 60;',
    without: 'const LIFE_SECONDS = 900;',
    test: PRESIGNED,
    fails: 'lives a minute',
  },
  {
    against: 'threat 35',
    file: REDIRECT,
    defence: 'states.length !== 1 || !sameText(state, expected.state)',
    without: 'states.length !== 1',
    test: REDIRECTS,
    fails: 'wrong state',
  },
  {
    against: 'threat 35',
    file: REDIRECT,
    defence: 'states.length !== 1 ||',
    without: '',
    test: REDIRECTS,
    fails: 'doubled state, the right one first',
  },
  {
    against: 'threat 35',
    file: REDIRECT,
    defence: 'expected.issuer !== null && issuer !== expected.issuer',
    without: 'false',
    test: REDIRECTS,
    fails: 'an error with a wrong iss',
  },
  {
    against: 'threat 35',
    file: REDIRECT,
    defence: "if (request.method !== 'GET') return { kind: 'stray', status: 405 };",
    without: '',
    test: REDIRECTS,
    fails: 'POST',
  },
  {
    against: 'threat 35',
    file: REDIRECT,
    defence: "if (!hasOnlyHost(request.rawHeaders, expected.host)) return { kind: 'stray', status: 400 };",
    without: '',
    test: REDIRECTS,
    fails: 'wrong Host',
  },
  {
    against: 'threat 35',
    file: LISTENER,
    defence: 'is on its way already.\n    expected = null;',
    without: 'is on its way already.',
    test: REDIRECTS,
    fails: 'second use while the code of the first is exchanged',
  },
  {
    against: 'threat 36',
    file: LISTENER,
    defence: "const DEFAULT_REDIRECT_URI = 'http://127.0.0.1:0/",
    without: "const DEFAULT_REDIRECT_URI = 'http://127.0.0.1:18799/",
    test: CODE_FLOW,
    fails: 'PKCE S256, state and nonce are in the request, each new',
  },
  {
    against: 'threat 36',
    file: LISTENER,
    defence: "server.listen({ host, port, exclusive: true });\n  await once(server, 'listening');",
    without:
      "const listening = once(server, 'listening').catch(() => server.listen({ host, port: 0 }));\n  server.listen({ host, port, exclusive: true });\n  await listening;\n  if (!server.listening) await once(server, 'listening');",
    test: CODE_FLOW,
    fails: 'the fixed port is taken: the login says which, and what to do',
  },
  {
    against: 'threat 36',
    file: LISTENER,
    defence: "if (opened.kind === 'opened') for (const { server } of opened.servers) server.close();",
    without: '',
    also: [{ file: 'src/login/oauth/code-flow.ts', defence: 'await listener.close();', without: '' }],
    test: REDIRECTS,
    fails: 'second use: nobody listens any more',
  },
  {
    against: 'threat 37',
    file: RENEW,
    defence: 'join(lockFolder, `oauth-${name}`)',
    without: 'join(lockFolder, `oauth-${name}-${Math.random()}`)',
    test: PROCESSES,
    fails: '"one refresh call, all twenty get the new token, none logged out"',
  },
  {
    against: 'threat 37',
    file: RENEW,
    defence: 'if (stored.version !== before.version) return adopted(parts, stored);',
    without: '',
    test: TOKENS,
    fails: '"re-read after the lock": two at the same time',
  },
  {
    against: 'threat 38',
    file: RENEW,
    defence: 'if (!(await store.refuse(profileId, version, refusal))) return lookAgain(parts, profileId);',
    without: '',
    test: TOKENS,
    fails: 'of an expired token: "one clear error, no loop"',
  },
  {
    against: 'threat 38',
    file: RENEW,
    defence: 'if (stored.renewing !== null && !isUseless) return lost(LOST);',
    without: '',
    test: TOKENS,
    fails: 'of a token that is still good: it is used to its end',
  },
  {
    against: 'threat 39',
    file: 'src/credentials/oauth/refresh-policy.ts',
    defence: 'return wait * (1 + JITTER * jitter);',
    without: 'return 0 * wait * (1 + JITTER * jitter);',
    test: TOKENS,
    fails: 'old token with a note, then failed, and calls stay few',
  },
  {
    against: 'threat 39',
    file: 'src/credentials/aws/identity-renewal.ts',
    defence: 'if (failures > 0) return now + Math.min(LONGEST_PAUSE, pauseAfter(failures));',
    without: 'if (failures > 0) return now;',
    test: 'test/credentials/aws/held-identity.test.ts',
    fails: 'is asked with pauses that grow to a minute',
  },
  {
    against: 'threat 39',
    file: 'src/credentials/exchange/failure-pauses.ts',
    defence: 'const until = since + pauseAfter(failures);',
    without: 'const until = since;',
    test: 'test/credentials/exchange/exchanged-keys.test.ts',
    fails: 'an API that refused is not asked again at once',
  },
  {
    against: 'threat 42',
    file: 'src/credentials/oauth/login-store.ts',
    defence: 'if (readStoredLogin(entry)?.version !== version) return undefined;',
    without: '',
    test: TOKENS,
    fails: 'a login during a refresh wins',
  },
  {
    against: 'threat 42',
    file: RENEW,
    defence:
      "if (now.kind === 'gone' && tokens.refresh !== null) await revokeQuietly(connection, tokens.refresh);",
    without: '',
    test: TOKENS,
    fails: '"Logout during a refresh wins"',
  },
];
