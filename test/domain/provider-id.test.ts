/** Provider ids: spelling, aliases, and which ids belong to local runtimes. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalProviderId, RUNTIME_IDS, runtimeOfProviderId } from '../../src/domain/provider-id.ts';

describe('canonicalProviderId', () => {
  it.each([
    ['Ollama', 'ollama'],
    ['  Anthropic\n', 'anthropic'],
    ['openrouter', 'openrouter'],
    ['some-own-provider', 'some-own-provider'],
  ])('"ids compare trimmed and lower-case": %j is %s', (id, canonical) => {
    expect(canonicalProviderId(id)).toBe(canonical);
  });

  it.each([
    ['z.ai', 'zai'],
    ['Z-AI', 'zai'],
    ['opencode-zen', 'opencode'],
    ['opencode-go-auth', 'opencode-go'],
    ['bedrock', 'amazon-bedrock'],
    [' AWS-Bedrock ', 'amazon-bedrock'],
    ['bytedance', 'volcengine'],
    ['doubao', 'volcengine'],
    ['moonshotai', 'moonshot'],
    ['moonshot-ai', 'moonshot'],
    ['kimi', 'kimi-coding'],
    ['kimi-code', 'kimi-coding'],
    ['novita-ai', 'novita'],
    ['novitaai', 'novita'],
    ['x-ai', 'xai'],
    ['fireworks-ai', 'fireworks'],
    ['gmi-cloud', 'gmi'],
    ['gmicloud', 'gmi'],
    ['meituan-longcat', 'longcat'],
  ])('"with upstream’s aliases": %s is %s, even when a source defines that spelling', (id, canonical) => {
    expect(canonicalProviderId(id)).toBe(canonical);
    expect(canonicalProviderId(id, () => true)).toBe(canonical);
  });

  it.each([
    ['qwen', 'qwen-portal'],
    ['modelstudio', 'qwen'],
    ['qwencloud', 'qwen'],
    ['dashscope', 'qwen'],
  ])('%s is %s only while nobody defines a provider of that very id', (id, canonical) => {
    expect(canonicalProviderId(id)).toBe(canonical);
    expect(canonicalProviderId(` ${id.toUpperCase()} `, (asked) => asked === id)).toBe(id);
    expect(canonicalProviderId(id, (asked) => asked === 'another')).toBe(canonical);
  });

  it.each(['constructor', '__proto__', 'tostring', 'hasownproperty'])('%s is an id like any other', (id) => {
    expect(canonicalProviderId(id)).toBe(id);
  });

  it('property: how an id is written never changes what it means', () => {
    const id = fc.oneof(fc.constantFrom('kimi', 'qwen', 'z.ai', ...RUNTIME_IDS), fc.string());
    fc.assert(
      fc.property(id, (text) => {
        const plain = canonicalProviderId(text.toLowerCase());
        expect(canonicalProviderId(`\t${text.toLowerCase()} `)).toBe(plain);
        expect(plain).toBe(plain.trim().toLowerCase());
      }),
    );
  });
});

describe('runtimeOfProviderId', () => {
  it('knows exactly the ids that section 6 of the design lets discovery claim', () => {
    expect(RUNTIME_IDS).toEqual([
      'ollama',
      'lmstudio',
      'llamacpp',
      'vllm',
      'sglang',
      'localai',
      'jan',
      'koboldcpp',
      'tabbyapi',
      'text-generation-webui',
      'docker-model-runner',
      'lemonade',
      'exo',
      'llama-swap',
      'mlx-lm',
      'gpt4all',
      'nim',
    ]);
  });

  it.each(RUNTIME_IDS)('"a second instance of a runtime gets <id>-<port>": %s', (runtime) => {
    expect(runtimeOfProviderId(runtime)).toBe(runtime);
    expect(runtimeOfProviderId(`${runtime}-11500`)).toBe(runtime);
  });

  it.each([
    'nim-x',
    'nim-',
    'nim-123456',
    'nim-80-80',
    'nim-8o',
    'nimble',
    'ollama 11500',
    'ollama--1',
    'my-ollama',
    'llama',
    'mlx',
    'openai',
    'anthropic',
    'nvidia',
    '',
  ])('%j belongs to no runtime', (id) => {
    expect(runtimeOfProviderId(id)).toBeUndefined();
  });

  it('claims no alias of a hosted provider: every runtime id means itself', () => {
    expect(RUNTIME_IDS.map((id) => canonicalProviderId(id))).toEqual(RUNTIME_IDS);
  });
});
