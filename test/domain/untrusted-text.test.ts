/** Foreign text in our messages: quoted, cut, and unable to steer a terminal or forge a line. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasControlCharacters, quoteUntrusted } from '../../src/domain/untrusted-text.ts';
import { anyText } from './any-text.ts';

/** Control characters, line and paragraph separators, and everything that changes the writing direction. */
const STEERS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\ufeff]/u;

const HOSTILE = [
  0x00, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b, 0x7f, 0x85, 0x9b, 0x61c, 0x200b, 0x200e, 0x200f,
  0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff,
].map((code) => String.fromCharCode(code));

const hostileText = fc.oneof(
  anyText,
  fc.array(fc.constantFrom(...HOSTILE, 'a', '"', '\\', '\ud800'), { maxLength: 100 }).map((c) => c.join('')),
);

describe('quoteUntrusted', () => {
  it('property: no control character, line break or direction mark in the output, whatever comes in', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(quoteUntrusted(text)).not.toMatch(STEERS);
      }),
      { numRuns: 300 },
    );
  });

  it.each(HOSTILE.map((character) => [character.charCodeAt(0).toString(16), character]))(
    'escapes U+%s',
    (_name, character) => {
      expect(quoteUntrusted(`a${character}b`)).toMatch(/^"a\\[\w\\]+b"$/);
    },
  );

  it('property: what was not cut can be read back exactly', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(JSON.parse(quoteUntrusted(text, 1_000))).toBe(text);
      }),
    );
  });

  it('cannot be closed from inside', () => {
    expect(quoteUntrusted('" and "')).toBe('"\\" and \\""');
  });

  it('"untrusted text in a message is quoted and cut": 80 characters unless told otherwise', () => {
    expect(quoteUntrusted('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`);
    expect(quoteUntrusted('x'.repeat(81))).toBe(`"${'x'.repeat(80)}…"`);
    expect(quoteUntrusted('abcdef', 3)).toBe('"abc…"');
  });

  it('property: the output has a bounded length', () => {
    fc.assert(
      fc.property(hostileText, fc.nat(50), (text, max) => {
        expect(quoteUntrusted(text, max).length).toBeLessThanOrEqual(max * 6 + 3);
      }),
    );
  });
});

describe('hasControlCharacters', () => {
  it.each([0x00, 0x0a, 0x0d, 0x1b, 0x7f, 0x9b, 0x2028, 0x2029, 0x202e, 0x2066])(
    'sees character %i',
    (code) => {
      expect(hasControlCharacters(`a${String.fromCharCode(code)}b`)).toBe(true);
    },
  );

  it.each(['', 'llama3:chat', 'Größe', '模型', 'a b', '🦙'])('lets %j pass', (text) => {
    expect(hasControlCharacters(text)).toBe(false);
  });
});
