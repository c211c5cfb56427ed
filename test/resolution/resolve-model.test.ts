/** From a model reference to the provider and the model that count. */
import { describe, expect, it } from 'vitest';
import type { EndpointReport } from '../../src/domain/runtime-state.ts';
import { withOwnProviders } from '../../src/resolution/catalog/own-catalog.ts';
import { resolveModel } from '../../src/resolution/resolve-model.ts';
import {
  CATALOG,
  endpoint,
  localEntry,
  outline,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

const OLLAMA = 'http://127.0.0.1:11434';
const discovered = { ollama: localEntry(`${OLLAMA}/v1`, 'llama3:chat', 'llama3:latest', 'qwen3:8b') };

async function find(ref: string, parts: SnapshotParts = {}) {
  return resolveModel(await snapshotOf(parts), { kind: 'model', ref });
}

describe('reading the reference', () => {
  it('"split at the FIRST `/`": openrouter/a/b is provider openrouter, model a/b', async () => {
    const config = providersConfig({ openrouter: { models: [{ id: 'a/b' }] } });
    expect(await find('openrouter/a/b', { config })).toMatchObject({
      kind: 'found',
      ref: 'openrouter/a/b',
      provider: { id: 'openrouter' },
      model: { id: 'a/b' },
    });
  });

  it('provider ids compare trimmed and lower-case; the model id is taken exactly', async () => {
    expect(await find(' OLLAMA /llama3:chat', { modelsJson: discovered })).toMatchObject({
      ref: 'ollama/llama3:chat',
    });
    expect(await find('ollama/LLAMA3:CHAT', { modelsJson: discovered })).toMatchObject({
      problem: { code: 'unknown-model' },
    });
  });

  it('follows an alias that the operator gave a model', async () => {
    const config = { agents: { defaults: { models: { 'anthropic/claude-opus-4-5': { alias: 'opus' } } } } };
    expect(await find('opus', { config })).toMatchObject({ ref: 'anthropic/claude-opus-4-5' });
  });

  it.each(['Opus', 'opus', ' OPUS '])('aliases compare trimmed and without case: %s', async (written) => {
    const config = { agents: { defaults: { models: { 'anthropic/claude-opus-4-5': { alias: 'Opus' } } } } };
    expect(await find(written, { config })).toMatchObject({ ref: 'anthropic/claude-opus-4-5' });
  });

  it('of two aliases that differ in case alone, the one as it is written counts', async () => {
    const models = { 'xai/grok-3': { alias: 'FAST' }, 'anthropic/claude-opus-4-5': { alias: 'fast' } };
    const config = { agents: { defaults: { models } } };
    expect(await find('FAST', { config })).toMatchObject({ ref: 'xai/grok-3' });
    expect(await find('fast', { config })).toMatchObject({ ref: 'anthropic/claude-opus-4-5' });
  });

  it('an alias may stand for a name without a slash, as the config writes it', async () => {
    const config = { agents: { defaults: { models: { 'opus-4.5': { alias: 'best' } } } } };
    expect(await find('best', { config })).toMatchObject({ ref: 'anthropic/claude-opus-4-5' });
  });

  it.each([
    ['anthropic/opus-4.5', 'anthropic/claude-opus-4-5'],
    ['anthropic/sonnet-4.5', 'anthropic/claude-sonnet-4-5'],
    ['google/gemini-3-pro', 'google/gemini-3-pro-preview'],
    ['google/gemini-3-flash', 'google/gemini-3-flash-preview'],
  ])('%s is the short name of %s, as the operators’ other tools take it', async (written, ref) => {
    expect(await find(written)).toMatchObject({ kind: 'found', ref });
  });

  it('a short name is not followed where the provider has a model of that very id, or not the long one', async () => {
    const own = (id: string) => providersConfig({ google: { models: [{ id }] } });
    expect(await find('google/gemini-3-pro', { config: own('gemini-3-pro') })).toMatchObject({
      ref: 'google/gemini-3-pro',
    });
    expect(await find('google/gemini-3-pro', { config: own('mine') })).toMatchObject({
      problem: { code: 'unknown-model', detail: expect.stringContaining('"gemini-3-pro"') },
    });
  });

  it.each(['toString', '__proto__', 'constructor'])('no built-in name is an alias: %s', async (name) => {
    expect(await find(name)).toMatchObject({ problem: { code: 'bad-request' } });
  });

  it.each([
    ['claude-opus-4-5', 'anthropic/claude-opus-4-5'],
    ['opus-4.5', 'anthropic/claude-opus-4-5'],
    ['sonnet-4.5', 'anthropic/claude-sonnet-4-5'],
  ])('%s without a slash is Anthropic’s', async (written, ref) => {
    expect(await find(written)).toMatchObject({ kind: 'found', ref });
  });

  it('any other name without a slash is refused, with the providers that have such a model', async () => {
    expect(await find('qwen3:8b', { modelsJson: discovered })).toMatchObject({
      problem: {
        code: 'bad-request',
        detail: '"qwen3:8b" is not a model reference: it has no provider before a slash',
        hints: ['Write ollama/qwen3:8b', expect.stringContaining('provider/model')],
      },
    });
  });

  it.each([
    ['ollama/', 'it has no model after the slash'],
    ['/b', 'it has no provider before a slash'],
    [`a/${'b'.repeat(600)}`, 'it has more than 512 characters'],
    ['a/b\nc', 'it holds a control character'],
  ])('%j: the words say what is wrong with it', async (ref, why) => {
    expect(await find(ref)).toMatchObject({ problem: { detail: expect.stringContaining(why) } });
  });

  it.each(['', ' ', '/', 'a/', '/b', 'a/b\nc', `a/${'b'.repeat(600)}`])(
    '%j is a bad request',
    async (ref) => {
      expect(await find(ref)).toMatchObject({ kind: 'failed', problem: { code: 'bad-request' } });
    },
  );
});

describe('"Known" providers and models', () => {
  it('a mistake in a variable that completes an entry is mended there, and not in the entry', async () => {
    const env = { JAATO_NIM_BASE_URL: 'ftp://nim.example' };
    const catalog = withOwnProviders(CATALOG, env);
    for (const config of [{}, providersConfig({ nim: { name: 'Mine' } })]) {
      expect(await find('nim/meta/llama-3.3-70b-instruct', { config, env, catalog })).toMatchObject({
        problem: { code: 'config-invalid', hints: ['Mend the variable JAATO_NIM_BASE_URL, or unset it'] },
      });
    }
  });

  it('an unknown provider is suggested a near name', async () => {
    expect(await find('antropic/x')).toMatchObject({
      problem: {
        code: 'unknown-provider',
        detail: 'No provider "antropic" in models.json, the config or the catalog',
        hints: expect.arrayContaining([
          'Did you mean anthropic?',
          'List them: provider-sidecar providers --all',
        ]),
      },
    });
  });

  it('a runtime that was never found is told to be started', async () => {
    const outcome = await find('lmstudio/x');
    expect(outcome).toMatchObject({
      problem: {
        code: 'unknown-provider',
        hints: expect.arrayContaining(['Start the runtime, then run: provider-sidecar discover']),
      },
    });
  });

  it('an unknown model is suggested near ones, and the pull on Ollama', async () => {
    expect(await find('ollama/llama3:chatt', { modelsJson: discovered })).toMatchObject({
      problem: {
        code: 'unknown-model',
        detail: 'Provider "ollama" (models.json) has no model "llama3:chatt"',
        hints: expect.arrayContaining(['Did you mean ollama/llama3:chat?', 'Run: ollama pull llama3:chatt']),
      },
    });
    const config = providersConfig({ mine: { baseUrl: 'https://m.example', models: [{ id: 'alpha-1' }] } });
    const other = await find('mine/alpha-2', { config });
    expect(other).toMatchObject({
      problem: { hints: expect.arrayContaining(['Did you mean mine/alpha-1?']) },
    });
    expect(JSON.stringify(other)).not.toContain('ollama pull');
  });

  it('foreign text in a message is quoted and cut, and never becomes a command', async () => {
    const outcome = await find(`ollama/x; rm -rf ${'y'.repeat(200)}`, { modelsJson: discovered });
    expect(outcome).toMatchObject({
      problem: { detail: expect.stringMatching(/has no model "x; rm .*…"$/) },
    });
    expect(JSON.stringify(outcome)).not.toContain('ollama pull');
  });

  it('`llama3` is `llama3:latest` on Ollama, also on a second instance, and nowhere else', async () => {
    const entry = localEntry('http://127.0.0.1:11500/v1', 'llama3:latest');
    const modelsJson = { ...discovered, 'ollama-11500': entry, lmstudio: entry };
    expect(await find('ollama/llama3', { modelsJson })).toMatchObject({ ref: 'ollama/llama3:latest' });
    expect(await find('ollama-11500/llama3', { modelsJson })).toMatchObject({
      ref: 'ollama-11500/llama3:latest',
    });
    expect(await find('lmstudio/llama3', { modelsJson })).toMatchObject({
      problem: { code: 'unknown-model' },
    });
    expect(await find('ollama/qwen3', { modelsJson })).toMatchObject({ problem: { code: 'unknown-model' } });
  });

  it('an exact id comes before `:latest`', async () => {
    const modelsJson = { ollama: localEntry(`${OLLAMA}/v1`, 'llama3:latest', 'llama3') };
    expect(await find('ollama/llama3', { modelsJson })).toMatchObject({ ref: 'ollama/llama3' });
  });

  it('a provider alone is found without a model', async () => {
    const snapshot = await snapshotOf({ modelsJson: discovered });
    expect(resolveModel(snapshot, { kind: 'provider', id: 'Ollama' })).toMatchObject({
      kind: 'found',
      ref: 'ollama',
      model: null,
      baseUrl: `${OLLAMA}/v1`,
    });
  });
});

describe('what discovery knows of the endpoint', () => {
  const keyed = providersConfig({
    ollama: { baseUrl: `${OLLAMA}/v1`, apiKey: 'sk-own', models: [{ id: 'm' }] },
  });
  const keyless = providersConfig({
    ollama: { baseUrl: `${OLLAMA}/v1`, auth: 'none', models: [{ id: 'm' }] },
  });
  const codeFor = async (config: object, state: EndpointReport['state']) => {
    const outcome = await find('ollama/m', {
      config,
      endpoints: [endpoint(OLLAMA, state, { hint: 'do it' })],
    });
    return outcome.kind === 'found' ? 'found' : `${outcome.problem.code} [${outcome.problem.hints.join()}]`;
  };

  it.each([
    ['up', 'found', 'found'],
    ['wrong-service', 'found', 'found'],
    ['error', 'found', 'found'],
    ['loading', 'runtime-down [do it]', 'runtime-down [do it]'],
    ['down', 'runtime-down [do it]', 'runtime-down [do it]'],
    ['auth-required', 'auth-required [do it]', 'found'],
  ] as const)('%s: keyless %s, with a key %s', async (state, withoutKey, withKey) => {
    expect(await codeFor(keyless, state)).toBe(withoutKey);
    expect(await codeFor(keyed, state)).toBe(withKey);
  });

  it('"trusted in the settings it does, and explain shows why": the setting is a step of its own', async () => {
    const LAN = 'http://192.168.1.7:11434';
    const steps = async (more: object) => {
      const modelsJson = { ollama: localEntry(`${LAN}/v1`, 'm') };
      const outcome = await find('ollama/m', { modelsJson, endpoints: [endpoint(LAN, 'up', more)] });
      return outcome.steps.filter(({ step }) => step === 'runtime');
    };
    expect(await steps({ trustedBy: 'discovery.trust' })).toMatchObject([
      { place: 'discovery.trust', found: `names ${LAN}`, outcome: 'used' },
      { place: LAN, outcome: 'used' },
    ]);
    expect(await steps({})).toHaveLength(1);
  });

  it('two runtimes below one port are told apart by their paths', async () => {
    const modelsJson = { ollama: localEntry('http://127.0.0.1:9000/b/v1', 'm') };
    const at = (path: string, state: EndpointReport['state']) =>
      endpoint(`http://127.0.0.1:9000${path}`, state);
    expect((await find('ollama/m', { modelsJson, endpoints: [at('/a', 'down'), at('/b', 'up')] })).kind).toBe(
      'found',
    );
    expect((await find('ollama/m', { modelsJson, endpoints: [at('/a', 'up'), at('/b', 'down')] })).kind).toBe(
      'failed',
    );
  });

  it('finds the endpoint by its socket, however the entry spells this host', async () => {
    const config = providersConfig({
      mine: { baseUrl: 'http://localhost:11434/v1/', auth: 'none', models: [{ id: 'm' }] },
    });
    const outcome = await find('mine/m', { config, endpoints: [endpoint(OLLAMA, 'down')] });
    expect(outcome).toMatchObject({ problem: { code: 'runtime-down' } });
    const otherPort = await find('mine/m', {
      config,
      endpoints: [endpoint('http://127.0.0.1:11435', 'down')],
    });
    expect(otherPort.kind).toBe('found');
  });

  it('a dead runtime is runtime-down and not an unknown model, whatever model is asked for', async () => {
    const outcome = await find('ollama/not-listed', {
      config: keyless,
      endpoints: [endpoint(OLLAMA, 'down')],
    });
    expect(outcome).toMatchObject({ problem: { code: 'runtime-down' } });
  });

  it('"auth-required … is never shown as down": an id without any entry takes the state of its endpoint', async () => {
    const asked = (state: EndpointReport['state']) =>
      find('ollama/m', { endpoints: [endpoint(OLLAMA, state)] });
    expect(await asked('auth-required')).toMatchObject({ problem: { code: 'auth-required' } });
    expect(await asked('down')).toMatchObject({ problem: { code: 'runtime-down' } });
    expect(await asked('loading')).toMatchObject({ problem: { code: 'runtime-down' } });
  });

  it('a default port where nothing listens does not hide a server at the next one', async () => {
    const llama = { runtime: 'llamacpp', provider: 'llamacpp' } as const;
    const asked = (state: EndpointReport['state']) =>
      find('llamacpp/m', {
        endpoints: [
          endpoint('http://127.0.0.1:9931', 'down', llama),
          endpoint('http://127.0.0.1:8080', state, llama),
        ],
      });
    expect(await asked('auth-required')).toMatchObject({ problem: { code: 'auth-required' } });
    expect(await asked('loading')).toMatchObject({
      problem: {
        code: 'runtime-down',
        detail: expect.stringContaining('8080 (provider "llamacpp") is loading'),
      },
    });
    expect(await asked('down')).toMatchObject({ problem: { detail: expect.stringContaining('9931') } });
  });

  it('"auth-required … is never shown as down": an empty default port with the same id does not hide it', async () => {
    const endpoints = [endpoint(OLLAMA, 'down'), endpoint('http://127.0.0.1:9000', 'auth-required')];
    expect(await find('ollama/m', { endpoints })).toMatchObject({ problem: { code: 'auth-required' } });
  });

  it('"every step": also there the endpoint that says so is one', async () => {
    const { steps } = await find('ollama/m', { endpoints: [endpoint(OLLAMA, 'down')] });
    expect(steps.at(-1)).toMatchObject({ step: 'runtime', place: OLLAMA, outcome: 'error' });
    expect(steps.at(-1)?.found).toContain('ollama down since');
  });
});

describe('entries that cannot be used', () => {
  const broken = {
    mine: { baseUrl: 'ftp://x', models: [{ id: 'm' }] },
    good: { baseUrl: 'https://g.example', models: [{ id: 'm' }] },
  };

  it('a broken definition is config-invalid, names the field, and breaks that provider alone', async () => {
    const config = providersConfig(broken);
    expect(await find('mine/m', { config })).toMatchObject({
      problem: {
        code: 'config-invalid',
        detail: expect.stringContaining('models.providers.mine.baseUrl must begin with http:// or https://'),
      },
    });
    expect(await find('good/m', { config })).toMatchObject({ kind: 'found' });
    expect((await snapshotOf({ config })).findings).toMatchObject([{ code: 'config-invalid' }]);
  });

  it('an api that nobody knows is a finding with the one that is meant; the provider is used as written', async () => {
    const misspelt = { baseUrl: 'https://m.example/v1', api: 'antropic-messages', models: [{ id: 'm' }] };
    const config = providersConfig({ mine: misspelt, other: { ...misspelt, api: 'ollama' } });
    expect((await snapshotOf({ config })).findings).toEqual([
      {
        code: 'config-invalid',
        detail:
          'models.providers.mine.api is "antropic-messages", which is no known api; a key is sent as a bearer token',
        hint: expect.stringMatching(/^Did you mean anthropic-messages\? Known are openai-completions, /),
      },
    ]);
    expect(await find('mine/m', { config })).toMatchObject({ kind: 'found', api: 'antropic-messages' });
    expect(await find('other/m', { config })).toMatchObject({ kind: 'found', api: 'ollama' });
    const far = providersConfig({ mine: { ...misspelt, api: 'grpc' } });
    expect((await snapshotOf({ config: far })).findings).toMatchObject([
      { hint: expect.stringMatching(/^Known are openai-completions, /) },
    ]);
  });

  it.each([
    ['text', 'models.providers.mine must be an object'],
    [{ baseUrl: 5 }, 'models.providers.mine.baseUrl must be a string'],
  ])(
    'an entry without models because of what is wrong with it says that, and not unknown-model: %j',
    async (mine, words) => {
      expect(await find('mine/m', { config: providersConfig({ mine }) })).toMatchObject({
        problem: { code: 'config-invalid', detail: expect.stringContaining(words) },
      });
    },
  );

  it('"a missing variable breaks that provider alone, and the error names variable and config path"', async () => {
    const config = providersConfig({
      ...broken,
      mine: { baseUrl: 'http://${MY_HOST}/v1', models: [{ id: 'm' }] },
    });
    expect(await find('mine/m', { config })).toMatchObject({
      problem: {
        code: 'config-invalid',
        detail:
          'Provider "mine" (cfg) cannot be used: the variable MY_HOST, named at models.providers.mine.baseUrl, is not set',
        hints: ['Set MY_HOST'],
      },
    });
    expect(await find('good/m', { config })).toMatchObject({ kind: 'found' });
    const env = { MY_HOST: 'h.example' };
    expect(await find('mine/m', { config, env })).toMatchObject({ baseUrl: 'http://h.example/v1' });
  });

  it('a header whose variable is missing is not sent as it is written, whatever the header is called', async () => {
    const headers = (name: string) =>
      find('mine/m', {
        config: providersConfig({
          mine: { baseUrl: 'https://m.example', headers: { [name]: '${MY_HEADER}' }, models: [{ id: 'm' }] },
        }),
      });
    expect(await headers('x-key')).toMatchObject({ problem: { code: 'config-invalid' } });
    expect(await headers('apiKey')).toMatchObject({ problem: { code: 'config-invalid' } });
  });

  it('an entry without any base URL is config-invalid', async () => {
    const config = providersConfig({ mine: { models: [{ id: 'm' }] } });
    expect(await find('mine/m', { config })).toMatchObject({
      problem: { code: 'config-invalid', detail: expect.stringContaining('it has no baseUrl') },
    });
  });

  it('an entry without an api speaks openai-completions', async () => {
    const config = providersConfig({ mine: { baseUrl: 'https://m.example', models: [{ id: 'm' }] } });
    expect(await find('mine/m', { config })).toMatchObject({ api: 'openai-completions' });
  });

  it('a row with an api and a base URL of its own is answered with those', async () => {
    const row = { id: 'm', api: 'anthropic-messages', baseUrl: 'https://row.example' };
    const config = providersConfig({
      mine: { baseUrl: 'https://m.example', api: 'openai-responses', models: [row] },
    });
    expect(await find('mine/m', { config })).toMatchObject({ api: row.api, baseUrl: row.baseUrl });
  });
});

describe('the steps', () => {
  it('show every source in the contract’s order, with what counted and what is shadowed', async () => {
    const parts = {
      modelsJson: discovered,
      config: providersConfig({ ollama: { baseUrl: 'http://10.0.0.1' } }),
    };
    const { steps } = await find('ollama/llama3:chat', { ...parts, endpoints: [endpoint(OLLAMA, 'up')] });
    expect(outline(steps, 'provider')).toEqual([
      'models.json: used',
      'cfg: models.providers: shadowed',
      'catalog: empty',
    ]);
    expect(outline(steps, 'runtime')).toEqual([`${OLLAMA}: used`]);
    expect(outline(steps, 'model')).toEqual(['ollama: used']);
  });

  it('a skipped models.json says why', async () => {
    const { steps } = await find('anthropic/claude-opus-4-5', { skipDiscovery: true });
    expect(steps[0]).toMatchObject({
      outcome: 'skipped',
      found: 'not read: CLAWDBOT_SKIP_LOCAL_DISCOVERY=1',
    });
  });
});

describe('the runtime check looks where the request would go', () => {
  it('a model with a base URL of its own, on a dead runtime, is runtime-down', async () => {
    const config = providersConfig({
      r: {
        baseUrl: 'http://10.0.0.1/v1',
        auth: 'none',
        models: [{ id: 'a', baseUrl: 'http://127.0.0.1:11434/v1' }],
      },
    });
    const dead = { config, endpoints: [endpoint('http://127.0.0.1:11434', 'down')] };
    expect(resolveModel(await snapshotOf(dead), { kind: 'model', ref: 'r/a' })).toMatchObject({
      kind: 'failed',
      problem: { code: 'runtime-down' },
    });
  });

  it('a models.json that cannot be read is an error step, not an absent file', async () => {
    const snapshot = {
      ...(await snapshotOf({})),
      modelsJson: { kind: 'broken', reason: 'it is a folder' } as const,
    };
    const { steps } = resolveModel(snapshot, { kind: 'model', ref: 'nobody/x' });
    expect(steps[0]).toMatchObject({ outcome: 'error', found: 'cannot be used: it is a folder' });
  });
});
