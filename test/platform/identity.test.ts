/** The identity of an installation: made once, kept to itself, the same for everybody who asks. */
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ephemeralIdentity, type Identity, loadIdentity } from '../../src/platform/identity.ts';
import { runChild, sourceUrl } from './child.ts';
import { tempFolder } from './temp-folder.ts';

const NOW = Date.UTC(2026, 1, 3, 4, 5, 6);

function plain({ token, installKey }: Identity): readonly string[] {
  return [token.reveal(), installKey];
}

const LOAD = `
  import { loadIdentity } from ${sourceUrl('platform/identity.ts')};
  const { token, installKey } = await loadIdentity(process.argv.at(-1), 0);
  console.log(JSON.stringify([token.reveal(), installKey]));
`;

describe('loadIdentity', () => {
  it('"the token is 256 bits, made at first start", and stays the same after that', async () => {
    const path = join(await tempFolder(), 'sidecar', 'identity.json');
    const first = await loadIdentity(path, NOW);
    for (const key of plain(first)) {
      expect(key).toMatch(/^[\w-]{43}$/);
      expect(Buffer.from(key, 'base64url')).toHaveLength(32);
    }
    expect(first.token.reveal()).not.toBe(first.installKey);
    expect(plain(await loadIdentity(path, NOW + 1))).toEqual(plain(first));
    expect(await readdir(join(path, '..'))).toEqual(['identity.json']);
  });

  it('"own folders are 0700", files with secrets 0600', async () => {
    const folder = join(await tempFolder(), 'sidecar');
    await loadIdentity(join(folder, 'identity.json'), NOW);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'identity.json'))).mode & 0o777).toBe(0o600);
  });

  it('is the same for two processes that start at once', async () => {
    const path = join(await tempFolder(), 'identity.json');
    const [one, other] = await Promise.all([runChild(LOAD, [path]), runChild(LOAD, [path])]);
    expect(one).not.toBe('');
    expect(other).toBe(one);
    expect(JSON.parse(one)).toEqual(plain(await loadIdentity(path, NOW)));
  });

  it('is the same for callers at once within a process', async () => {
    const path = join(await tempFolder(), 'identity.json');
    const all = await Promise.all([1, 2, 3, 4].map(() => loadIdentity(path, NOW)));
    expect(new Set(all.flatMap(plain)).size).toBe(2);
  });

  it.each([
    ['no JSON', '{"version":1,'],
    ['empty', ''],
    ['another version', JSON.stringify({ version: 2, token: 'x'.repeat(43), installKey: 'x'.repeat(43) })],
    ['a short token', JSON.stringify({ version: 1, token: 'x'.repeat(31), installKey: 'x'.repeat(43) })],
    [
      'a token that no header can carry',
      JSON.stringify({ version: 1, token: `${'x'.repeat(40)} y`, installKey: 'x'.repeat(43) }),
    ],
    ['no install key', JSON.stringify({ version: 1, token: 'x'.repeat(43) })],
    ['no object', 'null'],
    ['not UTF-8', Uint8Array.of(0xff, 0xfe)],
    ['too large', ' '.repeat(65_537)],
  ])('a broken file (%s) is moved aside and replaced', async (_defect, content) => {
    const folder = await tempFolder();
    const path = join(folder, 'identity.json');
    await writeFile(path, content, { mode: 0o600 });
    const made = await loadIdentity(path, NOW);
    const aside = 'identity.json.corrupt-2026-02-03T04-05-06-000Z';
    expect(await readdir(folder)).toEqual(['identity.json', aside]);
    expect(await readFile(join(folder, aside))).toEqual(Buffer.from(content));
    expect(plain(await loadIdentity(path, NOW + 1))).toEqual(plain(made));
  });

  it('keeps fields that a later version adds', async () => {
    const path = join(await tempFolder(), 'identity.json');
    const stored = { version: 1, token: 't'.repeat(43), installKey: 'k'.repeat(43), more: true };
    await writeFile(path, JSON.stringify(stored), { mode: 0o600 });
    expect(plain(await loadIdentity(path, NOW))).toEqual([stored.token, stored.installKey]);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(stored);
  });

  it('"a wide mode is refused by name", and the file stays as it is', async () => {
    const path = join(await tempFolder(), 'identity.json');
    await loadIdentity(path, NOW);
    const before = await readFile(path, 'utf8');
    await chmod(path, 0o644);
    await expect(loadIdentity(path, NOW)).rejects.toMatchObject({
      code: 'not-permitted',
      message: expect.stringContaining(path),
      hints: [`Mend or remove ${path}`],
    });
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  it('"a symlink is refused by name", a folder too', async () => {
    const folder = await tempFolder();
    await loadIdentity(join(folder, 'real.json'), NOW);
    await symlink(join(folder, 'real.json'), join(folder, 'link.json'));
    await mkdir(join(folder, 'folder.json'));
    for (const name of ['link.json', 'folder.json']) {
      await expect(loadIdentity(join(folder, name), NOW)).rejects.toMatchObject({ code: 'not-permitted' });
    }
  });

  it('says cannot-write where no folder can be made', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'file'), '');
    const path = join(folder, 'file', 'sub', 'identity.json');
    await expect(loadIdentity(path, NOW)).rejects.toMatchObject({ code: 'cannot-write' });
  });
});

describe('ephemeralIdentity', () => {
  it('is a new one each time', () => {
    const keys = [ephemeralIdentity(), ephemeralIdentity()].flatMap(plain);
    expect(new Set(keys).size).toBe(4);
    for (const key of keys) expect(key).toMatch(/^[\w-]{43}$/);
  });
});
