/**
 * "every error code is documented once and reached by a test": for each code, how a caller of the server or a user of
 * the command line comes to see it. Over HTTP the answer is what the OpenAPI document says.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { ERROR_CODES, type ErrorCode, factsOf } from '../../src/domain/errors.ts';
import { MAX_ENDPOINT_READERS } from '../../src/http/events/readers.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { runCli } from '../helpers/cli.ts';
import { startFakeLlamaServer } from '../helpers/fakes/llamacpp.ts';
import { freePort } from '../helpers/free-port.ts';
import { openApiJudge } from '../helpers/open-api.ts';
import { head, sendRaw } from '../helpers/raw-http.ts';
import { type Rig, type RigOptions, startRig } from '../helpers/sidecar-rig.ts';
import { readPage, tableOf } from '../docs/pages.ts';
import { start } from '../http/guarded-server.ts';

interface Seen {
  readonly code: unknown;
  readonly status: number;
}

const judge = openApiJudge();
const QUIET = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };
const ACME = { baseUrl: 'https://acme.example/v1', api: 'openai-completions', models: [{ id: 'm' }] };
const cfg = (acme: object): object => ({ models: { providers: { acme } } });

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

/** A login whose token has ended, at a server that is not there. */
function expiredLogin(more: object): NonNullable<RigOptions['files']> {
  const login = { issuer: 'http://127.0.0.1:1', clientId: 'c1', scopes: ['openid'] };
  const tokens = { access: 'canary-access', refresh: 'canary-refresh', expires: 1_000, obtained: 1 };
  const profile = { type: 'oauth', provider: 'acme', ...tokens, ...login, ...more };
  return {
    'moltbot.json': cfg({ ...ACME, auth: 'oauth' }),
    'sidecar/sidecar.json5': { oauth: { acme: login } },
    'sidecar/auth-profiles.json': { version: 1, profiles: { 'acme:default': profile } },
  };
}

async function rigWith(options: RigOptions = {}): Promise<Rig> {
  rig = await startRig({ env: QUIET, ...options });
  return rig;
}

interface Question {
  readonly method?: string;
  /** The path as the document has it, where it differs. */
  readonly template?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** The code of an answer, which is as the document says it. */
async function codeOf(asked: Rig, path: string, question: Question = {}): Promise<Seen> {
  const { method = 'GET', headers = {}, body } = question;
  const response = await fetch(`${asked.sidecar.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${asked.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: { readonly code: unknown } = JSON.parse(await response.text());
  const template = question.template ?? path.split('?', 1)[0] ?? '';
  const { status } = response;
  const type = response.headers.get('content-type') ?? '';
  expect(judge.faults(method, template, { status, type, body: answer })).toEqual([]);
  return { code: answer.code, status };
}

/** What comes of a device login at the authorization server of this port. */
async function startLoginAt(port: number): Promise<Seen> {
  const server = `http://127.0.0.1:${port}`;
  const acme = {
    clientId: 'c1',
    deviceAuthorizationEndpoint: `${server}/device`,
    tokenEndpoint: `${server}/token`,
  };
  const files = { 'sidecar/sidecar.json5': { oauth: { acme } } };
  const body = { provider: 'acme', flow: 'device' };
  return codeOf(await rigWith({ files }), '/v1/logins', { method: 'POST', body });
}

/** Over HTTP. */
const BY_HTTP: Partial<Record<ErrorCode, () => Promise<Seen>>> = {
  'bad-request': async () => codeOf(await rigWith(), '/v1/resolve?modell=x'),
  unauthorized: async () => codeOf(await rigWith(), '/v1/models', { headers: { authorization: '' } }),
  'host-not-allowed': async () => {
    const { sidecar, token } = await rigWith();
    const port = Number(new URL(sidecar.url).port);
    const request = head('GET /v1/models HTTP/1.1', 'Host: evil.example', `Authorization: Bearer ${token}`);
    const { status, body } = await sendRaw(port, request);
    const answer: { readonly code: unknown } = JSON.parse(body);
    return { code: answer.code, status };
  },
  'origin-not-allowed': async () =>
    codeOf(await rigWith(), '/v1/models', { headers: { origin: 'http://evil.example' } }),
  'forwarded-not-allowed': async () =>
    codeOf(await rigWith(), '/v1/models', { headers: { via: '1.1 proxy' } }),
  'scope-not-allowed': async () => {
    const asked = await rigWith();
    const store = createCallerTokenStore(join(asked.stateDir, 'sidecar/tokens.json'), systemClock);
    const scope = { providers: ['ollama'], models: null, secrets: true };
    const { token } = await store.create({ name: 'limited', scope, lifeMs: null });
    await asked.ask('/v1/tokens');
    const headers = { authorization: `Bearer ${token.secret.reveal()}` };
    return codeOf(asked, '/v1/resolve?provider=openai', { headers });
  },
  'unknown-provider': async () => codeOf(await rigWith(), '/v1/resolve?provider=nobody'),
  'unknown-model': async () => {
    const files = { 'moltbot.json': cfg({ ...ACME, apiKey: 'sk-0123456789' }) };
    return codeOf(await rigWith({ files }), '/v1/resolve?model=acme/other');
  },
  'not-found': async () => {
    const { status, body } = await (await rigWith()).ask('/v2/resolve');
    return { ...Object(body), status };
  },
  'provider-changed': async () => {
    const files = { 'moltbot.json': cfg({ ...ACME, apiKey: 'sk-0123456789' }) };
    const asked = await rigWith({ files });
    const { resolutionId = '' }: { readonly resolutionId?: string } = Object(
      (await asked.ask('/v1/resolve?provider=acme')).body,
    );
    await asked.write(
      'moltbot.json',
      cfg({ ...ACME, apiKey: 'sk-0123456789', baseUrl: 'https://other.example' }),
    );
    const path = `/v1/resolve?resolution=${resolutionId}`;
    await vi.waitFor(async () => expect((await asked.ask(path)).status).not.toBe(200), { timeout: 15_000 });
    return codeOf(asked, path);
  },
  'no-default-model': async () => codeOf(await rigWith(), '/v1/resolve'),
  'no-auth': async () => codeOf(await rigWith(), '/v1/resolve?model=openai/gpt-5'),
  'auth-expired': async () => {
    const profile = { type: 'token', provider: 'anthropic', token: 'canary', expires: 1_000 };
    const store = { version: 1, profiles: { 'anthropic:t': profile } };
    const files = { 'agents/main/agent/auth-profiles.json': store };
    return codeOf(await rigWith({ files }), '/v1/resolve?provider=anthropic');
  },
  'auth-required': async () => {
    const runtime = await startFakeLlamaServer({ apiKey: 'sk-demanded' });
    onTestFinished(() => runtime.stop());
    const asked = await rigWith({ env: {}, ports: { llamacpp: [runtime.port] } });
    return codeOf(asked, '/v1/resolve?provider=llamacpp');
  },
  'runtime-down': async () => codeOf(await rigWith({ env: {} }), '/v1/resolve?model=ollama/llama3'),
  'config-invalid': async () => codeOf(await rigWith(), '/v1/discovery/scan', { method: 'POST' }),
  'context-window-too-small': async () => {
    const acme = { ...ACME, apiKey: 'sk-0123456789', models: [{ id: 'm', contextWindow: 1_000 }] };
    const asked = await rigWith({ files: { 'moltbot.json': cfg(acme) }, flags: { strict: true } });
    return codeOf(asked, '/v1/default-model', { method: 'PUT', body: { model: 'acme/m' } });
  },
  'reauth-required': async () => {
    const refusal = { at: 2, detail: 'the server takes the refresh token no more' };
    return codeOf(await rigWith({ files: expiredLogin({ refusal }) }), '/v1/resolve?model=acme/m');
  },
  'credential-source-down': async () =>
    codeOf(await rigWith({ files: expiredLogin({}) }), '/v1/resolve?model=acme/m'),
  'login-server-down': async () => startLoginAt(await freePort()),
  'login-failed': async () => {
    const server = createServer((_request, response) =>
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return startLoginAt(Number(Object(server.address()).port));
  },
  'too-many-readers': async () => {
    const asked = await rigWith();
    const reading = new AbortController();
    const { signal } = reading;
    const headers = { authorization: `Bearer ${asked.token}` };
    const streams = Array.from({ length: MAX_ENDPOINT_READERS }, () =>
      fetch(`${asked.sidecar.url}/v1/events`, { headers, signal }),
    );
    try {
      await Promise.all(streams);
      return await codeOf(asked, '/v1/events');
    } finally {
      reading.abort();
    }
  },
  'not-permitted': async () => {
    const asked = await rigWith({ files: { 'moltbot.json': cfg({ ...ACME, apiKey: 'sk-0123456789' }) } });
    await symlink('/dev/null', join(asked.stateDir, 'sidecar/sidecar.json5'));
    return codeOf(asked, '/v1/default-model', { method: 'PUT', body: { model: 'acme/m' } });
  },
  'cannot-write': async () => {
    const asked = await rigWith({ files: { 'moltbot.json': cfg({ ...ACME, apiKey: 'sk-0123456789' }) } });
    await rm(join(asked.stateDir, 'sidecar'), { recursive: true });
    await writeFile(join(asked.stateDir, 'sidecar'), 'in the way');
    return codeOf(asked, '/v1/default-model', { method: 'PUT', body: { model: 'acme/m' } });
  },
  internal: async () => {
    // A bug, which no request to the real routes should find.
    const { port, host } = await start({
      fetch: () => {
        throw new Error('a bug');
      },
    });
    const { status, body } = await sendRaw(port, head('GET /livez HTTP/1.1', host, 'Connection: close'));
    const answer: { readonly code: unknown } = JSON.parse(body);
    return { code: answer.code, status };
  },
};

/** On the command line alone: they end a program, or say that none runs. */
const BY_COMMAND: Partial<Record<ErrorCode, (home: string) => Promise<readonly string[]>>> = {
  'address-in-use': async () => {
    const other = createServer().listen(await freePort(), '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const address = other.address();
    return ['serve', '--port', String(Object(address).port)];
  },
  'not-running': () => Promise.resolve(['status']),
};

/** In health alone: what the code is about works all the same. */
const BY_HEALTH: Partial<Record<ErrorCode, () => Promise<unknown>>> = {
  'credential-cooling-down': async () => {
    const files = { 'moltbot.json': cfg({ ...ACME, apiKey: 'sk-0123456789' }) };
    const asked = await rigWith({ files, flags: { defaultModel: 'acme/m' } });
    const { resolutionId = '' }: { readonly resolutionId?: string } = Object(
      (await asked.ask('/v1/resolve')).body,
    );
    const report = { method: 'POST', body: { status: 429 }, template: '/v1/resolve/{resolutionId}/rejected' };
    expect(await codeOf(asked, `/v1/resolve/${resolutionId}/rejected`, report)).toEqual({
      code: 'no-auth',
      status: 424,
    });
    return (await asked.ask('/health')).body;
  },
};

describe('every code', () => {
  it('is documented once, and is in one of the lists here', () => {
    const rows = tableOf(
      readPage('docs/errors.md'),
      'code',
      'HTTP',
      'exit',
      'where',
      'what it means',
      'what to do',
    );
    const documented = rows.map(([cell = '']) => cell.replaceAll('`', ''));
    expect(documented.sort()).toEqual(Object.keys(ERROR_CODES).sort());
    const reached = [...Object.keys(BY_HTTP), ...Object.keys(BY_COMMAND), ...Object.keys(BY_HEALTH)];
    expect(reached.sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });

  it.each(Object.entries(BY_HTTP))('%s is reached over HTTP, with its status', async (code, reach) => {
    const known = Object.keys(ERROR_CODES).find((name): name is ErrorCode => name === code);
    const status = known === undefined ? 0 : factsOf(known).status;
    expect(await reach()).toMatchObject({ code, status });
  });

  it.each(Object.entries(BY_HEALTH))('%s is reached in health, which is degraded', async (code, reach) => {
    expect(await reach()).toMatchObject({ status: 'degraded', code });
  });

  it.each(Object.entries(BY_COMMAND))(
    '%s is reached on the command line, with its exit code',
    async (code, reach) => {
      const home = await mkdtemp(join(tmpdir(), 'sidecar-codes-'));
      onTestFinished(() => rm(home, { recursive: true, force: true }));
      await mkdir(dirname(join(home, '.clawdbot/x')), { recursive: true, mode: 0o700 });
      const known = Object.keys(ERROR_CODES).find((name): name is ErrorCode => name === code);
      const result = await runCli(await reach(home), { home, env: QUIET });
      expect(result.code).toBe(known === undefined ? 0 : factsOf(known).exitCode);
      expect(result.stderr).toMatch(new RegExp(`^${code}: `, 'm'));
    },
  );
});
