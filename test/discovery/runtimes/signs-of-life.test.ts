import { describe, expect, it, onTestFinished } from 'vitest';
import { createInquiry } from '../../../src/discovery/inquiry.ts';
import { createProbe } from '../../../src/discovery/probe.ts';
import { gpt4All } from '../../../src/discovery/runtimes/gpt4all.ts';
import { jan } from '../../../src/discovery/runtimes/jan.ts';
import type { Runtime } from '../../../src/discovery/runtimes/runtime.ts';
import { tabbyApi } from '../../../src/discovery/runtimes/tabbyapi.ts';
import { dockerModelRunner } from '../../../src/discovery/runtimes/docker-model-runner.ts';
import { exo } from '../../../src/discovery/runtimes/exo.ts';
import { llamaCpp } from '../../../src/discovery/runtimes/llamacpp.ts';
import { localAi } from '../../../src/discovery/runtimes/localai.ts';
import { textGenerationWebui } from '../../../src/discovery/runtimes/text-generation-webui.ts';
import { vllm } from '../../../src/discovery/runtimes/vllm.ts';
import type { FakeAnswer } from '../../helpers/fake-runtime.ts';
import { startReplay } from './replay.ts';

const LIST = 'GET /v1/models';
const INFO = 'GET /v1/internal/model/info';

const listOf = (owner: string, id: string, created: number): FakeAnswer => ({
  body: { object: 'list', data: [{ id, object: 'model', created, owned_by: owner }] },
});
const unowned = (id: string, created: number): FakeAnswer => ({
  body: { object: 'list', data: [{ id, object: 'model', created }] },
});
const infoOf = (name: string): FakeAnswer => ({
  body: { model_name: name, lora_names: [], loader: 'llama.cpp' },
});

/** Each runtime with its light question and what it answers for two models, or twice for the same one. */
const CASES: readonly [Runtime, string, FakeAnswer, FakeAnswer, FakeAnswer][] = [
  [jan, LIST, listOf('user', 'a', 1), listOf('user', 'a', 2), listOf('user', 'b', 1)],
  [tabbyApi, LIST, listOf('tabbyAPI', 'a', 1), listOf('tabbyAPI', 'a', 2), listOf('tabbyAPI', 'b', 1)],
  [gpt4All, LIST, listOf('humanity', 'a', 1), listOf('humanity', 'a', 2), listOf('humanity', 'b', 1)],
  [vllm, LIST, listOf('vllm', 'a', 1), listOf('vllm', 'a', 2), listOf('vllm', 'b', 1)],
  [localAi, LIST, unowned('a', 1), unowned('a', 2), unowned('b', 1)],
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
    expect(before.kind).toBe('alive');
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

async function livenessAt(runtime: Runtime, routes: Record<string, FakeAnswer>, headers = {}) {
  const probe = createProbe({ clock: Date.now });
  onTestFinished(() => probe.close());
  const fake = await startReplay(routes, headers);
  return runtime.isAlive(createInquiry(probe, fake.url));
}

const EMPTY: FakeAnswer = { body: { object: 'list', data: [] } };
const DESCRIPTIONS: Readonly<Record<string, FakeAnswer>> = {
  'GET /openapi.json': { body: { info: { title: 'Jan API Server Endpoints' } } },
  'GET /.well-known/serviceinfo': { body: { software: { name: 'TabbyAPI' } } },
};

describe.each([jan, tabbyApi])("$displayName with a list that could be anybody's", (runtime) => {
  it.each([
    ['an empty one', EMPTY],
    ['one without owners', unowned('a', 1)],
  ])('(%s) is alive only with its marker', async (_what, list) => {
    expect((await livenessAt(runtime, { [LIST]: list })).kind).toBe('changed');
    expect((await livenessAt(runtime, { [LIST]: list, ...DESCRIPTIONS })).kind).toBe('alive');
  });

  it('is not alive with its marker alone, which stays public when a key is set', async () => {
    const locked = { [LIST]: { status: 401 }, ...DESCRIPTIONS };
    expect((await livenessAt(runtime, locked)).kind).toBe('changed');
  });
});

describe('"isAlive accepts what identify accepted", or each tick would be a whole look', () => {
  const LLAMA = { server: 'llama.cpp' };
  const DOCKER_LIST = 'GET /engines/v1/models';

  it('llama-server without properties', async () => {
    expect(await livenessAt(llamaCpp, {}, LLAMA)).toEqual({ kind: 'alive', version: null });
    for (const status of [401, 403, 503]) {
      expect(await livenessAt(llamaCpp, { 'GET /props': { status } }, LLAMA)).toEqual({ kind: 'changed' });
    }
    expect(await livenessAt(llamaCpp, {})).toEqual({ kind: 'changed' });
  });

  it('Docker Model Runner without root text and version', async () => {
    const own = { [DOCKER_LIST]: listOf('docker', 'a', 1) };
    expect((await livenessAt(dockerModelRunner, own)).kind).toBe('alive');
    const foreign = { [DOCKER_LIST]: listOf('other', 'a', 1) };
    expect((await livenessAt(dockerModelRunner, foreign)).kind).toBe('changed');
  });

  it('exo without the id of its node', async () => {
    expect((await livenessAt(exo, { [LIST]: listOf('exo', 'a', 1) })).kind).toBe('alive');
    expect((await livenessAt(exo, { [LIST]: listOf('other', 'a', 1) })).kind).toBe('changed');
  });
});
