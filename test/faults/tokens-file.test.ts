/** A tokens.json that cannot be read: health says so, those who had a token keep it, and mending is enough. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Rig } from '../helpers/sidecar-rig.ts';
import { type Defect, SPOILS } from '../security/spoiled-files.ts';
import { sidecarWith } from './fault-rig.ts';

const PATIENCE = { timeout: 10_000, interval: 20 };
const FILES = { 'moltbot.json': { agents: { defaults: { model: 'openai/gpt-5' } } } };
const ENV = { OPENAI_API_KEY: 'sk-tokens-0123456789', CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };
const FILE = 'sidecar/tokens.json';

/** Puts a file in the place of what stands there, in one step: without a file no token counts, which is another case. */
async function replace(rig: Rig, content: string, defect: Defect = 'nothing'): Promise<void> {
  const draft = join(rig.stateDir, 'draft');
  await rm(`${draft}.target`, { force: true });
  await writeFile(draft, content, { mode: 0o600 });
  await SPOILS[defect](draft, content);
  await rename(draft, join(rig.stateDir, FILE));
}

const shows = (rig: Rig, expected: object) =>
  vi.waitFor(async () => expect((await rig.ask('/health')).body).toMatchObject(expected), PATIENCE);

const statusAs = async (rig: Rig, token: string): Promise<number> =>
  (await rig.ask('/v1/models', { headers: { authorization: `Bearer ${token}` } })).status;

const ok = { status: 'ok', findings: [] };
const degraded = (path: string, detail = '') => ({
  status: 'degraded',
  code: 'config-invalid',
  findings: [
    { code: 'config-invalid', detail: expect.stringMatching(detail), hint: `Mend or remove ${path}` },
  ],
});

const DEFECTS: readonly (readonly [Defect, string])[] = [
  ['a symbolic link', 'is a symbolic link'],
  ['a FIFO', 'is not a regular file'],
  ['a wide mode', 'can be read by other users'],
  ['truncated text', 'is not a list of tokens'],
];

it('fault: tokens.json cannot be read any more', async () => {
  const rig = await sidecarWith({ files: FILES, env: ENV });
  const path = join(rig.stateDir, FILE);
  const store = createCallerTokenStore(path, systemClock);
  const scope = { providers: null, models: null, secrets: true };
  const { token } = await store.create({ name: 'kept', scope, lifeMs: null });
  const text = token.secret.reveal();
  await vi.waitFor(async () => expect(await statusAs(rig, text)).toBe(200), PATIENCE);
  await shows(rig, ok);
  const good = await readFile(path, 'utf8');
  for (const [defect, detail] of DEFECTS) {
    await replace(rig, good, defect);
    // As a command does it; the watch finds it too, in its time.
    await rig.ask('/v1/tokens');
    await shows(rig, degraded(path, detail));
    expect(await statusAs(rig, text), defect).toBe(200);
    await replace(rig, good);
    await rig.ask('/v1/tokens');
    await shows(rig, ok);
    expect(await statusAs(rig, text), defect).toBe(200);
  }
  // What is broken is no way to keep a token: once the file can be read, it counts again as it is.
  await replace(rig, good, 'truncated text');
  await shows(rig, degraded(path));
  await replace(rig, '{"version":1,"tokens":[]}');
  await shows(rig, ok);
  expect(await statusAs(rig, text)).toBe(401);
});

it('fault: tokens.json cannot be read when the server starts', async () => {
  const rig = await sidecarWith({ files: { ...FILES, [FILE]: '{ broken' }, env: ENV });
  const path = join(rig.stateDir, FILE);
  expect((await rig.ask('/health')).body).toMatchObject(degraded(path));
  // The line of the start says what health says.
  const said = rig.logged.map(({ msg }) => String(msg)).filter((msg) => msg.startsWith('Health: '));
  expect(said).toEqual([expect.stringMatching(/^Health: DEGRADED/)]);
  const watcher = await rig.ask('/v1/snapshot');
  expect(watcher.body).toMatchObject({ health: { status: 'degraded', code: 'config-invalid' } });
  await replace(rig, '{"version":1,"tokens":[]}');
  await shows(rig, ok);
});
