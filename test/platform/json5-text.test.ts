/** JSON5 text: what it becomes, and where it goes wrong. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeSyntaxError, parseJson5 } from '../../src/platform/json5-text.ts';

describe('parseJson5', () => {
  it('takes comments, bare keys and trailing commas, and skips a byte order mark', () => {
    expect(parseJson5("\uFEFF// a\n{ a: 'b', /* c */ d: [1,], }")).toEqual({
      kind: 'parsed',
      value: { a: 'b', d: [1] },
    });
  });

  it('says line and column, counted from 1', () => {
    const result = parseJson5('{\n  a: 1,\n  b: !\n}');
    expect(result).toEqual({ kind: 'invalid', reason: "invalid character '!'", line: 3, column: 6 });
    expect(describeSyntaxError({ reason: 'x', line: 3, column: 6 })).toBe('x at line 3, column 6');
  });

  it('takes 200 levels and no more', () => {
    expect(parseJson5(`${'['.repeat(200)}${']'.repeat(200)}`).kind).toBe('parsed');
    expect(parseJson5(`${'['.repeat(202)}${']'.repeat(202)}`)).toMatchObject({
      reason: 'nested deeper than 200 levels',
    });
  });

  it('property: never throws, and what it says can be shown on a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const result = parseJson5(text);
        if (result.kind === 'invalid') expect(result.reason).toMatch(/^[^\p{Cc}\u202a-\u202e]*$/u);
      }),
      { numRuns: 100 },
    );
  });
});
