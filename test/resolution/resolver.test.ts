/** The server's resolver: answers are kept for a moment, and never longer than they are true. */
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/resolution/snapshot.ts';
import { createResolver } from '../../src/resolution/resolver.ts';
import { NOW, profileStore, providersConfig, snapshotOf } from '../helpers/snapshot-fixture.ts';

const config = (apiKey: string) =>
  providersConfig({ mine: { baseUrl: 'https://m.example', apiKey, models: [{ id: 'm' }] } });

function resolverOver(first: Snapshot) {
  const world = { snapshot: first, now: NOW };
  const resolver = createResolver(
    () => world.snapshot,
    () => world.now,
  );
  const headers = async (model = 'mine/m') => {
    const outcome = await resolver.resolve({ model });
    return outcome.kind === 'resolved' ? outcome.resolution.headers['authorization'] : outcome.problem.code;
  };
  return { world, resolver, headers };
}

describe('kept answers', () => {
  it('the same question gets the same object while nothing changes', async () => {
    const { world, resolver } = resolverOver(await snapshotOf({ config: config('k') }));
    const first = await resolver.resolve({ model: 'mine/m' });
    world.now += 500;
    expect(await resolver.resolve({ model: 'mine/m' })).toBe(first);
    expect(await resolver.resolve({ provider: 'mine' })).not.toBe(first);
    world.now += 500;
    expect(await resolver.resolve({ model: 'mine/m' })).not.toBe(first);
  });

  it('"Any change of an input file gives a new snapshot": it counts at once', async () => {
    const { world, headers } = resolverOver(await snapshotOf({ config: config('old') }));
    expect(await headers()).toBe('Bearer old');
    world.snapshot = await snapshotOf({ config: config('new'), revision: 2 });
    expect(await headers()).toBe('Bearer new');
  });

  it('an answer that was begun on the old snapshot is not kept for the new one', async () => {
    const { world, resolver, headers } = resolverOver(await snapshotOf({ config: config('old') }));
    const begun = resolver.resolve({ model: 'mine/m' });
    world.snapshot = await snapshotOf({ config: config('new'), revision: 2 });
    await begun;
    expect(await headers()).toBe('Bearer new');
  });

  it.each(['oauth', 'token'] as const)('%s: a credential is never served past its expiry', async (type) => {
    const profile = { type, provider: 'mine', access: 'at', token: 'at', expires: NOW + 300 };
    const ownStore = profileStore({ 'mine:a': profile });
    const { world, headers } = resolverOver(await snapshotOf({ config: config(''), ownStore }));
    expect(await headers()).toBe('Bearer at');
    world.now = NOW + 299;
    expect(await headers()).toBe('Bearer at');
    world.now = NOW + 300;
    expect(await headers()).toBe('auth-expired');
  });

  it('a failure is kept for a moment too', async () => {
    const { resolver, headers } = resolverOver(await snapshotOf({}));
    expect(await headers('mine/x')).toBe('unknown-provider');
    expect(await resolver.resolve({ model: 'mine/x' })).toBe(await resolver.resolve({ model: 'mine/x' }));
  });

  it('is bounded: endless different questions do not keep the first answer for ever', async () => {
    const { resolver } = resolverOver(await snapshotOf({ config: config('k') }));
    const first = await resolver.resolve({ model: 'mine/m' });
    for (let index = 0; index < 1_000; index += 1) await resolver.resolve({ model: `nobody${index}` });
    expect(await resolver.resolve({ model: 'mine/m' })).not.toBe(first);
  });
});
