/** Which request ends a login, decided without a server. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ExpectedRedirect, judgeRedirect } from '../../../src/login/oauth/redirect-request.ts';

const STATE = 'the-state-of-this-login';
const EXPECTED: ExpectedRedirect = {
  host: '127.0.0.1:4711',
  path: '/auth/redirect',
  state: STATE,
  issuer: 'https://issuer.example',
  issuerRequired: false,
};

const judge = (query: string, expected: Partial<ExpectedRedirect> = {}) =>
  judgeRedirect(
    {
      method: 'GET',
      target: `/auth/redirect${query === '' ? '' : `?${query}`}`,
      rawHeaders: ['Accept', '*/*', 'Host', '127.0.0.1:4711'],
    },
    { ...EXPECTED, ...expected },
  );
const iss = `iss=${encodeURIComponent('https://issuer.example')}`;

describe('state is exact and single, duplicates are refused, iss is checked also on errors (RFC 9207)', () => {
  it.each<[string, string, Partial<ExpectedRedirect>, object]>([
    ['code', `code=c&state=${STATE}`, {}, { kind: 'code' }],
    ['code and iss', `code=c&state=${STATE}&${iss}`, { issuerRequired: true }, { kind: 'code' }],
    ['iss that nobody can compare', `code=c&state=${STATE}&iss=x`, { issuer: null }, { kind: 'code' }],
    [
      'no iss where one is promised',
      `code=c&state=${STATE}`,
      { issuerRequired: true },
      { kind: 'wrong-issuer' },
    ],
    ['wrong iss', `code=c&state=${STATE}&iss=x`, {}, { kind: 'wrong-issuer' }],
    ['wrong iss of an error', `error=e&state=${STATE}&iss=x`, {}, { kind: 'wrong-issuer' }],
    [
      'error',
      `error=e&error_description=d&state=${STATE}`,
      {},
      { kind: 'server-error', error: 'e', description: 'd' },
    ],
    ['error beside a code', `error=e&code=c&state=${STATE}`, {}, { kind: 'server-error', error: 'e' }],
    ['code twice', `code=c&code=d&state=${STATE}`, {}, { kind: 'malformed' }],
    ['the same code twice', `code=c&code=c&state=${STATE}`, {}, { kind: 'malformed' }],
    ['iss twice', `code=c&state=${STATE}&${iss}&${iss}`, {}, { kind: 'malformed' }],
    ['anything twice', `code=c&state=${STATE}&x=1&x=1`, {}, { kind: 'malformed' }],
    ['neither code nor error', `state=${STATE}`, {}, { kind: 'malformed' }],
    ['a blank code', `code=&state=${STATE}`, {}, { kind: 'malformed' }],
    ['no query', '', {}, { kind: 'stray', status: 400 }],
    ['state twice', `code=c&state=${STATE}&state=${STATE}`, {}, { kind: 'stray', status: 400 }],
    ['state in another case', `code=c&state=${STATE.toUpperCase()}`, {}, { kind: 'stray', status: 400 }],
    ['state behind #', `code=c#state=${STATE}`, {}, { kind: 'stray', status: 400 }],
  ])('%s', (_name, query, expected, verdict) => {
    expect(judge(query, expected)).toMatchObject(verdict);
  });

  it('without the state nobody ends a login, whatever else the request holds', () => {
    const text = fc.string({ maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 4 }), text, (pairs, tail) => {
        const query = new URLSearchParams(pairs.filter(([name]) => name !== 'state')).toString();
        expect(judge(query).kind).toBe('stray');
        expect(judge(`${query}&state=${encodeURIComponent(tail)}x`).kind).toBe('stray');
      }),
    );
  });
});
