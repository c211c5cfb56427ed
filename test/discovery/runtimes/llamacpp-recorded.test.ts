/** Discovery against answers that were recorded from a real llama-server. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startFakeRuntime, type FakeAnswer } from '../../helpers/fake-runtime.ts';
import { only, startRig, stopLater } from '../rig.ts';

const FOLDER = new URL('../../../fixtures/llamacpp/0.7.0-b11669/', import.meta.url);

/** An answer as it was recorded, and the path with query that it was the answer to. */
function recorded(name: string): { readonly path: string; readonly answer: FakeAnswer } {
  const text = readFileSync(new URL(name, FOLDER), 'utf8');
  const [, comment = '', response = ''] = /^(#[^\n]*\n)?([^]*)$/.exec(text) ?? [];
  const [head = '', ...body] = response.split('\r\n\r\n');
  const [status = '', ...lines] = head.split('\r\n');
  const header = (wanted: string) => lines.find((line) => line.toLowerCase().startsWith(`${wanted}: `));
  const url = /(\S+)$/.exec(comment.trim())?.[1] ?? `http://fake/${name.split('.')[1]?.replace('_', '/')}`;
  const { pathname, search } = new URL(url);
  return {
    path: `${pathname}${search}`,
    answer: {
      status: Number(status.split(' ')[1]),
      headers: {
        server: header('server')?.slice('server: '.length) ?? '',
        'content-type': header('content-type')?.slice('content-type: '.length) ?? '',
      },
      body: body.join('\r\n\r\n').replace(/\n$/, ''),
    },
  };
}

/** Answers each path as one of the files does, the first one winning, and every other path with the 404. */
async function replay(pattern: RegExp, env: Readonly<Record<string, string>> = {}) {
  const answers = new Map<string, FakeAnswer>();
  for (const name of readdirSync(FOLDER).filter((name) => pattern.test(name))) {
    const { path, answer } = recorded(name);
    if (!answers.has(path)) answers.set(path, answer);
  }
  const unknown: string[] = [];
  const fake = stopLater(
    await startFakeRuntime(({ path }) => {
      const answer = answers.get(path);
      if (answer === undefined) unknown.push(path);
      return answer ?? recorded('default.404.http').answer;
    }),
  );
  const { discovery } = await startRig({ llamacpp: [fake.port] }, { env });
  return { report: await discovery.scan(), unknown };
}

describe('recorded answers of a real llama-server', () => {
  it.each([
    [
      'open, with a path as id',
      /^default\./,
      {
        id: 'gguf/models/tiny-random.gguf',
        name: 'tiny-random.gguf',
        contextWindow: 2_048,
        maxContextWindow: 4_096,
      },
    ],
    [
      'with the whole window of its model',
      /^default131k\./,
      { id: 'tiny-b', contextWindow: 131_072, maxContextWindow: 131_072 },
    ],
    [
      'with two slots, each of which gets half of the window',
      /^np2\./,
      { id: 'gguf/models/tiny-b.gguf', contextWindow: 4_096, maxContextWindow: 131_072 },
    ],
    [
      'with its key, which is what it says to those who may ask',
      /^apikey\.good\./,
      { id: 'tiny', contextWindow: 2_048, maxContextWindow: 4_096 },
    ],
  ])('%s', async (_what, pattern, model) => {
    const { report, unknown } = await replay(pattern);
    expect(only(report)).toMatchObject({
      runtime: 'llamacpp',
      state: 'up',
      version: 'b11669-Debian',
      models: [{ ...model, contextWindowSource: 'loaded', input: ['text'], reasoning: false }],
    });
    expect(unknown).toEqual([]);
  });

  it('with --embeddings, which nothing but the name shows', async () => {
    const { report } = await replay(/^embed\./);
    expect(only(report)).toMatchObject({ state: 'up', models: [] });
    expect(report.leftOut).toMatchObject([{ provider: 'llamacpp', model: 'tiny-embed' }]);
  });

  it.each([
    ['a key, without which health is all that it tells', /^apikey\.noauth\./],
    ['a key, and the wrong one was sent', /^apikey\.badkey\./],
    ['a key and many models', /^router_auth\./],
  ])('with %s', async (_what, pattern) => {
    const { report } = await replay(pattern);
    expect(only(report)).toMatchObject({ runtime: 'llamacpp', state: 'auth-required', models: [] });
  });

  it('while it is loading', async () => {
    const { report } = await replay(/^loading\./);
    expect(only(report)).toMatchObject({ runtime: 'llamacpp', state: 'loading' });
  });

  it('behind a prefix that a variable names, and not without it', async () => {
    const named = await replay(/^prefix\./, { LLAMA_ARG_API_PREFIX: '/pfx' });
    expect(only(named.report)).toMatchObject({
      state: 'up',
      version: null,
      models: [{ contextWindow: 512 }],
    });
    const unnamed = await replay(/^prefix\./);
    expect(only(unnamed.report).state).toBe('wrong-service');
  });

  it.each([
    ['before any model is loaded', /^router\.(props|v1_models)\.http/, 'trained-max'],
    ['after one was', /^router\.(props|v1_models_after)\.http/, 'loaded'],
    ['after that one was unloaded', /^router\.(props|v1_models_unloaded)\.http/, 'trained-max'],
  ])('as a router %s', async (_when, pattern, source) => {
    const { report, unknown } = await replay(pattern);
    expect(only(report)).toMatchObject({
      state: 'up',
      models: [
        { id: 'tiny-a', contextWindow: 4_096, contextWindowSource: source, maxContextWindow: 4_096 },
        { id: 'tiny-b', contextWindow: 131_072, contextWindowSource: 'trained-max' },
      ],
    });
    expect(unknown).toEqual([]);
  });
});
