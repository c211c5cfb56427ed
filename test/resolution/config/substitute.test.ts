/** Rules of `${VAR}`: what is a reference, what is left alone, what a missing variable does. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPath, substitute } from '../../../src/resolution/config/substitute.ts';

const env = { KEY: 'sk-1', OTHER: 'two', EMPTY: '', BLANK: '  ', NESTED: '${KEY}', A1_B: 'x' };

describe('substitute', () => {
  it.each([
    ['${KEY}', 'sk-1'],
    ['a ${KEY} b ${OTHER} c', 'a sk-1 b two c'],
    ['${A1_B}', 'x'],
    ['${KEY}${KEY}', 'sk-1sk-1'],
  ])('replaces references, "also with text before and after": %s', (text, expected) => {
    expect(substitute(text, env)).toEqual({ value: expected, missing: [] });
  });

  it.each(['$KEY', '${lower}', '${1X}', '${}', '${KEY', '$', '${KE Y}', '${KEY:-default}'])(
    'leaves alone what is no reference: %s',
    (text) => {
      expect(substitute(text, env)).toEqual({ value: text, missing: [] });
    },
  );

  it.each([
    ['$${KEY}', '${KEY}'],
    ['$$${KEY}', '$${KEY}'],
    ['$${UNSET}', '${UNSET}'],
    ['$${lower}', '$${lower}'],
    ['$${KEY} ${KEY}', '${KEY} sk-1'],
  ])('"$${VAR} gives the literal ${VAR} (only when the name is valid)": %s', (text, expected) => {
    expect(substitute(text, env)).toEqual({ value: expected, missing: [] });
  });

  it('does not expand a substituted value again', () => {
    expect(substitute('${NESTED}', env).value).toBe('${KEY}');
  });

  it.each(['UNSET', 'EMPTY', 'BLANK'])(
    'keeps the placeholder of a variable that is missing or blank: %s',
    (name) => {
      expect(substitute({ a: [`x \${${name}}`] }, env)).toEqual({
        value: { a: [`x \${${name}}`] },
        missing: [{ variable: name, path: ['a', 0] }],
      });
    },
  );

  it('reports a variable once for each place', () => {
    const { missing } = substitute({ a: '${U}${U}', b: '${U}' }, {});
    expect(missing.map(({ path }) => formatPath(path))).toEqual(['a', 'b']);
  });

  it('does not take a key of Object.prototype for a variable, and keeps __proto__ a plain key', () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"polluted": "${KEY}"}}');
    const { value } = substitute(hostile, env);
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":"sk-1"}}');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('writes paths as a.b[0].c', () => {
    expect(formatPath(['models', 'providers', 'x', 'models', 0, 'name'])).toBe(
      'models.providers.x.models[0].name',
    );
  });

  it('property: never throws, keeps every value that holds no "$", reports only names that are not set', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom('A', 'B_1', 'KEY'), fc.string()),
        (value, variables) => {
          const result = substitute(value, variables);
          if (!JSON.stringify(value).includes('$')) expect(result.value).toEqual(value);
          for (const { variable } of result.missing) expect((variables[variable] ?? '').trim()).toBe('');
        },
      ),
      { numRuns: 200 },
    );
  });

  it('property: a value is put in exactly as it is, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string({ minLength: 1 }).filter((text) => text.trim() !== ''),
        (before, value) => {
          const plain = before.replaceAll('$', '');
          expect(substitute(`${plain}\${KEY}`, { KEY: value })).toEqual({
            value: plain + value,
            missing: [],
          });
          expect(substitute(`${plain}$\${KEY}`, { KEY: value }).value).toBe(`${plain}\${KEY}`);
        },
      ),
      { numRuns: 200 },
    );
  });
});
