/** Secrets print as a mask wherever they end up, and fingerprints show nothing of them. */
import { format, inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, keyDefect, Secret } from '../../src/domain/secret.ts';
import { anyText } from './any-text.ts';

const VALUE = 'sk-canary-0123456789';
const secret = new Secret(VALUE);

describe('Secret "prints as `[secret]` everywhere"', () => {
  it.each([
    ['a template', String.raw`${secret}`],
    ['string conversion', String(secret)],
    ['concatenation', ''.concat(secret.toString())],
    ['inspect', inspect(secret)],
    ['inspect of hidden properties', inspect(secret, { showHidden: true, depth: null })],
    ['console.log', format(secret)],
    ['console.log with %s', format('%s', secret)],
    ['console.log with %o', format('%o', secret)],
    ['console.log with %O', format('%O', secret)],
  ])('%s', (_where, printed) => {
    expect(printed).toBe('[secret]');
  });

  it('JSON, also nested', () => {
    expect(JSON.stringify({ a: [{ key: secret }] })).toBe('{"a":[{"key":"[secret]"}]}');
    expect(format('%j', { key: secret })).toBe('{"key":"[secret]"}');
  });

  it('nested in objects, lists, maps and errors that are inspected', () => {
    const error = new Error('x', { cause: secret });
    const holder = { deep: { list: [secret], map: new Map([['key', secret]]) }, error };
    const printed = inspect(holder, { depth: null });
    expect(printed).toContain('[secret]');
    expect(printed).not.toContain(VALUE);
  });

  it('without its own printing nothing shows either', () => {
    expect(inspect(secret, { customInspect: false, showHidden: true })).not.toContain(VALUE);
    expect(JSON.stringify(structuredClone(secret))).toBe('{}');
    expect(Reflect.ownKeys(secret)).toEqual([]);
  });

  it('reveals the value to the one who asks for it', () => {
    expect(secret.reveal()).toBe(VALUE);
  });
});

describe('fingerprintOf', () => {
  it('is 16 hexadecimal digits, equal for equal secrets', () => {
    expect(fingerprintOf(VALUE, 'install-key')).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprintOf(VALUE, 'install-key')).toBe(fingerprintOf(VALUE, 'install-key'));
  });

  it('"is keyed (HMAC)": another installation sees another fingerprint', () => {
    expect(fingerprintOf(VALUE, 'one')).not.toBe(fingerprintOf(VALUE, 'two'));
  });

  // A seed makes the run repeatable: four characters in a row may be equal by chance, once in many runs.
  const random = { seed: 20_260, numRuns: 200 };
  const text = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 64 });

  it('property: different secrets look different', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(fingerprintOf(a, 'key') === fingerprintOf(b, 'key')).toBe(a === b);
      }),
      random,
    );
  });

  it('property: "no character of one shows": no four characters of the secret in a row', () => {
    fc.assert(
      fc.property(text, (value) => {
        const shown = fingerprintOf(value, 'key');
        for (let at = 0; at + 4 <= value.length; at += 1)
          expect(shown).not.toContain(value.slice(at, at + 4));
      }),
      random,
    );
  });
});

describe('keyDefect', () => {
  it.each(['sk-1', '!', '~', 'a"b\\c', 'x'.repeat(16_384)])('takes visible ASCII: %#', (value) => {
    expect(keyDefect(value)).toBeUndefined();
  });

  it.each([
    ['', 'is empty'],
    ['x'.repeat(16_385), 'is longer than 16384 characters'],
    ['a\rb', 'holds a character'],
    ['a\nb', 'holds a character'],
    ['a\nX-Other: 1', 'holds a character'],
    ['a\0b', 'holds a character'],
    ['a b', 'holds a character'],
    ['a\tb', 'holds a character'],
    ['a\u007f', 'holds a character'],
    ['schlüssel', 'holds a character'],
    ['sk-1\n', 'holds a character'],
  ])('"a key with CR, LF, NUL or other non-header characters is refused": %#', (value, words) => {
    expect(keyDefect(value)).toContain(words);
  });

  it('property: what passes can be sent as a header, and the defect never repeats the value', () => {
    fc.assert(
      fc.property(
        anyText.filter((text) => text.length > 8),
        (value) => {
          const defect = keyDefect(value);
          if (defect === undefined) expect(new Headers({ 'x-api-key': value }).get('x-api-key')).toBe(value);
          else expect(defect).not.toContain(value);
        },
      ),
    );
  });
});
