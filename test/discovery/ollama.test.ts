import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/domain/provider.ts';
import { startFakeOllama, type FakeOllamaModel, type FakeOllamaOptions } from '../helpers/fake-ollama.ts';
import { only, startRig, stopLater } from './rig.ts';

async function scanFake(options: FakeOllamaOptions, env: Record<string, string> = {}) {
  const fake = stopLater(await startFakeOllama(options));
  const rig = await startRig({ ollama: [fake.port] }, { env });
  const report = await rig.discovery.scan();
  return { ...rig, fake, report, endpoint: only(report) };
}

/** The row of the one model. */
async function rowOf(options: FakeOllamaOptions, env?: Record<string, string>): Promise<Model> {
  const { endpoint } = await scanFake(options, env);
  const [row] = endpoint.models;
  if (row === undefined) throw new Error('no model was found');
  return row;
}

const model = (more: Partial<FakeOllamaModel> = {}): FakeOllamaModel => ({ name: 'llama3:chat', ...more });

describe('Ollama is found', () => {
  it('as a provider with auth "none", a whole row and the id exactly as listed', async () => {
    const { endpoint, fake, readModels } = await scanFake({
      models: [model({ contextLength: 8_192, numCtx: 4_096 })],
    });
    expect(endpoint).toMatchObject({ runtime: 'ollama', provider: 'ollama', state: 'up', version: '0.32.7' });
    expect(await readModels()).toEqual({
      ollama: {
        baseUrl: `${fake.url}/v1`,
        api: 'openai-completions',
        auth: 'none',
        models: [
          {
            id: 'llama3:chat',
            name: 'llama3:chat',
            reasoning: false,
            input: ['text'],
            cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
            contextWindow: 4_096,
            contextWindowSource: 'configured',
            maxContextWindow: 8_192,
            maxTokens: 4_096,
          },
        ],
      },
    });
  });

  it('without models ("data": null is an empty list)', async () => {
    const { endpoint } = await scanFake({ models: [] });
    expect(endpoint).toMatchObject({ state: 'up', models: [] });
  });

  it('with models in a namespace, whose owner is a path segment of the id', async () => {
    const { endpoint } = await scanFake({ models: [model({ name: 'acme/tiny-c:tools' })] });
    expect(endpoint.models.map(({ id }) => id)).toEqual(['acme/tiny-c:tools']);
  });

  it('on ::1 alone, and reports the literal that answered', async () => {
    const fake = stopLater(await startFakeOllama({ host: '::1', models: [model()] }));
    const rig = await startRig({ ollama: [fake.port] });
    const endpoint = only(await rig.discovery.scan());
    expect(endpoint).toMatchObject({ url: `http://[::1]:${fake.port}`, state: 'up' });
    expect(await rig.readModels()).toMatchObject({ ollama: { baseUrl: `http://[::1]:${fake.port}/v1` } });
  });

  it('at OLLAMA_HOST with a path that the server itself does not know', async () => {
    const fake = stopLater(await startFakeOllama());
    const rig = await startRig({}, { env: { OLLAMA_HOST: `127.0.0.1:${fake.port}/v1` } });
    expect(only(await rig.discovery.scan())).toMatchObject({ url: fake.url, state: 'up' });
  });
});

describe('the context window is what a request really gets', () => {
  it('loaded beats everything', async () => {
    const row = await rowOf(
      {
        models: [model({ contextLength: 131_072, numCtx: 8_192 })],
        loaded: [{ name: 'llama3:chat', contextLength: 4_096 }],
      },
      { OLLAMA_CONTEXT_LENGTH: '16384' },
    );
    expect(row).toMatchObject({
      contextWindow: 4_096,
      contextWindowSource: 'loaded',
      maxContextWindow: 131_072,
    });
  });

  it('num_ctx beats OLLAMA_CONTEXT_LENGTH', async () => {
    const row = await rowOf({ models: [model({ numCtx: 8_192 })] }, { OLLAMA_CONTEXT_LENGTH: '16384' });
    expect(row).toMatchObject({ contextWindow: 8_192, contextWindowSource: 'configured' });
  });

  it('OLLAMA_CONTEXT_LENGTH beats the trained maximum', async () => {
    const row = await rowOf({ models: [model()] }, { OLLAMA_CONTEXT_LENGTH: '16384' });
    expect(row).toMatchObject({ contextWindow: 16_384, contextWindowSource: 'configured', maxTokens: 8_192 });
  });

  it.each(['0', '-1', '4k', '1e9', '  '])(
    'a useless OLLAMA_CONTEXT_LENGTH (%s) is ignored',
    async (value) => {
      const row = await rowOf(
        { models: [model({ contextLength: 32_768 })] },
        { OLLAMA_CONTEXT_LENGTH: value },
      );
      expect(row).toMatchObject({ contextWindow: 32_768, contextWindowSource: 'trained-max' });
    },
  );

  it('is never above the trained maximum', async () => {
    const row = await rowOf({ models: [model({ contextLength: 8_192, numCtx: 100_000 })] });
    expect(row).toMatchObject({ contextWindow: 8_192, maxContextWindow: 8_192 });
  });

  it('is never clamped upwards', async () => {
    const row = await rowOf({ models: [model({ contextLength: 2_048 })] });
    expect(row).toMatchObject({ contextWindow: 2_048, maxTokens: 2_048 });
  });

  it('is 4096, labelled as assumed, when nothing is known', async () => {
    const row = await rowOf({ models: [model({ contextLength: 0 })] });
    expect(row).toMatchObject({ contextWindow: 4_096, contextWindowSource: 'assumed' });
    expect(row).not.toHaveProperty('maxContextWindow');
  });

  it('comes from show on a server that does not list it', async () => {
    const row = await rowOf({ listsDetails: false, models: [model({ contextLength: 32_768 })] });
    expect(row).toMatchObject({ contextWindow: 32_768, contextWindowSource: 'trained-max' });
  });
});

describe('capabilities', () => {
  it('thinking is reasoning, vision is image input', async () => {
    const row = await rowOf({ models: [model({ capabilities: ['completion', 'vision', 'thinking'] })] });
    expect(row).toMatchObject({ reasoning: true, input: ['text', 'image'] });
  });

  it('"embedding-only models are left out and listed in the scan report"', async () => {
    const { endpoint, report } = await scanFake({
      models: [model({ name: 'vectors:v1', capabilities: ['embedding'] }), model()],
    });
    expect(endpoint.models.map(({ id }) => id)).toEqual(['llama3:chat']);
    expect(report.leftOut).toEqual([
      { provider: 'ollama', model: 'vectors:v1', reason: 'it makes embeddings only' },
    ]);
  });

  it.each([{ name: 'mxbai-embed-large:latest' }, { name: 'vectors:v1', family: 'nomic-bert' }])(
    'an old server tells none: an embedding model is known by its family or name ($name)',
    async (embedding) => {
      const { endpoint, report } = await scanFake({ listsDetails: false, models: [embedding, model()] });
      expect(endpoint.models.map(({ id }) => id)).toEqual(['llama3:chat']);
      expect(report.leftOut.map((left) => left.model)).toEqual([embedding.name]);
    },
  );
});

describe('cloud models behind a local runtime', () => {
  it.each([
    { name: 'remote-x:latest', remoteHost: 'https://ollama.com:443' },
    { name: 'gpt-oss:cloud' },
    { name: 'gpt-oss:120b-cloud' },
  ])('are left out and never shown: $name', async (cloud) => {
    const { endpoint, report, fake } = await scanFake({
      listsDetails: false,
      models: [cloud],
      cloud: 'signed-out',
    });
    expect(endpoint).toMatchObject({ state: 'up', models: [] });
    expect(report.leftOut[0]?.reason).toContain('cloud');
    expect(fake.count('POST /api/show')).toBe(0);
  });
});

describe('questions about single models', () => {
  const many = Array.from({ length: 12 }, (_, index) => model({ name: `m${index}:latest` }));

  it('go out two at a time, and once for each digest over several scans', async () => {
    const fake = stopLater(await startFakeOllama({ listsDetails: false, models: many }));
    fake.setDelay(20);
    const { discovery } = await startRig({ ollama: [fake.port] });
    await discovery.scan();
    expect(fake.peak('POST /api/show')).toBe(2);
    await discovery.scan();
    await discovery.scan();
    expect(fake.count('POST /api/show')).toBe(12);
    fake.setModels([model({ name: 'm0:latest', digest: 'f'.repeat(64), numCtx: 4_096 })]);
    expect(only(await discovery.scan()).models[0]?.contextWindow).toBe(4_096);
    expect(fake.count('POST /api/show')).toBe(13);
  });

  it('are asked once also for models that the server then says it does not have', async () => {
    const fake = stopLater(await startFakeOllama({ listsDetails: false, models: many }));
    fake.setFault('not-found', 'POST /api/show');
    const { discovery } = await startRig({ ollama: [fake.port] });
    await discovery.scan();
    await discovery.scan();
    expect(fake.count('POST /api/show')).toBe(12);
  });

  it('stop for this look when a few stay without an answer', async () => {
    const fake = stopLater(await startFakeOllama({ listsDetails: false, models: many }));
    fake.setFault('unavailable', 'POST /api/show');
    const { discovery } = await startRig({ ollama: [fake.port] });
    await discovery.scan();
    expect(fake.count('POST /api/show')).toBeLessThan(6);
  });

  it('are asked once for two names of one digest', async () => {
    const twins = ['a:latest', 'b:latest'].map((name) =>
      model({ name, digest: 'e'.repeat(64), numCtx: 2_048 }),
    );
    const { endpoint, fake } = await scanFake({ models: twins });
    expect(endpoint.models.map(({ contextWindow }) => contextWindow)).toEqual([2_048, 2_048]);
    expect(fake.count('POST /api/show')).toBe(1);
  });

  it('never hold up a scan: what stays unknown is filled in by the next one', async () => {
    const fake = stopLater(await startFakeOllama({ models: [model({ numCtx: 4_096 })] }));
    fake.setFault('silent', 'POST /api/show');
    const { discovery } = await startRig({ ollama: [fake.port] });
    expect(only(await discovery.scan())).toMatchObject({
      state: 'up',
      models: [{ contextWindowSource: 'trained-max' }],
    });
    fake.setFault(null, 'POST /api/show');
    expect(only(await discovery.scan()).models[0]).toMatchObject({ contextWindow: 4_096 });
  });

  it('are not asked of a model that is loaded and told in the list', async () => {
    const { fake } = await scanFake({
      models: [model()],
      loaded: [{ name: 'llama3:chat', contextLength: 4_096 }],
    });
    expect(fake.count('POST /api/show')).toBe(0);
  });
});

describe('untrusted lists', () => {
  it('"schema, length caps, no control characters": such a model is left out with the reason', async () => {
    const names = ['\u001b]0;pwned\u0007', 'x'.repeat(300), ' ', '../../x:latest'];
    const { report, endpoint, readModels } = await scanFake({ models: names.map((name) => model({ name })) });
    expect(endpoint.models.map(({ id }) => id)).toEqual(['../../x:latest']);
    expect(report.leftOut.map(({ reason }) => reason)).toEqual([
      'its id or name holds control characters',
      'its id is longer than 256 characters',
      'its id is blank',
    ]);
    const texts: string[] = [];
    JSON.stringify([report, await readModels()], (_key, value: unknown) => {
      if (typeof value === 'string') texts.push(value);
      return value;
    });
    expect(texts.filter((text) => /[\u0000-\u001f\u007f-\u009f]/.test(text))).toEqual([]);
  });

  it('rows of a foreign shape do not spoil the others, and a base URL in a row counts for nothing', async () => {
    const rows = [null, 7, { name: 5 }, { name: 'ok:latest', baseUrl: 'http://evil.example.com' }];
    const { endpoint, fake, readModels } = await scanFake({
      routes: { 'GET /api/tags': { body: { models: rows } } },
    });
    expect(endpoint.models.map(({ id }) => id)).toEqual(['ok:latest']);
    expect(await readModels()).toMatchObject({ ollama: { baseUrl: `${fake.url}/v1` } });
    expect(JSON.stringify(await readModels())).not.toContain('evil');
  });

  it('at most 5000 models are looked at', async () => {
    const rows = Array.from({ length: 5_003 }, (_, index) => ({
      name: `m${index}:latest`,
      digest: 'd'.repeat(64),
      capabilities: ['completion'],
      details: { context_length: 4_096 },
    }));
    const { endpoint, report } = await scanFake({ routes: { 'GET /api/tags': { body: { models: rows } } } });
    expect(endpoint.models).toHaveLength(5_000);
    expect(report.leftOut[0]?.model).toBe('(3 more)');
  });
});

describe('imitations of Ollama are a wrong service, with evidence that names them', () => {
  it.each([
    { what: 'lemonade', options: { ownedBy: 'lemonade' } },
    { what: 'docker', options: { ownedBy: 'docker' } },
    { what: 'llama-swap', options: { ownedBy: 'llama-swap' } },
    { what: 'nobody-knows', options: { ownedBy: 'nobody-knows' } },
    {
      what: 'LocalAI',
      options: { routes: { 'GET /.well-known/localai.json': { body: { version: '3.0' } } } },
    },
    {
      what: 'KoboldCpp',
      options: { routes: { 'GET /api/extra/version': { body: { result: 'KoboldCpp', version: '1.9' } } } },
    },
    {
      what: 'version answer',
      options: { routes: { 'GET /api/version': { body: { version: '1', commit: 'abc', build_date: 'x' } } } },
    },
  ])('$what', async ({ what, options }) => {
    const { endpoint, readModels } = await scanFake({ models: [model()], ...options });
    expect(endpoint).toMatchObject({ state: 'wrong-service', runtime: null, models: [] });
    expect(endpoint.evidence.map(({ answer }) => answer).join('\n')).toContain(what);
    expect(await readModels()).toEqual({});
  });

  it('an owner that is a known imitation is one, also when the id holds the word', async () => {
    const { endpoint } = await scanFake({ models: [model({ name: 'docker/x:latest' })], ownedBy: 'docker' });
    expect(endpoint.state).toBe('wrong-service');
  });
});

describe('refusals', () => {
  it('a 403 without a body on / is an error with a hint about OLLAMA_HOST, not a demand for a key', async () => {
    const fake = stopLater(await startFakeOllama());
    fake.setFault('forbidden-empty');
    const { discovery } = await startRig({ ollama: [fake.port] });
    const endpoint = only(await discovery.scan());
    expect(endpoint.state).toBe('error');
    expect(endpoint.hint).toContain('OLLAMA_HOST');
  });

  it('"auth none is earned": a list at the base URL that demands a key gives no provider', async () => {
    const fake = stopLater(await startFakeOllama({ models: [model()] }));
    fake.setFault('unauthorized', 'GET /v1/models');
    const { discovery, readModels } = await startRig({ ollama: [fake.port] });
    expect(only(await discovery.scan()).state).toBe('auth-required');
    expect(await readModels()).toEqual({});
  });
});
