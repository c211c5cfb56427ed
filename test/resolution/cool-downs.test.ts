/** Cool-downs in the one path of every resolution: which credential serves whom while another one is refused. */
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../src/domain/secret.ts';
import { createCredentialHealth } from '../../src/credentials/credential-health.ts';
import { listAuth } from '../../src/resolution/answers/auth-answer.ts';
import { listModels, listProviders } from '../../src/resolution/answers/listings.ts';
import { NO_LIVE_CREDENTIALS } from '../../src/credentials/no-live-credentials.ts';
import { resolve, type ResolveRequest } from '../../src/resolution/resolve.ts';
import { assessHealth } from '../../src/validation/health.ts';
import { validateStartup } from '../../src/validation/startup.ts';
import {
  NOW,
  outline,
  profileStore,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

const MINUTE = 60_000;
const INSTALL_KEY = 'install-key-of-the-tests';

const entry = { baseUrl: 'https://m.example', apiKey: 'sk-cfg', models: [{ id: 'm' }, { id: 'n' }] };
const onlyConfigured = { config: providersConfig({ mine: entry }) };
const twoProfiles = profileStore(
  {
    'mine:a': { type: 'api_key', provider: 'mine', key: 'sk-a' },
    'mine:b': { type: 'api_key', provider: 'mine', key: 'sk-b' },
  },
  { order: { mine: ['mine:a', 'mine:b'] } },
);
const everything = { ...onlyConfigured, ownStore: twoProfiles };

/** A machine whose credentials can be refused. */
async function machine(parts: SnapshotParts) {
  const credentialHealth = createCredentialHealth();
  const snapshot = await snapshotOf({ ...parts, credentialHealth });
  const ask = (request: ResolveRequest = { model: 'mine/m' }, now = NOW) => resolve(snapshot, request, now);
  return {
    snapshot,
    ask,
    refuse: (key: string, status: number, ref = 'mine/m', now = NOW) => {
      const refusal = { status, ref, retryAfter: null, renewable: false };
      const providerId = ref.split('/', 1)[0] ?? '';
      credentialHealth.record({ providerId, version: fingerprintOf(key, INSTALL_KEY) }, refusal, now);
    },
    source: async (request?: ResolveRequest, now?: number) => {
      const outcome = await ask(request, now);
      return outcome.kind === 'failed' ? outcome.problem.code : outcome.resolution.auth.source;
    },
    id: async (request?: ResolveRequest) => {
      const outcome = await ask(request);
      if (outcome.kind === 'failed') throw new Error(outcome.problem.detail);
      return outcome.resolution.resolutionId;
    },
  };
}

describe('new requests', () => {
  it.each([401, 402, 403, 429, 503])(
    '%i: "the next profile in order serves new requests"',
    async (status) => {
      const { refuse, source } = await machine(everything);
      expect(await source()).toBe('profile:mine:a');
      refuse('sk-a', status);
      expect(await source()).toBe('profile:mine:b');
      refuse('sk-b', status);
      expect(await source()).toBe('cfg: models.providers.mine.apiKey');
    },
  );

  it('the first one serves again when its cool-down is over', async () => {
    const { refuse, source } = await machine(everything);
    refuse('sk-a', 429);
    expect(await source(undefined, NOW + MINUTE - 1)).toBe('profile:mine:b');
    expect(await source(undefined, NOW + MINUTE)).toBe('profile:mine:a');
  });

  it('where all are cooling down, the one that is ready first is used', async () => {
    const { refuse, source } = await machine(everything);
    refuse('sk-a', 402);
    refuse('sk-b', 429);
    refuse('sk-cfg', 402, 'mine/m', NOW - 2 * 60 * MINUTE);
    expect(await source()).toBe('profile:mine:b');
    refuse('sk-b', 401);
    expect(await source()).toBe('cfg: models.providers.mine.apiKey');
  });

  it('a dead key is never used, also where it is the only one: no-auth with what to mend', async () => {
    const { refuse, ask } = await machine(onlyConfigured);
    refuse('sk-cfg', 401);
    const outcome = await ask(undefined, NOW + 1e12);
    expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'no-auth' } });
    if (outcome.kind !== 'failed') return;
    expect(outcome.problem.detail).toContain('its provider refused it with 401');
    expect(outcome.problem.hints.join()).toContain('Mend cfg: models.providers.mine.apiKey');
  });

  it('"a changed key clears it"', async () => {
    const { refuse, source, snapshot } = await machine(onlyConfigured);
    refuse('sk-cfg', 401);
    expect(await source()).toBe('no-auth');
    const { credentialHealth } = snapshot;
    const changed = { config: providersConfig({ mine: { ...entry, apiKey: 'sk-new' } }), credentialHealth };
    expect((await resolve(await snapshotOf(changed), { model: 'mine/m' }, NOW)).kind).toBe('resolved');
  });

  it('"survives snapshot swaps"', async () => {
    const { refuse, snapshot } = await machine(onlyConfigured);
    refuse('sk-cfg', 401);
    const { credentialHealth } = snapshot;
    const swapped = await snapshotOf({ ...onlyConfigured, revision: 2, credentialHealth });
    expect((await resolve(swapped, { model: 'mine/m' }, NOW)).kind).toBe('failed');
  });

  it('403 is about the model that was asked for: the same key still serves another one', async () => {
    const { refuse, source } = await machine(everything);
    refuse('sk-a', 403, 'mine/m');
    expect(await source({ model: 'mine/n' })).toBe('profile:mine:a');
    expect(await source({ provider: 'mine' })).toBe('profile:mine:a');
    expect(await source({ model: 'mine/m' })).toBe('profile:mine:b');
  });

  it('an explicit profile is that profile or nothing, cool-down or not', async () => {
    const { refuse, source } = await machine(everything);
    const request = { model: 'mine/m', profileId: 'mine:a' };
    refuse('sk-a', 429);
    expect(await source(request)).toBe('profile:mine:a');
    refuse('sk-a', 401);
    expect(await source(request)).toBe('no-auth');
  });

  it('a command behind a refused place is run, and behind a good one it is not', async () => {
    const runs: string[] = [];
    const vault = { source: 'exec', provider: 'vault', id: 'mine' };
    const { refuse, source } = await machine({
      config: providersConfig({ mine: { ...entry, apiKey: vault } }),
      secretCommands: { allowExec: true, commands: [{ alias: 'vault', command: '/opt/vault', args: [] }] },
      runCommand: ({ command }) => {
        runs.push(command);
        const stdout = JSON.stringify({ protocolVersion: 1, values: { mine: 'sk-vault' } });
        return Promise.resolve({ kind: 'finished', stdout });
      },
      ownStore: profileStore({ 'mine:a': { type: 'api_key', provider: 'mine', key: 'sk-a' } }),
    });
    expect([await source(), runs]).toEqual(['profile:mine:a', []]);
    refuse('sk-a', 429);
    expect([await source(), runs]).toEqual(['cfg: models.providers.mine.apiKey', ['/opt/vault']]);
  });
});

describe('"a request that has begun (resolutionId) stays pinned to its own"', () => {
  it.each([402, 403, 429, 503])('%i: asked again it gets its own credential', async (status) => {
    const { refuse, source, id } = await machine(everything);
    const resolutionId = await id();
    refuse('sk-a', status);
    expect(await source({ resolutionId })).toBe('profile:mine:a');
  });

  it('401: it gets its error, never another profile and never provider-changed', async () => {
    const { refuse, source, id } = await machine(everything);
    const resolutionId = await id();
    refuse('sk-a', 401);
    expect(await source({ resolutionId })).toBe('no-auth');
  });

  it('one that began with a configured key stays with it too', async () => {
    const { refuse, source, id } = await machine({ ...onlyConfigured, env: {} });
    const resolutionId = await id();
    refuse('sk-cfg', 429);
    expect(await source({ resolutionId })).toBe('cfg: models.providers.mine.apiKey');
    refuse('sk-cfg', 401);
    expect(await source({ resolutionId })).toBe('no-auth');
  });

  it('one with a bearer token of AWS whose region only the profile names stays with it', async () => {
    const { refuse, source, id } = await machine({
      env: { AWS_BEARER_TOKEN_BEDROCK: 'sk-b', AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 's' },
      config: providersConfig({ 'amazon-bedrock': { auth: 'aws-sdk' } }),
      live: {
        ...NO_LIVE_CREDENTIALS,
        aws: { ...NO_LIVE_CREDENTIALS.aws, profileRegion: () => Promise.resolve('eu-west-3') },
      },
    });
    const model = 'amazon-bedrock/amazon.nova-2-lite-v1:0';
    const resolutionId = await id({ model });
    const before = await source({ resolutionId });
    refuse('sk-b', 429, model);
    expect(await source({ model })).not.toBe(before);
    expect(await source({ resolutionId })).toBe(before);
  });

  it('one that began behind a cool-down does not come back to the stronger place when that is over', async () => {
    const { refuse, source, id } = await machine({
      ...onlyConfigured,
      ownStore: profileStore({ 'mine:a': { type: 'api_key', provider: 'mine', key: 'sk-a' } }),
    });
    refuse('sk-a', 429);
    const resolutionId = await id();
    expect(await source({ resolutionId }, NOW + 2 * MINUTE)).toBe('cfg: models.providers.mine.apiKey');
    expect(await source(undefined, NOW + 2 * MINUTE)).toBe('profile:mine:a');
  });
});

describe('what is shown', () => {
  it('explain: the place that is passed over, why, and until when', async () => {
    const { refuse, ask } = await machine(everything);
    refuse('sk-a', 429);
    refuse('sk-b', 401);
    const { steps } = await ask();
    expect(outline(steps, 'auth')).toEqual([
      'profile:mine:a: skipped',
      'profile:mine:b: error',
      'cfg: models.providers.mine.apiKey: used',
    ]);
    expect(steps.map(({ note }) => note).filter(Boolean)).toEqual([
      'its provider refused it with 429 (rate limit); others come first until 2026-01-01T00:01:00.000Z',
      'its provider refused it with 401; it is not used until it changes',
    ]);
  });

  it('providers: source and status as a request would find them, with the cool-downs', async () => {
    const { refuse, snapshot } = await machine(everything);
    refuse('sk-a', 429);
    const { providers } = await listProviders(snapshot, { all: false, now: NOW });
    expect(providers.find(({ id }) => id === 'mine')?.auth).toEqual({
      mode: 'api-key',
      source: 'profile:mine:b',
      status: 'satisfied',
      coolDowns: [
        {
          source: 'profile:mine:a',
          fingerprint: fingerprintOf('sk-a', INSTALL_KEY),
          reason: 'rate-limit',
          status: 429,
          since: '2026-01-01T00:00:00.000Z',
          until: '2026-01-01T00:01:00.000Z',
          failures: 1,
          model: null,
        },
      ],
    });
  });

  it('a provider whose only key is dead is missing one, stays listed, and has no usable model', async () => {
    const { refuse, snapshot } = await machine({ env: { XAI_API_KEY: 'sk-xai' } });
    const models = async () => (await listModels(snapshot, NOW)).data.filter((row) => row.owned_by === 'xai');
    expect(await models()).not.toEqual([]);
    refuse('sk-xai', 401, 'xai/m');
    const { providers } = await listProviders(snapshot, { all: false, now: NOW });
    expect(providers.find(({ id }) => id === 'xai')?.auth).toMatchObject({ source: null, status: 'missing' });
    expect(await models()).toEqual([]);
  });

  it('auth status: a warning for each, and no dead key among what is shadowed', async () => {
    const { refuse, snapshot } = await machine(everything);
    refuse('sk-a', 401);
    refuse('sk-b', 402);
    const { providers } = await listAuth(snapshot, { all: false, now: NOW });
    const mine = providers.find(({ id }) => id === 'mine');
    expect(mine).toMatchObject({
      source: 'cfg: models.providers.mine.apiKey',
      shadows: ['profile:mine:b'],
      coolDowns: [{ reason: 'unauthorized', until: null }, { reason: 'billing' }],
    });
    expect(mine?.warnings.map(({ code }) => code)).toEqual(['rejected', 'cooldown']);
  });
});

describe('"a default model whose only credential is dead turns health degraded/failing honestly"', () => {
  const wish = { ref: 'mine/m', source: 'flag --default-model' };
  const parts = { ...onlyConfigured, defaultModelWish: wish };
  const options = { now: NOW, minContextWindow: 0, unvalidated: false, strict: false };

  it('dead: failing with no-auth, and the start would be refused', async () => {
    const { refuse, snapshot } = await machine(parts);
    expect(await assessHealth(snapshot, options)).toMatchObject({ status: 'ok' });
    refuse('sk-cfg', 401);
    expect(await assessHealth(snapshot, options)).toMatchObject({ status: 'failing', code: 'no-auth' });
    expect(await validateStartup(snapshot, options)).toMatchObject({ kind: 'refused', code: 'no-auth' });
  });

  it('cooling down: degraded, with the same digest', async () => {
    const { refuse, snapshot } = await machine(parts);
    const { digest } = await assessHealth(snapshot, options);
    refuse('sk-cfg', 429);
    const report = await assessHealth(snapshot, options);
    expect(report).toMatchObject({ status: 'degraded', code: 'credential-cooling-down', digest });
    expect(await validateStartup(snapshot, options)).toMatchObject({
      kind: 'ready',
      warnings: [{ code: 'credential-cooling-down' }],
    });
  });

  it('another credential serves: ok', async () => {
    const { refuse, snapshot } = await machine({ ...everything, defaultModelWish: wish });
    refuse('sk-a', 401);
    expect(await assessHealth(snapshot, options)).toMatchObject({ status: 'ok' });
  });
});
