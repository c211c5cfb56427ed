/** What is read of a stored login that somebody may have written by hand. */
import { describe, expect, it } from 'vitest';
import { readStoredLogin } from '../../../src/credentials/oauth/stored-grant.ts';
import { isoOrNull, LATEST_TIME } from '../../../src/platform/clock.ts';

const LOGIN = {
  type: 'oauth',
  provider: 'acme',
  access: 'access-0123456789',
  refresh: 'refresh-0123456789',
  issuer: 'https://login.example',
  clientId: 'client',
};

describe('times of a stored login', () => {
  it.each([LATEST_TIME + 1, Number.MAX_VALUE, -1, 0, 'soon', null])('%j is none', (time) => {
    const login = readStoredLogin({ ...LOGIN, expires: time, obtained: time, renewing: time });
    expect(login).toMatchObject({ expires: null, obtained: null, renewing: null });
  });

  it('the latest one can be written', () => {
    const login = readStoredLogin({ ...LOGIN, expires: LATEST_TIME });
    expect(isoOrNull(login?.expires ?? null)).toBe('+275760-09-13T00:00:00.000Z');
  });
});
