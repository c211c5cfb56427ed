/** Logins from the command line: where a key may go, and what the set-up that follows does. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeNim, startFakeNim } from '../helpers/fake-nim.ts';
import { runPiped } from '../helpers/piped-cli.ts';

const KEY = 'nvapi-canary-0123456789';
const REF = 'nim/meta/llama-3.3-70b-instruct';

let home: string;
let checked: FakeNim;
let other: FakeNim;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-key-login-'));
  await mkdir(join(home, '.clawdbot/agents/main/agent'), { recursive: true });
  checked = await startFakeNim({ key: KEY });
  other = await startFakeNim({ key: KEY });
});

afterEach(async () => {
  await checked.stop();
  await other.stop();
  await rm(home, { recursive: true, force: true });
});

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runPiped(args, KEY, { home, env });
const entry = (baseUrl: string, more: object = {}) => ({
  baseUrl,
  api: 'openai-completions',
  models: [{ id: 'm', name: 'M' }],
  ...more,
});
const configure = (q1: object) =>
  writeFile(join(home, '.clawdbot/moltbot.json'), JSON.stringify({ models: { providers: { q1 } } }));
const stored = () => readFile(join(home, '.clawdbot/sidecar/auth-profiles.json'), 'utf8').catch(() => null);

describe('a key is stored for the server that it was checked at', () => {
  it('models.json sends it elsewhere: nothing is stored without --force, and both servers are named', async () => {
    await configure(entry(checked.baseUrl));
    const file = join(home, 'models.json');
    await writeFile(file, JSON.stringify({ providers: { q1: entry(other.baseUrl, { auth: 'api-key' }) } }));
    const env = { PROVIDER_SIDECAR_MODELS_JSON: file };
    const refused = await run(['auth', 'q1', 'key', '-'], env);
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain(checked.baseUrl);
    expect(refused.stderr).toContain(other.baseUrl);
    expect(refused.stderr).toContain('--force');
    expect(await stored()).toBeNull();
    expect([...checked.seen, ...other.seen]).toEqual([]);
    const forced = await run(['auth', 'q1', 'key', '-', '--force'], env);
    expect(forced.code).toBe(0);
    expect(forced.stderr).toContain(`Requests send the key to "${other.baseUrl}"`);
    expect(await stored()).toContain(KEY);
  });

  it('a model of the entry with a base URL of its own counts too', async () => {
    await configure(entry(checked.baseUrl, { models: [{ id: 'm', name: 'M', baseUrl: other.baseUrl }] }));
    expect(await run(['auth', 'q1', 'key', '-'])).toMatchObject({ code: 78 });
    expect(await stored()).toBeNull();
  });
});

describe('status --check', () => {
  it('asks without the credential first, then sends the stored token as a request would', async () => {
    await configure(entry(checked.baseUrl));
    const profiles = { 'q1:default': { type: 'token', provider: 'q1', token: KEY } };
    const path = join(home, '.clawdbot/agents/main/agent/auth-profiles.json');
    await writeFile(path, JSON.stringify({ version: 1, profiles }), { mode: 0o600 });
    const { code, stdout } = await run(['auth', 'q1', 'status', '--check']);
    expect(code).toBe(0);
    expect(stdout).toContain('Checked: valid');
    expect(checked.seen.map(({ authorization }) => authorization)).toEqual([undefined, `Bearer ${KEY}`]);
  });
});

describe('headers that are references', () => {
  it('are followed for the check, and one that leads to nothing is named', async () => {
    // The stand-in knows one header; a reference in its place is what opens the list.
    const config = {
      ...entry(checked.baseUrl),
      headers: { authorization: { source: 'env', id: 'GATEWAY' } },
    };
    await configure(config);
    const args = ['auth', 'q1', 'key', '-'];
    const missing = await run(args);
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toContain('GATEWAY');
    expect(checked.seen).toEqual([]);
    await run(args, { GATEWAY: 'gateway-word-0123' });
    expect(checked.seen[0]?.authorization).toBe('gateway-word-0123');
  });
});

describe('the set-up after a key, in a script', () => {
  it('--save-env without a wish to connect is a usage error before anything is done', async () => {
    const result = await run(['nim-auth', 'key', '-', '--save-env'], { JAATO_NIM_BASE_URL: checked.baseUrl });
    expect(result.code).toBe(64);
    expect(result.stderr).toContain('--connect');
    expect(await stored()).toBeNull();
    expect(checked.seen).toEqual([]);
  });

  it('with no server running, a stronger source is named and the wish is not in force', async () => {
    const env = { JAATO_NIM_BASE_URL: checked.baseUrl };
    const args = ['nim-auth', 'key', '-', '--model', REF];
    const setUp = async (more: Readonly<Record<string, string>>): Promise<unknown> =>
      JSON.parse((await run([...args, '--json'], { ...env, ...more })).stdout);
    expect(await setUp({})).toMatchObject({ setUp: { outcome: 'connected', inForce: true } });
    const wish = { PROVIDER_SIDECAR_DEFAULT_MODEL: 'nim/deepseek/deepseek-r1' };
    expect(await setUp(wish)).toMatchObject({ setUp: { outcome: 'connected', inForce: false } });
    const { stdout } = await run(args, { ...env, ...wish });
    expect(stdout).toContain('nim/deepseek/deepseek-r1 first (env');
  });
});

describe('messages that lead somewhere', () => {
  it('a broken JAATO_NIM_BASE_URL is mended in the variable, not in the config', async () => {
    const { stderr } = await run(['resolve', REF, '--offline'], { JAATO_NIM_BASE_URL: 'ftp://x' });
    expect(stderr).toContain('Mend the variable JAATO_NIM_BASE_URL');
    expect(stderr).not.toContain('config (models.providers)');
  });

  it('auth help is the help of auth, not a provider', async () => {
    const help = await run(['auth', 'help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('Usage: provider-sidecar auth');
  });
});
