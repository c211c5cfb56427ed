/** What a server says of a request, without what it was sent. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutSecrets } from '../../src/domain/sent-secrets.ts';

const SECRET = 'k3y"/with+odd=\\signs';

describe('withoutSecrets', () => {
  it.each([
    ['as it is', SECRET],
    ['within JSON', JSON.stringify({ said: SECRET })],
    ['within a form', new URLSearchParams({ client_secret: SECRET }).toString()],
    ['in Base64', Buffer.from(SECRET).toString('base64')],
  ])('strikes a secret out %s', (_how, text) => {
    const clean = withoutSecrets(`refused: ${text}.`, [SECRET]);
    expect(clean).toContain('[secret]');
    expect(clean).not.toContain('signs');
    expect(clean).not.toContain(Buffer.from(SECRET).toString('base64').slice(0, 12));
  });

  it.each([0, 1, 2, 3, 4, 5].flatMap((before) => [0, 1, 2].map((behind) => [before, behind] as const)))(
    'strikes a secret out in Base64 that begins %i bytes in, with %i behind it, of either alphabet',
    (before, behind) => {
      // Base64 of it has signs of both alphabets in each of the three alignments.
      const secret = 'odd>>>???~~~ünd~secret>?';
      const text = 'A'.repeat(before) + secret + 'A'.repeat(behind);
      for (const encoding of ['base64', 'base64url'] as const) {
        const encoded = Buffer.from(text).toString(encoding);
        const [, head = '', tail = ''] =
          /^no (.*)\[secret\](.*)$/.exec(withoutSecrets(`no ${encoded}`, [secret])) ?? [];
        // Nothing but what belongs to the neighbours alone is left.
        expect(head).toBe('QUFBQUFB'.slice(0, Math.floor((before * 8) / 6)));
        expect(tail).toMatch(/^[QUFBE]{0,3}=*$/);
        const percent = encodeURIComponent(encoded).replaceAll(/%../g, (sign) => sign.toLowerCase());
        expect(withoutSecrets(`at?x=${percent}`, [secret])).toBe(
          `at?x=${head}[secret]${tail.replaceAll('=', '%3d')}`,
        );
      }
    },
  );

  it('a secret of a client within Base64 as in a form (RFC 6749, section 2.3.1)', () => {
    const pair = `me:${new URLSearchParams([['', SECRET]]).toString().slice(1)}`;
    const clean = withoutSecrets(`no ${Buffer.from(pair).toString('base64')}`, [SECRET]);
    expect(clean).toMatch(/^no bWU6?\[secret\]$/);
  });

  const triplets = (text: string): string =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  it.each([
    ['in small letters', encodeURIComponent(SECRET).replaceAll(/%../g, (sign) => sign.toLowerCase())],
    ['in capital letters', encodeURIComponent(SECRET)],
    ['in both', `k3y%22%2fwith%2Bodd%3d%5Csigns`],
    ['of every character', triplets(SECRET)],
    ['of some that need none', SECRET.replace('with', '%57%69th').replace('%57', '%77')],
  ])('percent-encoded %s', (_how, text) => {
    expect(withoutSecrets(`/at?x=${text}&ü=1`, [SECRET])).toBe('/at?x=[secret]&ü=1');
  });

  it('characters of more than one byte, percent-encoded', () => {
    expect(withoutSecrets(`100 % of ${triplets('pässwörter')}é`, ['pässwörter'])).toBe('100 % of [secret]é');
  });

  it('within JSON whose writer escapes slashes', () => {
    const secret = 'one/two/three';
    expect(withoutSecrets('{"a":"one\\/two\\/three"}', [secret])).toBe('{"a":"[secret]"}');
    const encoded = Buffer.from('odd>>>???~~~').toString('base64').replaceAll('/', '\\/');
    expect(encoded).toContain('\\/');
    expect(withoutSecrets(`{"a":"${encoded}"}`, ['odd>>>???~~~'])).toBe('{"a":"[secret]"}');
  });

  it('a text that holds nothing of it stays as it was, percent signs and all', () => {
    const text = 'odd %zz %2F ü \ud800 % text';
    expect(withoutSecrets(text, [SECRET])).toBe(text);
  });

  it('a text of which all is secret, again and again', () => {
    expect(withoutSecrets('ab'.repeat(100_000), ['abababab'])).toBe('[secret]');
  });

  it('a secret that begins with another one leaves no end behind', () => {
    expect(withoutSecrets('x 0123456789abcdef y', ['0123456789', '0123456789abcdef'])).toBe('x [secret] y');
  });

  it('what is too short to be a secret strikes out no words', () => {
    expect(withoutSecrets('the token is refused', ['', 'token', 'is'])).toBe('the token is refused');
  });

  it('property: no secret of eight or more characters is left', () => {
    const secret = fc.string({ minLength: 8, maxLength: 40 }).filter((text) => !'[secret]'.includes(text));
    fc.assert(
      fc.property(secret, fc.stringMatching(/^[.,;]{0,20}$/), (value, around) => {
        expect(withoutSecrets(`${around}${value}${around}`, [value])).not.toContain(value);
      }),
    );
  });
});
