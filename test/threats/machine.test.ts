/** A hostile working directory, a port that is not ours, and addresses that are not this machine. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { runPiped } from '../helpers/piped-cli.ts';
import { startRig } from '../helpers/sidecar-rig.ts';
import { type Decoy, startDecoy } from './decoy.ts';
import { EXPOSED_HOSTS } from './exposed-hosts.ts';
import { expectNothingPlanted, plant, PLANTED_KEY, TELLING_PATHS } from './planted-folder.ts';
import { CANARY, config } from './target.ts';

let decoy: Decoy;
let folder: string;
beforeEach(async () => {
  decoy = await startDecoy();
  folder = await mkdtemp(join(tmpdir(), 'sidecar-threat-'));
});
afterEach(async () => {
  await decoy.close();
  await rm(folder, { recursive: true, force: true });
});

it('threat 23: planted project config', async () => {
  await plant(folder, decoy);
  const before = (await readdir(folder, { recursive: true })).sort();
  const rig = await startRig({
    files: { 'moltbot.json': config() },
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
    cwd: folder,
  });
  try {
    const resolved = await rig.ask('/v1/resolve?model=acme/m');
    expect(resolved.text).toContain(CANARY);
    for (const path of TELLING_PATHS) expectNothingPlanted((await rig.ask(path)).text, decoy);
    expect((await rig.ask('/v1/resolve?model=planted/m')).status).toBe(404);
    expect((await rig.ask('/v1/resolve?model=openai/gpt-5')).text).not.toContain(PLANTED_KEY);
  } finally {
    await rig.close();
  }
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(before);
  expect(decoy.asked).toEqual([]);
});

it('threat 23: planted project config, read by the commands', async () => {
  await plant(folder, decoy);
  const home = await mkdtemp(join(tmpdir(), 'sidecar-threat-home-'));
  try {
    await mkdir(join(home, '.clawdbot'), { mode: 0o700 });
    await writeFile(join(home, '.clawdbot/moltbot.json'), JSON.stringify(config()), { mode: 0o600 });
    const env = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', AWS_EC2_METADATA_DISABLED: 'true' };
    for (const args of [
      ['resolve', 'acme/m', '--offline', '--json', '--reveal'],
      ['auth', 'list', '--json'],
      ['nim-auth', 'status'],
    ]) {
      const { stdout, stderr } = await runPiped(args, '', { home, env, cwd: folder });
      expect(stdout + stderr).not.toBe('');
      expectNothingPlanted(stdout + stderr, decoy);
    }
    expect(decoy.asked).toEqual([]);
    expect(await readFile(join(folder, 'models.json'), 'utf8')).toContain('planted');
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

it('threat 16: rogue sidecar: a port that another program has ends the start, with no other port in its place', async () => {
  const { code, stdout, stderr } = await runCli(['serve', '--port', String(decoy.port)], { home: folder });
  expect(code).toBe(69);
  expect(stdout).not.toMatch(/listening/i);
  expect(stderr).toContain(`port ${decoy.port}`);
  const left = await readdir(folder, { recursive: true });
  expect(left.filter((path) => path.endsWith('endpoint.json'))).toEqual([]);
  // Whoever holds the port was told nothing.
  expect(decoy.asked.join()).not.toMatch(/authorization/i);
});

it.each(EXPOSED_HOSTS)('threat 19: exposed bind: --host %s', async (host) => {
  const rig = await startRig({ flags: { host, port: '0' } });
  try {
    expect(rig.outcome.kind).not.toBe('started');
  } finally {
    await rig.close();
  }
});

it.each([
  'http://169.254.169.254/v1',
  'http://2852039166/latest',
  'http://0xa9.254.169.254',
  'http://[fd00:ec2::254]/v1',
  'http://[::ffff:169.254.169.254]/',
  'http://169.254.170.2',
  'http://METADATA.google.internal./computeMetadata/v1',
])('threat 31: upstream metadata: the base URL %s gets no key', async (baseUrl) => {
  const acme = { baseUrl, api: 'openai-completions', apiKey: CANARY, models: [{ id: 'm' }] };
  const rig = await startRig({
    files: { 'moltbot.json': { models: { providers: { acme } } } },
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
  });
  try {
    const answer = await rig.ask('/v1/resolve?model=acme/m');
    expect(answer.body).toMatchObject({ code: 'config-invalid' });
    expect(answer.text).not.toContain(CANARY);
  } finally {
    await rig.close();
  }
});
