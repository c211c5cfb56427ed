import * as fc from 'fast-check';
import JSON5 from 'json5';
import { describe, expect, it } from 'vitest';
import { setTopLevelKey } from '../../src/settings/edit-settings.ts';

const set = (text: string | null, value = 'nim/m') => setTopLevelKey(text, 'defaultModel', value);

describe('setTopLevelKey keeps comments and layout', () => {
  it.each([
    [null, "{\n  defaultModel: 'nim/m',\n}\n"],
    ['{}', "{ defaultModel: 'nim/m' }"],
    ['{ port: 1 }', "{ defaultModel: 'nim/m', port: 1 }"],
    [
      '// mine\n{\n    // the port\n    port: 1, // why\n}\n',
      "// mine\n{\n    defaultModel: 'nim/m',\n    // the port\n    port: 1, // why\n}\n",
    ],
    [
      '{\n  defaultModel: "old/model", // chosen by me\n  port: 1,\n}',
      "{\n  defaultModel: 'nim/m', // chosen by me\n  port: 1,\n}",
    ],
    ["{'defaultModel' /* a */ : /* b */ 'x' /* c */}", "{'defaultModel' /* a */ : /* b */ 'nim/m' /* c */}"],
    ['{a: {defaultModel: 1}, defaultModel: [1, {b: 2}]}', "{a: {defaultModel: 1}, defaultModel: 'nim/m'}"],
    ['{\r\n  port: 1\r\n}', "{\r\n  defaultModel: 'nim/m',\r\n  port: 1\r\n}"],
    ['{\n}\n', "{\n  defaultModel: 'nim/m',\n}\n"],
    ['{ /* defaultModel: 1 */ }', undefined],
  ])('%j', (before, after) => {
    const edited = set(before);
    if (after !== undefined) expect(edited).toBe(after);
    expect(JSON5.parse(edited ?? '')).toMatchObject({ defaultModel: 'nim/m' });
  });

  it('text that is no object is left alone', () => {
    for (const text of ['', '[]', '1', '{', 'null', '{a: }']) expect(set(text), text).toBeUndefined();
  });

  it('any object, written in any way, gets the key and keeps every other', () => {
    const key = fc.oneof(
      fc.constantFrom('defaultModel', 'port', '__proto__x', 'a b'),
      fc.string({ maxLength: 6 }),
    );
    const object = fc.dictionary(
      key.filter((name) => name !== '__proto__'),
      fc.jsonValue({ maxDepth: 2 }),
      { maxKeys: 5 },
    );
    const written = fc
      .tuple(object, fc.constantFrom(0, 2, '\t'), fc.boolean(), fc.boolean())
      .map(([value, space, five, comment]) => {
        const text = five ? JSON5.stringify(value, null, space) : JSON.stringify(value, null, space);
        return comment ? `// {defaultModel: 1}\n${text} /* } */` : text;
      });
    fc.assert(
      fc.property(written, fc.stringMatching(/^[\w"'\\/ :.-]{1,12}$/), (text, value) => {
        const edited = set(text, value);
        expect(edited).toBeDefined();
        expect(JSON5.parse(edited ?? '')).toEqual({ ...JSON5.parse(text), defaultModel: value });
      }),
      { numRuns: 400 },
    );
  });
});
