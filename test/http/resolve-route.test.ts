/** One definition of the route for both ways out: each answer is judged, counted and written down the same. */
import { expect, it } from 'vitest';
import { ANONYMOUS, type Caller } from '../../src/http/callers/caller.ts';
import { toReadyBody } from '../../src/http/ready-body.ts';
import { createResolveRoute } from '../../src/http/resolve-route.ts';
import { createResolver } from '../../src/resolution/resolver.ts';
import { snapshotOf } from '../helpers/snapshot-fixture.ts';

const TARGET = '/v1/resolve?provider=openai';
const snapshot = await snapshotOf({ env: { OPENAI_API_KEY: 'sk-route-0123456789' } });
const everybody: Caller = { ...ANONYMOUS, token: true, name: 'endpoint' };
const limitedTo = (provider: string): Caller => ({
  ...everybody,
  name: 'limited',
  scope: { providers: [provider], models: null, secrets: true },
});

/** The route over one snapshot, with what was counted and written down so far. */
function start(onHandedOut: () => void = () => undefined) {
  const told: string[] = [];
  const route = createResolveRoute({
    clock: Date.now,
    snapshot: () => snapshot,
    resolver: createResolver(
      () => snapshot,
      () => 1_000,
    ),
    metrics: {
      timer: () => 0,
      resolved: (outcome, _began, wasKept) => told.push(`${outcome.kind}, ${wasKept ? 'kept' : 'new'}`),
    },
    audit: {
      handedOut: ({ provider }, { name }) => {
        onHandedOut();
        told.push(`${provider.id} to ${String(name)}`);
      },
    },
  });
  const answer = async (target: string, caller: Caller) => (await route.answer(target, caller, 'GET')).text();
  /** What one answer adds. */
  const toldBy = async (work: () => unknown): Promise<readonly string[]> => {
    told.length = 0;
    await work();
    return told.toSorted();
  };
  return { route, answer, toldBy };
}

it('a kept answer is the same text and leaves the same traces, by the router and below it', async () => {
  const { route, answer, toldBy } = start();
  expect(route.ready(TARGET, everybody)).toBeUndefined();
  const first = await answer(TARGET, everybody);
  expect(first).toContain('sk-route-0123456789');
  for (const caller of [everybody, limitedTo('openai')]) {
    const traces = await toldBy(() => answer(TARGET, caller));
    expect(traces).toEqual([`openai to ${String(caller.name)}`, 'resolved, kept']);
    expect(await toldBy(() => route.ready(TARGET, caller))).toEqual(traces);
    expect(route.ready(TARGET, caller)).toEqual(toReadyBody(first));
  }
});

it('below the router nothing is said but a kept 200: no problem, nothing beyond a scope, and no trace of the try', async () => {
  const { route, answer, toldBy } = start();
  await answer(TARGET, everybody);
  await answer('/v1/resolve?provider=nobody', everybody);
  const untold = (target: string, caller: Caller) =>
    toldBy(() => expect(route.ready(target, caller), target).toBeUndefined());
  expect(await untold('/v1/resolve?provider=nobody', everybody)).toEqual([]);
  expect(await untold('/v1/resolve?provider=openai&provider=openai', everybody)).toEqual([]);
  expect(await untold('/v1/resolve?modle=x', everybody)).toEqual([]);
  expect(await untold('/v1/explain?provider=openai', everybody)).toEqual([]);
  expect(await untold(TARGET, limitedTo('anthropic'))).toEqual([]);
  expect(() => route.answer(TARGET, limitedTo('anthropic'), 'GET')).toThrow(
    expect.objectContaining({ code: 'scope-not-allowed' }),
  );
});

it('a failure below the router is left to the router, which has an answer for it, and ends nothing', async () => {
  let isBroken = false;
  const { route, answer } = start(() => {
    if (isBroken) throw new Error('a bug');
  });
  await answer(TARGET, everybody);
  isBroken = true;
  expect(route.ready(TARGET, everybody)).toBeUndefined();
});
