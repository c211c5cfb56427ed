/** What a scope permits, and that it only ever takes away. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CallerScope,
  describeScope,
  isLimited,
  isNarrowed,
  permitsModel,
  permitsProvider,
  scopeDefect,
  seesProvider,
} from '../../src/domain/caller-scope.ts';
import { canonicalProviderId } from '../../src/domain/provider-id.ts';

const all: CallerScope = { providers: null, models: null, secrets: true };
const canonical = (id: string): string => canonicalProviderId(id);
const model = (scope: CallerScope, ref: string): boolean => {
  const slash = ref.indexOf('/');
  return permitsModel(scope, { provider: ref.slice(0, slash), model: ref.slice(slash + 1) }, canonical);
};

describe('what is within a scope', () => {
  it('everything, without limits', () => {
    expect(model(all, 'a/b')).toBe(true);
    expect(permitsProvider(all, 'a', canonical)).toBe(true);
    expect(isLimited(all)).toBe(false);
  });

  it.each([
    ['moonshot/x', true],
    ['Moonshot/x', true],
    ['moonshotai/x', true],
    ['openai/x', false],
  ])('providers moonshot, in any spelling: %s is %s', (ref, expected) => {
    expect(model({ ...all, providers: ['moonshot'] }, ref)).toBe(expected);
  });

  it.each([
    ['openrouter/a/b', true],
    ['openrouter/a', false],
    ['openrouter/a/b/c', false],
    ['ollama/anything:latest', true],
    ['openai/a/b', false],
  ])('models "exact or provider/*": %s is %s', (ref, expected) => {
    expect(model({ ...all, models: ['openrouter/a/b', 'ollama/*'] }, ref)).toBe(expected);
  });

  it('credentials of a provider alone need all its models to be within', () => {
    const scope = { ...all, models: ['openai/gpt-5', 'ollama/*'] };
    expect(permitsProvider(scope, 'openai', canonical)).toBe(false);
    expect(permitsProvider(scope, 'ollama', canonical)).toBe(true);
    expect(seesProvider(scope, 'openai', canonical)).toBe(true);
    expect(seesProvider(scope, 'anthropic', canonical)).toBe(false);
  });

  it('both lists count together', () => {
    const scope = { ...all, providers: ['ollama'], models: ['openai/gpt-5', 'ollama/*'] };
    expect(model(scope, 'openai/gpt-5')).toBe(false);
    expect(model(scope, 'ollama/x')).toBe(true);
  });

  it('says in words what it is', () => {
    expect(describeScope(all)).toBe('everything');
    expect(describeScope({ providers: ['a', 'b'], models: ['c/*'], secrets: false })).toBe(
      'providers a, b; models c/*; no secrets',
    );
  });
});

describe('"a scope can only narrow"', () => {
  const id = fc.constantFrom('ollama', 'openai', 'moonshot', 'moonshotai', 'qwen');
  const name = fc.constantFrom('a', 'b', 'a/b', '*');
  const pattern = fc.tuple(id, name).map(([provider, part]) => `${provider}/${part}`);
  const scope = fc.record({
    providers: fc.option(fc.array(id, { minLength: 1, maxLength: 3 })),
    models: fc.option(fc.array(pattern, { minLength: 1, maxLength: 3 })),
    secrets: fc.boolean(),
  });

  it('a limit more never permits more, and the credentials of a provider imply each of its models', () => {
    fc.assert(
      fc.property(scope, id, name, (limits, provider, part) => {
        const ref = { provider, model: part };
        const looser = [
          { ...limits, providers: null },
          { ...limits, models: null },
        ];
        if (permitsModel(limits, ref, canonical)) {
          for (const other of looser) expect(permitsModel(other, ref, canonical)).toBe(true);
          expect(seesProvider(limits, provider, canonical)).toBe(true);
        }
        if (permitsProvider(limits, provider, canonical)) {
          expect(permitsModel(limits, ref, canonical)).toBe(true);
          for (const other of looser) expect(permitsProvider(other, provider, canonical)).toBe(true);
        }
        expect(isLimited(limits)).toBe(isNarrowed(limits) || !limits.secrets);
      }),
      { numRuns: 500 },
    );
  });
});

describe('lists that cannot be a scope', () => {
  it.each<[readonly string[] | null, readonly string[] | null]>([
    [[], null],
    [null, []],
    [['a b'], null],
    [['a/b'], null],
    [['*'], null],
    [null, ['gpt-5']],
    [null, ['openai/']],
    [null, ['*/x']],
    [null, ['openai/gpt-*']],
    [null, [' openai/gpt-5']],
    [['x'.repeat(300)], null],
    [Array.from({ length: 101 }, () => 'x'), null],
  ])('%j %j', (providers, models) => {
    expect(scopeDefect(providers, models)).toBeTypeOf('string');
  });

  it.each<[readonly string[] | null, readonly string[] | null]>([
    [null, null],
    [
      ['ollama', 'ollama-11500'],
      ['openrouter/a/b', 'ollama/llama3:chat', 'ollama/*'],
    ],
  ])('%j %j is one', (providers, models) => {
    expect(scopeDefect(providers, models)).toBeUndefined();
  });
});
