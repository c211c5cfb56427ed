/** A NIM server of one's own has the models that it lists, and no other: doctor, lists, set-up, a running server. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { type FakeNim, startFakeNim } from '../helpers/fake-nim.ts';
import { runPiped } from '../helpers/piped-cli.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';

const KEY = 'nvapi-canary-0123456789';
const BUILT_IN = 'nim/meta/llama-3.3-70b-instruct';

/** On a busy machine a server may be asked in vain once. */
const PATIENCE = { timeout: 45_000, interval: 200 };

let home: string;
let nim: FakeNim;
let rig: Rig | undefined;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-nim-models-'));
  nim = await startFakeNim({ key: KEY, behaviour: 'open', models: ['my/own'] });
});
afterEach(async () => {
  await rig?.close();
  rig = undefined;
  await nim.stop();
  await rm(home, { recursive: true, force: true });
});

const env = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  JAATO_NIM_BASE_URL: nim.baseUrl,
  CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
  ...more,
});
const run = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
  runCli(args, { home, env: env(more) });
const refs = ({ stdout }: { readonly stdout: string }): string[] => {
  const { data }: { data: { id: string }[] } = JSON.parse(stdout);
  return data.map(({ id }) => id);
};

describe('commands', () => {
  it('doctor says no to a model that the server does not have, and names one that it has', async () => {
    await vi.waitFor(async () => {
      const refused = await run(['doctor', '--default-model', BUILT_IN]);
      expect(refused).toMatchObject({ code: 78 });
      expect(refused.stderr).toContain('the server of JAATO_NIM_BASE_URL does not list it');
      expect(refused.stderr).toContain('It lists "my/own"');
    }, PATIENCE);
    await vi.waitFor(async () => {
      const { code, stdout } = await run(['doctor', '--default-model', 'nim/my/own']);
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('Health: OK') });
    }, PATIENCE);
  });

  it('doctor tells that JAATO_NIM_MODEL is not there', async () => {
    await vi.waitFor(async () => {
      const wish = { JAATO_NIM_MODEL: 'my/oen' };
      const { stdout, stderr } = await run(['doctor', '--default-model', 'nim/my/own'], wish);
      expect(`${stdout}${stderr}`).toContain(
        'JAATO_NIM_MODEL names "my/oen", which the server of JAATO_NIM_BASE_URL does not list',
      );
      expect(`${stdout}${stderr}`).toContain('or unset it. It lists "my/own"');
    }, PATIENCE);
  });

  it('a server that wants a key lists its models to the key, and while nobody has one the known ones count', async () => {
    nim.behaviour = 'keyed';
    await vi.waitFor(async () => {
      expect(refs(await run(['models', '--json'], { NVIDIA_API_KEY: KEY }))).toEqual(['nim/my/own']);
    }, PATIENCE);
    await vi.waitFor(async () => {
      const wrong = refs(await run(['models', '--json'], { NVIDIA_API_KEY: 'nvapi-wrong' }));
      expect(wrong).toHaveLength(4);
      expect(wrong).toContain(BUILT_IN);
    }, PATIENCE);
  });
});

describe('a running server', () => {
  const modelsOf = async (started: Rig): Promise<string[]> => {
    const { text } = await started.ask('/v1/providers/nim');
    const { models }: { models: { id: string }[] } = JSON.parse(text);
    return models.map(({ id }) => id);
  };

  it('a set-up with a key that was stored a moment ago takes what that key opens, and nothing else', async () => {
    nim.behaviour = 'keyed';
    const started = await startRig({ env: { JAATO_NIM_BASE_URL: nim.baseUrl } });
    rig = started;
    const nimAuth = (...flags: readonly string[]) =>
      runPiped(['nim-auth', 'key', '-', ...flags], KEY, { home: started.home, env: env() });
    await vi.waitFor(async () => {
      const { code, stderr } = await nimAuth('--model', BUILT_IN);
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('does not list it'),
      });
    }, PATIENCE);
    await vi.waitFor(async () => {
      const { stdout } = await nimAuth('--yes');
      expect(stdout).toContain('Default model: nim/my/own');
      expect(stdout).toContain('The running server uses it now');
    }, PATIENCE);
    expect(await modelsOf(started)).toEqual(['my/own']);
    expect(await readFile(join(started.stateDir, 'sidecar/sidecar.json5'), 'utf8')).toContain('nim/my/own');
    expect((await started.ask('/health')).body).toMatchObject({ status: 'ok' });
    expect(JSON.stringify(started.logged)).not.toContain(KEY);
  });

  it('follows the list: a default model that is gone is failing health, and a new one can be used', async () => {
    const started = await startRig({
      env: { JAATO_NIM_BASE_URL: nim.baseUrl, PROVIDER_SIDECAR_DEFAULT_MODEL: 'nim/my/own' },
    });
    rig = started;
    await vi.waitFor(async () => expect(await modelsOf(started)).toEqual(['my/own']), PATIENCE);
    nim.models = ['my/other'];
    await vi.waitFor(async () => {
      expect((await started.ask('/health')).body).toMatchObject({ status: 'failing', code: 'unknown-model' });
      expect((await started.ask('/v1/resolve?model=nim/my/other')).status).toBe(200);
    }, PATIENCE);
  });
});
