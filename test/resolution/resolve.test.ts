/** One resolution: its digest, its id, and what becomes of the id when the world changes. */
import { describe, expect, it } from 'vitest';
import { NO_LIVE_CREDENTIALS } from '../../src/credentials/no-live-credentials.ts';
import type { Resolution } from '../../src/domain/auth.ts';
import { resolve, type ResolveRequest } from '../../src/resolution/resolve.ts';
import {
  endpoint,
  localEntry,
  NOW,
  profileStore,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

const outcomeOf = async (parts: SnapshotParts, request: ResolveRequest = {}, now = NOW) =>
  resolve(await snapshotOf(parts), request, now);

async function resolved(parts: SnapshotParts, request?: ResolveRequest, now?: number): Promise<Resolution> {
  const outcome = await outcomeOf(parts, request, now);
  if (outcome.kind === 'failed') throw new Error(outcome.problem.detail);
  return outcome.resolution;
}

const code = async (parts: SnapshotParts, request: ResolveRequest) => {
  const outcome = await outcomeOf(parts, request);
  return outcome.kind === 'failed' ? outcome.problem.code : 'resolved';
};

const mine = (entry: object = {}) =>
  providersConfig({
    mine: { baseUrl: 'https://m.example/v1', apiKey: 'sk-one', models: [{ id: 'm' }, { id: 'n' }], ...entry },
  });
const wanted = { model: 'mine/m' };
const profiles = (key: string) => profileStore({ 'mine:a': { type: 'api_key', provider: 'mine', key } });

describe('"digest = SHA-256 over provider id, base URL, api, mode, source and credential version"', () => {
  const base = { config: mine() };

  it('equal decisions have equal digests, over revisions, models and unrelated changes', async () => {
    const { digest } = await resolved(base, wanted);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await resolved({ ...base, revision: 99 }, wanted)).digest).toBe(digest);
    expect((await resolved(base, wanted, NOW + 1_000)).digest).toBe(digest);
    expect((await resolved(base, { model: 'mine/n' })).digest).toBe(digest);
    expect((await resolved({ ...base, env: { XAI_API_KEY: 'sk-x' } }, wanted)).digest).toBe(digest);
  });

  it.each<[string, SnapshotParts, ResolveRequest]>([
    [
      'provider',
      {
        config: providersConfig({
          other: { baseUrl: 'https://m.example/v1', apiKey: 'sk-one', models: [{ id: 'm' }] },
        }),
      },
      { model: 'other/m' },
    ],
    ['base URL', { config: mine({ baseUrl: 'https://m.example/v2' }) }, wanted],
    ['api', { config: mine({ api: 'openai-responses' }) }, wanted],
    ['mode', { config: mine({ auth: 'none' }) }, wanted],
    ['source', { config: mine(), ownStore: profiles('sk-one') }, wanted],
    ['credential', { config: mine({ apiKey: 'sk-two' }) }, wanted],
  ])('another %s is another digest', async (_what, parts, request) => {
    const { digest } = await resolved(base, wanted);
    expect((await resolved(parts, request)).digest).not.toBe(digest);
  });

  it('cannot be computed by guessing the key: it depends on the install key', async () => {
    const [one, two] = [
      await resolved(base, wanted),
      await resolved({ ...base, installKey: 'another' }, wanted),
    ];
    expect(one.digest).not.toBe(two.digest);
  });
});

describe('"Nothing at all means the default model"', () => {
  it('no model: the default model, with the place that named it as the first step', async () => {
    const config = { ...mine(), agents: { defaults: { model: 'mine/n' } } };
    const outcome = await outcomeOf({ config });
    expect(outcome).toMatchObject({ kind: 'resolved', resolution: { ref: 'mine/n' } });
    expect(outcome.steps[0]).toEqual({
      step: 'default-model',
      place: 'cfg: agents.defaults.model',
      found: 'mine/n',
      outcome: 'used',
    });
  });

  it('a default model that cannot be found still shows which place named it', async () => {
    const outcome = await outcomeOf({ config: { agents: { defaults: { model: 'nobody/x' } } } });
    expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'unknown-provider' } });
    expect(outcome.steps[0]).toMatchObject({ step: 'default-model', found: 'nobody/x' });
  });

  it('none at all is no-default-model', async () => {
    expect(await code({}, {})).toBe('no-default-model');
  });

  it('"`provider=` instead of `model=` for credentials alone"', async () => {
    expect(await resolved({ config: mine() }, { provider: 'Mine' })).toMatchObject({
      ref: 'mine',
      model: null,
    });
    expect(await code({ config: mine() }, { provider: 'mine', model: 'mine/m' })).toBe('bad-request');
  });
});

describe('"asked again with it, the caller gets a fresh secret for the same identity"', () => {
  const stored = { config: mine(), ownStore: profiles('sk-old') };

  it('the same provider and profile with the secret of now', async () => {
    const { resolutionId } = await resolved(stored, wanted);
    const again = await resolved({ ...stored, ownStore: profiles('sk-new') }, { resolutionId });
    expect(again).toMatchObject({ ref: 'mine/m', auth: { source: 'profile:mine:a' } });
    expect(again.headers).toEqual({ authorization: 'Bearer sk-new' });
  });

  it('stays with its profile when another one would be first now', async () => {
    const { resolutionId } = await resolved(stored, wanted);
    const two = profileStore(
      {
        'mine:a': { type: 'api_key', provider: 'mine', key: 'sk-old' },
        'mine:b': { type: 'api_key', provider: 'mine', key: 'sk-b' },
      },
      { order: { mine: ['mine:b', 'mine:a'] } },
    );
    const parts = { ...stored, ownStore: two };
    expect((await resolved(parts, wanted)).auth.source).toBe('profile:mine:b');
    expect((await resolved(parts, { resolutionId })).auth.source).toBe('profile:mine:a');
  });

  it('unchanged, the id of the answer is the same again, also for a provider alone', async () => {
    for (const request of [wanted, { provider: 'mine' }]) {
      const { resolutionId, ref } = await resolved(stored, request);
      expect(await resolved(stored, { resolutionId })).toMatchObject({ resolutionId, ref });
      expect(await code(stored, { resolutionId, ...request })).toBe('resolved');
    }
  });

  it('"Provider identity is immutable per request": 409 provider-changed', async () => {
    const before = { config: mine() };
    const { resolutionId } = await resolved(before, wanted);
    const changed: readonly SnapshotParts[] = [
      { config: mine({ baseUrl: 'https://elsewhere.example' }) },
      { config: mine({ api: 'anthropic-messages' }) },
      { config: mine({ auth: 'none' }) },
      { config: mine(), ownStore: profiles('sk-one') },
      { config: mine({ models: [{ id: 'n' }] }) },
      { config: mine({ baseUrl: 'ftp://x' }) },
      {},
      { config: mine(), modelsJson: { mine: localEntry('http://127.0.0.1:1/v1', 'm') } },
    ];
    for (const parts of changed) expect(await code(parts, { resolutionId })).toBe('provider-changed');
    expect(await code({ config: mine({ apiKey: 'sk-two' }) }, { resolutionId })).toBe('resolved');
  });

  it('what is there and does not work now says so', async () => {
    const { resolutionId } = await resolved({ config: mine() }, wanted);
    expect(await code({ config: mine({ apiKey: '' }) }, { resolutionId })).toBe('no-auth');
    const local = { modelsJson: { ollama: localEntry('http://127.0.0.1:11434/v1', 'm') } };
    const pinned = await resolved(local, {});
    const dead = { ...local, endpoints: [endpoint('http://127.0.0.1:11434', 'down')] };
    expect(await code(dead, { resolutionId: pinned.resolutionId })).toBe('runtime-down');
  });

  it('beside it nothing else may be asked for', async () => {
    const { resolutionId } = await resolved(stored, wanted);
    expect(await code(stored, { resolutionId, model: 'mine/n' })).toBe('bad-request');
    expect(await code(stored, { resolutionId, provider: 'mine' })).toBe('bad-request');
    expect(await code(stored, { resolutionId, profileId: 'mine:b' })).toBe('bad-request');
    expect(await code(stored, { resolutionId, profileId: 'mine:a' })).toBe('resolved');
  });

  it('another spelling of the pinned model or provider is the same one', async () => {
    const parts = {
      env: { MOONSHOT_API_KEY: 'sk-moonshot' },
      config: { agents: { defaults: { models: { 'moonshot/kimi-k2.5': { alias: 'kimi' } } } } },
    };
    const byModel = await resolved(parts, { model: 'kimi' });
    expect(await code(parts, { resolutionId: byModel.resolutionId, model: 'kimi' })).toBe('resolved');
    expect(await code(parts, { resolutionId: byModel.resolutionId, model: 'MoonshotAI/kimi-k2.5' })).toBe(
      'resolved',
    );
    const byProvider = await resolved(parts, { provider: 'moonshotai' });
    expect(await code(parts, { resolutionId: byProvider.resolutionId, provider: 'moonshotai' })).toBe(
      'resolved',
    );
  });

  it('an id of another installation is a bad request', async () => {
    const { resolutionId } = await resolved({ ...stored, installKey: 'another' }, wanted);
    expect(await code(stored, { resolutionId })).toBe('bad-request');
  });
});

describe('AWS keys and their region', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'secret-0123' };
  const regionOf = async (env: Record<string, string>) => {
    const { auth } = await resolved({ env }, { model: 'amazon-bedrock/amazon.nova-2-lite-v1:0' });
    if (auth.mode !== 'aws-sdk') throw new Error(auth.mode);
    return auth.credentials.kind === 'keys' ? auth.credentials.keys.region : auth.credentials.region;
  };

  it('is the variable’s, else the one that the base URL leads to', async () => {
    expect(await regionOf({ ...keys, AWS_REGION: 'eu-west-1' })).toBe('eu-west-1');
    expect(await regionOf(keys)).toBe('us-east-1');
    expect(await regionOf({ AWS_BEARER_TOKEN_BEDROCK: 'bedrock-token-0123' })).toBe('us-east-1');
  });

  it.each([keys, { AWS_BEARER_TOKEN_BEDROCK: 'bedrock-token-0123' }])(
    'is the profile’s where no variable names one, as with the SDKs: %o',
    async (env) => {
      const model = 'amazon-bedrock/amazon.nova-2-lite-v1:0';
      const aws = { ...NO_LIVE_CREDENTIALS.aws, profileRegion: () => Promise.resolve('eu-north-1') };
      const ask = async (variables: Record<string, string>) => {
        const snapshot = await snapshotOf({ env: variables });
        return resolve({ ...snapshot, live: { ...snapshot.live, aws } }, { model }, NOW);
      };
      expect(await ask(env)).toMatchObject({
        resolution: { baseUrl: expect.stringContaining('.eu-north-1.') },
      });
      expect(await ask({ ...env, AWS_REGION: 'eu-west-1' })).toMatchObject({
        resolution: { baseUrl: expect.stringContaining('.eu-west-1.') },
      });
    },
  );
});
