/** The library that watches folders says nothing at all: its events are lost, as on some network folders. */
import { EventEmitter } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { cpuOf, sidecarWith } from './fault-rig.ts';

vi.mock('chokidar', () => ({
  watch: () =>
    Object.assign(new EventEmitter(), {
      add: () => undefined,
      unwatch: () => undefined,
      close: () => Promise.resolve(),
    }),
}));

const PATIENCE = { timeout: 10_000, interval: 50 };
const configOf = (n: number): object => ({
  models: {
    providers: {
      mine: { baseUrl: `https://cfg-${n}.example/v1`, apiKey: 'sk-mine-0123456789', models: [{ id: 'm' }] },
    },
  },
});

it('fault: the file watcher is silent', async () => {
  const rig = await sidecarWith({
    files: { 'moltbot.json': configOf(1) },
    flags: { defaultModel: 'mine/m' },
  });
  const shows = (text: string) =>
    vi.waitFor(async () => expect((await rig.ask('/v1/resolve')).text).toContain(text), PATIENCE);
  await shows('cfg-1');
  const cpu = await cpuOf(async () => {
    await rig.write('moltbot.json', configOf(2));
    await shows('cfg-2');
    await writeFile(join(rig.stateDir, 'moltbot.json'), '{ broken');
    await vi.waitFor(
      async () => expect((await rig.ask('/health')).body).toMatchObject({ status: 'degraded' }),
      PATIENCE,
    );
    await shows('cfg-2');
    await rm(join(rig.stateDir, 'moltbot.json'));
    await vi.waitFor(
      async () => expect((await rig.ask('/health')).body).toMatchObject({ status: 'failing' }),
      PATIENCE,
    );
    await rig.write('moltbot.json', configOf(3));
    await shows('cfg-3');
  });
  expect(cpu).toBeLessThan(5_000);
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' });
});
