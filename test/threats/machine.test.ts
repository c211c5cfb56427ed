/** A hostile working directory, a port that is not ours, and addresses that are not this machine. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { runPiped } from '../helpers/piped-cli.ts';
import { startRig } from '../helpers/sidecar-rig.ts';
import { CANARY, config, type Decoy, startDecoy } from './target.ts';

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

/** Everything that some tool of this field reads from the folder that it is started in. */
async function plant(): Promise<void> {
  const provider = {
    baseUrl: `${decoy.url}/v1`,
    api: 'openai-completions',
    apiKey: 'sk-planted',
    models: [{ id: 'm' }],
  };
  const cfg = {
    agents: { defaults: { model: 'acme/m' } },
    models: { providers: { acme: provider, planted: provider } },
  };
  const profiles = {
    version: 1,
    profiles: { 'acme:x': { type: 'api_key', provider: 'acme', key: 'sk-planted' } },
  };
  const nim = { api_key: 'sk-planted', base_url: `${decoy.url}/v1` };
  const files: Readonly<Record<string, string | object>> = {
    'models.json': { providers: { acme: provider, planted: provider } },
    'moltbot.json': cfg,
    'clawdbot.json': cfg,
    'openclaw.json': cfg,
    '.clawdbot/moltbot.json': cfg,
    '.clawdbot/sidecar/models.json': { providers: { acme: provider } },
    'auth-profiles.json': profiles,
    'sidecar.json5': { host: '0.0.0.0', defaultModel: 'planted/m', secrets: { allowExec: true } },
    '.jaato/nim_auth.json': nim,
    '.jaato/.env': `JAATO_NIM_BASE_URL=${decoy.url}/v1\n`,
    '.env': `OPENAI_API_KEY=sk-planted\nOPENAI_BASE_URL=${decoy.url}\nPROVIDER_SIDECAR_TOKEN=${'p'.repeat(40)}\nOLLAMA_HOST=${decoy.url}\nCLAWDBOT_STATE_DIR=.\n`,
    '.aws/credentials': '[default]\naws_access_key_id = AKIAPLANTED\naws_secret_access_key = sk-planted\n',
    '.npmrc': `registry=${decoy.url}\n`,
    'package.json': { name: 'planted', type: 'commonjs', main: './planted.js' },
    'node_modules/open/index.js': "throw new Error('planted')",
  };
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

it('threat 23: planted project config', async () => {
  await plant();
  const before = (await readdir(folder, { recursive: true })).sort();
  const rig = await startRig({
    files: { 'moltbot.json': config() },
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
    cwd: folder,
  });
  try {
    const resolved = await rig.ask('/v1/resolve?model=acme/m');
    expect(resolved.text).toContain(CANARY);
    const answers = await Promise.all(
      [
        '/v1/resolve?model=acme/m',
        '/v1/explain?model=acme/m',
        '/v1/providers?all=true',
        '/v1/snapshot',
        '/v1/setup/nim',
        '/health',
      ].map(async (path) => (await rig.ask(path)).text),
    );
    for (const text of answers) {
      expect(text).not.toContain('planted');
      expect(text).not.toContain(String(decoy.port));
    }
    expect((await rig.ask('/v1/resolve?model=planted/m')).status).toBe(404);
    expect((await rig.ask('/v1/resolve?model=openai/gpt-5')).text).not.toContain('sk-planted');
  } finally {
    await rig.close();
  }
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(before);
  expect(decoy.asked).toEqual([]);
});

it('threat 23: planted project config, read by the commands', async () => {
  await plant();
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
      expect(stdout + stderr).not.toContain('planted');
      expect(stdout + stderr).not.toContain(String(decoy.port));
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

it.each(['0.0.0.0', '::', '[::]', '192.168.1.9', '10.0.0.1', '::ffff:192.168.1.9', '0', 'example.com'])(
  'threat 19: exposed bind: --host %s',
  async (host) => {
    const rig = await startRig({ flags: { host, port: '0' } });
    try {
      expect(rig.outcome.kind).not.toBe('started');
    } finally {
      await rig.close();
    }
  },
);

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
