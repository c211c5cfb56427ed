import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startFakeRuntime, type FakeAnswer } from '../helpers/fake-runtime.ts';
import { only, startRig, stopLater } from './rig.ts';

const fixture = (path: string) => readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8');

/** An answer as it was recorded: a request line, the head, an empty line, the body. */
function recorded(name: string): FakeAnswer {
  const text = fixture(`ollama/0.32-research/${name}.http`);
  const [head = '', ...body] = text.slice(text.indexOf('\n') + 1).split('\r\n\r\n');
  const [status = '', ...headers] = head.split('\r\n');
  return {
    status: Number(status.split(' ')[1]),
    headers: { 'content-type': /^content-type: (.*)$/im.exec(headers.join('\n'))?.[1] ?? 'text/plain' },
    // One line end was added to every file.
    body: body.join('\r\n\r\n').replace(/\n$/, ''),
  };
}

const NOT_FOUND = recorded('empty.404');

async function replayOllama(routes: Record<string, FakeAnswer>) {
  const fake = stopLater(
    await startFakeRuntime(({ route, body }) => {
      if (route !== 'POST /api/show') return routes[route] ?? NOT_FOUND;
      return body.includes('tiny-b') ? recorded('show.tiny-b') : recorded('show.tiny-c');
    }),
  );
  const { discovery } = await startRig({ ollama: [fake.port] });
  return { report: await discovery.scan(), fake };
}

describe('recorded answers of a real Ollama', () => {
  const base = { 'GET /': recorded('empty.root'), 'GET /api/version': recorded('empty.version') };

  it('with nothing on it', async () => {
    const { report } = await replayOllama({
      ...base,
      'GET /api/tags': recorded('empty.tags'),
      'GET /api/ps': recorded('empty.ps'),
      'GET /v1/models': recorded('empty.v1_models'),
    });
    expect(only(report)).toMatchObject({ state: 'up', version: '0.0.0-research', models: [] });
  });

  it('with a loaded model, one with num_ctx and one in the cloud', async () => {
    const { report } = await replayOllama({
      ...base,
      'GET /api/tags': recorded('models.tags'),
      'GET /api/ps': recorded('models.ps'),
      'GET /v1/models': recorded('models.v1_models'),
    });
    expect(only(report).models).toMatchObject([
      { id: 'tiny-b:latest', contextWindow: 4_096, contextWindowSource: 'loaded', maxContextWindow: 131_072 },
      {
        id: 'acme/tiny-c:tools',
        contextWindow: 8_192,
        contextWindowSource: 'configured',
        maxContextWindow: 32_768,
      },
    ]);
    expect(report.leftOut).toMatchObject([{ provider: 'ollama', model: 'remote-x:cloud' }]);
  });

  it('with a larger context by environment of the daemon', async () => {
    const { report } = await replayOllama({
      ...base,
      'GET /api/tags': recorded('models.tags'),
      'GET /api/ps': recorded('ctxenv.ps'),
      'GET /v1/models': recorded('models.v1_models'),
    });
    expect(only(report).models.map(({ contextWindow }) => contextWindow)).toEqual([16_384, 8_192]);
  });

  it('that refuses a Host header', async () => {
    const { report } = await replayOllama({ 'GET /': recorded('badhost.version') });
    expect(only(report)).toMatchObject({ state: 'error', hint: expect.stringContaining('OLLAMA_HOST') });
  });
});

describe('documented answers of LM Studio', () => {
  const json = (path: string, status = 200): FakeAnswer => ({
    status,
    headers: { 'content-type': 'application/json', 'x-powered-by': 'Express' },
    body: fixture(`lmstudio/${path}.json`),
  });

  async function replay(routes: Record<string, FakeAnswer>) {
    const fake = stopLater(
      await startFakeRuntime(({ route }) => routes[route] ?? json('0.3-from-docs/unknown-route')),
    );
    const { discovery } = await startRig({ lmstudio: [fake.port] });
    return discovery.scan();
  }

  it('0.4', async () => {
    const report = await replay({
      'GET /lmstudio-greeting': json('0.4-from-docs/greeting'),
      'GET /api/v1/models': json('0.4-from-docs/api-v1-models'),
      'GET /v1/models': { body: { object: 'list', data: [] } },
    });
    expect(only(report).models).toMatchObject([
      {
        id: 'gemma-3-270m-it-qat',
        name: 'Gemma 3 270m Instruct Qat',
        contextWindow: 4_096,
        reasoning: false,
      },
      {
        id: 'openai/gpt-oss-20b',
        contextWindow: 131_072,
        contextWindowSource: 'trained-max',
        reasoning: true,
      },
    ]);
    expect(report.leftOut).toHaveLength(1);
  });

  it('0.3', async () => {
    const report = await replay({
      'GET /lmstudio-greeting': json('0.3-from-docs/greeting'),
      'GET /api/v0/models': json('0.3-from-docs/api-v0-models'),
      'GET /v1/models': { body: { object: 'list', data: [] } },
    });
    expect(only(report).models).toMatchObject([
      { id: 'qwen2-vl-7b-instruct', input: ['text', 'image'], contextWindowSource: 'trained-max' },
      { id: 'meta-llama-3.1-8b-instruct', contextWindow: 4_096, contextWindowSource: 'loaded' },
    ]);
  });

  it('0.4 that demands a token', async () => {
    const report = await replay({
      'GET /lmstudio-greeting': json('0.4-from-docs/greeting'),
      'GET /api/v1/models': json('0.4-from-docs/no-token', 401),
      'GET /api/v0/models': json('0.3-from-docs/api-v0-models'),
    });
    expect(only(report).state).toBe('auth-required');
  });
});
