/** Stores and references of a running server: each change counts at the next resolve, and no secret gets out. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { createOwnStore } from '../../src/credentials/own-store.ts';
import { Secret } from '../../src/domain/secret.ts';
import { runCli, startCli } from '../helpers/cli.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Rig, type RigOptions, startRig } from '../helpers/sidecar-rig.ts';
import { tempFolder } from '../platform/temp-folder.ts';

// Several programs are started one after the other, on machines that may be busy.
vi.setConfig({ testTimeout: 90_000 });

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function rigWith(options: RigOptions): Promise<Rig> {
  const rig = await startRig(options);
  open.push(() => rig.close());
  return rig;
}

const answer = z.object({
  code: z.string().optional(),
  auth: z
    .object({ source: z.string(), apiKey: z.string().optional(), accessToken: z.string().optional() })
    .optional(),
});

/** `source key` of the credential that the server gives out, or the code of its refusal. */
async function served(rig: Rig, provider = 'groq'): Promise<string> {
  const { code, auth } = answer.parse((await rig.ask(`/v1/resolve?provider=${provider}`)).body);
  return auth === undefined ? String(code) : `${auth.source} ${auth.apiKey ?? auth.accessToken ?? ''}`;
}

const becomes = (rig: Rig, expected: string, provider?: string): Promise<void> =>
  vi.waitFor(async () => expect(await served(rig, provider)).toBe(expected), {
    timeout: 10_000,
    interval: 30,
  });

const groqKey = (key: string): object => ({ type: 'api_key', provider: 'groq', key });
const auth = (files: object): string => JSON.stringify(files);

describe('"Changes of any store reach the next resolve"', () => {
  it('the sidecar’s own store, through its lock and its rename', async () => {
    const rig = await rigWith({});
    expect(await served(rig)).toBe('no-auth');
    const store = createOwnStore({ path: join(rig.stateDir, 'sidecar/auth-profiles.json'), clock: Date.now });
    const put = (key: string) =>
      store.put('groq:default', { type: 'api_key', provider: 'groq', key: new Secret(key) });
    await put('k1');
    await becomes(rig, 'profile:groq:default k1');
    await put('k2');
    await becomes(rig, 'profile:groq:default k2');
    expect(await store.remove('groq')).toEqual(['groq:default']);
    await becomes(rig, 'no-auth');
  });

  it('the agent’s store, and the files from before profiles below it', async () => {
    const rig = await rigWith({});
    await rig.write('credentials/oauth.json', { groq: { access: 'k1', refresh: 'r', expires: 8e15 } });
    await becomes(rig, 'profile:groq:default k1');
    await rig.write('agents/main/agent/auth.json', { groq: groqKey('k2') });
    await becomes(rig, 'profile:groq:default k2');
    await rig.write(
      'agents/main/agent/auth-profiles.json',
      auth({ profiles: { 'groq:default': groqKey('k3') } }),
    );
    await becomes(rig, 'profile:groq:default k3');
  });

  it('a file that a reference leads to, also when it comes later or gets a wide mode', async () => {
    const config = {
      secrets: { providers: { keys: { source: 'file', path: 'keys.json' } } },
      models: { providers: { groq: { apiKey: { source: 'file', provider: 'keys', id: '/groq' } } } },
    };
    const rig = await rigWith({ files: { 'moltbot.json': config } });
    const source = 'cfg: models.providers.groq.apiKey';
    expect(await served(rig)).toBe('no-auth');
    await rig.write('keys.json', { groq: 'k1' });
    await becomes(rig, `${source} k1`);
    await rig.write('keys.json', { groq: 'k2' });
    await becomes(rig, `${source} k2`);
    await chmod(join(rig.stateDir, 'keys.json'), 0o644);
    await becomes(rig, 'no-auth');
  });

  it('the login shell is asked at the start and when the config changes; its variables say where they came from', async () => {
    const home = await tempFolder();
    await writeFile(join(home, '.profile'), 'export GROQ_API_KEY=k-shell');
    const rig = await rigWith({ env: { PATH: process.env['PATH'] ?? '', HOME: home, SHELL: '/bin/sh' } });
    expect(await served(rig)).toBe('no-auth');
    await rig.write('moltbot.json', { env: { shellEnv: { enabled: true } } });
    await becomes(rig, 'shell env: GROQ_API_KEY k-shell');
    await rig.write('moltbot.json', { env: { shellEnv: { enabled: false } } });
    await becomes(rig, 'no-auth');
  });
});

describe('"A canary key in every place where a key may stand appears in no log, error, event, explain, metric, process title or child environment"', () => {
  it('for references and the keys in files from before profiles, in the real program', async () => {
    const home = await tempFolder();
    const state = join(home, '.clawdbot');
    const seenByChild = join(home, 'seen');
    const write = async (path: string, content: string | object): Promise<void> => {
      const target = join(state, path);
      await mkdir(join(target, '..'), { recursive: true, mode: 0o700 });
      await writeFile(target, typeof content === 'string' ? content : JSON.stringify(content), {
        mode: 0o600,
      });
    };
    const command = join(home, 'vault.sh');
    await writeFile(
      command,
      `#!/bin/sh
       { env; tr '\\0' ' ' < /proc/$PPID/cmdline; } >> ${seenByChild}
       printf '{"protocolVersion":1,"values":{"key":"canary-exec"}}'`,
      { mode: 0o700 },
    );
    await write('sidecar/sidecar.json5', {
      secrets: { allowExec: true, exec: [{ alias: 'vault', command }] },
    });
    await write('keys.json', { xai: 'canary-file' });
    await write('agents/main/agent/auth.json', { groq: { key: 'canary-old' } });
    await write('credentials/oauth.json', {
      mistral: { access: 'canary-oauth', refresh: 'canary-refresh', expires: 8e15 },
    });
    await write('moltbot.json', {
      secrets: { providers: { keys: { source: 'file', path: 'keys.json' } } },
      models: {
        providers: {
          openai: { apiKey: { source: 'exec', provider: 'vault', id: 'key' } },
          xai: {
            apiKey: { source: 'file', provider: 'keys', id: '/xai' },
            headers: { 'x-a': '$CANARY_HEADER_VARIABLE' },
          },
        },
      },
    });
    const token = 'token-0123456789-abcdefghijklmnopqrst';
    const env = {
      OLLAMA_HOST: `127.0.0.1:${await freePort()}`,
      PROVIDER_SIDECAR_TOKEN: token,
      PROVIDER_SIDECAR_LOG_LEVEL: 'debug',
      CANARY_HEADER_VARIABLE: 'canary-header',
    };
    const port = await freePort();
    const server = startCli(['serve', '--port', String(port)], { home, env });
    open.push(() => server.stop());
    await server.until(/Listening on http/);
    const ask = async (path: string): Promise<string> =>
      (
        await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } })
      ).text();

    const expected = {
      openai: 'canary-exec',
      xai: 'canary-file',
      groq: 'canary-old',
      mistral: 'canary-oauth',
    };
    const quiet: string[] = [];
    for (const [provider, key] of Object.entries(expected)) {
      expect(await ask(`/v1/resolve?provider=${provider}`)).toContain(key);
      quiet.push(await ask(`/v1/explain?provider=${provider}`), await ask(`/v1/providers/${provider}`));
    }
    quiet.push(
      await ask('/v1/providers?all=true'),
      await ask('/health'),
      await ask('/v1/resolve?provider=groq&profile=no'),
    );
    for (const args of [
      ['auth', 'list'],
      ['auth', 'status', '--json'],
      ['explain', '--provider', 'openai'],
    ]) {
      const result = await runCli([...args, '--offline'], { home, env });
      expect(result.code).toBe(0);
      quiet.push(result.stdout, result.stderr);
    }
    quiet.push(server.stdout(), server.stderr(), await readFile(seenByChild, 'utf8'));
    expect(quiet.join('\n').match(/canary-\w+/g)).toBeNull();
    expect(await readFile(seenByChild, 'utf8')).not.toContain(token);
  });

  it('`auth list` warns of a store that other users can read, for the providers in it', async () => {
    const home = await tempFolder();
    const path = join(home, '.clawdbot/agents/main/agent/auth-profiles.json');
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, JSON.stringify({ profiles: { 'groq:default': groqKey('canary-key') } }), {
      mode: 0o600,
    });
    const env = { OLLAMA_HOST: `127.0.0.1:${await freePort()}`, XAI_API_KEY: 'k' };
    const warnings = async (): Promise<unknown> => {
      const { stdout } = await runCli(['auth', 'list', '--offline', '--json'], { home, env });
      expect(stdout).not.toContain('canary');
      return JSON.parse(stdout);
    };
    const groq = { id: 'groq', source: 'profile:groq:default', warnings: [] };
    expect(await warnings()).toMatchObject({ providers: [groq, { id: 'xai', warnings: [] }] });
    await chmod(path, 0o644);
    const warning = { code: 'wide-file-mode', detail: expect.stringContaining(`chmod 600 ${path}`) };
    expect(await warnings()).toMatchObject({
      providers: [
        { ...groq, warnings: [warning] },
        { id: 'xai', warnings: [] },
      ],
    });
  });

  it('`auth list` and `auth status` work with no server running, and know a provider in any spelling', async () => {
    const home = await tempFolder();
    const env = {
      OLLAMA_HOST: `127.0.0.1:${await freePort()}`,
      XAI_API_KEY: 'canary-env',
      GROQ_API_KEY: 'changeme',
    };
    const list = await runCli(['auth', 'list', '--offline'], { home, env });
    expect(list.stdout).toMatch(/^xai +api-key +env: XAI_API_KEY +- +-$/m);
    expect(list.stdout).toMatch(/^groq +- +missing +- +placeholder-looking$/m);
    const status = await runCli(['auth', 'status', 'X-AI', '--offline'], { home, env });
    expect(status.stdout).toMatch(/source +env: XAI_API_KEY\n +fingerprint +[0-9a-f]{8}\n/);
    const empty = { ...env, XAI_API_KEY: '', GROQ_API_KEY: '' };
    for (const command of ['list', 'status']) {
      const none = await runCli(['auth', command, '--offline'], { home, env: empty });
      expect([command, none.code, none.stdout]).toEqual([
        command,
        0,
        'No credential is stored, set or configured, and no provider works without one\n',
      ]);
    }
    const nobody = await runCli(['auth', 'status', 'nobody', '--offline'], { home, env });
    expect([nobody.code, nobody.stderr]).toEqual([
      1,
      expect.stringContaining('No provider is called "nobody"'),
    ]);
  });
});
