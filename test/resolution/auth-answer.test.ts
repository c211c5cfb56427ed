/** `auth list`: what is used, what it shadows, and every warning that the operator should see. */
import { describe, expect, it } from 'vitest';
import { listAuth, type ProviderAuth } from '../../src/resolution/answers/auth-answer.ts';
import { resolve } from '../../src/resolution/resolve.ts';
import { NOW, profileStore, snapshotOf, type SnapshotParts } from '../helpers/snapshot-fixture.ts';

async function about(id: string, parts: SnapshotParts): Promise<ProviderAuth | undefined> {
  const { providers } = await listAuth(await snapshotOf(parts), { all: false, now: NOW });
  return providers.find((provider) => provider.id === id);
}

const key = (value: string) => ({ type: 'api_key', provider: 'openai', key: value });
const token = (expires: number) => ({ type: 'token', provider: 'openai', token: 't', expires });

describe('listAuth', () => {
  it('says mode, source, shadowed sources, expiry and fingerprint, as a resolution has them', async () => {
    const parts = {
      ownStore: profileStore({ 'openai:a': token(NOW + 1) }),
      agentStore: profileStore({ 'openai:b': key('k') }),
      env: { OPENAI_API_KEY: 'k2' },
    };
    const answer = await about('openai', parts);
    expect(answer).toMatchObject({
      mode: 'token',
      source: 'profile:openai:a',
      status: 'satisfied',
      expiresAt: '2026-01-01T00:00:00.001Z',
      shadows: ['profile:openai:b', 'env: OPENAI_API_KEY'],
      warnings: [],
    });
    const outcome = await resolve(await snapshotOf(parts), { provider: 'openai' }, NOW);
    expect(outcome.kind === 'resolved' && outcome.resolution.auth.source).toBe(answer?.source);
    expect(
      outcome.steps.find(({ outcome: what, step }) => what === 'used' && step === 'auth')?.fingerprint,
    ).toBe(answer?.fingerprint);
  });

  it.each<[string, SnapshotParts, string]>([
    ['expired', { ownStore: profileStore({ 'openai:a': token(NOW) }) }, 'expired'],
    [
      'cooldown',
      {
        agentStore: profileStore(
          { 'openai:a': key('k') },
          { usageStats: { 'openai:a': { cooldownUntil: NOW + 1 } } },
        ),
      },
      'cooldown',
    ],
    [
      'a marker in a profile',
      { ownStore: profileStore({ 'openai:a': key('not-needed') }) },
      'placeholder-looking',
    ],
    ['a marker in a variable', { env: { OPENAI_API_KEY: 'changeme' } }, 'placeholder-looking'],
    ['a broken profile', { ownStore: profileStore({ 'openai:a': key('two words') }) }, 'unusable'],
    ['a reference to nothing', { ownStore: profileStore({ 'openai:a': key('${UNSET_KEY}') }) }, 'unusable'],
  ])('warns of %s', async (_what, parts, code) => {
    expect((await about('openai', parts))?.warnings.map((warning) => warning.code)).toEqual([code]);
  });

  it('leaves out catalog providers of which nothing is known, unless all are asked for', async () => {
    const snapshot = await snapshotOf({ env: { GROQ_API_KEY: 'k' } });
    expect((await listAuth(snapshot, { all: false, now: NOW })).providers.map(({ id }) => id)).toEqual([
      'groq',
    ]);
    expect((await listAuth(snapshot, { all: true, now: NOW })).providers.length).toBeGreaterThan(10);
  });
});
