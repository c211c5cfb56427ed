/** The store file's text: types, aliases, expiry rules, references, and how broken entries are reported. */
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAuthProfiles, parseAuthState } from '../../src/credentials/auth-profiles.ts';
import type { StoredProfile } from '../../src/credentials/stored-profile.ts';
import { textOf } from '../helpers/stored-profiles.ts';

const PATH = '/state/auth-profiles.json';

function parse(file: unknown): ReturnType<typeof parseAuthProfiles> {
  return parseAuthProfiles(JSON.stringify(file), PATH);
}

function parseOne(profile: unknown, id = 'acme:default'): StoredProfile {
  const store = parse({ version: 1, profiles: { [id]: profile } });
  if (store.kind !== 'parsed' || store.profiles[0] === undefined) throw new Error('the file did not parse');
  return store.profiles[0];
}

const OAUTH = {
  type: 'oauth',
  provider: 'acme',
  access: 'access-1',
  refresh: 'refresh-canary',
  expires: 2_000,
};

describe('parseAuthProfiles: credentials', () => {
  it.each([
    [{ type: 'api_key', provider: 'acme', key: ' key-1 ' }, 'api_key', 'key-1', null],
    [{ type: 'token', provider: 'acme', token: 'token-1' }, 'token', 'token-1', null],
    [{ type: 'token', provider: 'acme', token: 'token-1', expires: 5 }, 'token', 'token-1', 5],
    [OAUTH, 'oauth', 'access-1', 2_000],
  ])('reads %j', (written, type, value, expires) => {
    const profile = parseOne(written);
    expect(profile).toMatchObject({
      kind: 'credential',
      id: 'acme:default',
      provider: 'acme',
      path: PATH,
      type,
    });
    if (profile.kind !== 'credential') throw new Error('expected a credential');
    expect(textOf(profile.value)).toBe(value);
    expect(profile.expires).toBe(expires);
  });

  it('"Accepted on load later: mode for type, apiKey for key"', () => {
    const profile = parseOne({ mode: 'api_key', provider: 'acme', apiKey: 'key-1' });
    expect(profile.kind === 'credential' && textOf(profile.value)).toBe('key-1');
  });

  it('keeps the account and project that a provider wants beside an oauth token', () => {
    const extra = { accountId: 'acct-1', projectId: 'proj-1', email: 'me@example.com' };
    expect(parseOne({ ...OAUTH, ...extra })).toMatchObject(extra);
  });

  it('refuses an account id that would break out of its header', () => {
    expect(parseOne({ ...OAUTH, accountId: 'a\r\nX-Evil: 1' })).toMatchObject({ kind: 'broken' });
  });

  it('lets no refresh token out', () => {
    expect(inspect(parse({ profiles: { a: OAUTH } }), { depth: null })).not.toContain('refresh');
  });
});

describe('parseAuthProfiles: a broken profile is reported with its id and why, never skipped, never shown', () => {
  it.each([
    [{ type: 'magic', provider: 'acme', key: 'canary' }, 'ineligible_profile', 'unknown type "magic"'],
    [{ provider: 'acme', key: 'canary' }, 'ineligible_profile', 'has no type'],
    [{ type: 'api_key', key: 'canary' }, 'ineligible_profile', 'names no provider'],
    [{ type: 'api_key', provider: ' ', key: 'canary' }, 'ineligible_profile', 'names no provider'],
    [{ type: 'api_key', provider: 'acme' }, 'missing_credential', 'has no "key"'],
    [{ type: 'api_key', provider: 'acme', key: '  ' }, 'missing_credential', 'is empty'],
    [{ type: 'api_key', provider: 'acme', key: 'ollama-local' }, 'missing_credential', 'ollama-local'],
    [{ type: 'api_key', provider: 'acme', key: 7 }, 'ineligible_profile', 'not text'],
    [{ type: 'api_key', provider: 'acme', key: '!cat canary' }, 'missing_credential', 'never run'],
    [
      { type: 'api_key', provider: 'acme', key: 'canary\r\nX: y' },
      'ineligible_profile',
      'no header may carry',
    ],
    [{ type: 'token', provider: 'acme', key: 'canary' }, 'missing_credential', 'has no "token"'],
    [{ ...OAUTH, access: '' }, 'missing_credential', 'is empty'],
    ['canary', 'ineligible_profile', 'not an object'],
    [null, 'ineligible_profile', 'not an object'],
  ])('%j', (written, reason, words) => {
    const profile = parseOne(written);
    expect(profile).toMatchObject({ kind: 'broken', id: 'acme:default', provider: 'acme', reason });
    expect(profile.kind === 'broken' && profile.detail).toContain(words);
    expect(JSON.stringify(profile)).not.toContain('canary');
  });

  it.each([0, -1, 8_640_000_000_000_001, '2000', null, true])(
    '"expires, when present, is a positive finite number … anything else is invalid_expires": %j',
    (expires) => {
      const token = { type: 'token', provider: 'acme', token: 't', expires };
      expect(parseOne(token)).toMatchObject({ kind: 'broken', reason: 'invalid_expires' });
      expect(parseOne({ ...OAUTH, expires })).toMatchObject({ kind: 'broken', reason: 'invalid_expires' });
    },
  );

  it('accepts the latest time there is, and wants one for oauth', () => {
    expect(parseOne({ ...OAUTH, expires: 8_640_000_000_000_000 }).kind).toBe('credential');
    expect(parseOne({ ...OAUTH, expires: undefined })).toMatchObject({ reason: 'invalid_expires' });
  });

  it('quotes ids and providers that would steer a terminal', () => {
    const profile = parseOne({ type: 'api_key', provider: 'acme', key: 'k' }, 'a\u001b[31m');
    expect(profile).toMatchObject({ kind: 'broken', reason: 'ineligible_profile' });
    expect(profile.id).not.toContain('\u001b');
    expect(parseOne({ type: 'api_key', provider: 'a\nb', key: 'k' }).provider).not.toContain('\n');
  });

  const byName = { source: 'env', provider: null, id: 'ACME_API_KEY' };
  it.each([
    [{ keyRef: { source: 'env', provider: 'main', id: 'X' } }, { source: 'env', provider: 'main', id: 'X' }],
    [{ key: { source: 'file', id: '/a' } }, { source: 'file', provider: null, id: '/a' }],
    [
      { key: 'literal', keyRef: { source: 'env', id: 'X' } },
      { source: 'env', provider: null, id: 'X' },
    ],
    [
      { type: 'token', tokenRef: { source: 'exec', provider: 'v', id: 'x' } },
      { source: 'exec', provider: 'v', id: 'x' },
    ],
    [{ key: '${ACME_API_KEY}' }, byName],
    [{ key: '$ACME_API_KEY' }, byName],
    [{ key: 'ACME_API_KEY' }, byName],
  ])('a reference stands for a secret elsewhere, and is no key: %j', (written, value) => {
    const profile = parseOne({ type: 'api_key', provider: 'acme', ...written });
    expect(profile).toMatchObject({ kind: 'credential', value });
  });

  it.each([
    [{ ...OAUTH, access: { source: 'env', id: 'X' } }, 'an oauth profile cannot'],
    [{ ...OAUTH, access: '${X_TOKEN}' }, 'an oauth profile cannot'],
    [{ type: 'api_key', provider: 'acme', key: { source: 'vault', id: 'X' } }, 'without a "source"'],
    [{ type: 'api_key', provider: 'acme', key: { source: 'file', id: 'a' } }, 'a JSON pointer or "value"'],
    [{ type: 'api_key', provider: 'acme', keyRef: { source: 'exec', id: 'a/../b' } }, '"keyRef"'],
    [{ type: 'api_key', provider: 'acme', key: 'prefix-${ACME_API_KEY}' }, 'mixes text with a reference'],
  ])(
    '"A SecretRef on an oauth credential is a hard error", and so is one without form: %j',
    (written, words) => {
      const profile = parseOne(written);
      expect(profile).toMatchObject({ kind: 'broken', reason: 'ineligible_profile' });
      expect(profile.kind === 'broken' && profile.detail).toContain(words);
    },
  );
});

describe('parseAuthProfiles: files', () => {
  it.each([
    ['{"profiles": {"a": {"key": "canary', 'not valid JSON'],
    ['[]', 'does not hold a JSON object'],
    ['null', 'does not hold a JSON object'],
    ['{"profiles": []}', 'does not have the form'],
    ['{"profiles": {}, "order": {"acme": "canary"}}', 'at "order.acme"'],
    ['{"profiles": {"a": {"key": "canary", "key": "canary2"}}}', '"key" twice'],
  ])('%s is broken, and says why without quoting it', (text, words) => {
    const store = parseAuthProfiles(text, PATH);
    if (store.kind !== 'broken') throw new Error('expected a broken store');
    expect(store.detail).toContain(words);
    expect(store.detail).not.toContain('canary');
  });

  it('"Flat files { "ollama-windows": { "apiKey": … } } exist in the wild": each entry is a profile', () => {
    const flat = { version: 1, 'ollama-windows': { apiKey: 'k1' }, acme: { access: 'a', expires: 5 } };
    expect(parse(flat)).toMatchObject({
      profiles: [
        { id: 'ollama-windows:default', provider: 'ollama-windows', type: 'api_key', kind: 'credential' },
        { id: 'acme:default', provider: 'acme', type: 'oauth', kind: 'credential', expires: 5 },
      ],
    });
    expect(parse({ ...flat, profiles: {} })).toMatchObject({ profiles: [] });
  });

  it('a file without profiles is an empty store', () => {
    expect(parse({ version: 1 })).toMatchObject({ kind: 'parsed', profiles: [] });
  });

  it('keys such as __proto__ are profiles like any other', () => {
    const text = '{"profiles": {"__proto__": {"type": "api_key", "provider": "acme", "key": "k"}}}';
    expect(parseAuthProfiles(text, PATH)).toMatchObject({
      profiles: [{ id: '__proto__', kind: 'credential' }],
    });
  });

  it.each([
    { order: null },
    { usageStats: null },
    { order: { anthropic: null } },
    { usageStats: { 'a:1': null } },
    { order: null, usageStats: null, lastGood: null },
  ])('null says nothing, as nothing at all does: %j', (state) => {
    const profiles = { 'a:1': { type: 'api_key', provider: 'a', key: 'sk-1' } };
    const parsed = parseAuthProfiles(JSON.stringify({ version: 1, profiles, ...state }), 'p');
    expect(parsed).toMatchObject({ kind: 'parsed', profiles: [{ kind: 'credential', id: 'a:1' }] });
    expect(parsed).toMatchObject({ order: new Map(), usage: new Map() });
    expect(parseAuthState(JSON.stringify(state))).toMatchObject({ kind: 'parsed' });
  });

  it('takes the latest of cooldownUntil, disabledUntil and blockedUntil; a malformed time counts as none', () => {
    const usageStats = {
      a: { lastUsed: 3, cooldownUntil: 5, disabledUntil: 9, blockedUntil: 7, errorCount: 1 },
      b: { lastUsed: 'yesterday', cooldownUntil: null },
    };
    const expected = [
      ['a', { lastUsed: 3, unusableUntil: 9 }],
      ['b', { lastUsed: 0, unusableUntil: 0 }],
    ];
    for (const store of [parse({ usageStats }), parseAuthState(JSON.stringify({ usageStats }))]) {
      expect(store.kind === 'parsed' && [...store.usage]).toEqual(expected);
    }
  });

  it('never throws, and every secret it gives can stand in a header, whatever the file holds', () => {
    const leaf = fc.oneof(fc.jsonValue(), fc.constantFrom('api_key', 'token', 'oauth', 'canary-value'));
    const keys = [
      'type',
      'mode',
      'provider',
      'key',
      'apiKey',
      'keyRef',
      'token',
      'access',
      'refresh',
      'expires',
    ];
    const profile = fc.oneof(leaf, fc.dictionary(fc.constantFrom(...keys), leaf));
    const file = fc.record(
      { profiles: fc.oneof(leaf, fc.dictionary(fc.string(), profile)), order: leaf, usageStats: leaf },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(file, fc.jsonValue()), (value) => {
        const store = parse(value);
        parseAuthState(JSON.stringify(value));
        if (store.kind === 'broken') return;
        const { profiles } = store;
        const secrets = profiles.flatMap((entry) =>
          entry.kind === 'credential' ? [textOf(entry.value)] : [],
        );
        expect(secrets.every((secret) => secret === undefined || /^[\x21-\x7e]+$/.test(secret))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
