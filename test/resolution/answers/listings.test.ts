/** The lists: providers with their auth status, models in OpenAI's shape. */
import { describe, expect, it } from 'vitest';
import { listModels, listProvider, listProviders } from '../../../src/resolution/answers/listings.ts';
import { resolve } from '../../../src/resolution/resolve.ts';
import {
  CATALOG,
  endpoint,
  localEntry,
  NOW,
  profileStore,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../../helpers/snapshot-fixture.ts';

const parts: SnapshotParts = {
  revision: 5,
  modelsJson: { ollama: localEntry('http://127.0.0.1:11434/v1', 'llama3:chat') },
  config: providersConfig({
    ollama: { baseUrl: 'http://10.0.0.1' },
    mine: { name: 'My server', baseUrl: 'https://m.example', models: [{ id: 'm' }] },
  }),
  env: { XAI_API_KEY: 'canary-xai' },
  agentStore: profileStore({
    'openai:old': { type: 'oauth', provider: 'openai', access: 'canary-at', expires: NOW },
  }),
};

const providers = async (all: boolean) => listProviders(await snapshotOf(parts), { all, now: NOW });

describe('`/v1/providers`', () => {
  it('each provider has exactly these fields, and no secret', async () => {
    const answer = await providers(false);
    expect(answer).toEqual({
      revision: 5,
      providers: [
        {
          id: 'ollama',
          name: 'ollama',
          baseUrl: 'http://127.0.0.1:11434/v1',
          api: 'openai-completions',
          origin: 'models.json',
          shadows: ['cfg'],
          auth: { mode: 'none', source: 'provider-policy', status: 'satisfied' },
          modelCount: 1,
        },
        {
          id: 'mine',
          name: 'My server',
          baseUrl: 'https://m.example',
          api: null,
          origin: 'cfg',
          shadows: [],
          auth: { mode: null, source: null, status: 'missing' },
          modelCount: 1,
        },
        expect.objectContaining({
          id: 'openai',
          auth: {
            mode: null,
            source: null,
            status: 'expired',
            trouble: {
              code: 'auth-expired',
              detail: expect.stringMatching(/^profile:openai:old: expired at 2026-01-01T00:00:00.000Z/),
            },
          },
        }),
        expect.objectContaining({
          id: 'xai',
          auth: { mode: 'api-key', source: 'env: XAI_API_KEY', status: 'satisfied' },
        }),
      ],
    });
    expect(JSON.stringify(answer)).not.toContain('canary');
  });

  it('"without `?all=true` catalog providers with nothing to authenticate with are left out"', async () => {
    const all = await providers(true);
    expect(all.providers).toHaveLength(CATALOG.length + 2);
    expect(all.providers.find(({ id }) => id === 'groq')?.auth.status).toBe('missing');
    const few = await providers(false);
    expect(few.providers.map(({ id }) => id)).not.toContain('groq');
  });

  it('"`/v1/providers/:id` adds `models`", aliases are followed, an unknown id says what a resolution says', async () => {
    const snapshot = await snapshotOf(parts);
    expect(await listProvider(snapshot, ' OLLAMA ', NOW)).toMatchObject({
      kind: 'listed',
      provider: { revision: 5, id: 'ollama', models: [{ id: 'llama3:chat', contextWindow: 32_768 }] },
    });
    expect(await listProvider(snapshot, 'moonshotai', NOW)).toMatchObject({ provider: { id: 'moonshot' } });
    expect(await listProvider(snapshot, 'nobody', NOW)).toMatchObject({
      kind: 'missing',
      problem: { code: 'unknown-provider' },
    });
  });
});

describe('`/v1/models`', () => {
  it('"OpenAI list shape over usable models"', async () => {
    const { object, data } = await listModels(await snapshotOf(parts), NOW);
    expect(object).toBe('list');
    expect(data[0]).toEqual({
      id: 'ollama/llama3:chat',
      object: 'model',
      created: 0,
      owned_by: 'ollama',
      name: 'llama3:chat',
      context_window: 32_768,
      context_window_source: 'loaded',
      max_context_window: null,
      max_tokens: 8_192,
      reasoning: false,
      input: ['text'],
    });
    expect(new Set(data.map(({ owned_by }) => owned_by))).toEqual(new Set(['ollama', 'xai']));
  });

  it('a model with a server or headers of its own is listed when a request for it would resolve', async () => {
    const config = providersConfig({
      // No server of the entry itself: each row names one.
      many: {
        apiKey: 'canary-key',
        models: [
          { id: 'a', baseUrl: 'https://a.example' },
          { id: 'metadata', baseUrl: 'http://169.254.169.254' },
          { id: 'nowhere' },
        ],
      },
      one: {
        apiKey: 'canary-key',
        baseUrl: 'https://one.example',
        models: [
          { id: 'plain' },
          { id: 'headed', headers: { 'x-team': { source: 'env', id: 'TEAM_THAT_IS_NOT_SET' } } },
        ],
      },
    });
    const snapshot = await snapshotOf({ config });
    const listed = (await listModels(snapshot, NOW)).data.map(({ id }) => id);
    expect(listed).toEqual(['many/a', 'one/plain']);
    for (const { id, models } of snapshot.config.providers) {
      for (const model of models ?? []) {
        const outcome = await resolve(snapshot, { model: `${id}/${model.id}` }, NOW);
        expect(listed.includes(`${id}/${model.id}`)).toBe(outcome.kind === 'resolved');
      }
    }
  });

  it('models of a runtime that is down, or of a broken entry, are not usable', async () => {
    const down = { ...parts, env: {}, endpoints: [endpoint('http://127.0.0.1:11434', 'down')] };
    expect((await listModels(await snapshotOf(down), NOW)).data).toEqual([]);
    const broken = {
      config: providersConfig({ mine: { baseUrl: 'ftp://x', auth: 'none', models: [{ id: 'm' }] } }),
    };
    expect((await listModels(await snapshotOf(broken), NOW)).data).toEqual([]);
  });
});
