import { describe, expect, it } from 'vitest';
import {
  type KeylessAccess,
  type ListedModel,
  withOwnProviders,
} from '../../../src/resolution/catalog/own-catalog.ts';
import { resolve } from '../../../src/resolution/resolve.ts';
import { localEntry, NOW, profileStore, snapshotOf } from '../../helpers/snapshot-fixture.ts';

const HOSTED = 'https://integrate.api.nvidia.com/v1';
const REF = 'nim/meta/llama-3.3-70b-instruct';

const nim = (env: Readonly<Record<string, string>> = {}, access: KeylessAccess = 'unknown') => {
  const [definition] = withOwnProviders([], env, { access, listed: null });
  if (definition === undefined) throw new Error('There is no nim');
  return definition;
};

describe('nim in the catalog part that is this program’s own', () => {
  it('is the hosted service, with the four models of the seed and a key to be found', () => {
    const { baseUrl, api, auth, models } = nim();
    expect({ baseUrl, api, auth }).toEqual({ baseUrl: HOSTED, api: 'openai-completions', auth: undefined });
    expect(models?.map(({ id }) => id)).toEqual([
      'meta/llama-3.3-70b-instruct',
      'meta/llama-3.1-405b-instruct',
      'deepseek/deepseek-r1',
      'nvidia/llama-3.1-nemotron-70b-instruct',
    ]);
  });

  it('the variables are JAATO_NIM_API_KEY, then NVIDIA_API_KEY', async () => {
    const sourceWith = async (env: Readonly<Record<string, string>>) => {
      const outcome = await resolve(
        await snapshotOf({ env, catalog: withOwnProviders([], env) }),
        { model: REF },
        NOW,
      );
      return outcome.kind === 'resolved' ? outcome.resolution.auth.source : outcome.problem.code;
    };
    expect(await sourceWith({ JAATO_NIM_API_KEY: 'nvapi-1', NVIDIA_API_KEY: 'nvapi-2' })).toBe(
      'env: JAATO_NIM_API_KEY',
    );
    expect(await sourceWith({ NVIDIA_API_KEY: 'nvapi-2' })).toBe('env: NVIDIA_API_KEY');
    expect(await sourceWith({})).toBe('no-auth');
  });

  it.each([
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000/v1'],
    ['http://127.0.0.1:9000/', 'http://127.0.0.1:9000/v1'],
    ['https://nim.example.com/api/v1/', 'https://nim.example.com/api/v1'],
    [`${HOSTED}/`, HOSTED],
  ])('JAATO_NIM_BASE_URL=%s leads to %s', (text, baseUrl) => {
    expect(nim({ JAATO_NIM_BASE_URL: text }).baseUrl).toBe(baseUrl);
  });

  it.each([
    // [base URL, what the list said, auth]
    ['http://127.0.0.1:9000', 'unknown', 'none'],
    ['http://192.168.1.7:8000', 'unknown', 'none'],
    ['http://10.evil.example:8000', 'unknown', undefined],
    ['https://nim.example.com', 'unknown', undefined],
    ['https://nim.example.com', 'open', 'none'],
    ['http://127.0.0.1:9000', 'wants-key', undefined],
    [HOSTED, 'open', undefined],
  ] as const)('%s, list %s: auth %s', (url, access, auth) => {
    expect(nim({ JAATO_NIM_BASE_URL: url }, access).auth).toBe(auth);
  });

  it('JAATO_NIM_MODEL comes first with the window of JAATO_NIM_CONTEXT_LENGTH', () => {
    const { models = [] } = nim({ JAATO_NIM_MODEL: 'nim/my/own', JAATO_NIM_CONTEXT_LENGTH: '4096' });
    expect(models[0]).toMatchObject({
      id: 'my/own',
      contextWindow: 4096,
      contextWindowSource: 'configured',
      maxTokens: 4096,
    });
    expect(models[1]).toMatchObject({ contextWindow: 131_072, contextWindowSource: 'trained-max' });
    const all = nim({ JAATO_NIM_CONTEXT_LENGTH: '4096' }).models ?? [];
    expect(new Set(all.map(({ contextWindow }) => contextWindow))).toEqual(new Set([4096]));
  });

  describe('a server of one’s own that has listed its models', () => {
    const OWN = { JAATO_NIM_BASE_URL: 'http://127.0.0.1:9000' };
    const listed = [
      { id: 'my/own' },
      { id: 'deepseek/deepseek-r1' },
      { id: 'meta/llama-3.3-70b-instruct', contextWindow: 8_192 },
    ];
    const definitionFor = (
      env: Readonly<Record<string, string>> = {},
      rows: readonly ListedModel[] = listed,
    ) => withOwnProviders([], { ...OWN, ...env }, { access: 'open', listed: rows })[0];
    const snapshotFor = (env: Readonly<Record<string, string>> = {}, config: object = {}) =>
      snapshotOf({
        env: { ...OWN, ...env },
        catalog: withOwnProviders([], { ...OWN, ...env }, { access: 'open', listed }),
        config,
      });
    const outcomeFor = async (model: string, env: Readonly<Record<string, string>> = {}) =>
      resolve(await snapshotFor(env), { model }, NOW);

    it('offers these and no other, with what the list and the name say of each', () => {
      expect(definitionFor()?.models).toMatchObject([
        { id: 'my/own', name: 'my/own', contextWindow: 32_768, contextWindowSource: 'assumed' },
        {
          id: 'deepseek/deepseek-r1',
          reasoning: true,
          contextWindow: 131_072,
          contextWindowSource: 'trained-max',
        },
        { name: 'Llama 3.3 70B', contextWindow: 8_192, contextWindowSource: 'loaded', maxTokens: 8_192 },
      ]);
      expect(definitionFor({}, [])?.models).toEqual([]);
    });

    it('the hosted service is not concerned', () => {
      const [hosted] = withOwnProviders([], {}, { access: 'open', listed });
      expect(hosted?.models).toHaveLength(4);
      expect(hosted?.listing).toBeUndefined();
    });

    it('JAATO_NIM_MODEL comes first where it is listed, and the smaller window counts', async () => {
      const env = { JAATO_NIM_MODEL: 'nim/meta/llama-3.3-70b-instruct', JAATO_NIM_CONTEXT_LENGTH: '16000' };
      expect(definitionFor(env)?.models?.map(({ id, contextWindow }) => [id, contextWindow])).toEqual([
        ['meta/llama-3.3-70b-instruct', 8_192],
        ['my/own', 32_768],
        ['deepseek/deepseek-r1', 131_072],
      ]);
      const small = { ...env, JAATO_NIM_CONTEXT_LENGTH: '4096' };
      expect(definitionFor(small)?.models?.[0]).toMatchObject({
        contextWindow: 4_096,
        contextWindowSource: 'configured',
      });
      expect((await snapshotFor(env)).findings).toEqual([]);
    });

    it('JAATO_NIM_MODEL that is not listed is a finding with what is listed, and no model', async () => {
      const env = { JAATO_NIM_MODEL: 'my/oen' };
      expect(definitionFor(env)?.models?.map(({ id }) => id)).toEqual(listed.map(({ id }) => id));
      const finding = {
        code: 'unknown-model',
        detail: 'JAATO_NIM_MODEL names "my/oen", which the server of JAATO_NIM_BASE_URL does not list',
        hint: expect.stringContaining('unset it. It lists "my/own", "deepseek/deepseek-r1"'),
      };
      expect((await snapshotFor(env)).findings).toEqual([finding]);
      expect((await snapshotFor(env, { models: { providers: { nim: {} } } })).findings).toEqual([finding]);
      const elsewhere = { models: { providers: { nim: { baseUrl: HOSTED } } } };
      expect((await snapshotFor(env, elsewhere)).findings, 'nobody uses that server').toEqual([]);
      expect(await outcomeFor('nim/my/oen', env)).toMatchObject({
        kind: 'failed',
        problem: {
          code: 'unknown-model',
          detail: expect.stringContaining('the server of JAATO_NIM_BASE_URL does not list it'),
          hints: expect.arrayContaining(['Did you mean nim/my/own?']),
        },
      });
    });

    it('any other model is unknown-model, with what it lists', async () => {
      expect(await outcomeFor('nim/my/own')).toMatchObject({ kind: 'resolved' });
      expect(await outcomeFor('nim/far/away')).toMatchObject({
        problem: {
          code: 'unknown-model',
          hints: [expect.stringContaining('It lists "my/own", '), expect.stringContaining('List them')],
        },
      });
    });

    it('an entry of the config that leads elsewhere, or says which models there are, is not concerned', async () => {
      const modelsWith = async (nimEntry: object) => {
        const { providers } = await snapshotFor({}, { models: { providers: { nim: nimEntry } } });
        return providers.byId.get('nim')?.models.map(({ id }) => id);
      };
      expect(await modelsWith({})).toEqual(listed.map(({ id }) => id));
      expect(await modelsWith({ baseUrl: HOSTED })).toHaveLength(4);
      expect(await modelsWith({ models: [{ id: 'mine' }] })).toEqual(['mine']);
    });
  });

  it.each([
    ['JAATO_NIM_BASE_URL', 'ftp://x'],
    ['JAATO_NIM_BASE_URL', 'http://user:hunter2@x/v1'],
    ['JAATO_NIM_CONTEXT_LENGTH', '4k'],
  ])('%s=%s cannot be used: the error names the variable and shows no password', async (name, value) => {
    const env = { [name]: value, NVIDIA_API_KEY: 'nvapi-1' };
    const outcome = await resolve(
      await snapshotOf({ env, catalog: withOwnProviders([], env) }),
      { model: REF },
      NOW,
    );
    expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'config-invalid' } });
    expect(JSON.stringify(outcome)).toContain(name);
    expect(JSON.stringify(outcome)).not.toContain('hunter2');
  });

  it.each([
    // [base URL, what the server said, auth or the error]
    ['http://nim.public.invalid/v1', 'unknown', 'no-auth'],
    ['http://nim.public.invalid/v1', 'wants-key', 'no-auth'],
    ['http://integrate.api.nvidia.com/v1', 'wants-key', 'no-auth'],
    ['https://nim.public.invalid/v1', 'unknown', 'no-auth'],
    ['https://nim.public.invalid/v1', 'wants-key', 'api-key'],
    ['https://nim.public.invalid/v1', 'open', 'none'],
    ['http://10.1.2.3:8000/v1', 'wants-key', 'api-key'],
    ['http://10.1.2.3:8000/v1', 'unknown', 'none'],
  ] as const)(
    'a key goes to a server that asked for it, never over http to a public host: %s, %s: %s',
    async (url, access, expected) => {
      const env = { JAATO_NIM_BASE_URL: url, NVIDIA_API_KEY: 'nvapi-1' };
      const ownStore = profileStore({
        'nim:default': { type: 'api_key', provider: 'nim', key: 'nvapi-2' },
      });
      const cfgs = [{}, { nim: {} }, { nim: { apiKey: 'nvapi-3' } }];
      for (const providers of cfgs) {
        const snapshot = await snapshotOf({
          env,
          ownStore,
          catalog: withOwnProviders([], env, { access, listed: null }),
          config: { models: { providers } },
        });
        for (const profileId of [undefined, 'nim:default']) {
          const request = { model: REF, ...(profileId === undefined ? {} : { profileId }) };
          const outcome = await resolve(snapshot, request, NOW);
          const said = outcome.kind === 'resolved' ? outcome.resolution.auth.mode : outcome.problem.code;
          expect(said, JSON.stringify({ providers, profileId })).toBe(expected);
          if (outcome.kind === 'failed') {
            expect(outcome.problem.detail).toContain('JAATO_NIM_BASE_URL');
            expect(outcome.problem.hints.join()).toContain('JAATO_NIM_BASE_URL');
          }
        }
      }
    },
  );

  it('an entry with a base URL of its own is not concerned by JAATO_NIM_BASE_URL', async () => {
    const env = { JAATO_NIM_BASE_URL: 'https://nim.public.invalid/v1', NVIDIA_API_KEY: 'nvapi-1' };
    const snapshot = await snapshotOf({
      env,
      catalog: withOwnProviders([], env),
      config: { models: { providers: { nim: { baseUrl: HOSTED } } } },
    });
    expect(await resolve(snapshot, { model: REF }, NOW)).toMatchObject({
      kind: 'resolved',
      resolution: { baseUrl: HOSTED, auth: { mode: 'api-key' } },
    });
  });

  it('a NIM container that discovery found wins, whole', async () => {
    const env = { NVIDIA_API_KEY: 'nvapi-1' };
    const snapshot = await snapshotOf({
      env,
      catalog: withOwnProviders([], env),
      modelsJson: { nim: localEntry('http://127.0.0.1:8000/v1', 'local/model') },
    });
    const outcome = await resolve(snapshot, { provider: 'nim' }, NOW);
    expect(outcome).toMatchObject({
      kind: 'resolved',
      resolution: { baseUrl: 'http://127.0.0.1:8000/v1', auth: { mode: 'none' } },
    });
  });
});
