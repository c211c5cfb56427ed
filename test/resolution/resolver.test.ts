/** The server's resolver: answers are kept for a moment, and never longer than they are true. */
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/resolution/snapshot.ts';
import { createResolver } from '../../src/resolution/resolver.ts';
import {
  endpoint,
  localEntry,
  NOW,
  profileStore,
  providersConfig,
  snapshotOf,
} from '../helpers/snapshot-fixture.ts';

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

describe('"a miss in resolve triggers one scan before it fails"', () => {
  const OLLAMA = 'http://127.0.0.1:11434';
  const OLLAMA_ENTRY = localEntry(`${OLLAMA}/v1`, 'llama3:chat');
  const empty = { modelsJson: {}, endpoints: [endpoint(OLLAMA, 'down')] };

  async function missing(parts: Parameters<typeof snapshotOf>[0], learn?: Parameters<typeof snapshotOf>[0]) {
    const world = { snapshot: await snapshotOf(parts), misses: 0 };
    const later = learn === undefined ? undefined : await snapshotOf({ ...learn, revision: 2 });
    const resolver = createResolver(
      () => world.snapshot,
      () => NOW,
      async () => {
        world.misses += 1;
        if (later !== undefined) world.snapshot = later;
      },
    );
    const ask = async (request: Parameters<typeof resolver.resolve>[0]) => {
      const outcome = await resolver.resolve(request);
      return outcome.kind === 'resolved' ? outcome.resolution.ref : outcome.problem.code;
    };
    return { world, ask };
  }

  it('and the request is answered from what the scan learned', async () => {
    const { world, ask } = await missing(empty, { modelsJson: { ollama: OLLAMA_ENTRY } });
    expect(await ask({ model: 'ollama/llama3:chat' })).toBe('ollama/llama3:chat');
    expect(world.misses).toBe(1);
  });

  it.each([
    ['runtime-down', 'ollama/m', empty],
    ['unknown-provider', 'vllm/m', {}],
    ['unknown-provider', ' LMStudio-1235/m', {}],
    ['unknown-model', 'ollama/nobody', { modelsJson: { ollama: OLLAMA_ENTRY } }],
  ])('%s for %j', async (code, model, parts) => {
    const { world, ask } = await missing(parts);
    expect(await ask({ model })).toBe(code);
    expect(world.misses).toBe(1);
    // The failure is kept for a moment, like every answer.
    expect(await ask({ model })).toBe(code);
    expect(world.misses).toBe(1);
  });

  it.each([
    ['unknown-provider', { model: 'opnai/m' }],
    ['unknown-model', { model: 'mine/x' }],
    ['no-auth', { model: 'openai/gpt-5' }],
    ['bad-request', { model: 'ollama' }],
    ['mine/m', { model: 'mine/m' }],
  ])('%s for %j has nothing to do with a local runtime', async (code, request) => {
    const { world, ask } = await missing({ config: config('k') });
    expect(await ask(request)).toBe(code);
    expect(world.misses).toBe(0);
  });
});
