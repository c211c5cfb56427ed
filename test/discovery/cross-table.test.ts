import { describe, expect, it, onTestFinished } from 'vitest';
import { createInquiry } from '../../src/discovery/inquiry.ts';
import { createProbe } from '../../src/discovery/probe.ts';
import { RUNTIMES } from '../../src/discovery/runtimes/index.ts';
import { startFakeRuntime, type FakeRuntime, type Fault } from '../helpers/fake-runtime.ts';
import { ALL_FAKES } from '../helpers/fakes/index.ts';
import { startFakeGpt4All } from '../helpers/fakes/gpt4all.ts';
import { startFakeJan } from '../helpers/fakes/jan.ts';
import { startFakeKoboldCpp } from '../helpers/fakes/koboldcpp.ts';
import { startFakeTabbyApi } from '../helpers/fakes/tabbyapi.ts';
import { startFakeTextGenerationWebui } from '../helpers/fakes/text-generation-webui.ts';
import { stopLater } from './rig.ts';

/** Ids of all runtimes that take the server for their own, each asked through the same inquiry. */
async function matches(fake: FakeRuntime, order = RUNTIMES): Promise<readonly string[]> {
  const probe = createProbe({ clock: Date.now });
  onTestFinished(() => probe.close());
  const inquiry = createInquiry(probe, fake.url);
  const found: string[] = [];
  for (const runtime of order) {
    if ((await runtime.identify(inquiry)).kind === 'identified') found.push(runtime.id);
  }
  return found;
}

describe('"every fake against every identifier, exactly one match each"', () => {
  it('every runtime has a fake', () => {
    expect(new Set(ALL_FAKES.map(({ id }) => id))).toEqual(new Set(RUNTIMES.map(({ id }) => id)));
  });

  it.each(ALL_FAKES)('$id is nothing but itself', async ({ id, ...named }) => {
    expect(await matches(stopLater(await named.start()))).toEqual([id]);
  });

  it.each(ALL_FAKES)('$id is itself whichever is asked first', async ({ id, ...named }) => {
    expect(await matches(stopLater(await named.start()), RUNTIMES.toReversed())).toEqual([id]);
  });

  it.each([
    ['tabbyapi', () => startFakeTabbyApi({ apiKey: null })],
    ['jan', () => startFakeJan({ apiKey: null, hosted: { humanity: 'a', vllm: 'b' } })],
    ['koboldcpp', () => startFakeKoboldCpp({ password: 'secret' })],
    ['text-generation-webui', () => startFakeTextGenerationWebui({ apiKey: 'secret' })],
  ] as const)('%s with the other state of its key, too', async (id, start) => {
    expect(await matches(stopLater(await start()))).toEqual([id]);
  });
});

describe('"decoys none"', () => {
  it.each<Fault>([
    'html',
    'json',
    'error-in-200',
    'redirect',
    'empty-list',
    'not-found',
    'unauthorized',
    'forbidden-empty',
    'unavailable',
    'reset',
    'huge',
  ])('%s', async (fault) => {
    const fake = stopLater(await startFakeRuntime(() => ({})));
    fake.setFault(fault);
    expect(await matches(fake)).toEqual([]);
  });

  it('an OpenAI list that nobody owns', async () => {
    const body = { object: 'list', data: [{ id: 'some-model', object: 'model', created: 1 }] };
    expect(await matches(stopLater(await startFakeRuntime(() => ({ body }))))).toEqual([]);
  });

  it('GPT4All while it is switched off', async () => {
    expect(await matches(stopLater(await startFakeGpt4All({ isOff: true })))).toEqual([]);
  });
});
