/** tokens.json: digests only, limits beside them, and nothing good lost. */
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { digestOfToken } from '../../src/domain/caller-token.ts';

const everything = { providers: null, models: null, secrets: true };
let folder: string;
let path: string;
let now = 1_000_000;
const open = () => createCallerTokenStore(path, () => now);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecar-tokens-'));
  path = join(folder, 'sidecar', 'tokens.json');
  now = 1_000_000;
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('tokens.json', () => {
  it('"stored as digests": 0600, and the token itself is nowhere in it', async () => {
    const { token } = await open().create({
      name: 'ci',
      scope: { providers: ['ollama'], models: ['ollama/*'], secrets: false },
      lifeMs: 60_000,
    });
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain(token.secret.reveal());
    expect(text).not.toContain(token.secret.reveal().slice(-43));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(text)).toEqual({
      version: 1,
      tokens: [
        {
          id: token.id,
          name: 'ci',
          sha256: digestOfToken(token.secret.reveal()),
          providers: ['ollama'],
          models: ['ollama/*'],
          secrets: false,
          createdAt: new Date(now).toISOString(),
          expiresAt: new Date(now + 60_000).toISOString(),
        },
      ],
    });
  });

  it('a name is taken until its token has ended', async () => {
    const store = open();
    await store.create({ name: 'ci', scope: everything, lifeMs: 1_000 });
    const again = () => store.create({ name: 'ci', scope: everything, lifeMs: null });
    await expect(again()).rejects.toMatchObject({ code: 'bad-request' });
    now += 1_000;
    await again();
    expect(await store.read()).toMatchObject({ tokens: [{ name: 'ci', expiresAt: null }] });
  });

  it('rotates: another token, the same limits, a new life of the same length', async () => {
    const store = open();
    const scope = { ...everything, providers: ['ollama'] };
    const first = await store.create({ name: 'ci', scope, lifeMs: 5_000 });
    now += 2_000;
    const second = await store.rotate('ci');
    expect(second.token.digest).not.toBe(first.token.digest);
    expect(second.stored).toMatchObject({ scope, expiresAt: now + 5_000 });
    expect(await store.read()).toEqual({ kind: 'read', tokens: [second.stored] });
    await expect(store.rotate('other')).rejects.toMatchObject({ code: 'bad-request' });
  });

  it('revokes one and leaves the others', async () => {
    const store = open();
    await store.create({ name: 'a', scope: everything, lifeMs: null });
    await store.create({ name: 'b', scope: everything, lifeMs: null });
    expect(await store.revoke('a')).toBe(true);
    expect(await store.revoke('a')).toBe(false);
    expect(await store.read()).toMatchObject({ tokens: [{ name: 'b' }] });
  });

  it('twenty at the same time are all there afterwards', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `t${index}`);
    await Promise.all(names.map((name) => open().create({ name, scope: everything, lifeMs: null })));
    const file = await open().read();
    expect(file.kind === 'read' ? file.tokens.map(({ name }) => name).sort() : file).toEqual(names.sort());
    expect(await readdir(join(folder, 'sidecar'))).toEqual(['tokens.json']);
  });

  it.each(['endpoint', 'exec:sh:1', '', 'a b'])('the name %j is refused', async (name) => {
    await expect(open().create({ name, scope: everything, lifeMs: null })).rejects.toMatchObject({
      code: 'bad-request',
    });
  });

  it('a limit that names nothing is refused, not taken for no limit', async () => {
    const scope = { ...everything, providers: [] };
    await expect(open().create({ name: 'x', scope, lifeMs: null })).rejects.toMatchObject({
      code: 'bad-request',
    });
  });
});

describe('a file that cannot be used', () => {
  const good = () => open().create({ name: 'ci', scope: everything, lifeMs: null });

  it.each([
    ['no JSON', '{'],
    ['another version', '{"version":2,"tokens":[]}'],
    ['an unknown field', '{"version":1,"tokens":[],"more":1}'],
    ['no object', '[]'],
  ])('%s: nothing of it counts, and nothing is written over it', async (_what, text) => {
    await good();
    await writeFile(path, text);
    expect((await open().read()).kind).toBe('broken');
    await expect(good()).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(open().revoke('ci')).rejects.toMatchObject({ code: 'config-invalid' });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it.each(['providers', 'models', 'secrets'])(
    'an entry without its limit %s is broken, not unlimited',
    async (field) => {
      await good();
      const body: { tokens: Record<string, unknown>[] } = JSON.parse(await readFile(path, 'utf8'));
      delete body.tokens[0]?.[field];
      await writeFile(path, JSON.stringify(body));
      expect((await open().read()).kind).toBe('broken');
    },
  );

  it('one that others can read, or a link, is refused', async () => {
    await good();
    await chmod(path, 0o644);
    expect(await open().read()).toMatchObject({
      kind: 'broken',
      detail: expect.stringContaining('chmod 600'),
    });
    // As the same fault of identity.json and of the own store.
    await expect(open().list()).rejects.toMatchObject({ code: 'not-permitted' });
    await expect(open().revoke('ci')).rejects.toMatchObject({ code: 'not-permitted' });
    const link = join(folder, 'sidecar', 'link.json');
    await symlink(path, link);
    expect((await createCallerTokenStore(link, () => now).read()).kind).toBe('broken');
  });
});
