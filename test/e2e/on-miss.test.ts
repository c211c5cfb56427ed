/** A request for a runtime that started a moment ago is answered, not refused until the next tick. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import { startRig } from '../helpers/sidecar-rig.ts';

describe('"a miss in resolve triggers one scan (single-flight) before it fails"', () => {
  it('a runtime that has just started is found by the request itself, once for all who ask', async () => {
    const fake = await startFakeOllama({ models: [{ name: 'llama3:chat' }] });
    onTestFinished(() => fake.stop());
    await fake.stop();
    const rig = await startRig({
      ollamaPort: fake.port,
      files: {
        'moltbot.json': {
          agents: { defaults: { model: 'mine/m' } },
          models: {
            providers: { mine: { baseUrl: 'http://127.0.0.1:9/v1', auth: 'none', models: [{ id: 'm' }] } },
          },
        },
      },
    });
    onTestFinished(() => rig.close());
    await fake.restart();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => rig.ask('/v1/resolve?model=ollama/llama3:chat')),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(fake.count('GET /')).toBe(1);
    fake.setModels([{ name: 'llama3:chat' }, { name: 'new:latest' }]);
    // The second look is a second later at the earliest, so the model is found by then at the latest.
    const lists = fake.count('GET /api/tags');
    const again = await Promise.all(
      Array.from({ length: 10 }, () => rig.ask('/v1/resolve?model=ollama/none')),
    );
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([404]));
    expect(fake.count('GET /api/tags') - lists).toBeLessThanOrEqual(1);
  });
});
