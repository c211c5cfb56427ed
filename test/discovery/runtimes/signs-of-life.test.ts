import { describe, expect, it, onTestFinished } from 'vitest';
import { createInquiry } from '../../../src/discovery/inquiry.ts';
import { createProbe } from '../../../src/discovery/probe.ts';
import { gpt4All } from '../../../src/discovery/runtimes/gpt4all.ts';
import { jan } from '../../../src/discovery/runtimes/jan.ts';
import type { Runtime } from '../../../src/discovery/runtimes/runtime.ts';
import { tabbyApi } from '../../../src/discovery/runtimes/tabbyapi.ts';
import { textGenerationWebui } from '../../../src/discovery/runtimes/text-generation-webui.ts';
import type { FakeAnswer } from '../../helpers/fake-runtime.ts';
import { startReplay } from './replay.ts';

const LIST = 'GET /v1/models';
const INFO = 'GET /v1/internal/model/info';

const listOf = (owner: string, id: string, created: number): FakeAnswer => ({
  body: { object: 'list', data: [{ id, object: 'model', created, owned_by: owner }] },
});
const infoOf = (name: string): FakeAnswer => ({
  body: { model_name: name, lora_names: [], loader: 'llama.cpp' },
});

/** Each runtime with its light question and what it answers for two models, or twice for the same one. */
const CASES: readonly [Runtime, string, FakeAnswer, FakeAnswer, FakeAnswer][] = [
  [jan, LIST, listOf('user', 'a', 1), listOf('user', 'a', 2), listOf('user', 'b', 1)],
  [tabbyApi, LIST, listOf('tabbyAPI', 'a', 1), listOf('tabbyAPI', 'a', 2), listOf('tabbyAPI', 'b', 1)],
  [gpt4All, LIST, listOf('humanity', 'a', 1), listOf('humanity', 'a', 2), listOf('humanity', 'b', 1)],
  [textGenerationWebui, INFO, infoOf('a'), infoOf('a'), infoOf('b')],
];

describe.each(CASES)('$displayName between two lists', (runtime, route, first, later, other) => {
  async function aliveWith(answer: FakeAnswer) {
    const probe = createProbe({ clock: Date.now });
    onTestFinished(() => probe.close());
    const fake = await startReplay({ [route]: answer });
    const liveness = await runtime.isAlive(createInquiry(probe, fake.url));
    // "One light request."
    expect(fake.requests.map((request) => request.route)).toEqual([route]);
    return liveness;
  }

  it('is the same while only times differ, and another once its models do', async () => {
    const before = await aliveWith(first);
    expect(before).toMatchObject({ kind: 'alive', version: null });
    expect(await aliveWith(later)).toEqual(before);
    expect(await aliveWith(other)).not.toEqual(before);
  });

  it.each([
    ['a demand for a key', { status: 401, body: { detail: 'Unauthorized' } }],
    ['another program', { body: '<!doctype html>' }],
  ])('is looked at again after %s', async (_what, answer) => {
    expect(await aliveWith(answer)).toEqual({ kind: 'changed' });
  });
});
