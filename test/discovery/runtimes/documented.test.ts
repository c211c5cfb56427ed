/** Discovery against whole servers as their documentation or source describes them (`fixtures/*-from-*`). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { RuntimeId } from '../../../src/domain/provider-id.ts';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { scanFake } from './scan-fake.ts';

const fixtureSchema = z.object({
  routes: z.record(
    z.string(),
    z.object({
      status: z.number(),
      headers: z.record(z.string(), z.string()),
      body: z.union([z.string(), z.looseObject({})]),
    }),
  ),
});

/** Starts a server that answers as the fixture says, and 404 to everything else. */
function startDocumented(name: string) {
  const url = new URL(`../../../fixtures/${name}.json`, import.meta.url);
  const { routes } = fixtureSchema.parse(JSON.parse(readFileSync(url, 'utf8')));
  return startFakeRuntime(({ method, path }) => routes[`${method} ${path}`] ?? { status: 404 });
}

/** Fixture, where it is expected, and what is told of it; models as id, window, source and maximum. */
const SERVERS: readonly {
  readonly fixture: string;
  readonly expected: RuntimeId;
  readonly endpoint: object;
  readonly models?: readonly (readonly [string, number, string, number | undefined])[];
  readonly leftOut?: readonly (readonly [string, string])[];
  readonly hint?: string;
}[] = [
  {
    fixture: 'vllm/0.19-from-source/adapters',
    expected: 'vllm',
    endpoint: { runtime: 'vllm', state: 'up', version: '0.19.1' },
    models: [
      ['Qwen/Qwen3-8B', 32_768, 'loaded', undefined],
      ['qwen3', 32_768, 'loaded', undefined],
      ['sql-lora', 32_768, 'loaded', undefined],
    ],
  },
  {
    fixture: 'vllm/0.19-from-source/key',
    expected: 'vllm',
    endpoint: { runtime: 'vllm', state: 'auth-required', version: '0.19.1' },
    hint: '--api-key or VLLM_API_KEY',
  },
  {
    fixture: 'sglang/0.5-from-docs/vision',
    expected: 'sglang',
    endpoint: { runtime: 'sglang', state: 'up', models: [{ input: ['text', 'image'] }] },
    models: [['Qwen/Qwen3-VL-8B-Instruct', 40_960, 'loaded', undefined]],
  },
  {
    fixture: 'sglang/0.5-from-docs/mini',
    expected: 'sglang',
    endpoint: { runtime: null, state: 'wrong-service' },
  },
  {
    fixture: 'localai/3.8-from-source/open',
    expected: 'localai',
    endpoint: {
      runtime: 'localai',
      state: 'up',
      version: 'v3.8.0',
      models: [{ input: ['text'] }, { input: ['text', 'image'] }],
    },
    models: [
      ['gemma-3-4b-it', 4_096, 'assumed', undefined],
      ['vlm', 4_096, 'assumed', undefined],
    ],
    leftOut: [['parakeet', 'it is no chat model, but for transcript']],
  },
  {
    fixture: 'localai/3.8-from-source/key',
    expected: 'localai',
    endpoint: { runtime: 'localai', state: 'auth-required', version: 'v3.8.0' },
    hint: 'LOCALAI_API_KEY or API_KEY',
  },
  {
    fixture: 'nim/2.0-from-docs/open',
    expected: 'nim',
    endpoint: { runtime: 'nim', state: 'up', version: '2.0.3' },
    models: [['meta/llama-3.1-8b-instruct', 131_072, 'loaded', undefined]],
  },
  {
    fixture: 'nim/1.3-from-docs/vision',
    expected: 'nim',
    endpoint: { runtime: 'nim', state: 'up', version: '1.3.0' },
    models: [['meta/llama-3.2-11b-vision-instruct', 131_072, 'loaded', undefined]],
  },
  {
    fixture: 'lemonade/9.1-from-source/open',
    expected: 'lemonade',
    endpoint: {
      runtime: 'lemonade',
      state: 'up',
      version: '9.1.4',
      models: [{ input: ['text'] }, { input: ['text', 'image'] }],
    },
    models: [
      ['Qwen3-4B-Instruct-2507-GGUF', 16_384, 'loaded', 262_144],
      ['Gemma-3-4b-it-GGUF', 8_192, 'configured', 131_072],
    ],
    leftOut: [
      ['nomic-embed-text-v2-moe-GGUF', 'it makes embeddings only'],
      ['bge-reranker-v2-m3-GGUF', 'it ranks texts only'],
      ['Whisper-Large-v3-Turbo', 'it is for speech only'],
      ['fireworks.gemma-4-31b-it', 'it runs in a cloud (fireworks), not on this machine'],
    ],
  },
  {
    fixture: 'lemonade/9.1-from-source/key',
    expected: 'lemonade',
    endpoint: { runtime: null, state: 'auth-required' },
    hint: 'LEMONADE_API_KEY',
  },
  {
    fixture: 'exo/1.0-from-source/open',
    expected: 'exo',
    endpoint: {
      runtime: 'exo',
      state: 'up',
      models: [
        { name: 'Llama-3.2-1B-Instruct-4bit', reasoning: false, input: ['text'] },
        { name: 'Qwen3-VL-4B-4bit', reasoning: true, input: ['text', 'image'] },
      ],
    },
    models: [
      ['mlx-community/Llama-3.2-1B-Instruct-4bit', 131_072, 'trained-max', 131_072],
      ['mlx-community/Qwen3-VL-4B-4bit', 4_096, 'assumed', undefined],
    ],
    leftOut: [['exolabs/FLUX.1-schnell', 'it is no chat model, but for TextToImage']],
  },
  {
    fixture: 'docker-model-runner/1.0-from-source/open',
    expected: 'docker-model-runner',
    endpoint: { runtime: 'docker-model-runner', state: 'up', version: 'v1.0.12' },
    models: [
      ['ai/smollm2:latest', 8_192, 'configured', undefined],
      ['ai/gemma3:latest', 4_096, 'assumed', undefined],
    ],
    leftOut: [['ai/nomic-text-v1.5:latest', 'it makes embeddings only, judged by its architecture']],
  },
];

describe('documented servers', () => {
  it.each(SERVERS)('$fixture', async ({ fixture, expected, endpoint, models = [], leftOut = [], hint }) => {
    const found = await scanFake(expected, startDocumented(fixture));
    expect(found.endpoint).toMatchObject(endpoint);
    expect(
      found.endpoint.models.map(({ id, contextWindow, contextWindowSource, maxContextWindow }) => [
        id,
        contextWindow,
        contextWindowSource,
        maxContextWindow,
      ]),
    ).toEqual(models);
    expect(found.report.leftOut.map(({ model, reason }) => [model, reason])).toEqual(leftOut);
    if (hint !== undefined) expect(found.endpoint.hint).toContain(hint);
    // "Only `up` reaches models.json."
    const state = found.endpoint.state;
    expect(Object.keys((await found.readModels()) ?? {})).toEqual(state === 'up' ? [expected] : []);
  });
});
