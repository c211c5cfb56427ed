/** The part `oauth` of sidecar.json5: what an entry may be, and what is refused. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OAuthClientSettings, oauthClientFor } from '../../src/domain/oauth-client.ts';
import { readTextFile } from '../../src/platform/files.ts';
import { loadSettings, type SettingsLoad } from '../../src/settings/load.ts';
import { type ConfigTree, createConfigTree } from '../helpers/config-tree.ts';
import { publicClient } from '../helpers/public-client.ts';

let tree: ConfigTree;
beforeEach(async () => {
  tree = await createConfigTree();
});
afterEach(() => tree.remove());

async function load(oauth: unknown): Promise<SettingsLoad> {
  await tree.write('sidecar/sidecar.json5', { oauth });
  return loadSettings({ flags: {}, env: {}, paths: tree.paths, readTextFile });
}

async function entry(fields: object): Promise<OAuthClientSettings> {
  const result = await load({ acme: fields });
  if (result.kind === 'broken') throw new Error(result.problem.detail);
  const found = oauthClientFor(result.settings.oauth, 'acme');
  if (found === undefined) throw new Error('no entry');
  return found;
}

async function refusal(oauth: unknown): Promise<string> {
  const result = await load(oauth);
  if (result.kind === 'loaded') throw new Error('expected a refusal');
  expect(result.problem.code).toBe('config-invalid');
  return result.problem.detail;
}

const ISSUER = { issuer: 'https://id.example', clientId: 'c1' };

describe('an entry', () => {
  it('needs an issuer and a client id, and is a public client then', async () => {
    expect(await entry(ISSUER)).toEqual(publicClient('https://id.example', { clientId: 'c1' }));
  });

  it('takes explicit endpoints in place of an issuer', async () => {
    const { issuer, endpoints } = await entry({
      clientId: 'c1',
      authorizationEndpoint: 'https://id.example/authorize',
      tokenEndpoint: 'https://id.example/token',
      revocationEndpoint: 'https://id.example/revoke',
    });
    expect(issuer).toBeNull();
    expect(endpoints).toEqual({
      token: 'https://id.example/token',
      authorization: 'https://id.example/authorize',
      deviceAuthorization: null,
      revocation: 'https://id.example/revoke',
    });
  });

  it('"NAT_OAUTH_CLIENT_ID and NAT_OAUTH_CLIENT_SECRET fill a provider\'s client where the settings name them"', async () => {
    const { clientId, clientSecret, tokenEndpointAuthMethod, scopes, redirectUri } = await entry({
      issuer: 'http://localhost:5001',
      clientId: '${NAT_OAUTH_CLIENT_ID}',
      clientSecret: '${NAT_OAUTH_CLIENT_SECRET}',
      tokenEndpointAuthMethod: 'client_secret_post',
      scopes: 'openid profile email',
      redirectUri: 'http://localhost:8000/auth/redirect',
    });
    expect(clientId).toEqual({ variable: 'NAT_OAUTH_CLIENT_ID' });
    expect(clientSecret).toEqual({ source: 'env', provider: null, id: 'NAT_OAUTH_CLIENT_SECRET' });
    expect(tokenEndpointAuthMethod).toBe('client_secret_post');
    expect(scopes).toEqual(['openid', 'profile', 'email']);
    expect(redirectUri).toBe('http://localhost:8000/auth/redirect');
  });

  it('leaves the method open for a secret without one, and takes a reference as an object', async () => {
    const clientSecret = { source: 'file', provider: 'vault', id: '/acme/secret' };
    const found = await entry({ ...ISSUER, clientSecret });
    expect(found.clientSecret).toEqual(clientSecret);
    expect(found.tokenEndpointAuthMethod).toBeNull();
  });

  it('is found by every spelling of the provider', async () => {
    const result = await load({ Moonshot: ISSUER });
    if (result.kind === 'broken') throw new Error(result.problem.detail);
    expect(Object.keys(result.settings.oauth)).toEqual(['moonshot']);
    expect(oauthClientFor(result.settings.oauth, 'moonshotai')?.clientId).toBe('c1');
    expect(oauthClientFor(result.settings.oauth, 'constructor')).toBeUndefined();
  });
});

describe('refused', () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    [
      'an unknown key, with a suggestion',
      { ...ISSUER, isuer: 'x' },
      /"oauth\.acme\.isuer".*did you mean "issuer"/,
    ],
    ['no issuer and no endpoints', { clientId: 'c1' }, /oauth\.acme\.issuer .* is missing/],
    ['"Plain http only for loopback"', { ...ISSUER, issuer: 'http://id.example' }, /issuer .* https URL/],
    [
      'a name that only looks like this machine',
      { ...ISSUER, issuer: 'http://127.0.0.1.nip.io' },
      /https URL/,
    ],
    ['an issuer with a query', { ...ISSUER, issuer: 'https://id.example/?a=b' }, /query/],
    [
      'half of the endpoints',
      { clientId: 'c', authorizationEndpoint: 'https://id.example/a' },
      /needs tokenEndpoint/,
    ],
    [
      'a token endpoint alone',
      { clientId: 'c', tokenEndpoint: 'https://id.example/t' },
      /authorizationEndpoint/,
    ],
    [
      'a redirect to another host',
      { ...ISSUER, redirectUri: 'http://evil.example/cb' },
      /redirectUri .* this machine/,
    ],
    ['a redirect over https', { ...ISSUER, redirectUri: 'https://localhost/cb' }, /redirectUri/],
    [
      'an unknown method',
      { ...ISSUER, tokenEndpointAuthMethod: 'private_key_jwt' },
      /must be one of client_secret_post/,
    ],
    [
      'a method without its secret',
      { ...ISSUER, tokenEndpointAuthMethod: 'client_secret_basic' },
      /needs clientSecret/,
    ],
    [
      'a secret that is never sent',
      { ...ISSUER, clientSecret: '${S_S}', tokenEndpointAuthMethod: 'none' },
      /clientSecret .* never sent/,
    ],
    ['a scope with a quote', { ...ISSUER, scopes: ['a"b'] }, /list of scopes/],
    ['a relative resource', { ...ISSUER, resource: 'api' }, /absolute URI/],
    ['no client id', { issuer: 'https://id.example' }, /clientId/],
  ];
  it.each(cases)('%s', async (_name, fields, message) => {
    expect(await refusal({ acme: fields })).toMatch(message);
  });

  it('a secret in the file, without showing it', async () => {
    const detail = await refusal({ acme: { ...ISSUER, clientSecret: 'canary-secret' } });
    expect(detail).toMatch(/oauth\.acme\.clientSecret in sidecar\.json5 must be a reference/);
    expect(detail).not.toContain('canary');
  });

  it('a password in a URL, without showing it', async () => {
    const detail = await refusal({ acme: { ...ISSUER, issuer: 'https://u:canary@id.example' } });
    expect(detail).toMatch(/user name or password/);
    expect(detail).not.toContain('canary');
  });

  it('two entries for one provider, keys that are no ids, and anything but an object', async () => {
    expect(await refusal({ moonshot: ISSUER, moonshotai: ISSUER })).toMatch(/same provider/);
    expect(await refusal({ 'a b': ISSUER })).toMatch(/ids of providers/);
    expect(await refusal([])).toMatch(/oauth in sidecar\.json5 must be an object/);
  });
});
