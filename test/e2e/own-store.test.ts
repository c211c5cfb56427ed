/** The sidecar's own store between processes: nobody's profile is lost, no half file is left, no mode is wide. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { tempFolder } from '../platform/temp-folder.ts';

const built = (file: string): string => JSON.stringify(new URL(`file://${resolve('dist', file)}`).href);

/** Adds one profile and ends; with `again` goes on replacing it until it is killed. */
const WRITER = `
  import { createOwnStore } from ${built('credentials/own-store.js')};
  import { Secret } from ${built('domain/secret.js')};
  const [path, name, again] = process.argv.slice(-3);
  process.umask(0);
  const store = createOwnStore({ path, clock: Date.now });
  const put = (key) => store.put(name, { type: 'api_key', provider: 'acme', key: new Secret(key) });
  await put('new-key-0');
  process.stdout.write('ready');
  for (let round = 1; again === 'again'; round += 1) await put('new-key-' + 'x'.repeat(round % 2000));
`;

function write(path: string, name: string, again = 'once'): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '--eval', WRITER, '--', path, name, again], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

const fileSchema = z.object({ profiles: z.record(z.string(), z.object({ key: z.string() })) });
const profilesIn = async (path: string) =>
  fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).profiles;

describe('the sidecar’s own store', () => {
  it('"Twenty processes adding profiles at once lose none"; the file is never wider than 0600', async () => {
    const folder = join(await tempFolder(), 'sidecar');
    await mkdir(folder, { mode: 0o700 });
    const path = join(folder, 'auth-profiles.json');
    const names = Array.from({ length: 20 }, (_, index) => `acme:${index}`);
    const writers = names.map((name) => once(write(path, name), 'close'));
    const wide: string[] = [];
    const looked = watchModes(folder, wide, Promise.all(writers));
    expect((await Promise.all(writers)).map(([code]) => Number(code))).toEqual(names.map(() => 0));
    await looked;
    expect(Object.keys(await profilesIn(path)).toSorted()).toEqual(names.toSorted());
    expect(wide).toEqual([]);
    expect(await readdir(folder)).toEqual(['auth-profiles.json']);
  });

  it('"kill -9 at random points in a write leaves the old or the new file, 200 times"', async () => {
    const root = await tempFolder();
    const kill = async (round: number): Promise<void> => {
      const folder = join(root, String(round));
      await mkdir(folder, { mode: 0o700 });
      const path = join(folder, 'auth-profiles.json');
      const child = write(path, 'acme:default', 'again');
      const closed = once(child, 'close');
      if (child.stdout !== null) await once(child.stdout, 'data');
      // A random moment is the point: some kills fall into a write, some beside one.
      await sleep(Math.random() * 25);
      child.kill('SIGKILL');
      await closed;
      expect((await profilesIn(path))['acme:default']?.key).toMatch(/^new-key-(?:0|x*)$/);
      for (const name of await readdir(folder)) {
        if (!name.endsWith('.lock')) expect((await stat(join(folder, name))).mode & 0o177).toBe(0);
      }
    };
    const rounds = Array.from({ length: 200 }, (_, index) => index);
    const worker = async (): Promise<void> => {
      for (let round = rounds.pop(); round !== undefined; round = rounds.pop()) await kill(round);
    };
    await Promise.all(Array.from({ length: 6 }, worker));
  }, 240_000);
});

/** Looks at the mode of every file in the folder, over and over, until `done`. */
async function watchModes(folder: string, wide: string[], done: Promise<unknown>): Promise<void> {
  const end = new AbortController();
  void done.finally(() => end.abort());
  while (!end.signal.aborted) {
    for (const name of readdirSync(folder)) {
      const facts = statSync(join(folder, name), { throwIfNoEntry: false });
      if (facts?.isFile() && (facts.mode & 0o177) !== 0) wide.push(`${name} ${facts.mode.toString(8)}`);
    }
    await new Promise((next) => setImmediate(next));
  }
}
