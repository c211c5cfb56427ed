/** Writing the sidecar's own store: what changes, what stays, and what is never written over. */
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOwnStore, type OwnStore } from '../../src/credentials/own-store.ts';
import { credentialDefect } from '../../src/credentials/own-store-content.ts';
import type { NewCredential } from '../../src/credentials/stored-profile.ts';
import { Secret } from '../../src/domain/secret.ts';
import { textOf } from '../helpers/stored-profiles.ts';
import { tempFolder } from '../platform/temp-folder.ts';

const NOW = 1_767_225_600_000;

interface Rig {
  readonly path: string;
  readonly store: OwnStore;
  readonly moved: string[];
}

async function rig(content?: unknown, mode = 0o600): Promise<Rig> {
  const path = join(await tempFolder(), 'sidecar', 'auth-profiles.json');
  const moved: string[] = [];
  if (content !== undefined) {
    await mkdir(dirname(path), { mode: 0o700 });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    await chmod(path, mode);
  }
  const store = createOwnStore({ path, clock: () => NOW, onMovedAside: (to, why) => moved.push(to, why) });
  return { path, store, moved };
}

const key = (value: string, provider = 'nim'): NewCredential => ({
  type: 'api_key',
  provider,
  key: new Secret(value),
});
const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));
const stored = (value: string, provider = 'nim'): object => ({ type: 'api_key', provider, key: value });

describe('put', () => {
  it('makes the file 0600 in a folder 0700, in upstream’s schema with version 1', async () => {
    const { path, store } = await rig();
    await store.put('nim:default', key(' nvapi-1 '));
    expect(await read(path)).toEqual({ version: 1, profiles: { 'nim:default': stored('nvapi-1') } });
    expect([(await stat(path)).mode & 0o777, (await stat(dirname(path))).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
    expect(await readdir(dirname(path))).toEqual(['auth-profiles.json']);
  });

  it('writes each type with its own fields, and reads it back', async () => {
    const { path, store } = await rig();
    await store.put('a:t', {
      type: 'token',
      provider: 'a',
      token: new Secret('t1'),
      expires: 5,
      email: 'me@x',
    });
    await store.put('a:o', {
      type: 'oauth',
      provider: 'a',
      access: new Secret('a1'),
      refresh: new Secret('r1'),
      expires: 7,
      accountId: 'acc',
      projectId: 'p',
    });
    expect(await read(path)).toMatchObject({
      profiles: {
        'a:t': { type: 'token', provider: 'a', token: 't1', expires: 5, email: 'me@x' },
        'a:o': { type: 'oauth', access: 'a1', refresh: 'r1', expires: 7, accountId: 'acc', projectId: 'p' },
      },
    });
    const listed = await store.list();
    expect(
      listed.map((profile) => profile.kind === 'credential' && [profile.id, textOf(profile.value)]),
    ).toEqual([
      ['a:t', 't1'],
      ['a:o', 'a1'],
    ]);
  });

  it('"unknown keys kept", of the file and of the profile, in their order; what a new credential replaces is gone', async () => {
    const { path, store } = await rig({
      zebra: 1,
      version: 1,
      profiles: {
        'b:1': stored('k1', 'b'),
        'nim:default': {
          note: 'mine',
          type: 'token',
          provider: 'nim',
          token: 'old',
          expires: 9,
          keyRef: { a: 1 },
        },
        __proto__x: { odd: true },
      },
      usageStats: { 'b:1': { lastUsed: 3 } },
      apple: [2],
    });
    await store.put('nim:default', key('new-key'));
    await store.put('c:1', key('k3', 'c'));
    const file = await read(path);
    expect(file).toEqual({
      zebra: 1,
      version: 1,
      profiles: {
        'b:1': stored('k1', 'b'),
        'nim:default': { ...stored('new-key'), note: 'mine' },
        __proto__x: { odd: true },
        'c:1': stored('k3', 'c'),
      },
      usageStats: { 'b:1': { lastUsed: 3 } },
      apple: [2],
    });
    expect(JSON.stringify(file)).toMatch(
      /zebra.*version.*b:1.*nim:default.*__proto__x.*c:1.*usageStats.*apple/,
    );
  });

  it('a profile called __proto__ is a profile like any other', async () => {
    const { path, store } = await rig();
    await store.put('__proto__', key('nvapi-1'));
    expect(await readFile(path, 'utf8')).toContain('"__proto__"');
    expect(await store.removeProfile('__proto__')).toEqual(['__proto__']);
  });

  it.each([
    ['{"profiles": {"a": {"key": "canary', 'is not valid JSON'],
    ['[]', 'does not hold a JSON object'],
    ['{"profiles": {}, "profiles": {}}', 'twice'],
    ['{"nim": {"apiKey": "canary"}}', 'no "profiles" object'],
    ['\u{fffd}'.repeat(400_000), 'is larger than'],
  ])('"a corrupt file moved aside, never overwritten" (%#)', async (text, why) => {
    const { path, store, moved } = await rig(text);
    await store.put('nim:default', key('nvapi-1'));
    expect(await read(path)).toMatchObject({ profiles: { 'nim:default': stored('nvapi-1') } });
    expect(moved[0]).toBe(`${path}.corrupt-2026-01-01T00-00-00-000Z`);
    expect(await readFile(moved[0] ?? '', 'utf8')).toBe(text);
    expect(moved[1]).toContain(why);
    expect(moved[1]).not.toContain('canary');
  });

  it.each([0o644, 0o640, 0o604])(
    'a file with mode %o is refused by name and stays as it is',
    async (mode) => {
      const { path, store } = await rig({ profiles: {} }, mode);
      const refusal = { code: 'not-permitted', message: expect.stringContaining(`chmod 600 ${path}`) };
      await expect(store.put('nim:default', key('nvapi-1'))).rejects.toMatchObject(refusal);
      await expect(store.list()).rejects.toMatchObject(refusal);
      await expect(store.remove('nim')).rejects.toMatchObject(refusal);
      expect(await readFile(path, 'utf8')).toBe('{"profiles":{}}');
    },
  );

  it('a symbolic link is refused by name, and its target stays as it is', async () => {
    const { path, store } = await rig();
    const target = join(dirname(dirname(path)), 'elsewhere.json');
    await writeFile(target, '{"profiles":{}}', { mode: 0o600 });
    await mkdir(dirname(path), { mode: 0o700 });
    await symlink(target, path);
    await expect(store.put('nim:default', key('nvapi-1'))).rejects.toMatchObject({
      code: 'not-permitted',
      message: `${path} is a symbolic link`,
    });
    expect(await readFile(target, 'utf8')).toBe('{"profiles":{}}');
  });

  it.each([
    'ollama-local',
    'secretref-managed',
    'your-api-key',
    '${NVIDIA_API_KEY}',
    '$NVIDIA_API_KEY',
    'NVIDIA_API_KEY',
  ])('the marker %s is placeholder-looking and never written', async (value) => {
    const { path, store } = await rig();
    expect(credentialDefect(key(value))?.kind).toBe('placeholder-looking');
    await expect(store.put('nim:default', key(value))).rejects.toMatchObject({ code: 'bad-request' });
    expect(await readdir(dirname(dirname(path)))).toEqual([]);
  });

  it.each(['', '  ', 'two words', 'k\r\nX: y', '!echo k', 'k\u0000', 'schlüssel', 'k'.repeat(16_385)])(
    'a value that no header may carry is refused without being quoted (%#)',
    async (value) => {
      const { store } = await rig();
      expect(credentialDefect(key(value))?.kind).toBe('unusable');
      const refused: unknown = await store.put('nim:default', key(value)).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'bad-request' });
      if (value.trim().length > 2) expect(String(refused)).not.toContain(value.trim());
    },
  );

  it.each([
    ['', 'nim'],
    ['nim:default', ' '],
    ['a\u001b[31m', 'nim'],
    ['nim:default', 'n\nim'],
  ])('a profile cannot be called %j of provider %j', async (id, provider) => {
    const { store } = await rig();
    await expect(store.put(id, key('nvapi-1', provider))).rejects.toMatchObject({ code: 'bad-request' });
  });

  it('what a writer left behind that was killed is removed, and nothing else', async () => {
    const { path, store } = await rig({ profiles: {} });
    const folder = dirname(path);
    await writeFile(`${path}.0123456789ab.tmp`, 'canary', { mode: 0o600 });
    await writeFile(join(folder, 'other.json.0123456789ab.tmp'), 'kept');
    await writeFile(`${path}.notes.tmp`, 'kept');
    await store.put('nim:default', key('nvapi-1'));
    expect((await readdir(folder)).toSorted()).toEqual([
      'auth-profiles.json',
      'auth-profiles.json.notes.tmp',
      'other.json.0123456789ab.tmp',
    ]);
  });
});

describe('remove', () => {
  const three = {
    version: 1,
    profiles: { 'nim:a': stored('k1'), 'nim:b': { key: 'k2' }, 'x-ai:a': stored('k3', 'x-ai') },
    order: { nim: ['nim:a'], xai: ['x-ai:a'] },
    usageStats: { 'nim:a': { lastUsed: 1 }, 'x-ai:a': { lastUsed: 2 } },
  };

  it('takes one profile by its id, with what the file says of it', async () => {
    const { path, store } = await rig(three);
    expect(await store.removeProfile('nim:a')).toEqual(['nim:a']);
    expect(await read(path)).toEqual({
      version: 1,
      profiles: { 'nim:b': { key: 'k2' }, 'x-ai:a': stored('k3', 'x-ai') },
      order: { xai: ['x-ai:a'] },
      usageStats: { 'x-ai:a': { lastUsed: 2 } },
    });
  });

  it('takes every profile of a provider, in any spelling, also those that cannot be used', async () => {
    expect(await (await rig(three)).store.remove('NIM')).toEqual(['nim:a', 'nim:b']);
    expect(await (await rig(three)).store.remove('xai')).toEqual(['x-ai:a']);
    const plain = { profiles: { nim: stored('k0'), 'nim:default': stored('k1') } };
    expect(await (await rig(plain)).store.remove('nim')).toEqual(['nim', 'nim:default']);
    expect(await (await rig(plain)).store.removeProfile('nim')).toEqual(['nim']);
  });

  it('what is not there changes nothing, and makes neither a file nor a folder', async () => {
    const { path, store } = await rig(three);
    const before = await stat(path);
    expect(await store.remove('groq')).toEqual([]);
    expect((await stat(path)).ino).toBe(before.ino);
    const empty = await rig();
    expect(await empty.store.remove('nim')).toEqual([]);
    expect(await empty.store.list()).toEqual([]);
    expect(await readdir(dirname(dirname(empty.path)))).toEqual([]);
  });

  it('from a corrupt file nothing is removed: it is named and stays', async () => {
    const { path, store } = await rig('{');
    const refusal = { code: 'config-invalid', message: `${path} is not valid JSON` };
    await expect(store.remove('nim')).rejects.toMatchObject(refusal);
    await expect(store.list()).rejects.toMatchObject(refusal);
    expect(await readFile(path, 'utf8')).toBe('{');
  });
});
