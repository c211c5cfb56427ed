/** Keys that stand twice in one object of a JSON5 text. */
import * as fc from 'fast-check';
import JSON5 from 'json5';
import { describe, expect, it } from 'vitest';
import { findDuplicateJson5Key, placeOfJson5Key } from '../../src/platform/json5-keys.ts';

describe('findDuplicateJson5Key', () => {
  it.each([
    ['{a: 1, a: 2}', 'a'],
    ['{"a": 1, a: 2}', 'a'],
    ['{\'a\': 1, "\\u0061": 2}', 'a'],
    ['{a: {b: 1, /* b: */ c: 2, b: 3}}', 'b'],
    ['{a: [{b: 1}, {b: 2, b: 3}]}', 'b'],
    ['{$x: 1, // $x: 2\n $x: 3}', '$x'],
    ['{__proto__: 1, __proto__: 2}', '__proto__'],
  ])('%s has %s twice', (text, key) => {
    expect(findDuplicateJson5Key(text)).toBe(key);
  });

  it.each([
    '{}',
    '{a: 1, b: {a: 2}, c: [{a: 3}, {a: 4}]}',
    "{a: \"a: 1, a: 2\", b: 'it: \\'s', /* a: 3 */ c: 3, // a: 4\n}",
    '{a: "https://a:1/", b: "\\\n", c: .5e3, d: +Infinity}',
  ])('%s has none', (text) => {
    expect(findDuplicateJson5Key(text)).toBeUndefined();
  });

  it('property: no printed object has one, and doubling a key is found', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
        const text = JSON5.stringify(value, null, 2);
        expect(findDuplicateJson5Key(text)).toBeUndefined();
        const [key = ''] = Object.keys(value);
        const doubled = `{${JSON5.stringify(key)}: 0,${text.slice(1)}`;
        expect(findDuplicateJson5Key(doubled)).toBe(key);
      }),
    );
  });
});

describe('placeOfJson5Key', () => {
  const text = '{\n  // b: 0\n  a: [1, { b: 2 }, {\r\n    "b": 3,\n  }],\n  b: { c: { a: "b: 9" } },\n}';

  it.each([
    [['a'], 3, 3],
    [['a', '1', 'b'], 3, 12],
    [['a', '2', 'b'], 4, 5],
    [['b'], 6, 3],
    [['b', 'c'], 6, 8],
    [['b', 'c', 'a'], 6, 13],
    [['a', '0'], 3, 3],
    [['b', 'x'], 6, 3],
  ])('%j stands at line %i, column %i', (path, line, column) => {
    expect(placeOfJson5Key(text, path)).toEqual({ line, column });
  });

  it('what is not there has no place', () => {
    for (const path of [['x'], ['0'], []]) expect(placeOfJson5Key(text, path)).toBeUndefined();
  });
});
