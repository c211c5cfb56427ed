/**
 * "If startup validation says auth is satisfied, runtime must not fail on auth. If startup validation says
 * auth is missing, runtime must fail the same way." Held for random machines, through every way of asking.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { toExplainAnswer } from '../../src/resolution/answers/explain-answer.ts';
import { chooseDefaultModel } from '../../src/resolution/default-model.ts';
import { resolve } from '../../src/resolution/resolve.ts';
import type { Snapshot } from '../../src/resolution/snapshot.ts';
import { validateStartup } from '../../src/validation/startup.ts';
import { NOW, snapshotOf } from '../helpers/snapshot-fixture.ts';
import { serverOver } from '../helpers/snapshot-server.ts';
import { expected, partsOf, type World, worlds } from './agreement-world.ts';

const RUNS = 2_000;

/** A digest, or the code of the failure: two ways of asking agree when these are equal. */
type Verdict = string;

const resolveBody = z.looseObject({
  code: z.string().optional(),
  digest: z.string().optional(),
  resolutionId: z.string().optional(),
});
const explainBody = z.looseObject({ outcome: z.string(), digest: z.string().optional() });
const healthBody = z.looseObject({
  status: z.string(),
  code: z.string().optional(),
  digest: z.string().optional(),
});

async function startupVerdict(snapshot: Snapshot, now: number): Promise<Verdict> {
  const verdict = await validateStartup(snapshot, { now, minContextWindow: 0, strict: false });
  return verdict.kind === 'refused' ? verdict.code : (verdict.digest ?? 'no-default-model');
}

async function check(world: World): Promise<{ verdict: Verdict; kind: string }> {
  const snapshot = await snapshotOf(partsOf(world));
  const now = NOW + world.later;
  const ask = serverOver(snapshot, now);
  const verdict = await startupVerdict(snapshot, now);
  const isDigest = verdict.startsWith('sha256:');

  const answer = await ask('/v1/resolve');
  const body = resolveBody.parse(JSON.parse(answer.text));
  expect(body.digest ?? body.code).toBe(verdict);
  expect(answer.status === 200).toBe(isDigest);

  const explained = await ask('/v1/explain');
  const explain = explainBody.parse(JSON.parse(explained.text));
  expect(explain.digest ?? explain.outcome).toBe(verdict);

  const outcome = await resolve(snapshot, {}, now);
  const offline = toExplainAnswer(outcome, chooseDefaultModel(snapshot)?.ref ?? null);
  expect(JSON.parse(JSON.stringify(offline))).toEqual(JSON.parse(explained.text));

  const healthAnswer = await ask('/health');
  const health = healthBody.parse(JSON.parse(healthAnswer.text));
  expect(isDigest ? health.digest : health.code).toBe(verdict);
  expect(health.status === 'failing').toBe(!isDigest);
  expect(healthAnswer.status).toBe(isDigest ? 200 : 503);

  const named = chooseDefaultModel(snapshot)?.ref;
  if (named !== undefined) {
    const asked = resolveBody.parse(JSON.parse((await ask('/v1/resolve', { model: named })).text));
    expect(asked.digest ?? asked.code).toBe(verdict);
  }
  if (body.resolutionId !== undefined) {
    const again = await ask('/v1/resolve', { resolution: body.resolutionId });
    expect(resolveBody.parse(JSON.parse(again.text)).digest).toBe(verdict);
  }
  expect(explained.text + healthAnswer.text + (isDigest ? '' : answer.text)).not.toContain('canary');
  return { verdict, kind: checkByTheContract(world, outcome) };
}

/** Compares with the order that the contract prescribes; returns what was seen, for the count. */
function checkByTheContract(world: World, outcome: Awaited<ReturnType<typeof resolve>>): string {
  if (outcome.kind === 'resolved') {
    const { provider, auth } = outcome.resolution;
    expect({ origin: provider.origin, source: auth.source }).toEqual(expected(world, provider.id));
    return `${auth.mode} from ${auth.source.replace(/:.*$/, '')}`;
  }
  const { code } = outcome.problem;
  if (code === 'no-auth' || code === 'auth-expired') {
    expect(expected(world, outcome.provider?.id ?? '')).toEqual({
      origin: outcome.provider?.origin,
      source: null,
    });
  }
  return code;
}

describe('"Auth resolution must match runtime behavior"', () => {
  it('startup, server, explain, health and the pinned request agree on every machine', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const { kind } = await check(world);
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }),
      { numRuns: RUNS },
    );
    const count = (isWanted: (kind: string) => boolean) =>
      [...seen].reduce((sum, [kind, times]) => sum + (isWanted(kind) ? times : 0), 0);
    const isSuccess = (kind: string) => kind.includes(' from ');
    expect(count(isSuccess)).toBeGreaterThan(RUNS / 4);
    expect(count((kind) => !isSuccess(kind))).toBeGreaterThan(RUNS / 4);
    expect([...seen.keys()].filter(isSuccess).length).toBeGreaterThanOrEqual(6);
    expect([...seen.keys()].filter((kind) => !isSuccess(kind)).length).toBeGreaterThanOrEqual(6);
  });
});
