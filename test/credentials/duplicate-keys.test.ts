/** Keys that one JSON object has twice: found wherever they are, and only there. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDuplicateKey } from '../../src/credentials/duplicate-keys.ts';

describe('findDuplicateKey', () => {
  it.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"x":{"key":"1","b":[],"key":"2"}}', 'key'],
    ['[{"a":1},{"b":{"c":1,"c":1}}]', 'c'],
    [String.raw`{"\u0061":1,"a":2}`, 'a'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('finds it in %s', (json, key) => {
    expect(findDuplicateKey(json)).toBe(key);
  });

  it.each([
    '{"a":{"a":1},"b":{"a":2}}',
    '[{"a":1},{"a":2}]',
    String.raw`{"a":"\"a\":1,\"a\":","b":"a"}`,
    '{"a":["a","a"]}',
    '{}',
  ])('finds none in %s', (json) => {
    expect(findDuplicateKey(json)).toBeUndefined();
  });

  it('finds none in whatever JSON.stringify writes, and copes with a very long string', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => findDuplicateKey(JSON.stringify(value)) === undefined));
    expect(findDuplicateKey(JSON.stringify({ key: String.raw`\n"`.repeat(300_000) }))).toBeUndefined();
  });
});
