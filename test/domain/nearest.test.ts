/** Suggestions for a name that was not found. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../src/domain/nearest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['ollama', 'ollama', 0],
    ['olama', 'ollama', 1],
    ['ollamaa', 'ollama', 1],
    ['ollana', 'ollama', 1],
    ['olalma', 'ollama', 1],
    ['kitten', 'sitting', 3],
  ])('from %j to %j is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });

  it('property: symmetric, zero for equal words alone, between the difference and the longer of the lengths', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  it('property: one swap of two neighbours costs one at most', () => {
    fc.assert(
      fc.property(word, fc.nat(6), (text, at) => {
        const swapped =
          text.slice(0, at) + text.slice(at + 1, at + 2) + text.slice(at, at + 1) + text.slice(at + 2);
        expect(editDistance(text, swapped)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('nearest', () => {
  it('suggests what is spelled alike, nearest first, whatever the case', () => {
    expect(nearest('OLAMA', ['anthropic', 'ollama-2', 'Ollama'])).toEqual(['Ollama']);
    expect(nearest('defaultModl', ['defaultModels', 'defaultModel', 'default'])).toEqual([
      'defaultModel',
      'defaultModels',
    ]);
  });

  it('suggests nothing for a name that is like no other', () => {
    expect(nearest('zzz', ['ollama', 'lmstudio'])).toEqual([]);
    expect(nearest('', ['ollama'])).toEqual([]);
    expect(nearest('ollama', [])).toEqual([]);
  });

  it('gives three names, or as many as are asked for', () => {
    const names = ['model-a', 'model-b', 'model-c', 'model-d'];
    expect(nearest('model-x', names)).toEqual(['model-a', 'model-b', 'model-c']);
    expect(nearest('model-x', names, 1)).toEqual(['model-a']);
  });

  it('looks at 2000 names at most', () => {
    const names = [...Array.from({ length: 2000 }, (_, index) => `zzzzzz${index}`), 'ollama'];
    expect(nearest('ollama', names)).toEqual([]);
    expect(nearest('ollama', names.slice(1))).toEqual(['ollama']);
  });
});
