/** Model references. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatModelRef, parseModelRef } from '../../src/domain/model-ref.ts';
import { anyText } from './any-text.ts';

describe('parseModelRef', () => {
  it.each([
    ['ollama/llama3:chat', 'ollama', 'llama3:chat'],
    ['openrouter/a/b', 'openrouter', 'a/b'],
    ['openrouter/a/b/c:free', 'openrouter', 'a/b/c:free'],
    ['vllm//model', 'vllm', '/model'],
    [' Ollama / llama3 ', 'Ollama', 'llama3'],
  ])('"split at the FIRST `/`": %s', (text, provider, model) => {
    expect(parseModelRef(text)).toEqual({ provider, model });
  });

  it.each(['', 'llama3', '/', 'ollama/', '/llama3', ' /x', 'x/ ', 'a/b\n', 'a/\u0000b', 'a\u202e/b'])(
    'refuses %j',
    (text) => {
      expect(parseModelRef(text)).toBeUndefined();
    },
  );

  it('looks at 512 characters and no more', () => {
    expect(parseModelRef(`a/${'x'.repeat(510)}`)).toBeDefined();
    expect(parseModelRef(`a/${'x'.repeat(511)}`)).toBeUndefined();
  });

  // No id has a control character, a line separator or a change of direction. Short, as one grapheme may be a dozen characters.
  const part = fc
    .string({ unit: 'grapheme-composite', minLength: 1, maxLength: 20 })
    .filter((text) => !/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(text));

  it('property: a formatted reference parses to its parts', () => {
    const provider = part.filter((text) => !text.includes('/') && text.trim() === text);
    const model = part.filter((text) => text.trim() === text);
    fc.assert(
      fc.property(provider, model, (provider, model) => {
        expect(parseModelRef(formatModelRef(provider, model))).toEqual({ provider, model });
      }),
    );
  });

  it('property: never throws, and what it accepts has a clean provider and comes back the same', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const ref = parseModelRef(`p${text}`);
        if (ref === undefined) return;
        expect(ref.provider).not.toContain('/');
        expect(parseModelRef(formatModelRef(ref.provider, ref.model))).toEqual(ref);
      }),
    );
  });
});
