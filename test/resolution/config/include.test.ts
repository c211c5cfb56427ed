/** `$include` with real files: merging, the limits, and the words of each error. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { readTextFile } from '../../../src/platform/files.ts';
import { resolveIncludes } from '../../../src/resolution/config/include.ts';
import { deepMerge } from '../../../src/resolution/config/merge.ts';
import { type ConfigTree, createConfigTree } from '../../helpers/config-tree.ts';

let tree: ConfigTree;
beforeEach(async () => {
  tree = await createConfigTree();
});
afterEach(() => tree.remove());

const resolveHere = (value: unknown) => resolveIncludes(value, tree.at('moltbot.json'), readTextFile);

describe('resolveIncludes', () => {
  it('puts a file in place of the object that names it, relative to the including file', async () => {
    await tree.write('parts/models.json5', '{ providers: { $include: "./providers.json5" } } // comment');
    await tree.write('parts/providers.json5', '{ x: 1 }');
    expect(
      await resolveHere({
        models: { $include: 'parts/models.json5' },
        list: [{ $include: './parts/providers.json5' }],
      }),
    ).toEqual({
      kind: 'included',
      value: { models: { providers: { x: 1 } }, list: [{ x: 1 }] },
      files: [
        tree.at('parts/models.json5'),
        tree.at('parts/providers.json5'),
        tree.at('parts/providers.json5'),
      ],
    });
  });

  it('accepts an absolute path under the config folder', async () => {
    const path = await tree.write('a.json', { a: 1 });
    expect(await resolveHere({ $include: path })).toMatchObject({ value: { a: 1 } });
  });

  it('"an array is deep-merged in order: arrays concatenate, objects merge, for primitives the last wins"', async () => {
    await tree.write('a.json', { list: [1], object: { a: 1, same: 'a' }, plain: 'a' });
    await tree.write('b.json', { list: [2], object: { b: 2, same: 'b' }, plain: 'b' });
    expect(await resolveHere({ $include: ['a.json', 'b.json'] })).toMatchObject({
      value: { list: [1, 2], object: { a: 1, b: 2, same: 'b' }, plain: 'b' },
    });
  });

  it('"sibling keys of $include override the included content"', async () => {
    await tree.write('a.json', { plain: 'a', object: { a: 1, same: 'a' } });
    expect(await resolveHere({ $include: 'a.json', plain: 'mine', object: { same: 'mine' } })).toMatchObject({
      value: { plain: 'mine', object: { a: 1, same: 'mine' } },
    });
  });

  it.each([
    ['a number', { $include: 5 }, 'Invalid $include value: expected string or array of strings, got number'],
    ['null', { $include: null }, 'Invalid $include value: expected string or array of strings, got null'],
    ['an item', { $include: ['ok.json', 7] }, 'Invalid $include array item: expected string, got number'],
    [
      'siblings of a list',
      { $include: 'list.json', a: 1 },
      'Sibling keys require included content to be an object',
    ],
  ])('names a wrong value: %s', async (_, value, detail) => {
    await tree.write('ok.json', {});
    await tree.write('list.json', [1]);
    expect(await resolveHere(value)).toMatchObject({ kind: 'broken', path: tree.at('moltbot.json'), detail });
  });

  it('says "Failed to read include file: <path> (resolved: <abs>)" and still names the file for a watcher', async () => {
    const result = await resolveHere({ $include: './none.json' });
    expect(result).toMatchObject({
      kind: 'broken',
      path: tree.at('none.json'),
      files: [tree.at('none.json')],
    });
    expect(result).toHaveProperty(
      'detail',
      expect.stringContaining(`Failed to read include file: ./none.json (resolved: ${tree.at('none.json')})`),
    );
  });

  it('says "Failed to parse include file: …" with line and column', async () => {
    const path = await tree.write('bad.json5', '{\n  a: @\n}');
    const result = await resolveHere({ $include: 'bad.json5' });
    expect(result).toMatchObject({ kind: 'broken', path, line: 2, column: 6 });
    expect(result).toHaveProperty(
      'detail',
      expect.stringContaining(`Failed to parse include file: bad.json5 (resolved: ${path})`),
    );
  });

  it('says "Circular include detected: a -> b"', async () => {
    const a = await tree.write('a.json', { $include: 'b.json' });
    const b = await tree.write('b.json', { $include: 'a.json' });
    expect(await resolveHere({ $include: 'a.json' })).toMatchObject({
      detail: `Circular include detected: ${tree.at('moltbot.json')} -> ${a} -> ${b} -> ${a}`,
    });
  });

  it('takes ten levels and says "Maximum include depth (10) exceeded at: <path>" for the eleventh', async () => {
    for (let level = 1; level <= 10; level += 1) {
      await tree.write(`${level}.json`, level === 10 ? { deep: true } : { $include: `${level + 1}.json` });
    }
    expect(await resolveHere({ $include: '1.json' })).toMatchObject({ value: { deep: true } });
    await tree.write('10.json', { $include: '11.json' });
    await tree.write('11.json', {});
    expect(await resolveHere({ $include: '1.json' })).toMatchObject({
      detail: 'Maximum include depth (10) exceeded at: 11.json',
    });
  });

  it.each(['../outside.json', '/etc/hostname', '.', 'a/../../b.json'])(
    'refuses a file that is not under the config folder: %s',
    async (path) => {
      const result = await resolveHere({ $include: path });
      expect(result).toHaveProperty('detail', expect.stringContaining('must stay under the config folder'));
      expect(result).toHaveProperty('files', []);
    },
  );

  it('refuses an included file over 2 MB', async () => {
    await tree.write('big.json', JSON.stringify({ a: 'x'.repeat(2 * 1024 * 1024) }));
    expect(await resolveHere({ $include: 'big.json' })).toHaveProperty(
      'detail',
      expect.stringContaining('larger than 2097152 bytes'),
    );
  });

  it('ends files that include others several times each', async () => {
    for (let level = 1; level <= 9; level += 1) {
      const next = `${level + 1}.json`;
      await tree.write(`${level}.json`, { $include: [next, next, next, next] });
    }
    await tree.write('10.json', { list: [1] });
    expect(await resolveHere({ $include: '1.json' })).toMatchObject({
      detail: 'More than 200 included files in all',
    });
  });

  it('does not let an included __proto__ reach any prototype', async () => {
    await tree.write('a.json', '{"__proto__": {"polluted": true}}');
    const result = await resolveHere({ $include: ['a.json', 'a.json'], b: 1 });
    expect(result.kind).toBe('included');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(JSON.stringify(result)).toContain('"__proto__":{"polluted":true}');
  });
});

describe('deepMerge', () => {
  const json = fc.jsonValue({ maxDepth: 3 });

  it('property: an empty object changes nothing on either side of an object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (value) => {
        expect(JSON.stringify(deepMerge({}, value))).toBe(JSON.stringify(value));
        expect(JSON.stringify(deepMerge(value, {}))).toBe(JSON.stringify(value));
      }),
      { numRuns: 100 },
    );
  });

  it('property: is associative, so the order of a list of includes is all that counts', () => {
    const objects = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.dictionary(fc.constantFrom('x', 'y'), fc.array(fc.integer())),
    );
    fc.assert(
      fc.property(objects, objects, objects, (a, b, c) => {
        expect(deepMerge(deepMerge(a, b), c)).toEqual(deepMerge(a, deepMerge(b, c)));
      }),
      { numRuns: 100 },
    );
  });
});
