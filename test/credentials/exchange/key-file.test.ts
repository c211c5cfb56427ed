/** "Expired file, future file, file of 10 MB, truncated JSON, wrong owner, symlink: a clear message each, nothing lost." */
import { chmod, chown, readdir, readFile, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exchangeRig, storedKey } from './rig.ts';

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

type Rig = Awaited<ReturnType<typeof exchangeRig>>;

/** What is said without an AWS identity, when nothing can be put in the file's place. */
async function saidOf({ make, api, time }: Rig): Promise<string> {
  const request = { providerId: 'gpu-dev', env: { GPU_DEV_API_URL: api.url } };
  const outcome = await make().resolve(request, time.now);
  if (outcome.kind === 'key') throw new Error('there should be no key');
  return outcome.detail;
}

const logInFor = ({ make, env, time }: Rig) => make().resolve({ providerId: 'gpu-dev', env }, time.now);

describe('a file without a usable key: the message says why, and a login moves it aside', () => {
  it.each<[name: string, content: (now: number) => unknown, message: string]>([
    ['truncated JSON', (now) => JSON.stringify(storedKey(now + HOUR)).slice(0, -9), 'is not complete JSON'],
    ['an empty file', () => '', 'is not complete JSON'],
    ['another JSON value', () => '[1]', 'does not hold a JSON object'],
    ['no key', (now) => storedKey(now + HOUR, { api_key: undefined }), 'has no usable api_key'],
    [
      'a key that no header may carry',
      (now) => storedKey(now + HOUR, { api_key: 'a\r\nb: c' }),
      'api_key that holds',
    ],
    ['a placeholder', (now) => storedKey(now + HOUR, { api_key: 'your-api-key' }), 'holds the marker'],
    [
      'a key twice',
      (now) => `{"api_key": "first", ${JSON.stringify(storedKey(now + HOUR)).slice(1)}`,
      'has a key twice',
    ],
    ['a bad date', (now) => storedKey(now, { expires_at: 'next tuesday' }), 'is no date: "next tuesday"'],
    [
      'a date that no calendar has',
      (now) => storedKey(now, { expires_at: '2026-02-31T00:00:00Z' }),
      'is no date',
    ],
    ['a date far ahead', (now) => storedKey(now + 50 * YEAR), 'too far ahead to be true: 2075-'],
    [
      'a name that steers the terminal',
      (now) => storedKey(now + HOUR, { username: '\u001b[2J' }),
      'control characters',
    ],
  ])('%s', async (_name, content, message) => {
    const rig = await exchangeRig();
    await rig.write(content(rig.time.now));
    const before = await rig.read();
    const said = await saidOf(rig);
    expect(said).toContain(rig.keyFile);
    expect(said).toContain(message);
    expect(await rig.read()).toBe(before);
    expect(await logInFor(rig)).toMatchObject({ kind: 'key', note: expect.stringContaining('was moved to') });
    const folder = dirname(rig.keyFile);
    const names = await readdir(folder);
    const aside = names.find((name) => name.startsWith('credentials.json.corrupt-'));
    expect(names.toSorted()).toEqual(['credentials.json', aside]);
    expect(await readFile(join(folder, aside ?? ''), 'utf8')).toBe(before);
  });

  it('10 MB', async () => {
    const rig = await exchangeRig();
    await rig.write('{');
    await truncate(rig.keyFile, 10 * 1024 * 1024);
    expect(await saidOf(rig)).toContain('is larger than 65536 bytes');
    expect(await logInFor(rig)).toMatchObject({ kind: 'key', note: expect.stringContaining('was moved to') });
  });

  it('not UTF-8', async () => {
    const rig = await exchangeRig();
    await rig.write('');
    await writeFile(rig.keyFile, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]));
    expect(await saidOf(rig)).toContain('is not UTF-8 text');
  });

  it('an expired key is told with its time, and gives way to the new one', async () => {
    const rig = await exchangeRig();
    await rig.write(storedKey(rig.time.now - HOUR));
    expect(await saidOf(rig)).toContain('expired at 2025-12-31T23:00:00.000Z');
    expect(await logInFor(rig)).toMatchObject({ kind: 'key' });
    expect(await readdir(dirname(rig.keyFile))).toEqual(['credentials.json']);
  });
});

describe('a file that may not be trusted is neither used nor replaced, and no login is made', () => {
  const refusesToTouch = async (rig: Rig, message: string): Promise<void> => {
    const outcome = await logInFor(rig);
    expect(outcome).toMatchObject({ kind: 'failed', detail: expect.stringContaining(message) });
    expect(outcome).toMatchObject({ detail: expect.stringContaining(rig.keyFile) });
    expect(rig.api.counts.asked).toBe(0);
  };

  it('a symbolic link', async () => {
    const rig = await exchangeRig();
    await rig.write(storedKey(rig.time.now + HOUR));
    const target = `${rig.keyFile}.elsewhere`;
    await rename(rig.keyFile, target);
    await symlink(target, rig.keyFile);
    await refusesToTouch(rig, 'is a symbolic link');
    expect(JSON.parse(await readFile(target, 'utf8'))).toMatchObject({ username: 'john' });
    const logout = await rig.make().forget({ providerId: 'gpu-dev', env: rig.env });
    expect(logout).toMatchObject({ kind: 'failed', detail: expect.stringContaining('is a symbolic link') });
  });

  it('a wide mode, with the command that mends it; a logout removes it all the same', async () => {
    const rig = await exchangeRig();
    await rig.write(storedKey(rig.time.now + HOUR));
    await chmod(rig.keyFile, 0o644);
    await refusesToTouch(rig, 'can be read by other users');
    expect(await logInFor(rig)).toMatchObject({ hints: [`chmod 600 ${rig.keyFile}`] });
    expect(await rig.make().forget({ providerId: 'gpu-dev', env: rig.env })).toEqual({ kind: 'removed' });
  });

  // Only root may give a file away; elsewhere the skip shows in the report.
  it.runIf(process.getuid?.() === 0)('a foreign owner', async () => {
    const rig = await exchangeRig();
    await rig.write(storedKey(rig.time.now + HOUR));
    await chown(rig.keyFile, 12_345, 12_345);
    await refusesToTouch(rig, 'belongs to another user');
    expect(await readdir(dirname(rig.keyFile))).toEqual(['credentials.json']);
  });
});

describe('dates as servers write them', () => {
  it.each([
    ['with a zone', '2026-01-01T03:00:00+02:00', Date.UTC(2026, 0, 1, 1)],
    ['with microseconds', '2026-01-01T01:00:00.123456+00:00', Date.UTC(2026, 0, 1, 1, 0, 0, 123)],
    ['without a zone, which means UTC', '2026-01-01T01:00:00', Date.UTC(2026, 0, 1, 1)],
  ])('%s', async (_name, expires, expected) => {
    const rig = await exchangeRig();
    await rig.write(storedKey(0, { expires_at: expires }));
    expect(await logInFor(rig)).toMatchObject({ kind: 'key', expiresAt: expected });
    expect(rig.api.counts.asked).toBe(0);
  });
});
