/** "a test asks every route and validates the answers against it": a running sidecar against its own document. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openApiDocument } from '../../src/http/openapi/document.ts';
import { programVersion } from '../../src/platform/process.ts';
import { type FakeOllama, startFakeOllama } from '../helpers/fake-ollama.ts';
import { openApiJudge } from '../helpers/open-api.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';

const IN_AN_HOUR = Date.now() + 3_600_000;

/** A provider for each mode, and a local runtime. */
const FILES = {
  'moltbot.json': {
    models: {
      providers: {
        acme: {
          baseUrl: 'https://acme.example/v1',
          api: 'openai-completions',
          apiKey: 'canary-key-0123456789',
          models: [{ id: 'm', name: 'M', headers: { 'x-api-key': 'canary-header-0123456789' } }],
        },
      },
    },
  },
  'sidecar/sidecar.json5': {
    oauth: {
      acme: {
        clientId: 'c1',
        authorizationEndpoint: 'http://127.0.0.1:1/auth',
        tokenEndpoint: 'http://127.0.0.1:1/token',
      },
    },
  },
  'agents/main/agent/auth-profiles.json': {
    version: 1,
    profiles: {
      'anthropic:t': { type: 'token', provider: 'anthropic', token: 'canary-token', expires: IN_AN_HOUR },
      'openai-codex:o': {
        type: 'oauth',
        provider: 'openai-codex',
        access: 'canary-access',
        refresh: 'canary-refresh',
        expires: IN_AN_HOUR,
        accountId: 'a',
      },
    },
  },
};

const judge = openApiJudge();
const asked = new Map<string, Set<string>>();
let ollama: FakeOllama;
let rig: Rig;
let bearer: Rig;

beforeAll(async () => {
  ollama = await startFakeOllama({ models: [{ name: 'llama3:chat', contextLength: 32_768 }] });
  const aws = {
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'canary-secret',
    AWS_REGION: 'eu-west-1',
  };
  rig = await startRig({ ollamaPort: ollama.port, files: FILES, env: aws });
  bearer = await startRig({
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', AWS_BEARER_TOKEN_BEDROCK: 'canary-bearer' },
  });
});

afterAll(async () => {
  await bearer.close();
  await rig.close();
  await ollama.stop();
});

interface Question {
  readonly on?: () => Rig;
  readonly resolutionId?: string;
  readonly body?: unknown;
  /** What stands for `{id}`. @default ollama */
  readonly id?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks, and says what the document has against the answer. */
async function ask(method: string, template: string, query = '', question: Question = {}) {
  const { on = () => rig, body, headers = {}, id = 'ollama', resolutionId = 'rs_none' } = question;
  const provider = template.startsWith('/v1/aws/') ? 'amazon-bedrock' : 'acme';
  const path = template
    .replace('{id}', id)
    .replace('{provider}', provider)
    .replace('{resolutionId}', resolutionId);
  const response = await fetch(`${on().sidecar.url}${path}${query}`, {
    method,
    headers: {
      authorization: `Bearer ${on().token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const type = response.headers.get('content-type') ?? '';
  const text = await response.text();
  const answer: unknown = type.includes('json') ? JSON.parse(text) : text;
  const name = `${method} ${template}`;
  asked.set(name, (asked.get(name) ?? new Set()).add(String(response.status)));
  return {
    status: response.status,
    faults: judge.faults(method, template, { status: response.status, type, body: answer }),
  };
}

/** Whoever asks for a login that waits already gets that one. */
async function idOfWaitingLogin(): Promise<string> {
  const { sidecar, token } = rig;
  const response = await fetch(`${sidecar.url}/v1/logins`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ provider: 'acme' }),
  });
  return String(Object(await response.json()).loginId);
}

describe('good requests', () => {
  it.each([
    ['GET', '/livez', ''],
    ['GET', '/livez', '?challenge=a-challenge-of-many-characters-01'],
    ['GET', '/health', ''],
    ['GET', '/v1/resolve', ''],
    ['GET', '/v1/resolve', '?provider=ollama'],
    ['GET', '/v1/resolve', '?model=acme/m'],
    ['GET', '/v1/resolve', '?provider=anthropic'],
    ['GET', '/v1/resolve', '?provider=openai-codex'],
    ['GET', '/v1/resolve', '?provider=amazon-bedrock'],
    ['GET', '/v1/explain', ''],
    ['GET', '/v1/explain', '?model=acme/m'],
    ['GET', '/v1/explain', '?model=openai/gpt-5'],
    ['GET', '/v1/explain', '?model=nobody/x'],
    ['GET', '/v1/providers', ''],
    ['GET', '/v1/providers', '?all=true'],
    ['GET', '/v1/providers/{id}', ''],
    ['GET', '/v1/models', ''],
    ['GET', '/v1/discovery', ''],
    ['POST', '/v1/discovery/scan', ''],
    ['GET', '/v1/snapshot', ''],
    ['GET', '/v1/aws/credentials/{provider}', ''],
    ['GET', '/v1/setup/{provider}', ''],
    ['GET', '/v1/tokens', ''],
    ['GET', '/metrics', ''],
    ['GET', '/openapi.json', ''],
  ])('%s %s%s is 200 and as the document says', async (method, path, query) => {
    expect(await ask(method, path, query)).toEqual({ status: 200, faults: [] });
  });

  it('a login that is started and waits, as the document says', async () => {
    const start = { body: { provider: 'acme' } };
    expect(await ask('POST', '/v1/logins', '', start)).toEqual({ status: 201, faults: [] });
    const id = await idOfWaitingLogin();
    expect(await ask('GET', '/v1/logins/{id}', '', { id })).toEqual({ status: 200, faults: [] });
  });

  it('a bearer token of AWS, and a server without a default model, as the document says', async () => {
    const on = () => bearer;
    expect(await ask('GET', '/v1/resolve', '?provider=amazon-bedrock', { on })).toEqual({
      status: 200,
      faults: [],
    });
    expect(await ask('GET', '/health', '', { on })).toEqual({ status: 503, faults: [] });
    expect(await ask('GET', '/v1/explain', '', { on })).toEqual({ status: 200, faults: [] });
    expect(await ask('GET', '/v1/resolve', '', { on })).toEqual({ status: 409, faults: [] });
    const keys = await ask('GET', '/v1/aws/credentials/{provider}', '', { on });
    expect(keys).toEqual({ status: 424, faults: [] });
  });

  it('changes of the default model, with and without an .env, as the document says', async () => {
    const connect = { model: 'acme/m', persist: true };
    expect(await ask('POST', '/v1/setup/{provider}', '', { body: connect })).toEqual({
      status: 200,
      faults: [],
    });
    const change = { model: 'ollama/llama3:chat' };
    expect(await ask('PUT', '/v1/default-model', '', { body: change })).toEqual({ status: 200, faults: [] });
  });

  it('a refused credential, and one that was replaced in the meantime, as the document says', async () => {
    const template = '/v1/resolve/{resolutionId}/rejected';
    const on = await startRig({ files: FILES, env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' } });
    try {
      const { resolutionId }: { readonly resolutionId: string } = JSON.parse(
        (await on.ask('/v1/resolve?model=acme/m')).text,
      );
      const report = { on: () => on, resolutionId, body: { status: 429 } };
      expect(await ask('POST', template, '', report)).toEqual({ status: 424, faults: [] });
      expect(await ask('GET', '/v1/providers', '', { on: () => on })).toEqual({ status: 200, faults: [] });
      await on.write(
        'moltbot.json',
        JSON.stringify(FILES['moltbot.json']).replace('canary-key-0', 'canary-key-1'),
      );
      await vi.waitFor(
        async () => expect(await ask('POST', template, '', report)).toEqual({ status: 200, faults: [] }),
        { timeout: 15_000 },
      );
    } finally {
      await on.close();
    }
  });

  it('without a token health says less, as the document says', async () => {
    const response = await fetch(`${rig.sidecar.url}/health`);
    const body: unknown = await response.json();
    expect(body).toEqual({ status: 'ok' });
    expect(judge.faults('GET', '/health', { status: 200, type: 'application/json', body })).toEqual([]);
  });
});

describe('bad requests', () => {
  it('an unknown parameter is refused by every route, as the document says', async () => {
    for (const { name } of judge.operations) {
      const [method = '', path = ''] = name.split(' ');
      const answer = await ask(method, path, '?zzzzzzzz=1', method === 'GET' ? {} : { body: {} });
      expect(answer, name).toEqual({ status: 400, faults: [] });
    }
  });

  it.each([
    ['a web page', { origin: 'http://evil.example' }, 403],
    ['a proxy', { 'x-forwarded-for': '10.0.0.1' }, 403],
    ['a wrong token', { authorization: 'Bearer wrong' }, 401],
  ])('%s is refused by every route, as the document says', async (_who, headers, status) => {
    for (const { name } of judge.operations) {
      const [method = '', path = ''] = name.split(' ');
      expect(await ask(method, path, '', { headers }), name).toEqual({ status, faults: [] });
    }
  });

  it('a body of another type, and one that is too large, as the document says', async () => {
    const headers = { 'content-type': 'text/plain' };
    const path = '/v1/default-model';
    expect(await ask('PUT', path, '', { body: {}, headers })).toEqual({ status: 415, faults: [] });
    expect(await ask('PUT', path, '', { body: ' '.repeat(70_000) })).toEqual({ status: 413, faults: [] });
    expect(await ask('GET', '/livez', '', { headers: { 'x-long': 'x'.repeat(20_000) } })).toEqual({
      status: 431,
      faults: [],
    });
  });
});

describe('the comparison itself', () => {
  it('every route was asked for each answer that is no error', () => {
    const missing = judge.operations.flatMap(({ name, statuses }) =>
      statuses.filter((status) => asked.get(name)?.has(status) !== true).map((status) => `${name} ${status}`),
    );
    expect(judge.operations.length).toBeGreaterThan(12);
    expect(missing).toEqual([]);
  });

  it('names a field that the document does not have, a missing one, and a status that is not documented', () => {
    const judged = (status: number, body: unknown) =>
      judge.faults('GET', '/livez', { status, type: 'application/json', body });
    expect(judged(200, { status: 'ok' })).toEqual([]);
    expect(judged(200, { status: 'ok', extra: 1 })).toEqual([expect.stringContaining('extra')]);
    expect(judged(200, {})).toEqual([expect.stringContaining('status')]);
    expect(judged(418, {})).toEqual([expect.stringContaining('418')]);
  });
});

it('GET /openapi.json is the document of this version; a provider shows no header of its models', async () => {
  expect((await rig.ask('/openapi.json')).body).toEqual(
    JSON.parse(JSON.stringify(openApiDocument(programVersion()))),
  );
  expect((await rig.ask('/v1/providers/acme')).text).not.toContain('canary');
});
