/** Every way in which an input can change is noticed by the running sidecar, and reaches its watchers. */
import { writeFileSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type EventStream, openEventStream } from '../../helpers/event-stream.ts';
import { type Rig, type RigOptions, startRig } from '../../helpers/sidecar-rig.ts';

const providersOf = (n: number): object => ({
  mine: { baseUrl: `https://cfg-${n}.example/v1`, apiKey: 'sk-mine-0123456789', models: [{ id: 'm' }] },
});
const configOf = (n: number): string => JSON.stringify({ models: { providers: providersOf(n) } });

interface Watched extends Rig {
  readonly path: (name: string) => string;
  /** Waits until the state says that this number's provider is in force. */
  readonly shows: (n: number | null) => Promise<void>;
}

async function startWatched(options: RigOptions = {}): Promise<Watched> {
  const rig = await startRig(options);
  onTestFinished(() => rig.close());
  const stream: EventStream = await openEventStream({ url: rig.sidecar.url, token: rig.token });
  onTestFinished(() => stream.close());
  return {
    ...rig,
    path: (name) => join(rig.stateDir, name),
    async shows(n) {
      await stream.until(({ providers }) => {
        const mine = providers.find(({ id }) => id === 'mine');
        return n === null ? mine === undefined : mine?.baseUrl === `https://cfg-${n}.example/v1`;
      });
    },
  };
}

/** A file that is written with the folders above it. */
async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, text, { mode: 0o600 });
}

describe('"all noticed"', () => {
  it('an included file, in another folder, and one that it includes', async () => {
    const rig = await startWatched({
      files: {
        'moltbot.json': { models: { $include: './parts/models.json' } },
        'parts/models.json': { providers: { $include: './deep/providers.json' } },
        'parts/deep/providers.json': providersOf(1),
      },
    });
    await rig.shows(1);
    await writeFile(rig.path('parts/deep/providers.json'), JSON.stringify(providersOf(2)));
    await rig.shows(2);
    await writeFile(rig.path('parts/models.json'), JSON.stringify({ providers: providersOf(3) }));
    await rig.shows(3);
  });

  it('a file that appears later', async () => {
    const rig = await startWatched();
    await rig.shows(null);
    await put(rig.path('moltbot.json'), configOf(1));
    await rig.shows(1);
    await rm(rig.path('moltbot.json'));
    await rig.shows(null);
  });

  it('an included file that is gone for a while', async () => {
    const include = { models: { providers: { $include: './providers.json' } } };
    const rig = await startWatched({
      files: { 'moltbot.json': include, 'providers.json': providersOf(1) },
    });
    await rig.shows(1);
    await rm(rig.path('providers.json'));
    await expect.poll(async () => (await rig.sidecar.health()).findings).not.toEqual([]);
    await rig.shows(1);
    await writeFile(rig.path('providers.json'), JSON.stringify(providersOf(2)));
    await rig.shows(2);
    await expect
      .poll(async () => (await rig.sidecar.health()).findings.map(({ code }) => code))
      .not.toContain('config-invalid');
  });

  it('a folder that appears later', async () => {
    const rig = await startWatched({ env: { CLAWDBOT_CONFIG_PATH: '~/later/deep/moltbot.json' } });
    const path = join(rig.home, 'later/deep/moltbot.json');
    await put(path, configOf(1));
    await rig.shows(1);
    await writeFile(path, configOf(2));
    await rig.shows(2);
    await rm(join(rig.home, 'later'), { recursive: true });
    await rig.shows(null);
    await put(path, configOf(3));
    await rig.shows(3);
  });

  it('a symlinked config: its target, its target replaced, and the link led elsewhere', async () => {
    const rig = await startWatched();
    const [first, second] = [join(rig.home, 'dotfiles/first.json'), join(rig.home, 'other/second.json')];
    await put(first, configOf(1));
    await put(second, configOf(4));
    await symlink(first, rig.path('moltbot.json'));
    await rig.shows(1);
    await writeFile(first, configOf(2));
    await rig.shows(2);
    await put(`${first}.new`, configOf(3));
    await rename(`${first}.new`, first);
    await rig.shows(3);
    await symlink(second, rig.path('link.new'));
    await rename(rig.path('link.new'), rig.path('moltbot.json'));
    await rig.shows(4);
    await writeFile(second, configOf(5));
    await rig.shows(5);
  });

  it('two writes in the same millisecond, of the same length', async () => {
    const rig = await startWatched({ files: { 'moltbot.json': configOf(1) } });
    await rig.shows(1);
    for (let round = 0; round < 20; round += 1) {
      writeFileSync(rig.path('moltbot.json'), configOf(round % 2 === 0 ? 7 : 6));
      writeFileSync(rig.path('moltbot.json'), configOf(round % 2 === 0 ? 8 : 9));
      await rig.shows(round % 2 === 0 ? 8 : 9);
    }
  });
});
