/** `/v1/explain`: every step and no secret, whatever the outcome. */
import { describe, expect, it } from 'vitest';
import { toExplainAnswer } from '../../../src/resolution/answers/explain-answer.ts';
import { resolve, type ResolveRequest } from '../../../src/resolution/resolve.ts';
import {
  localEntry,
  NOW,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../../helpers/snapshot-fixture.ts';

async function explain(parts: SnapshotParts, request: ResolveRequest) {
  const snapshot = await snapshotOf({ revision: 3, ...parts });
  return toExplainAnswer(await resolve(snapshot, request, NOW), request.model ?? null);
}

const modelsJson = { ollama: localEntry('http://127.0.0.1:11434/v1', 'llama3:chat') };

describe('"every step it took written down"', () => {
  it('a resolved model', async () => {
    const answer = await explain({ modelsJson }, { model: 'ollama/llama3:chat' });
    expect(answer).toEqual({
      revision: 3,
      ref: 'ollama/llama3:chat',
      outcome: 'resolved',
      digest: expect.stringMatching(/^sha256:/),
      provider: {
        id: 'ollama',
        baseUrl: 'http://127.0.0.1:11434/v1',
        api: 'openai-completions',
        origin: 'models.json',
      },
      model: { id: 'llama3:chat', contextWindow: 32_768, contextWindowSource: 'loaded' },
      auth: { mode: 'none', source: 'provider-policy' },
      steps: expect.any(Array),
    });
    expect(answer.steps.map(({ step, outcome }) => `${step}: ${outcome}`)).toEqual([
      'provider: used',
      'provider: empty',
      'provider: empty',
      'model: used',
      'auth: used',
      'auth: empty',
      'auth: empty',
    ]);
  });

  it('a failure has its code, what is known of provider and model, and what to do', async () => {
    const config = providersConfig({ mine: { baseUrl: 'https://m.example', models: [{ id: 'm' }] } });
    expect(await explain({ config }, { model: 'mine/m' })).toMatchObject({
      ref: 'mine/m',
      outcome: 'no-auth',
      provider: { id: 'mine', baseUrl: 'https://m.example', api: null, origin: 'cfg' },
      model: { id: 'm', contextWindow: 200_000, contextWindowSource: 'assumed' },
      detail: expect.stringContaining('No usable credential'),
      hints: expect.arrayContaining([expect.stringContaining('models.providers.mine.apiKey')]),
    });
  });

  it('a failure before any provider has neither digest nor provider', async () => {
    const answer = await explain({}, {});
    expect(answer).toMatchObject({ ref: null, outcome: 'no-default-model' });
    expect(new Set(answer.steps.map(({ step, outcome }) => `${step}: ${outcome}`))).toEqual(
      new Set(['default-model: empty']),
    );
    for (const field of ['digest', 'provider', 'model', 'auth']) expect(answer).not.toHaveProperty(field);
  });
});
