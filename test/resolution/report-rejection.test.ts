/** Reports of refused credentials: one renewal where there is a renewer, a cool-down and the final error where not. */
import { describe, expect, it } from 'vitest';
import type { RenewalOutcome, Renewer } from '../../src/domain/renewal.ts';
import type { SidecarEvent } from '../../src/domain/sidecar-event.ts';
import { createCredentialHealth } from '../../src/credentials/credential-health.ts';
import { createReportRejection } from '../../src/resolution/report-rejection.ts';
import { createResolver } from '../../src/resolution/resolver.ts';
import { resolve, type ResolveRequest } from '../../src/resolution/resolve.ts';
import {
  localEntry,
  NOW,
  profileStore,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

const store = (key: string) =>
  profileStore(
    {
      'mine:a': { type: 'api_key', provider: 'mine', key },
      'mine:b': { type: 'api_key', provider: 'mine', key: 'sk-b' },
    },
    { order: { mine: ['mine:a', 'mine:b'] } },
  );
const config = providersConfig({ mine: { baseUrl: 'https://m.example', models: [{ id: 'm' }] } });
const twoProfiles: SnapshotParts = { config, ownStore: store('sk-a') };

const refusedWith = (status: number, retryAfter: number | null = null) => ({
  status,
  message: null,
  retryAfter,
});

interface WorldOptions {
  readonly parts?: SnapshotParts;
  /** What a renewal does; left out: nobody renews. */
  readonly renew?: (world: World) => Promise<RenewalOutcome>;
}

interface World {
  readonly put: (parts: SnapshotParts) => Promise<void>;
}

async function worldOf({ parts = twoProfiles, renew }: WorldOptions = {}) {
  const credentialHealth = createCredentialHealth();
  const build = (next: SnapshotParts) => snapshotOf({ ...next, credentialHealth });
  const state = { snapshot: await build(parts), now: NOW, renewals: 0, forgotten: 0 };
  const put = async (next: SnapshotParts): Promise<void> => {
    state.snapshot = await build(next);
  };
  const events: SidecarEvent[] = [];
  const logged: unknown[] = [];
  const renewer: Renewer = {
    owns: (providerId) => providerId === 'mine',
    renew: () => {
      state.renewals += 1;
      return renew?.({ put }) ?? Promise.resolve({ kind: 'no-reason' });
    },
  };
  const clock = () => state.now;
  const resolver = createResolver(() => state.snapshot, clock);
  const report = createReportRejection({
    snapshot: () => state.snapshot,
    clock,
    renewers: renew === undefined ? [] : [renewer],
    publish: (event) => events.push(event),
    log: { warn: (message, fields) => logged.push([message, fields]) },
    forget: () => {
      state.forgotten += 1;
      resolver.forget();
    },
  });
  const begin = async (request: ResolveRequest = { model: 'mine/m' }) => {
    const outcome = await resolver.resolve(request);
    if (outcome.kind === 'failed') throw new Error(outcome.problem.detail);
    return outcome.resolution;
  };
  const sourceNow = async (request: ResolveRequest = { model: 'mine/m' }) => {
    const outcome = await resolver.resolve(request);
    return outcome.kind === 'failed' ? outcome.problem.code : outcome.resolution.auth.source;
  };
  return { state, put, report, begin, sourceNow, events, logged, resolver };
}

/** The code of a report that ended in an error, else the key that it gave. */
function resultOf(outcome: Awaited<ReturnType<ReturnType<typeof createReportRejection>>>): string {
  if (outcome.kind === 'resolved') {
    const { auth } = outcome.resolution;
    return auth.mode === 'api-key' ? `${auth.source} ${auth.apiKey.reveal()}` : auth.mode;
  }
  return outcome.problem.code;
}

describe('nobody can renew it', () => {
  it.each([401, 402, 403, 429, 500, 503])(
    '%i: the final error, "never another provider or profile for this resolution"',
    async (status) => {
      const { report, begin, sourceNow } = await worldOf();
      const { resolutionId } = await begin();
      const outcome = await report(resolutionId, refusedWith(status));
      expect(outcome).toMatchObject({
        kind: 'set-aside',
        problem: { code: 'no-auth', detail: expect.stringContaining(`refused it with ${status}`) },
        coolDown: { source: 'profile:mine:a', status },
      });
      expect(await sourceNow()).toBe('profile:mine:b');
      expect(['profile:mine:a', 'no-auth']).toContain(await sourceNow({ resolutionId }));
    },
  );

  it('"the resolver’s kept answers must not outlive a report"', async () => {
    const { report, begin, resolver } = await worldOf();
    const request = { model: 'mine/m' };
    const { resolutionId } = await begin(request);
    expect(resolver.kept(request)).toBeDefined();
    await report(resolutionId, refusedWith(429));
    expect(resolver.kept(request)).toBeUndefined();
  });

  it('the same report twice is one cool-down, one event, one line', async () => {
    const { report, begin, events, logged } = await worldOf();
    const { resolutionId } = await begin();
    const outcomes = [
      await report(resolutionId, refusedWith(429)),
      await report(resolutionId, refusedWith(429)),
    ];
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(events).toEqual([
      {
        kind: 'credential',
        provider: 'mine',
        profileId: 'mine:a',
        source: 'profile:mine:a',
        change: 'rejected',
      },
    ]);
    expect(logged).toHaveLength(1);
  });

  it('no secret in what is published, logged or answered', async () => {
    const { report, begin, events, logged } = await worldOf();
    const { resolutionId } = await begin();
    const outcome = await report(resolutionId, { ...refusedWith(401), message: 'bad key sk-a' });
    expect(JSON.stringify([outcome, events, logged])).not.toContain('sk-a');
  });

  it('a long Retry-After keeps it last for so long', async () => {
    const { report, begin, sourceNow, state } = await worldOf();
    const { resolutionId } = await begin();
    await report(resolutionId, refusedWith(429, 600));
    state.now += 599_000;
    expect(await sourceNow()).toBe('profile:mine:b');
    state.now += 1_000;
    expect(await sourceNow()).toBe('profile:mine:a');
  });
});

describe('somebody else was quicker', () => {
  it('a changed key is answered at once, and nothing is taken down', async () => {
    const { report, begin, put, events, state } = await worldOf({
      renew: () => Promise.resolve({ kind: 'renewed' }),
    });
    const { resolutionId } = await begin();
    await put({ config, ownStore: store('sk-a2') });
    expect(resultOf(await report(resolutionId, refusedWith(401)))).toBe('profile:mine:a sk-a2');
    expect([events.length, state.renewals, state.forgotten]).toEqual([0, 0, 1]);
  });

  it('what is gone meanwhile says so, as resolve does', async () => {
    const { report, begin, put } = await worldOf();
    const { resolutionId } = await begin();
    await put({
      config: providersConfig({ mine: { baseUrl: 'https://x.example', models: [{ id: 'm' }] } }),
      ownStore: store('sk-a'),
    });
    expect(resultOf(await report(resolutionId, refusedWith(401)))).toBe('provider-changed');
    await put({ config });
    expect(resultOf(await report(resolutionId, refusedWith(401)))).toBe('no-auth');
  });
});

describe('somebody can renew it', () => {
  const renewed = async ({ put }: World): Promise<RenewalOutcome> => {
    await put({ config, ownStore: store('sk-renewed') });
    return { kind: 'renewed' };
  };

  it('the new credential of the same profile, with a new resolutionId', async () => {
    const { report, begin, events } = await worldOf({ renew: renewed });
    const { resolutionId } = await begin();
    const outcome = await report(resolutionId, refusedWith(401));
    expect(resultOf(outcome)).toBe('profile:mine:a sk-renewed');
    expect(outcome.kind === 'resolved' && outcome.resolution.resolutionId !== resolutionId).toBe(true);
    expect(events).toEqual([]);
  });

  it('"the same report twice makes one renewal", at the same time and later', async () => {
    const { report, begin, state } = await worldOf({ renew: renewed });
    const { resolutionId } = await begin();
    const together = await Promise.all(
      Array.from({ length: 20 }, () => report(resolutionId, refusedWith(401))),
    );
    const later = await report(resolutionId, refusedWith(401));
    expect(new Set([...together, later].map(resultOf))).toEqual(new Set(['profile:mine:a sk-renewed']));
    expect(state.renewals).toBe(1);
  });

  it('a provider that refuses every new one too does not have them made without end', async () => {
    let made = 0;
    const { report, begin, state } = await worldOf({
      renew: async ({ put }) => {
        made += 1;
        await put({ config, ownStore: store(`sk-${made}`) });
        return { kind: 'renewed' };
      },
    });
    let { resolutionId } = await begin();
    for (let round = 0; round < 10; round += 1) {
      const outcome = await report(resolutionId, refusedWith(401));
      if (outcome.kind === 'resolved') resolutionId = outcome.resolution.resolutionId;
    }
    expect(state.renewals).toBe(1);
    state.now += 5_000;
    expect(resultOf(await report(resolutionId, refusedWith(401)))).toBe('profile:mine:a sk-2');
  });

  it('no reason to renew: a cool-down, and the error', async () => {
    const { report, begin, sourceNow } = await worldOf({
      renew: () => Promise.resolve({ kind: 'no-reason' }),
    });
    const { resolutionId } = await begin();
    expect(resultOf(await report(resolutionId, refusedWith(403)))).toBe('no-auth');
    expect(await sourceNow()).toBe('profile:mine:b');
  });

  it('a renewal that fails: its own problem, and another try after a moment, not at once', async () => {
    const problem = {
      code: 'auth-expired',
      detail: 'Log in again',
      hints: ['provider-sidecar login'],
    } as const;
    const { report, begin, state, sourceNow } = await worldOf({
      renew: () => Promise.resolve({ kind: 'failed', problem }),
    });
    const { resolutionId } = await begin();
    expect(await report(resolutionId, refusedWith(401))).toMatchObject({ kind: 'set-aside', problem });
    expect(await sourceNow()).toBe('profile:mine:b');
    expect(resultOf(await report(resolutionId, refusedWith(401)))).toBe('no-auth');
    expect(state.renewals).toBe(1);
    state.now += 5_000;
    await report(resolutionId, refusedWith(401));
    expect(state.renewals).toBe(2);
  });

  it('one that says renewed and changed nothing ends in the error', async () => {
    const { report, begin } = await worldOf({ renew: () => Promise.resolve({ kind: 'renewed' }) });
    const { resolutionId } = await begin();
    expect(resultOf(await report(resolutionId, refusedWith(401)))).toBe('no-auth');
  });
});

describe('reports that cannot be about a credential', () => {
  const local = { modelsJson: { ollama: localEntry('http://127.0.0.1:11434/v1', 'm') } };

  it('an id that this installation did not give out is bad-request', async () => {
    const { report } = await worldOf();
    expect(resultOf(await report('rs_forged.seal', refusedWith(401)))).toBe('bad-request');
  });

  it('a keyless runtime that answers 401 demands a key; its 503 says nothing of one', async () => {
    const { report, begin, events } = await worldOf({ parts: local });
    const { resolutionId } = await begin({ model: 'ollama/m' });
    expect(resultOf(await report(resolutionId, refusedWith(401)))).toBe('auth-required');
    expect(resultOf(await report(resolutionId, refusedWith(503)))).toBe('bad-request');
    expect(events).toEqual([]);
  });

  it('a report changes nothing for another provider, also where it takes the same key', async () => {
    const parts = { ...twoProfiles, env: { XAI_API_KEY: 'sk-a' } };
    const { report, begin, state } = await worldOf({ parts });
    const { resolutionId } = await begin();
    await report(resolutionId, refusedWith(401));
    const outcome = await resolve(state.snapshot, { provider: 'xai' }, NOW);
    expect(outcome.kind).toBe('resolved');
  });
});
