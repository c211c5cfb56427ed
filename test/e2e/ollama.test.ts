import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { type FakeOllama, startFakeOllama } from '../helpers/fake-ollama.ts';
import { type Rig, type RigOptions, startRig } from '../helpers/sidecar-rig.ts';

const open: { close(): Promise<void> }[] = [];

async function rigWith(options: RigOptions): Promise<Rig> {
  const rig = await startRig(options);
  open.push(rig);
  return rig;
}

async function ollamaWith(contextLength: number, name = 'llama3:chat'): Promise<FakeOllama> {
  const ollama = await startFakeOllama({ models: [{ name, contextLength }] });
  open.push({ close: () => ollama.stop() });
  return ollama;
}

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const resolveAnswer = z.looseObject({
  digest: z.string(),
  provider: z.looseObject({ id: z.string(), baseUrl: z.string(), origin: z.string() }),
  model: z.looseObject({ id: z.string() }),
  auth: z.looseObject({ mode: z.string(), source: z.string() }),
  request: z.object({ headers: z.record(z.string(), z.string()) }),
});

describe('with Ollama up', () => {
  it('models.json holds ollama with auth "none" and no apiKey ("NEVER write placeholder API keys for local providers")', async () => {
    const ollama = await ollamaWith(32_768);
    const rig = await rigWith({ ollamaPort: ollama.port });
    expect(await rig.readModelsJson()).toEqual({
      generatedBy: 'provider-sidecar',
      providers: {
        ollama: {
          baseUrl: `${ollama.url}/v1`,
          api: 'openai-completions',
          auth: 'none',
          models: [expect.objectContaining({ id: 'llama3:chat', contextWindow: 32_768 })],
        },
      },
    });
  });

  it('resolve answers { mode: "none", source: "provider-policy" } with empty headers and no key at all', async () => {
    const ollama = await ollamaWith(32_768);
    const rig = await rigWith({
      ollamaPort: ollama.port,
      env: { OLLAMA_API_KEY: 'cloud-key-that-stays-here' },
    });
    const { status, text, body } = await rig.ask('/v1/resolve');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      model: { ref: 'ollama/llama3:chat', id: 'llama3:chat', contextWindow: 32_768 },
      provider: { id: 'ollama', baseUrl: `${ollama.url}/v1`, origin: 'models.json' },
      request: { headers: {} },
    });
    expect(resolveAnswer.parse(body).auth).toEqual({ mode: 'none', source: 'provider-policy' });
    expect(text).not.toContain('cloud-key');
  });

  it('prints the Health line of the contract', async () => {
    const ollama = await ollamaWith(32_768);
    const rig = await rigWith({ ollamaPort: ollama.port });
    expect(rig.logged.map(({ msg }) => msg)).toContain(
      'Health: OK (provider=ollama, model=llama3:chat, ctx=32768, authMode=none)',
    );
  });

  it('a stop is 503 and runtime-down, a start makes both well again, and nobody else took over meanwhile', async () => {
    const ollama = await ollamaWith(32_768);
    const rig = await rigWith({ ollamaPort: ollama.port });
    const before = resolveAnswer.parse((await rig.ask('/v1/resolve')).body).digest;

    await ollama.stop();
    await vi.waitFor(async () => expect((await rig.ask('/health')).status).toBe(503), {
      timeout: 10_000,
      interval: 50,
    });
    expect((await rig.ask('/health')).body).toMatchObject({ status: 'failing', code: 'runtime-down' });
    expect((await rig.ask('/v1/resolve')).body).toMatchObject({ status: 503, code: 'runtime-down' });
    expect((await rig.ask('/v1/resolve?model=ollama/llama3:chat')).body).toMatchObject({
      code: 'runtime-down',
    });
    expect(await rig.readModelsJson()).toEqual({ generatedBy: 'provider-sidecar', providers: {} });

    await ollama.restart();
    await vi.waitFor(async () => expect((await rig.ask('/health')).status).toBe(200), {
      timeout: 10_000,
      interval: 50,
    });
    const after = await rig.ask('/v1/resolve');
    expect(after.status).toBe(200);
    expect(resolveAnswer.parse(after.body).digest).toBe(before);
  });

  it('Ollama that starts after the sidecar becomes the default, without a restart', async () => {
    const ollama = await ollamaWith(32_768);
    await ollama.stop();
    const rig = await rigWith({ ollamaPort: ollama.port });
    expect((await rig.ask('/health')).body).toMatchObject({ code: 'no-default-model' });
    await ollama.restart();
    await vi.waitFor(async () => expect((await rig.ask('/v1/resolve')).status).toBe(200), {
      timeout: 10_000,
      interval: 50,
    });
    expect((await rig.ask('/health')).body).toMatchObject({
      status: 'ok',
      defaultModel: { ref: 'ollama/llama3:chat', source: 'auto' },
    });
  });

  it('a deleted models.json forces cfg, until an explicit scan ("Operator can delete models.json to force cfg")', async () => {
    const ollama = await ollamaWith(32_768);
    const cfgOllama = {
      baseUrl: ollama.url,
      apiKey: 'cfg-key-123',
      api: 'openai-completions',
      models: [{ id: 'llama3:chat' }],
    };
    const rig = await rigWith({
      ollamaPort: ollama.port,
      files: { 'moltbot.json': { models: { providers: { ollama: cfgOllama } } } },
    });
    const origin = async () =>
      resolveAnswer.parse((await rig.ask('/v1/resolve?model=ollama/llama3:chat')).body);
    expect((await origin()).provider.origin).toBe('models.json');

    await rm(join(rig.stateDir, 'sidecar/models.json'));
    await vi.waitFor(async () => expect((await origin()).provider.origin).toBe('cfg'), {
      timeout: 15_000,
      interval: 20,
    });
    expect((await origin()).auth).toMatchObject({ mode: 'api-key', apiKey: 'cfg-key-123' });

    const scan = await rig.ask('/v1/discovery/scan', { method: 'POST' });
    expect(scan.status).toBe(200);
    expect((await origin()).provider.origin).toBe('models.json');
  });

  it('the openai client, given only what resolve returned, gets a chat completion', async () => {
    const ollama = await ollamaWith(32_768);
    const rig = await rigWith({ ollamaPort: ollama.port });
    const { provider, model, request } = resolveAnswer.parse((await rig.ask('/v1/resolve')).body);
    const client = new OpenAI({
      baseURL: provider.baseUrl,
      apiKey: 'unused',
      defaultHeaders: { ...request.headers, authorization: null },
    });
    const completion = await client.chat.completions.create({
      model: model.id,
      messages: [{ role: 'user', content: 'hello' }],
    });
    expect(completion.choices[0]?.message.role).toBe('assistant');
    const sent = ollama.requests.find(({ route }) => route === 'POST /v1/chat/completions');
    expect(sent?.headers['authorization']).toBeUndefined();
  });

  it('a context window that is too small starts with health degraded and the remedy; strict refuses', async () => {
    const ollama = await startFakeOllama({
      models: [{ name: 'llama3:chat', contextLength: 131_072 }],
      loaded: [{ name: 'llama3:chat', contextLength: 4_096 }],
    });
    open.push({ close: () => ollama.stop() });
    const rig = await rigWith({ ollamaPort: ollama.port });
    const health = await rig.ask('/health');
    expect(health.status).toBe(200);
    expect(health.body).toMatchObject({ status: 'degraded', code: 'context-window-too-small' });
    expect(health.text).toContain('OLLAMA_CONTEXT_LENGTH');
    expect((await rig.ask('/v1/resolve')).body).toMatchObject({
      model: { contextWindow: 4_096, contextWindowSource: 'loaded', maxContextWindow: 131_072 },
    });
    const strict = await rigWith({ ollamaPort: ollama.port, flags: { strict: true } });
    expect(strict.outcome).toMatchObject({
      kind: 'refused',
      exitCode: 78,
      problem: { code: 'context-window-too-small' },
    });
  });
});
