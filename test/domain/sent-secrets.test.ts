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
