/** The plugin protocol, driven without a command line, a server or a terminal. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOwnStore } from '../../src/credentials/own-store.ts';
import type { ResolutionOutcome } from '../../src/domain/auth.ts';
import { createAsk } from '../../src/login/ask-provider.ts';
import { LOGINS } from '../../src/login/index.ts';
import type { KeyServer } from '../../src/login/key-target.ts';
import { nimLogin } from '../../src/login/nim.ts';
import type { LoginDeps, Prompt } from '../../src/login/plugin.ts';
import { resolve } from '../../src/resolution/resolve.ts';
import { withOwnProviders } from '../../src/resolution/catalog/own-catalog.ts';
import { type FakeNim, startFakeNim } from '../helpers/fake-nim.ts';
import { NOW, profileStore, snapshotOf } from '../helpers/snapshot-fixture.ts';
import { NO_OAUTH } from './no-oauth.ts';

let folder: string;
let nim: FakeNim;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecar-login-'));
  nim = await startFakeNim();
});

afterEach(async () => {
  await nim.stop();
  await rm(folder, { recursive: true, force: true });
});

const nobody: Prompt = {
  askSecret: () => Promise.resolve({ kind: 'no-terminal' }),
  isPiped: () => true,
  readPiped: () => Promise.resolve(''),
};

async function plugin(prompt: Partial<Prompt> = {}, env: Readonly<Record<string, string>> = {}) {
  const variables = { JAATO_NIM_BASE_URL: nim.baseUrl, ...env };
  const store = createOwnStore({ path: join(folder, 'auth-profiles.json'), clock: () => NOW });
  const server: KeyServer = {
    kind: 'server',
    provider: 'nim',
    displayName: 'NVIDIA NIM',
    baseUrl: nim.baseUrl,
    api: 'openai-completions',
    headersFor: (key) => (key === null ? {} : { authorization: `Bearer ${key.reveal()}` }),
    maybeKeyless: true,
    models: [],
  };
  const lookUp = async (provider: string): Promise<ResolutionOutcome> => {
    const profiles = (await store.list()).flatMap((profile) =>
      profile.kind === 'credential' ? [[profile.id, { type: 'api_key', provider, key: 'nvapi-good' }]] : [],
    );
    const snapshot = await snapshotOf({
      env: variables,
      catalog: withOwnProviders([], variables, { access: 'wants-key', listed: null }),
      ownStore: profileStore(Object.fromEntries(profiles)),
    });
    return resolve(snapshot, { provider }, NOW);
  };
  const deps: LoginDeps = {
    env: variables,
    store,
    ask: createAsk(),
    prompt: { ...nobody, ...prompt },
    target: () => Promise.resolve(server),
    lookUp,
    serverOf: ({ headers }) => ({ ...server, headersFor: (key) => (key === null ? {} : headers) }),
    exchange: () => Promise.reject(new Error('nothing is exchanged here')),
    oauth: NO_OAUTH,
  };
  return { login: await nimLogin.create(deps), store };
}

describe('the plugin protocol', () => {
  it('every login of the list keeps it, and no two share a command', () => {
    const names = LOGINS.map(({ command }) => command.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { command } of LOGINS) expect(command.subcommands.length).toBeGreaterThan(0);
  });

  it('names the provider, its models and its commands, as the seed lists them', async () => {
    const { login } = await plugin();
    expect(login.providerName).toBe('nim');
    expect(login.providerDisplayName).toBe('NVIDIA NIM');
    expect(login.getDefaultModels().map(({ id }) => `nim/${id}`)).toEqual([
      'nim/meta/llama-3.3-70b-instruct',
      'nim/meta/llama-3.1-405b-instruct',
      'nim/deepseek/deepseek-r1',
      'nim/nvidia/llama-3.1-nemotron-70b-instruct',
    ]);
    const [command] = login.getUserCommands();
    expect(command?.name).toBe('nim-auth');
    expect(command?.subcommands.map(({ name }) => name)).toEqual([
      'login',
      'key',
      'logout',
      'status',
      'help',
    ]);
  });

  it('JAATO_NIM_MODEL is offered first', async () => {
    const wanted = async (model: string) =>
      (await plugin({}, { JAATO_NIM_MODEL: model })).login.getDefaultModels().map(({ id }) => id);
    expect((await wanted('my/own'))[0]).toBe('my/own');
    expect(await wanted('nim/deepseek/deepseek-r1')).toHaveLength(4);
    expect((await wanted('nim/deepseek/deepseek-r1'))[0]).toBe('deepseek/deepseek-r1');
  });

  it('completes subcommands and flags, and nothing of another command', async () => {
    const { login } = await plugin();
    const words = (...args: readonly string[]) =>
      login.getCommandCompletions('nim-auth', args).map(({ word }) => word);
    expect(words('')).toEqual(['login', 'key', 'logout', 'status', 'help']);
    expect(words('lo')).toEqual(['login', 'logout']);
    expect(words('key', '--')).toEqual(['--force']);
    expect(words('status', '--ch')).toEqual(['--check']);
    expect(login.getCommandCompletions('oauth', [''])).toEqual([]);
  });

  it('runs with no server, no terminal and no command line: key, status, logout', async () => {
    const { login, store } = await plugin({ readPiped: () => Promise.resolve('nvapi-good\n') });
    expect(await login.verifyCredentials()).toBe(false);
    const stored = await login.executeUserCommand('nim-auth', ['key', '-']);
    expect(stored).toMatchObject({
      exitCode: 0,
      ready: true,
      json: { outcome: 'valid', stored: 'nim:default' },
    });
    expect(await login.verifyCredentials()).toBe(true);
    const status = await login.executeUserCommand('nim-auth', ['status']);
    expect(status).toMatchObject({ exitCode: 0, json: { mode: 'api-key', source: 'profile:nim:default' } });
    const removed = await login.executeUserCommand('nim-auth', ['logout']);
    expect(removed).toMatchObject({ exitCode: 0, json: { removed: ['nim:default'] } });
    expect(await store.list()).toEqual([]);
  });

  it('verifyCredentials asks the provider: a key that exists and is refused is no credential', async () => {
    const { login } = await plugin({}, { NVIDIA_API_KEY: 'nvapi-revoked' });
    expect((await login.executeUserCommand('nim-auth', ['status'])).exitCode).toBe(0);
    expect(await login.verifyCredentials()).toBe(false);
    expect((await login.executeUserCommand('nim-auth', ['status'], { check: true })).exitCode).toBe(1);
  });

  it('giving up, no terminal and an unknown subcommand are results, not crashes', async () => {
    const { login } = await plugin();
    const run = (...args: readonly string[]) => login.executeUserCommand('nim-auth', args);
    const typed = await plugin({ isPiped: () => false });
    const dash = await typed.login.executeUserCommand('nim-auth', ['key', '-']);
    expect(dash.lines.join('\n'), 'what is typed at a terminal is never read with echo').toContain(
      'no terminal',
    );
    const gaveUp = await plugin({ askSecret: () => Promise.resolve({ kind: 'gave-up' }) });
    expect((await gaveUp.login.executeUserCommand('nim-auth', ['key'])).exitCode).toBe(64);
    expect((await run('key')).lines.join('\n')).toContain('no terminal');
    expect((await run('kez')).lines.join('\n')).toContain('login, key, logout, status, help');
    expect((await run('logout', 'x', 'y')).exitCode).toBe(64);
    expect((await run('login')).lines.join('\n')).toContain('https://build.nvidia.com/');
    expect((await run('help')).lines.join('\n')).toContain('key [<api_key>]');
  });
});
