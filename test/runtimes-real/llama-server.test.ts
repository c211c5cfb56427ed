/** A real llama-server behind the whole sidecar: what is found is proved by asking the server for inference. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as z from 'zod';
import { resolveAnswer } from '../../src/domain/answers/resolve.ts';
import { createClient } from '../../src/client/client.ts';
import { startRig as startDiscovery } from '../discovery/rig.ts';
import { openAiClient } from '../helpers/openai-client.ts';
import { startRig, type Rig, type RigOptions } from '../helpers/sidecar-rig.ts';
import { makeModelFolder, startLlamaServer, type RealLlamaServer } from './real-llama-server.ts';

const resolutionSchema = z.object({
  provider: resolveAnswer.shape.provider,
  model: z.object({ id: z.string(), contextWindow: z.number() }),
  auth: z.object({ mode: z.string() }),
  request: z.object({ headers: z.record(z.string(), z.string()) }),
});
type Resolution = z.infer<typeof resolutionSchema>;

const endpointsSchema = z.object({
  endpoints: z.array(
    z.object({
      url: z.string(),
      state: z.string(),
      runtime: z.string().nullable(),
      version: z.string().nullable(),
      hint: z.string().optional(),
      models: z.array(
        z.looseObject({ id: z.string(), contextWindow: z.number(), contextWindowSource: z.string() }),
      ),
    }),
  ),
  leftOut: z.array(z.object({ model: z.string(), reason: z.string() })),
});

/** A sidecar that looks for llama-server at this port only; closed at the end of the test. */
async function startSidecar(port: number, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig({ ...options, ports: { llamacpp: [port] } });
  onTestFinished(() => rig.close());
  return rig;
}

/** What discovery says of the server, and what it left out. */
async function discovered(rig: Rig, server: RealLlamaServer) {
  const { endpoints, leftOut } = endpointsSchema.parse((await rig.ask('/v1/discovery')).body);
  const endpoint = endpoints.find(({ url }) => url.includes(`:${server.port}`));
  if (endpoint === undefined) throw new Error(`nobody looked at port ${server.port}`);
  return { endpoint, leftOut };
}

async function scan(rig: Rig): Promise<void> {
  expect((await rig.ask('/v1/discovery/scan', { method: 'POST' })).status).toBe(200);
}

async function resolve(rig: Rig, ref: string): Promise<Resolution> {
  const answer = await rig.ask(`/v1/resolve?model=${encodeURIComponent(ref)}`);
  expect(answer.text).toContain('"resolutionId"');
  return resolutionSchema.parse(answer.body);
}

/** The proof: a completion at the resolved URL with the resolved headers and nothing else, by hand and by client. */
async function infer({ provider, model, request }: Resolution): Promise<void> {
  const messages = [{ role: 'user' as const, content: 'hi' }];
  const byHand = await fetch(`${provider.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...request.headers },
    body: JSON.stringify({ model: model.id, messages, max_tokens: 2 }),
  });
  expect(await byHand.json()).toMatchObject({ object: 'chat.completion', usage: { completion_tokens: 2 } });
  const byClient = await openAiClient({ provider, request }).chat.completions.create({
    model: model.id,
    messages,
    max_tokens: 2,
  });
  expect(byClient.choices).toHaveLength(1);
}

describe('a real llama-server', () => {
  it('open: found with its version, its loaded window and its path as id, and it answers', async () => {
    const id = makeModelFolder().add('tiny', { context: 32_768 });
    const server = await startLlamaServer(['-m', id, '-c', '2048']);
    await server.ready();
    const rig = await startSidecar(server.port);
    const { endpoint } = await discovered(rig, server);
    expect(endpoint).toMatchObject({ state: 'up', runtime: 'llamacpp', url: server.url });
    expect(endpoint.version).toMatch(/^b\d+/);
    expect(endpoint.models).toMatchObject([
      { id, contextWindow: 2_048, contextWindowSource: 'loaded', maxContextWindow: 32_768 },
    ]);
    expect(await rig.readModelsJson()).toMatchObject({
      providers: { llamacpp: { baseUrl: `${server.url}/v1`, auth: 'none' } },
    });
    const resolution = await resolve(rig, `llamacpp/${id}`);
    expect(resolution).toMatchObject({ auth: { mode: 'none' }, request: { headers: {} } });
    await infer(resolution);
  });

  it('"the openai npm client, given only what /v1/resolve returned, gets a chat completion": the client library’s answer', async () => {
    const server = await startLlamaServer(['-m', makeModelFolder().add('tiny'), '-c', '512', '-a', 'tiny']);
    await server.ready();
    const rig = await startSidecar(server.port);
    const answer = await createClient({ home: rig.home, env: {} }).resolve();
    expect(answer).toMatchObject({ model: { ref: 'llamacpp/tiny' }, auth: { mode: 'none' } });
    const completion = await openAiClient(answer).chat.completions.create({
      model: answer.model?.id ?? '',
      messages: [{ role: 'user', content: 'hi' }],
      max_tokens: 2,
    });
    expect(completion).toMatchObject({ object: 'chat.completion', usage: { completion_tokens: 2 } });
  });

  it('the published window is the one of a request: one token more is refused', async () => {
    const server = await startLlamaServer(['-m', makeModelFolder().add('tiny'), '-c', '512', '-a', 'tiny']);
    await server.ready();
    const { provider, model } = await resolve(await startSidecar(server.port), 'llamacpp/tiny');
    expect(model.contextWindow).toBe(512);
    const ask = (tokens: number) =>
      fetch(`${provider.baseUrl}/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        // The vocabulary has one token for each byte; ids are sent, so that nothing is added to them.
        body: JSON.stringify({ model: model.id, prompt: Array(tokens).fill(100), max_tokens: 1 }),
      });
    expect((await ask(model.contextWindow - 1)).status).toBe(200);
    expect((await ask(model.contextWindow + 1)).status).toBe(400);
  });

  it('with --api-key: auth-required, and the operator’s own entry with the key works', async () => {
    const id = makeModelFolder().add('tiny');
    const server = await startLlamaServer(['-m', id, '-c', '512', '-a', 'tiny', '--api-key', 'sk-real-test']);
    await server.ready();
    const config = {
      models: {
        providers: {
          llamacpp: {
            baseUrl: `${server.url}/v1`,
            api: 'openai-completions',
            apiKey: 'sk-real-test',
            models: [{ id: 'tiny', name: 'Tiny', contextWindow: 512, maxTokens: 128 }],
          },
        },
      },
    };
    const rig = await startSidecar(server.port, { files: { 'moltbot.json': config } });
    const { endpoint } = await discovered(rig, server);
    expect(endpoint).toMatchObject({ state: 'auth-required', runtime: 'llamacpp', models: [] });
    expect(endpoint.hint).toContain('--api-key');
    expect(JSON.stringify(await rig.readModelsJson())).not.toContain('llamacpp');
    const resolution = await resolve(rig, 'llamacpp/tiny');
    expect(resolution).toMatchObject({ provider: { origin: 'cfg' }, auth: { mode: 'api-key' } });
    await infer(resolution);
  });

  it('while it loads: loading, and up as soon as it has finished', async () => {
    const id = makeModelFolder().add('slow', { ballastMib: 400 });
    const server = await startLlamaServer(['-m', id, '-c', '512', '-a', 'slow', '--check-tensors']);
    const { discovery } = await startDiscovery({ llamacpp: [server.port] });
    const states = new Set<string>();
    await vi.waitFor(
      async () => {
        const [endpoint] = (await discovery.scan()).endpoints;
        states.add(endpoint?.state ?? 'none');
        expect(endpoint).toMatchObject({ state: 'up', models: [{ id: 'slow' }] });
      },
      { timeout: 30_000, interval: 20 },
    );
    expect(states).toContain('loading');
    expect(states).not.toContain('wrong-service');
    expect(states).not.toContain('auth-required');
  });

  it('as a router: both models are found, "probing loads none", and one that is used shows its window', async () => {
    const folder = makeModelFolder();
    folder.add('small', { context: 4_096 });
    folder.add('large', { context: 65_536 });
    const server = await startLlamaServer(['--models-dir', folder.seenPath]);
    await server.ready();
    const rig = await startSidecar(server.port);
    for (let round = 0; round < 3; round += 1) await scan(rig);
    const before = await discovered(rig, server);
    const byId = (endpoint: typeof before.endpoint) =>
      Object.fromEntries(endpoint.models.map(({ id, ...facts }) => [id, facts]));
    expect(byId(before.endpoint)).toMatchObject({
      small: { contextWindow: 4_096, contextWindowSource: 'trained-max' },
      large: { contextWindow: 65_536, contextWindowSource: 'trained-max' },
    });
    expect(server.log()).not.toContain('spawning');

    await infer(await resolve(rig, 'llamacpp/small'));
    expect(server.log()).toContain('spawning');
    await scan(rig);
    expect(byId((await discovered(rig, server)).endpoint)).toMatchObject({
      small: { contextWindow: 4_096, contextWindowSource: 'loaded' },
      large: { contextWindowSource: 'trained-max' },
    });
  });

  it('with --embeddings: left out, by its name, which is all that tells', async () => {
    const id = makeModelFolder().add('tiny');
    const flags = ['-m', id, '-c', '512', '-a', 'tiny-embed', '--embeddings', '--pooling', 'mean'];
    const server = await startLlamaServer(flags);
    await server.ready();
    const rig = await startSidecar(server.port);
    const { endpoint, leftOut } = await discovered(rig, server);
    expect(endpoint).toMatchObject({ state: 'up', models: [] });
    expect(leftOut).toMatchObject([{ model: 'tiny-embed' }]);
  });

  it(
    'killed and started again: both are noticed, and then it answers again',
    { timeout: 120_000 },
    async () => {
      const id = makeModelFolder().add('tiny');
      const server = await startLlamaServer(['-m', id, '-c', '512', '-a', 'tiny']);
      await server.ready();
      const rig = await startSidecar(server.port);
      const becomes = (state: string) =>
        vi.waitFor(async () => expect((await discovered(rig, server)).endpoint.state).toBe(state), {
          timeout: 15_000,
          interval: 50,
        });
      await becomes('up');
      const deaths: number[] = [];
      const starts: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        await server.kill();
        const killed = performance.now();
        await becomes('down');
        deaths.push(performance.now() - killed);
        // Resolving follows the report as soon as models.json is in step with it.
        await vi.waitFor(
          async () => expect((await rig.ask('/v1/resolve?model=llamacpp/tiny')).status).toBe(503),
          15_000,
        );
        server.restart();
        await server.ready();
        const ready = performance.now();
        await becomes('up');
        starts.push(performance.now() - ready);
      }
      process.stdout.write(
        `noticed, median of five: a death ${median(deaths)} ms, a start ${median(starts)} ms\n`,
      );
      await vi.waitFor(async () => infer(await resolve(rig, 'llamacpp/tiny')), 15_000);
    },
  );

  it('on a Unix socket alone: nothing is found and nothing is disturbed', async () => {
    const folder = makeModelFolder();
    const id = folder.add('tiny');
    const socketPath = join(folder.path, 'llama.sock');
    const seenSocket = `${folder.seenPath}/llama.sock`;
    const server = await startLlamaServer(['-m', id, '-c', '512', '--host', seenSocket], { socketPath });
    await server.ready();
    await vi.waitFor(() => expect(server.log()).toContain('listening on'), 15_000);
    const before = server.log();
    const rig = await startSidecar(server.port, { env: { LLAMA_ARG_HOST: socketPath } });
    await scan(rig);
    expect((await discovered(rig, server)).endpoint.state).toBe('down');
    expect(JSON.stringify(await rig.readModelsJson())).not.toContain('llamacpp');
    expect(server.log()).toBe(before);
    await server.ready();
  });

  it('with --api-prefix, which its variable names: found there, and it answers there', async () => {
    const id = makeModelFolder().add('tiny');
    const flags = ['-m', id, '-c', '512', '-a', 'tiny', '--api-prefix', '/pfx'];
    const server = await startLlamaServer(flags, { prefix: '/pfx' });
    await server.ready();
    const rig = await startSidecar(server.port, { env: { LLAMA_ARG_API_PREFIX: '/pfx' } });
    const resolution = await resolve(rig, 'llamacpp/tiny');
    expect(resolution.provider.baseUrl).toBe(`${server.url}/pfx/v1`);
    await infer(resolution);
  });
});

/** Printed, never asserted: how long something took says as much of the machine as of the program. */
function median(times: readonly number[]): number {
  return Math.round(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0);
}
