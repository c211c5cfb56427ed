/** Which definition of a provider counts: the contract's one rule, without exceptions. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProviderDefinition } from '../../src/domain/provider.ts';
import { withOwnProviders } from '../../src/resolution/catalog/own-catalog.ts';
import { mergeProviders } from '../../src/resolution/effective-providers.ts';
import {
  CATALOG,
  localEntry,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

async function effective(id: string, parts: SnapshotParts) {
  const { byId, canonicalId } = (await snapshotOf(parts)).providers;
  return byId.get(canonicalId(id));
}

const discovered = { ollama: localEntry('http://127.0.0.1:11434/v1', 'llama3:chat') };
const configured = {
  ollama: {
    name: 'Mine',
    baseUrl: 'http://10.0.0.5:1/v1',
    api: 'openai-responses',
    auth: 'api-key',
    apiKey: 'sk-cfg',
    region: 'eu-west-1',
    headers: { 'x-mine': '1' },
    models: [{ id: 'other' }],
  },
};

describe('"Discovery wins. models.json overrides cfg."', () => {
  it('models.json wins whole: no field of the cfg entry is mixed in', async () => {
    const provider = await effective('ollama', {
      modelsJson: discovered,
      config: providersConfig(configured),
    });
    expect(provider).toMatchObject({
      origin: 'models.json',
      shadows: ['cfg'],
      auth: 'none',
      baseUrl: 'http://127.0.0.1:11434/v1',
      api: 'openai-completions',
    });
    for (const field of ['name', 'apiKey', 'headers', 'region']) expect(provider).not.toHaveProperty(field);
    expect(provider?.models.map(({ id }) => id)).toEqual(['llama3:chat']);
  });

  it('a models.json entry is not completed from cfg or the catalog either, whatever it leaves out', async () => {
    const provider = await effective('anthropic', {
      modelsJson: { anthropic: { auth: 'api-key' } },
      config: providersConfig({ anthropic: { baseUrl: 'https://cfg.example' } }),
    });
    expect(provider).toEqual({
      id: 'anthropic',
      auth: 'api-key',
      origin: 'models.json',
      shadows: ['cfg', 'catalog'],
      models: [],
      completedFromCatalog: [],
    });
  });

  it('"cfg … Only used if provider NOT in models.json"', async () => {
    const provider = await effective('ollama', { modelsJson: {}, config: providersConfig(configured) });
    expect(provider).toMatchObject({ origin: 'cfg', shadows: [], name: 'Mine', auth: 'api-key' });
  });

  it('"Built-in catalog … Only used if provider NOT in models.json or cfg"', async () => {
    expect(await effective('anthropic', {})).toMatchObject({ origin: 'catalog', shadows: [] });
    const cfg = { config: providersConfig({ anthropic: { apiKey: 'k' } }) };
    expect(await effective('anthropic', cfg)).toMatchObject({ origin: 'cfg', shadows: ['catalog'] });
  });

  it('"Set CLAWDBOT_SKIP_LOCAL_DISCOVERY=1 … Then cfg.models.providers becomes the source of truth"', async () => {
    const parts = { modelsJson: discovered, config: providersConfig(configured), skipDiscovery: true };
    expect(await effective('ollama', parts)).toMatchObject({ origin: 'cfg', shadows: [] });
  });

  it('holds for any mixture: the strongest source that has the id supplies every field', () => {
    const ids = ['a', 'b', 'c', 'moonshot'];
    const field = fc.option(fc.constantFrom('https://one.example', 'https://two.example'), {
      nil: undefined,
    });
    const definitions = (tag: string) =>
      fc.uniqueArray(fc.tuple(fc.constantFrom(...ids), field), { selector: ([id]) => id }).map((rows) =>
        rows.map(([id, baseUrl]): ProviderDefinition => ({
          id,
          name: `${tag} ${id}`,
          ...(baseUrl === undefined ? {} : { baseUrl }),
        })),
      );
    fc.assert(
      fc.property(definitions('m'), definitions('c'), definitions('k'), (found, cfg, catalog) => {
        const { byId } = mergeProviders({ 'models.json': found, cfg, catalog });
        for (const id of ids) {
          const own = (list: readonly ProviderDefinition[]) => list.find((entry) => entry.id === id);
          const [first, second, third] = [own(found), own(cfg), own(catalog)];
          const expected = first ?? second ?? third;
          const provider = byId.get(id);
          expect(provider?.name).toBe(expected?.name);
          const completed = first === undefined && second !== undefined ? third?.baseUrl : undefined;
          expect(provider?.baseUrl).toBe(expected?.baseUrl ?? completed);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('"A cfg provider that leaves out baseUrl, api or models is completed (never overridden) from the catalog"', () => {
  it('fills what is missing and says so', async () => {
    const provider = await effective('anthropic', {
      config: providersConfig({ anthropic: { apiKey: 'k' } }),
    });
    const catalog = CATALOG.find(({ id }) => id === 'anthropic');
    expect(provider).toMatchObject({ baseUrl: catalog?.baseUrl, api: catalog?.api, apiKey: 'k' });
    expect(provider?.models).toEqual(catalog?.models);
    expect(provider?.completedFromCatalog).toEqual(['baseUrl', 'api', 'models', 'name']);
  });

  it('what the entry says stays, its models replace the list', async () => {
    const entry = {
      baseUrl: 'https://proxy.example/v1',
      api: 'openai-completions',
      models: [{ id: 'mine' }],
    };
    const provider = await effective('anthropic', { config: providersConfig({ anthropic: entry }) });
    expect(provider).toMatchObject({ baseUrl: entry.baseUrl, api: entry.api });
    expect(provider?.models.map(({ id }) => id)).toEqual(['mine']);
    expect(provider?.completedFromCatalog).toEqual(['name']);
  });

  it('catalog rows bring no base URL of their own when the entry names a server', async () => {
    const entry = { baseUrl: 'https://proxy.example/v1' };
    const provider = await effective('opencode', { config: providersConfig({ opencode: entry }) });
    expect(provider?.models.length).toBeGreaterThan(10);
    expect(provider?.models.filter(({ baseUrl }) => baseUrl !== undefined)).toEqual([]);
    expect(new Set(provider?.models.map(({ api }) => api)).size).toBeGreaterThan(1);
  });

  it('catalog rows bring no api of their own when the entry names one', async () => {
    const entry = { api: 'openai-completions' };
    const provider = await effective('opencode', { config: providersConfig({ opencode: entry }) });
    expect(provider?.models.filter(({ api }) => api !== undefined)).toEqual([]);
    expect(provider?.models.every(({ baseUrl }) => baseUrl !== undefined)).toBe(true);
  });

  it('an empty list of models names none, so it is completed too; a server that only the entry knows has none', async () => {
    const entry = { baseUrl: 'https://proxy.example', models: [] };
    const config = providersConfig({ anthropic: entry, mine: entry });
    const provider = await effective('anthropic', { config });
    expect(provider).toMatchObject({
      baseUrl: entry.baseUrl,
      completedFromCatalog: ['api', 'models', 'name'],
    });
    expect(provider?.models.map(({ id }) => id)).toContain('claude-opus-4-5');
    expect(await effective('mine', { config })).toMatchObject({ models: [], completedFromCatalog: [] });
    // A list whose rows cannot be read says something.
    const typo = providersConfig({ anthropic: { ...entry, models: [{ ident: 'claude-opus-4-5' }] } });
    expect(await effective('anthropic', { config: typo })).toMatchObject({ models: [] });
  });

  it('the headers of the catalog are for its own server, not for one that the entry names', async () => {
    const copilot = async (entry: object) =>
      (await effective('github-copilot', { config: providersConfig({ 'github-copilot': entry }) }))?.models ??
      [];
    const row = { id: 'gpt-4o' };
    const elsewhere = { baseUrl: 'https://proxy.example' };
    for (const own of [{}, { models: [row] }]) {
      expect((await copilot(own))[0]?.headers).toHaveProperty('Copilot-Integration-Id');
      const there = await copilot({ ...own, ...elsewhere });
      expect(there.flatMap(({ headers = {} }) => Object.keys(headers))).toEqual([]);
    }
  });

  it('"auth: none" of one server says nothing of another one that the entry names', async () => {
    const env = { JAATO_NIM_BASE_URL: 'http://127.0.0.1:8000/v1' };
    const catalog = withOwnProviders(CATALOG, env);
    const nim = (entry: object) =>
      effective('nim', { env, catalog, config: providersConfig({ nim: entry }) });
    expect(await nim({})).toMatchObject({ auth: 'none', baseUrl: env.JAATO_NIM_BASE_URL });
    expect(await nim({ baseUrl: 'http://localhost:8000/v1' })).toMatchObject({ auth: 'none' });
    expect(await nim({ baseUrl: 'https://nim.corp.example/v1' })).not.toHaveProperty('auth');
    // The way to an AWS identity is the provider's, whatever server it has.
    const config = providersConfig({ 'amazon-bedrock': { baseUrl: 'https://vpce.example' } });
    expect(await effective('amazon-bedrock', { config })).toMatchObject({ auth: 'aws-sdk' });
  });

  it('takes the mode from the catalog only where the entry has no key of its own', async () => {
    const bedrock = (entry: object) =>
      effective('amazon-bedrock', { config: providersConfig({ 'amazon-bedrock': entry }) });
    expect(await bedrock({})).toMatchObject({ auth: 'aws-sdk' });
    expect(await bedrock({ apiKey: 'k' })).not.toHaveProperty('auth');
    expect(await bedrock({ apiKey: 'k', auth: 'none' })).toMatchObject({ auth: 'none' });
  });
});

describe('"Ids compare trimmed and lower-case, with upstream\'s aliases"', () => {
  it.each([
    ['bedrock', 'amazon-bedrock'],
    [' AWS-Bedrock ', 'amazon-bedrock'],
    ['moonshotai', 'moonshot'],
    ['Z.AI', 'zai'],
  ])('%j in the config is %s', async (written, canonical) => {
    const provider = await effective(canonical, {
      config: providersConfig({ [written]: { baseUrl: 'https://mine.example' } }),
    });
    expect(provider).toMatchObject({ id: canonical, origin: 'cfg', baseUrl: 'https://mine.example' });
    expect(provider?.shadows).toEqual(['catalog']);
  });

  it('an alias in models.json shadows the canonical id in cfg', async () => {
    const provider = await effective('moonshot', {
      modelsJson: { moonshotai: { baseUrl: 'https://found.example' } },
      config: providersConfig({ moonshot: { baseUrl: 'https://cfg.example' } }),
    });
    expect(provider).toMatchObject({ origin: 'models.json', baseUrl: 'https://found.example' });
    expect(provider?.shadows).toEqual(['cfg', 'catalog']);
  });

  it('qwen means qwen-portal only while nothing defines a provider of that very id', async () => {
    const portal = { 'qwen-portal': { baseUrl: 'https://portal.example' } };
    const own = { qwen: { baseUrl: 'https://qwen.example' } };
    expect(await effective('qwen', { config: providersConfig(portal) })).toMatchObject({ id: 'qwen-portal' });
    const both = { config: providersConfig({ ...portal, ...own }) };
    expect(await effective('qwen', both)).toMatchObject({ id: 'qwen', baseUrl: 'https://qwen.example' });
    expect(await effective('qwen-portal', both)).toMatchObject({ baseUrl: 'https://portal.example' });
  });

  it('two spellings of one id in one source: the canonical one counts and the other is a finding', async () => {
    const canonical = { moonshot: { baseUrl: 'https://canonical.example' } };
    const alias = { moonshotai: { baseUrl: 'https://alias.example' } };
    for (const entries of [
      { ...canonical, ...alias },
      { ...alias, ...canonical },
    ]) {
      const { providers, findings } = await snapshotOf({ config: providersConfig(entries) });
      expect(providers.byId.get('moonshot')?.baseUrl).toBe('https://canonical.example');
      expect(findings).toEqual([
        {
          code: 'config-invalid',
          detail: 'cfg defines provider "moonshot" twice; the entry "moonshotai" is ignored',
          hint: 'Remove the entry "moonshotai"',
        },
      ]);
    }
  });
});
