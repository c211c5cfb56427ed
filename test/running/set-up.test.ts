/** A set-up on a running server: it counts on what a NIM server lists now, and not on what it listed before. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withOwnProviders } from '../../src/resolution/catalog/own-catalog.ts';
import { createSetUp } from '../../src/running/set-up.ts';
import { NOW, snapshotOf } from '../helpers/snapshot-fixture.ts';
import { tempFolder } from '../platform/temp-folder.ts';

it('asks a NIM server of one’s own before the model is checked: a key may have opened its list a moment ago', async () => {
  const folder = await tempFolder();
  const settings = join(folder, 'sidecar.json5');
  await mkdir(folder, { recursive: true });
  const env = { JAATO_NIM_BASE_URL: 'http://127.0.0.1:9/v1' };
  const listing = (listed: readonly { readonly id: string }[] | null) =>
    snapshotOf({ env, catalog: withOwnProviders([], env, { access: 'open', listed }) });
  let current = await listing(null);
  const after = await listing([{ id: 'my/own' }]);
  const setUp = createSetUp({
    live: { current: () => current, reread: () => Promise.resolve() },
    askNim: () => {
      current = after;
      return Promise.resolve();
    },
    paths: { settings, sidecarDir: folder },
    settings: { minContextWindow: 0, strict: false },
    clock: () => NOW,
    folder,
  });
  await setUp.connect('nim', 'my/own', false);
  expect(await readFile(settings, 'utf8')).toContain('nim/my/own');
  current = await listing(null);
  await setUp.changeDefaultModel('nim/my/own');
  current = await listing(null);
  await expect(setUp.connect('nim', 'deepseek/deepseek-r1', false)).rejects.toMatchObject({
    code: 'unknown-model',
  });
});
