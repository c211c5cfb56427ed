/** What is held against packages: the lock file of this program, and lock files in which one has turned hostile. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';

const ROOT = resolve(import.meta.dirname, '../..');

const lockSchema = z.looseObject({ packages: z.record(z.string(), z.record(z.string(), z.unknown())) });
type Packages = z.infer<typeof lockSchema>['packages'];

let folder: string;
let packages: Packages;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecar-packages-'));
  ({ packages } = lockSchema.parse(JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'))));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Checks a lock file with these packages beside the program's own. */
async function check(added: Packages): Promise<{ code: number; stderr: string }> {
  const path = join(folder, 'package-lock.json');
  await writeFile(path, JSON.stringify({ packages: { ...packages, ...added } }));
  return new Promise((done) => {
    const script = join(ROOT, 'scripts/check-packages.mjs');
    const child = execFile(process.execPath, [script, path], (_error, _stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stderr }),
    );
  });
}

const good = { version: '1.0.0', integrity: 'sha512-AAAA' };

describe('threat 40: a hostile dependency', () => {
  it('what the program brings now passes', async () => {
    expect(await check({})).toEqual({ code: 0, stderr: '' });
  });

  it.each([
    ['runs a script when it is installed', { ...good, hasInstallScript: true }, 'install scripts: evil'],
    ['is held by no hash', { version: '1.0.0' }, 'without a hash: evil'],
    [
      'comes from a place of its own',
      { ...good, resolved: 'https://evil.example/e.tgz' },
      'one registry: evil',
    ],
  ])('one that %s is named', async (_what, entry, words) => {
    const { code, stderr } = await check({ 'node_modules/evil': entry });
    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });

  it('more packages than may be are noticed; those for development alone do not count', async () => {
    const many = (entry: Packages[string]): Packages =>
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`node_modules/more-${index}`, entry]));
    expect(await check(many({ ...good, dev: true }))).toMatchObject({ code: 0 });
    const { code, stderr } = await check(many(good));
    expect(code).toBe(1);
    expect(stderr).toContain('packages at run time');
  });
});
