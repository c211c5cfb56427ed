import { readFileSync } from 'node:fs';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Fault, startFakeRuntime } from '../helpers/fake-runtime.ts';
import { startFakeLmStudio } from '../helpers/fake-lmstudio.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import { type Rig, type RigOptions, startRig } from '../helpers/sidecar-rig.ts';

const open: { close(): Promise<void> }[] = [];

async function rigWith(options: RigOptions): Promise<Rig> {
  const rig = await startRig(options);
  open.push(rig);
  return rig;
}

async function fake<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  open.push({ close: () => started.stop() });
  return started;
}

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** One of the contract's own example files. */
function example(name: string): string {
  return readFileSync(resolve(import.meta.dirname, `../../fixtures/config/contract-${name}.json5`), 'utf8');
}

describe('the contract’s example configurations', () => {
  it('Local Ollama: models.json as the contract writes it is what discovery confirms', async () => {
    const ollama = await fake(startFakeOllama({ models: [{ name: 'llama3:chat', contextLength: 32_768 }] }));
    const rig = await rigWith({
      ollamaPort: ollama.port,
      files: { 'sidecar/models.json': example('ollama').replace('11434', String(ollama.port)) },
    });
    expect((await rig.ask('/v1/resolve?model=ollama/llama3:chat')).body).toMatchObject({
      model: { id: 'llama3:chat', contextWindow: 32_768 },
      provider: { baseUrl: `${ollama.url}/v1`, api: 'openai-completions', origin: 'models.json' },
      auth: { mode: 'none', source: 'provider-policy' },
    });
  });

  it('Moonshot: apiKey "${MOONSHOT_API_KEY}" resolves to the variable’s key, sent as a bearer', async () => {
    const rig = await rigWith({
      files: { 'moltbot.json': example('moonshot') },
      env: { MOONSHOT_API_KEY: 'sk-moonshot-0123456789' },
    });
    expect((await rig.ask('/v1/resolve?model=moonshot/kimi-k2.5')).body).toMatchObject({
      model: { id: 'kimi-k2.5', name: 'Kimi K2.5' },
      provider: {
        id: 'moonshot',
        baseUrl: 'https://api.moonshot.ai/v1',
        api: 'openai-completions',
        origin: 'cfg',
      },
      auth: {
        mode: 'api-key',
        source: 'env: MOONSHOT_API_KEY',
        apiKey: 'sk-moonshot-0123456789',
        expiresAt: null,
      },
      request: { headers: { authorization: 'Bearer sk-moonshot-0123456789' } },
    });
  });

  it('Moonshot without the variable: that provider alone breaks, and the error names variable and config path', async () => {
    const rig = await rigWith({
      files: { 'moltbot.json': example('moonshot') },
      env: { ANTHROPIC_API_KEY: 'sk-ant-0123456789' },
    });
    const broken = await rig.ask('/v1/resolve?model=moonshot/kimi-k2.5');
    expect(broken.body).toMatchObject({ status: 424, code: 'no-auth' });
    expect(broken.text).toContain('MOONSHOT_API_KEY');
    expect(broken.text).toContain('models.providers.moonshot.apiKey');
    expect((await rig.ask('/v1/resolve?model=anthropic/claude-opus-4-5')).status).toBe(200);
  });

  it('Bedrock: { auth: "aws-sdk" } is completed from the catalog and resolves environment keys', async () => {
    const rig = await rigWith({
      files: { 'moltbot.json': example('bedrock') },
      env: {
        AWS_ACCESS_KEY_ID: 'AKIATEST',
        AWS_SECRET_ACCESS_KEY: 'aws-secret-0123',
        AWS_REGION: 'eu-west-1',
      },
    });
    const { body } = await rig.ask('/v1/resolve?model=bedrock/amazon.nova-lite-v1:0');
    expect(body).toMatchObject({
      provider: {
        id: 'amazon-bedrock',
        origin: 'cfg',
        api: 'bedrock-converse-stream',
        baseUrl: 'https://bedrock-runtime.eu-west-1.amazonaws.com',
      },
      auth: {
        mode: 'aws-sdk',
        source: 'env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY',
        aws: {
          accessKeyId: 'AKIATEST',
          secretAccessKey: 'aws-secret-0123',
          sessionToken: null,
          region: 'eu-west-1',
        },
      },
      request: { headers: {} },
    });
  });

  it('Bedrock with nothing there is never satisfied unseen: no-auth at start-up as at run time', async () => {
    const files = { 'moltbot.json': example('bedrock') };
    const rig = await rigWith({ files });
    expect((await rig.ask('/v1/resolve?model=amazon-bedrock/amazon.nova-lite-v1:0')).body).toMatchObject({
      code: 'no-auth',
    });
    const refused = await rigWith({ files, flags: { defaultModel: 'amazon-bedrock/amazon.nova-lite-v1:0' } });
    expect(refused.outcome).toMatchObject({ kind: 'refused', exitCode: 78, problem: { code: 'no-auth' } });
  });
});

describe('"Discovery wins. models.json overrides cfg." "This is the only rule. No exceptions."', () => {
  const cfgOllama = {
    models: {
      providers: {
        ollama: { baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'cfg-key-0123', models: [{ id: 'from-cfg' }] },
      },
    },
  };

  it('models.json beats cfg beats catalog, whole provider', async () => {
    const ollama = await fake(startFakeOllama({ models: [{ name: 'llama3:chat' }] }));
    const rig = await rigWith({
      ollamaPort: ollama.port,
      files: {
        'moltbot.json': {
          models: {
            providers: {
              ...cfgOllama.models.providers,
              anthropic: {
                baseUrl: 'https://proxy.example/anthropic',
                apiKey: 'sk-ant-cfg-0123',
                models: [{ id: 'mine' }],
              },
            },
          },
        },
      },
    });
    expect((await rig.ask('/v1/providers/ollama')).body).toMatchObject({
      baseUrl: `${ollama.url}/v1`,
      origin: 'models.json',
      shadows: ['cfg'],
      auth: { mode: 'none', source: 'provider-policy', status: 'satisfied' },
      models: [{ id: 'llama3:chat' }],
    });
    expect((await rig.ask('/v1/resolve?model=ollama/from-cfg')).body).toMatchObject({
      code: 'unknown-model',
    });
    expect((await rig.ask('/v1/providers/anthropic')).body).toMatchObject({
      baseUrl: 'https://proxy.example/anthropic',
      origin: 'cfg',
      shadows: ['catalog'],
      models: [{ id: 'mine' }],
    });
    expect((await rig.ask('/v1/providers/openai')).body).toMatchObject({ origin: 'catalog', shadows: [] });
  });

  it('"Set CLAWDBOT_SKIP_LOCAL_DISCOVERY=1 … Then cfg.models.providers becomes the source of truth", old file or not', async () => {
    const ollama = await fake(startFakeOllama({ models: [{ name: 'llama3:chat' }] }));
    const old = {
      providers: { ollama: { baseUrl: `${ollama.url}/v1`, auth: 'none', models: [{ id: 'old' }] } },
    };
    const rig = await rigWith({
      ollamaPort: ollama.port,
      files: { 'moltbot.json': cfgOllama, 'sidecar/models.json': old },
      env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
    });
    expect((await rig.ask('/v1/resolve?model=ollama/from-cfg')).body).toMatchObject({
      provider: { baseUrl: 'http://127.0.0.1:9/v1', origin: 'cfg' },
      auth: { mode: 'api-key', source: 'cfg: models.providers.ollama.apiKey', apiKey: 'cfg-key-0123' },
    });
    expect(await rig.readModelsJson()).toEqual(old);
    expect(ollama.requests).toEqual([]);
    expect((await rig.ask('/v1/discovery')).body).toMatchObject({ endpoints: [] });
  });
});

describe('what is no runtime is never a provider', () => {
  const decoys: readonly (readonly [Fault, string])[] = [
    ['html', 'wrong-service'],
    ['json', 'wrong-service'],
    ['error-in-200', 'wrong-service'],
    ['redirect', 'wrong-service'],
    ['huge', 'wrong-service'],
    ['silent', 'error'],
  ];

  it.each(decoys)(
    'a %s server on both ports: state %s with evidence, nothing written',
    async (fault, state) => {
      const decoy = await fake(startFakeRuntime(() => ({ status: 404 })));
      const other = await fake(startFakeRuntime(() => ({ status: 404 })));
      decoy.setFault(fault);
      other.setFault(fault);
      const rig = await rigWith({ ollamaPort: decoy.port, lmstudioPort: other.port });
      expect(await rig.readModelsJson()).toEqual({ generatedBy: 'provider-sidecar', providers: {} });
      const { body } = await rig.ask('/v1/discovery');
      expect(body).toMatchObject({
        endpoints: [
          {
            url: decoy.url,
            state,
            models: [],
            evidence: expect.arrayContaining([expect.objectContaining({ request: `GET ${decoy.url}/` })]),
          },
          { url: other.url, state, models: [] },
        ],
      });
      expect((await rig.ask('/v1/models')).body).toEqual({ object: 'list', data: [] });
      // LM Studio logs an error line for every route that it does not know.
      expect(new Set(other.requests.map(({ route }) => route))).toEqual(new Set(['GET /lmstudio-greeting']));
    },
  );

  it('LM Studio that demands a token is auth-required, never none and never down', async () => {
    const studio = await fake(startFakeLmStudio({ token: 'sk-lm-test', models: [{ key: 'qwen3' }] }));
    const rig = await rigWith({ lmstudioPort: studio.port });
    const { body, text } = await rig.ask('/v1/resolve?model=lmstudio/qwen3');
    expect(body).toMatchObject({ status: 424, code: 'auth-required' });
    expect(text).toContain('LM_API_TOKEN');
    expect(await rig.readModelsJson()).toEqual({ generatedBy: 'provider-sidecar', providers: {} });
  });
});

describe('changes while it runs', () => {
  const withKey = (key: string) => ({ models: { providers: { anthropic: { apiKey: key } } } });
  const keyNow = async (rig: Rig): Promise<unknown> =>
    (await rig.ask('/v1/resolve?model=anthropic/claude-opus-4-5')).body;

  it('a changed config is in force without a restart, with a higher revision', async () => {
    const rig = await rigWith({ files: { 'moltbot.json': withKey('sk-first-0123') } });
    const first = (await rig.sidecar.health()).revision;
    expect(await keyNow(rig)).toMatchObject({ auth: { apiKey: 'sk-first-0123' }, revision: first });
    await rig.write('moltbot.json', withKey('sk-second-0123'));
    await vi.waitFor(
      async () => expect(await keyNow(rig)).toMatchObject({ auth: { apiKey: 'sk-second-0123' } }),
      { timeout: 15_000 },
    );
    expect(await keyNow(rig)).toMatchObject({ revision: first + 1 });
  });

  it('a config that does not parse keeps the last good snapshot and turns health degraded with line and column', async () => {
    const rig = await rigWith({
      files: { 'moltbot.json': withKey('sk-first-0123') },
      flags: { defaultModel: 'anthropic/claude-opus-4-5' },
    });
    await rig.write('moltbot.json', '{\n  models: oops oops\n}');
    await vi.waitFor(
      async () =>
        expect((await rig.ask('/health')).body).toMatchObject({ status: 'degraded', code: 'config-invalid' }),
      { timeout: 15_000 },
    );
    expect((await rig.ask('/health')).text).toMatch(/line 2.*column \d+/);
    expect(await keyNow(rig)).toMatchObject({ auth: { apiKey: 'sk-first-0123' } });
    await rig.write('moltbot.json', withKey('sk-mended-0123'));
    await vi.waitFor(async () => expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' }), {
      timeout: 15_000,
    });
    expect(await keyNow(rig)).toMatchObject({ auth: { apiKey: 'sk-mended-0123' } });
  });

  it('a profile that is stored later, in a folder that did not exist, is used by the next resolve', async () => {
    const rig = await rigWith({});
    expect(await keyNow(rig)).toMatchObject({ code: 'no-auth' });
    await rig.write('agents/main/agent/auth-profiles.json', {
      version: 1,
      profiles: { 'anthropic:default': { type: 'api_key', provider: 'anthropic', key: 'sk-profile-0123' } },
    });
    await vi.waitFor(
      async () =>
        expect(await keyNow(rig)).toMatchObject({
          auth: { source: 'profile:anthropic:default', apiKey: 'sk-profile-0123' },
        }),
      { timeout: 15_000 },
    );
  });

  it('the default model’s key goes: health says so', async () => {
    const rig = await rigWith({
      files: { 'moltbot.json': withKey('sk-first-0123') },
      flags: { defaultModel: 'anthropic/claude-opus-4-5' },
    });
    expect((await rig.ask('/health')).body).toMatchObject({ status: 'ok' });
    await rig.write('moltbot.json', {});
    await vi.waitFor(async () => expect((await rig.ask('/health')).status).toBe(503), { timeout: 15_000 });
    expect((await rig.ask('/health')).body).toMatchObject({ status: 'failing', code: 'no-auth' });
  });

  it('a request that has begun keeps its provider, or is told: "Provider identity is immutable per request"', async () => {
    const rig = await rigWith({ files: { 'moltbot.json': withKey('sk-first-0123') } });
    const first = await rig.ask('/v1/resolve?model=anthropic/claude-opus-4-5');
    const { resolutionId } = JSON.parse(first.text);
    await rig.write('moltbot.json', withKey('sk-rotated-0123'));
    await vi.waitFor(
      async () => expect(await keyNow(rig)).toMatchObject({ auth: { apiKey: 'sk-rotated-0123' } }),
      { timeout: 15_000 },
    );
    expect((await rig.ask(`/v1/resolve?resolution=${resolutionId}`)).body).toMatchObject({
      resolutionId: expect.stringMatching(/^rs_/),
      auth: { apiKey: 'sk-rotated-0123' },
    });
    await rig.write('moltbot.json', {
      models: { providers: { anthropic: { apiKey: 'sk-rotated-0123', baseUrl: 'https://other.example' } } },
    });
    await vi.waitFor(
      async () => {
        const again = await rig.ask(`/v1/resolve?resolution=${resolutionId}`);
        expect(again.body).toMatchObject({ status: 409, code: 'provider-changed' });
      },
      { timeout: 15_000 },
    );
  });
});

describe('models.json that cannot be written', () => {
  it('is a start-up failure', async () => {
    const rig = await rigWith({
      files: { 'in-the-way/file': '' },
      flags: { modelsJson: '.clawdbot/in-the-way' },
    });
    expect(rig.outcome).toMatchObject({ kind: 'refused', exitCode: 73, problem: { code: 'cannot-write' } });
  });

  it('while it runs makes health degraded, and is well again when it can', async () => {
    const ollama = await fake(startFakeOllama({ models: [{ name: 'llama3:chat', contextLength: 32_768 }] }));
    const rig = await rigWith({ ollamaPort: ollama.port });
    const path = join(rig.stateDir, 'sidecar/models.json');
    await rm(path);
    await mkdir(path);
    ollama.setModels([{ name: 'other:latest', contextLength: 32_768 }]);
    await rig.ask('/v1/discovery/scan', { method: 'POST' });
    await vi.waitFor(async () => expect((await rig.ask('/health')).text).toContain('cannot-write'), {
      timeout: 15_000,
    });
    await rmdir(path);
    await rig.ask('/v1/discovery/scan', { method: 'POST' });
    await vi.waitFor(async () => expect((await rig.ask('/health')).text).not.toContain('cannot-write'), {
      timeout: 15_000,
    });
  });
});

describe('the log', () => {
  it('holds no credential that was handed out', async () => {
    const rig = await rigWith({
      files: {
        'moltbot.json': { models: { providers: { openai: { apiKey: 'sk-canary-cfg-0123456789' } } } },
      },
      env: { ANTHROPIC_API_KEY: 'sk-canary-env-0123456789' },
    });
    for (const model of ['openai/gpt-5', 'anthropic/claude-opus-4-5', 'nix/nix']) {
      await rig.ask(`/v1/resolve?model=${model}`);
      await rig.ask(`/v1/explain?model=${model}`);
    }
    expect(JSON.stringify(rig.logged)).not.toContain('sk-canary');
    expect(JSON.stringify(rig.logged)).not.toContain(rig.token);
  });
});
