/** Which refusals of an exchanged key are answered by a new login. */
import { describe, expect, it } from 'vitest';
import { awsVariables, IDENTITIES } from '../../../fixtures/gpu-dev-api/start.ts';
import { createExchangeRenewer } from '../../../src/credentials/exchange/exchange-renewer.ts';
import type { ResolvedAuth } from '../../../src/domain/auth.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { exchangeRig } from './rig.ts';

async function renewerRig(variables: Readonly<Record<string, string>> = {}) {
  const rig = await exchangeRig();
  const keys = rig.make();
  const first = await keys.resolve({ providerId: 'gpu-dev', env: rig.env }, rig.time.now);
  if (first.kind === 'failed') throw new Error(first.detail);
  const auth: ResolvedAuth = { mode: 'api-key', source: 'exchange:gpu-dev', apiKey: first.apiKey };
  const renewer = createExchangeRenewer(keys, () => ({ ...rig.env, ...variables }));
  const report = (status: number, message: string | null) =>
    renewer.renew('gpu-dev', auth, { status, message, retryAfter: null });
  return { ...rig, renewer, report };
}

describe('"status 401, or 403 whose message says that the key expired → one new login"', () => {
  it.each([
    [401, null],
    [401, 'Invalid API key'],
    [403, 'API key has expired'],
    [403, '{"detail":"API key has EXPIRED"}'],
  ])('%i %s: renewed, once for the key', async (status, message) => {
    const { api, report } = await renewerRig();
    const outcomes = await Promise.all([report(status, message), report(status, message)]);
    expect(outcomes).toEqual([{ kind: 'renewed' }, { kind: 'renewed' }]);
    expect(await report(status, message)).toEqual({ kind: 'renewed' });
    expect(api.counts.issued).toBe(2);
  });

  it.each([
    [403, 'Nobody may reserve more than 24 hours'],
    [403, null],
    [402, 'expired'],
    [429, 'expired'],
    [500, 'expired'],
  ])('%i %s: "another 403 is not a reason to log in"', async (status, message) => {
    const { api, report } = await renewerRig();
    expect(await report(status, message)).toEqual({ kind: 'no-reason' });
    expect(api.counts.issued).toBe(1);
  });

  it('a login that fails is told with what to do', async () => {
    const { report } = await renewerRig(awsVariables(IDENTITIES.mallory));
    expect(await report(401, null)).toMatchObject({
      kind: 'failed',
      problem: {
        code: 'no-auth',
        hints: expect.arrayContaining(['Required role: SSOCloudDevGpuReservation']),
      },
    });
  });

  it('owns the credentials of exchanges, and no other', async () => {
    const { renewer } = await renewerRig();
    const auth = (source: string): ResolvedAuth => ({ mode: 'api-key', source, apiKey: new Secret('x') });
    expect(renewer.owns('gpu-dev', auth('exchange:gpu-dev'))).toBe(true);
    expect(renewer.owns('gpu-dev', auth('profile:gpu-dev:default'))).toBe(false);
    expect(renewer.owns('farm', auth('exchange:gpu-dev'))).toBe(false);
  });
});
