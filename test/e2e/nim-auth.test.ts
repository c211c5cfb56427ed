/** NVIDIA NIM end to end: the built program, a real server standing in for NIM, a sidecar that keeps running. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RunningCli, startCli } from '../helpers/cli.ts';
import { type FakeNim, startFakeNim } from '../helpers/fake-nim.ts';
import { freePort } from '../helpers/free-port.ts';
import { runPiped } from '../helpers/piped-cli.ts';

const KEY = 'nvapi-canary-0123456789';
const TOKEN = 'e2e-token-0123456789-abcdefghijklmnop';
const REF = 'nim/meta/llama-3.3-70b-instruct';

let home: string;
let nim: FakeNim;
let server: RunningCli | undefined;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-nim-'));
  nim = await startFakeNim({ key: KEY });
});

afterEach(async () => {
  await server?.stop();
  server = undefined;
  await nim.stop();
  await rm(home, { recursive: true, force: true });
});

const env = (): Record<string, string> => ({
  JAATO_NIM_BASE_URL: nim.baseUrl,
  CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
});
const nimAuth = (args: readonly string[], input = '') =>
  runPiped(['nim-auth', ...args], input, { home, env: env() });
const storePath = (): string => join(home, '.clawdbot/sidecar/auth-profiles.json');
const storedText = () => readFile(storePath(), 'utf8').catch(() => null);

async function serve(more: Readonly<Record<string, string>> = {}) {
  const running = startCli(['serve', '--port', '0', '--log-level', 'debug'], {
    home,
    env: { ...env(), PROVIDER_SIDECAR_TOKEN: TOKEN, ...more },
  });
  server = running;
  await running.until(/Listening on http/);
  const url = /Listening on (http:\/\/[\d.:]+)/.exec(running.stdout())?.[1] ?? '';
  return async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { ...init, headers });
    const body: unknown = await response.json();
    return { status: response.status, body };
  };
}

describe('nim-auth key with a running server', () => {
  it('stores the key 0600, serves it as profile:nim:default, and logout takes it back, with no restart', async () => {
    const ask = await serve();
    expect(await ask(`/v1/resolve?model=${REF}`)).toMatchObject({ status: 424, body: { code: 'no-auth' } });

    const stored = await nimAuth(['key', '-'], `${KEY}\n`);
    expect(stored).toMatchObject({ code: 0, stderr: '' });
    expect(stored.stdout).toContain('Stored as nim:default');
    expect((await stat(storePath())).mode & 0o777).toBe(0o600);
    await vi.waitFor(
      async () =>
        expect(await ask(`/v1/resolve?model=${REF}`)).toMatchObject({
          status: 200,
          body: {
            model: { ref: REF },
            provider: { baseUrl: nim.baseUrl, api: 'openai-completions', origin: 'catalog' },
            auth: { mode: 'api-key', source: 'profile:nim:default', apiKey: KEY },
            request: { headers: { authorization: `Bearer ${KEY}` } },
          },
        }),
      15_000,
    );

    expect(await nimAuth(['logout'])).toMatchObject({ code: 0, stdout: 'Removed "nim:default"\n' });
    await vi.waitFor(
      async () =>
        expect(await ask(`/v1/resolve?model=${REF}`)).toMatchObject({
          status: 424,
          body: { code: 'no-auth' },
        }),
      15_000,
    );
  });

  it('a key appears in no log, no output and no answer but the resolution, and nothing is left beside the store', async () => {
    const ask = await serve();
    const outputs = [
      await nimAuth(['key', '-'], KEY),
      await nimAuth(['key', KEY]),
      await nimAuth(['status']),
      await nimAuth(['status', '--check', '--json']),
    ];
    await vi.waitFor(
      async () => expect((await ask(`/v1/explain?model=${REF}`)).body).toMatchObject({ outcome: 'resolved' }),
      15_000,
    );
    const texts = [
      ...outputs.flatMap(({ stdout, stderr }) => [stdout, stderr]),
      JSON.stringify((await ask(`/v1/explain?model=${REF}`)).body),
      JSON.stringify((await ask('/v1/setup/nim')).body),
      JSON.stringify((await ask('/v1/providers?all=true')).body),
      server?.stdout() ?? '',
      server?.stderr() ?? '',
    ];
    expect(texts.filter((text) => text.includes(KEY) || text.includes(KEY.slice(-8)))).toEqual([]);
    expect(outputs[1]?.stderr).toContain('history of the shell');
    const files = await readdir(join(home, '.clawdbot/sidecar'));
    expect(files.filter((name) => name.includes('.tmp') || name.includes('.lock'))).toEqual([]);
  });
});

describe('validation is honest: each outcome has its own words and its own exit code', () => {
  it('a wrong key, no network, an HTML page and a rate limit', async () => {
    const wrong = await nimAuth(['key', '-'], 'nvapi-wrong');
    expect(wrong.code).toBe(77);
    expect(wrong.stderr).toMatch(/^NVIDIA NIM .*refuses the key/);

    nim.behaviour = 'html-404';
    const html = await nimAuth(['key', '-'], KEY);
    expect(html.code).toBe(1);
    expect(html.stderr).toContain('does not answer as the provider does');
    expect(nim.seen.filter(({ authorization }) => authorization?.includes(KEY))).toEqual([]);

    const nobody = `http://127.0.0.1:${await freePort()}/v1`;
    const away = await runPiped(['nim-auth', 'key', '-'], KEY, { home, env: { JAATO_NIM_BASE_URL: nobody } });
    expect(away.code).toBe(69);
    expect(away.stderr).toContain('cannot be reached');
    expect(await storedText()).toBeNull();

    nim.behaviour = 'rate-limited';
    const limited = await nimAuth(['key', '-'], KEY);
    expect(limited.code).toBe(75);
    expect(limited.stderr).toContain('could not be told from a wrong one');
    expect(await storedText()).toContain(KEY);
    expect(new Set([wrong, html, away, limited].map(({ stderr }) => stderr.split('(')[0])).size).toBe(4);
  });

  it('only --force stores a key that is not proven', async () => {
    nim.behaviour = 'html-404';
    expect(await nimAuth(['key', '-', '--force'], KEY)).toMatchObject({ code: 0 });
    expect(await storedText()).toContain(KEY);
  });

  it('nothing that is piped in by mistake is stored: blank, a placeholder, the name of a variable', async () => {
    for (const input of ['', '  \n', 'your-api-key', 'NVIDIA_API_KEY', 'two words']) {
      expect((await nimAuth(['key', '-', '--force'], input)).code, input).toBe(64);
    }
    expect(await storedText()).toBeNull();
    expect(nim.seen).toEqual([]);
  });

  it('key without an argument and without a terminal says what to do instead of waiting', async () => {
    const result = await nimAuth(['key'], KEY);
    expect(result.code).toBe(64);
    expect(result.stderr).toContain('nim-auth key -');
  });

  it('a corrupt store is moved aside with the old bytes, and the key is stored', async () => {
    await nimAuth(['status']);
    await writeFile(storePath(), '{"profiles": ', { mode: 0o600 });
    expect((await nimAuth(['key', '-'], KEY)).code).toBe(0);
    const aside = (await readdir(join(home, '.clawdbot/sidecar'))).find((name) => name.includes('.corrupt-'));
    expect(await readFile(join(home, '.clawdbot/sidecar', aside ?? ''), 'utf8')).toBe('{"profiles": ');
  });
});

describe('a server of one’s own', () => {
  it('needs no key once it lists its models without one: mode none, and a key is not stored', async () => {
    nim.behaviour = 'open';
    const result = await nimAuth(['key', '-'], KEY);
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).toContain('needs no key');
    expect(await storedText()).toBeNull();
    const ask = await serve();
    expect((await ask(`/v1/resolve?model=${REF}`)).body).toMatchObject({
      provider: { baseUrl: nim.baseUrl },
      auth: { mode: 'none', source: 'provider-policy' },
      request: { headers: {} },
    });
  });

  it('that wants a key after all says so', async () => {
    const status = await nimAuth(['status']);
    expect(status.code).toBe(1);
    expect(status.stderr).toContain('no credential (no-auth)');
    expect(status.stderr).toContain('env: JAATO_NIM_API_KEY: not set');
    expect(status.stderr).toContain('Store a key: provider-sidecar nim-auth key');
  });

  it('status names what is used, what it shadows, and shows no character of either key', async () => {
    await nimAuth(['key', '-'], KEY);
    const both = { ...env(), NVIDIA_API_KEY: 'nvapi-shadowed-9876543210' };
    const { stdout, code } = await runPiped(['nim-auth', 'status'], '', { home, env: both });
    expect(code).toBe(0);
    expect(stdout).toContain('api-key (profile:nim:default)');
    expect(stdout).toMatch(/profile:nim:default: .*\[fingerprint [0-9a-f]{8}\] – used/);
    expect(stdout).toMatch(/env: NVIDIA_API_KEY: an API key \[fingerprint [0-9a-f]{8}\] – shadowed/);
    expect(stdout).not.toContain('nvapi-');
  });
});

describe('auth <provider>: every other provider with a key', () => {
  it('checks at the configured server and stores for it alone', async () => {
    const config = {
      models: {
        providers: {
          acme: { baseUrl: nim.baseUrl, api: 'openai-completions', models: [{ id: 'm', name: 'M' }] },
        },
      },
    };
    await nimAuth(['status']);
    await writeFile(join(home, '.clawdbot/moltbot.json'), JSON.stringify(config));
    const auth = (args: readonly string[], input = '') =>
      runPiped(['auth', 'acme', ...args], input, { home });
    expect(await auth(['key', '-'], 'nvapi-wrong')).toMatchObject({ code: 77 });
    expect(await auth(['key', '-'], KEY)).toMatchObject({ code: 0 });
    expect((await auth(['status'])).stdout).toContain('acme: api-key (profile:acme:default)');
    expect((await auth(['logout', '--json'])).stdout).toContain('"removed"');
    expect((await auth(['status'])).code).toBe(1);
  });

  it('refuses a provider that takes no key, and suggests a near name for a misspelt one', async () => {
    const run = (provider: string) => runPiped(['auth', provider, 'key', '-'], KEY, { home });
    expect((await run('amazon-bedrock')).stderr).toContain('takes no API key');
    expect((await run('opnai')).stderr).toContain('Did you mean openai?');
    expect(await storedText()).toBeNull();
  });
});

describe('the set-up after a key', () => {
  const config = { agents: { defaults: { model: 'openai/gpt-5' } } };

  it('--yes makes the first model the default of the settings and of the server, and writes .env', async () => {
    const ask = await serve();
    await writeFile(join(home, '.env'), 'OTHER=1 # kept\nMODEL_NAME=old\n');
    const result = await nimAuth(['key', '-', '--yes'], KEY);
    expect(result.stderr).toBe('');
    expect(result.stdout).toContain('The running server uses it now');
    expect(await readFile(join(home, '.env'), 'utf8')).toBe(
      `OTHER=1 # kept\nMODEL_NAME=${REF}\nJAATO_PROVIDER=nim\n`,
    );
    expect(await readFile(join(home, '.clawdbot/sidecar/sidecar.json5'), 'utf8')).toBe(
      `{\n  defaultModel: '${REF}',\n}\n`,
    );
    expect((await ask('/health')).body).toMatchObject({
      status: 'ok',
      defaultModel: { ref: REF, source: 'sidecar.json5: defaultModel' },
    });
  });

  it('a flag of the server beats the settings, and the command says so', async () => {
    await nimAuth(['key', '-'], KEY);
    await serve({ PROVIDER_SIDECAR_DEFAULT_MODEL: 'nim/deepseek/deepseek-r1' });
    const { stdout } = await nimAuth(['key', '-', '--connect', '--no-input'], KEY);
    expect(stdout).toContain('The running server still uses nim/deepseek/deepseek-r1');
  });

  it('a model that the start-up validation refuses does not become the default', async () => {
    const { code, stderr } = await nimAuth(['key', '-', '--model', 'no/such-model'], KEY);
    expect(code).toBe(1);
    expect(stderr).toContain('unknown-model');
    expect(
      await readFile(join(home, '.clawdbot/sidecar/sidecar.json5'), 'utf8').catch(() => null),
    ).toBeNull();
  });

  it('without a terminal and without a flag nothing is set up', async () => {
    await nimAuth(['status']);
    await writeFile(join(home, '.clawdbot/moltbot.json'), JSON.stringify(config));
    expect(await nimAuth(['key', '-'], KEY)).toMatchObject({ code: 0, stderr: '' });
    expect(await readdir(home)).not.toContain('.env');
  });
});
