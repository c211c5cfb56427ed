/** Files and folders that vanish, turn into something else or break while the server runs. */
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import type { Rig } from '../helpers/sidecar-rig.ts';
import { closing, cpuOf, scan, sidecarWith } from './fault-rig.ts';

const PATIENCE = { timeout: 10_000, interval: 20 };
const MODEL = { name: 'qwen3:8b', contextLength: 32_000 };
const REF = 'ollama/qwen3:8b';

const configOf = (n: number): string =>
  JSON.stringify({
    models: {
      providers: {
        mine: { baseUrl: `https://cfg-${n}.example/v1`, apiKey: 'sk-mine-0123456789', models: [{ id: 'm' }] },
      },
    },
  });

async function baseUrl(rig: Rig): Promise<unknown> {
  const { status, text } = await rig.ask('/v1/resolve?model=mine/m');
  return status === 200 ? /https:\/\/cfg-\d+/.exec(text)?.[0] : status;
}

async function withOllama() {
  const ollama = closing(await startFakeOllama({ models: [MODEL] }));
  const rig = await sidecarWith({
    ollamaPort: ollama.port,
    flags: { defaultModel: REF },
    files: { 'moltbot.json': configOf(1) },
  });
  return { ollama, rig, modelsJson: join(rig.stateDir, 'sidecar/models.json') };
}

it('fault: a config that alternates between broken and good', async () => {
  const { rig } = await withOllama();
  const path = join(rig.stateDir, 'moltbot.json');
  const shows = (status: string) =>
    vi.waitFor(async () => expect((await rig.ask('/health')).body).toMatchObject({ status }), PATIENCE);
  await shows('ok');
  const cpu = await cpuOf(async () => {
    for (let n = 2; n < 6; n += 1) {
      await writeFile(path, `{ "models": { "providers": ${'{ '.repeat(n)}`);
      await shows('degraded');
      // The last good one counts, and health says where the broken one breaks.
      expect(await baseUrl(rig)).toBe(`https://cfg-${n - 1}`);
      await writeFile(path, configOf(n));
      await shows('ok');
      expect(await baseUrl(rig)).toBe(`https://cfg-${n}`);
    }
    for (let n = 0; n < 100; n += 1) await writeFile(path, n % 2 === 0 ? '{ broken' : configOf(12));
  });
  await vi.waitFor(async () => expect(await baseUrl(rig)).toBe('https://cfg-12'), PATIENCE);
  await shows('ok');
  expect(cpu).toBeLessThan(10_000);
  // Health is logged when it changes, not for each write.
  const lines = rig.logged.filter(
    ({ level }) => level === 'warn' || level === 'error' || Number(level) >= 40,
  );
  expect(lines.length).toBeLessThan(150);
});

it('fault: models.json is deleted while the server runs', async () => {
  const { rig, modelsJson } = await withOllama();
  await rm(modelsJson);
  await vi.waitFor(
    async () => expect((await rig.ask(`/v1/resolve?model=${REF}`)).status).not.toBe(200),
    PATIENCE,
  );
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'failing' });
  // "Operator can delete models.json to force cfg": what cfg says goes on, and nobody writes the file again.
  expect(await baseUrl(rig)).toBe('https://cfg-1');
  expect(existsSync(modelsJson)).toBe(false);
  await scan(rig);
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' });
  expect((await rig.ask(`/v1/resolve?model=${REF}`)).status).toBe(200);
});

it('fault: models.json is replaced by a link to nowhere', async () => {
  const { rig, modelsJson } = await withOllama();
  rmSync(modelsJson);
  symlinkSync(`${modelsJson}.none`, modelsJson);
  await vi.waitFor(async () => {
    expect((await rig.ask('/health')).body).toMatchObject({
      status: 'degraded',
      findings: [
        expect.objectContaining({
          code: 'config-invalid',
          detail: expect.stringContaining(`${modelsJson} is a symbolic link that leads nowhere`),
        }),
      ],
    });
  }, PATIENCE);
  await scan(rig);
  // The last good state is in use, and nothing is written at the place of the link.
  expect((await rig.ask(`/v1/resolve?model=${REF}`)).status).toBe(200);
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'degraded' });
  expect(lstatSync(modelsJson).isSymbolicLink()).toBe(true);
  await rm(modelsJson);
  await scan(rig);
  await vi.waitFor(
    async () => expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' }),
    PATIENCE,
  );
});

it('fault: models.json is replaced by a folder', async () => {
  const { rig, ollama, modelsJson } = await withOllama();
  // In one go: a file that is gone for a moment is one that the operator deleted.
  rmSync(modelsJson);
  mkdirSync(modelsJson);
  writeFileSync(join(modelsJson, 'keep.txt'), 'mine');
  await vi.waitFor(async () => {
    expect((await rig.ask('/health')).body).toMatchObject({
      status: 'degraded',
      findings: [expect.objectContaining({ detail: expect.stringContaining('models.json') })],
    });
  }, PATIENCE);
  ollama.setModels([MODEL, { name: 'new:1b' }]);
  await scan(rig);
  // The last good state is in use, and what stands there is left alone.
  expect((await rig.ask(`/v1/resolve?model=${REF}`)).status).toBe(200);
  expect(await readFile(join(modelsJson, 'keep.txt'), 'utf8')).toBe('mine');
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'degraded' });
  await rm(modelsJson, { recursive: true });
  await scan(rig);
  await vi.waitFor(
    async () => expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' }),
    PATIENCE,
  );
  expect((await rig.ask('/v1/resolve?model=ollama/new:1b')).status).toBe(200);
});

it('fault: the state folder is deleted while the server runs', async () => {
  const { rig, modelsJson } = await withOllama();
  await rm(rig.stateDir, { recursive: true });
  await vi.waitFor(async () => expect(await baseUrl(rig)).not.toBe('https://cfg-1'), PATIENCE);
  expect((await rig.ask('/livez')).status).toBe(200);
  expect((await rig.ask('/health')).body).toMatchObject({ status: 'failing' });
  expect((await rig.ask('/v1/providers')).status).toBe(200);
  // An explicit scan makes it anew, and an operator who puts his config back needs no restart.
  await scan(rig);
  expect(existsSync(modelsJson)).toBe(true);
  expect((await rig.ask(`/v1/resolve?model=${REF}`)).status).toBe(200);
  await rig.write('moltbot.json', configOf(7));
  await vi.waitFor(async () => expect(await baseUrl(rig)).toBe('https://cfg-7'), PATIENCE);
  await vi.waitFor(
    async () => expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' }),
    PATIENCE,
  );
  await rig.close();
});
