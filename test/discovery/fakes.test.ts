import { Ollama } from 'ollama';
import { describe, expect, it } from 'vitest';
import { startFakeLmStudio } from '../helpers/fake-lmstudio.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import { stopLater } from './rig.ts';

describe('the fake Ollama', () => {
  it('contents the real client: list, show, ps', async () => {
    const fake = stopLater(
      await startFakeOllama({
        models: [{ name: 'llama3:chat', numCtx: 8192 }],
        loaded: [{ name: 'llama3:chat', contextLength: 8192 }],
      }),
    );
    const client = new Ollama({ host: fake.url });
    expect((await client.list()).models.map(({ name }) => name)).toEqual(['llama3:chat']);
    expect((await client.show({ model: 'llama3:chat' })).parameters).toContain('num_ctx');
    expect((await client.ps()).models.map(({ name }) => name)).toEqual(['llama3:chat']);
    await expect(client.show({ model: 'nope' })).rejects.toThrow("model 'nope:latest' not found");
  });

  it('refuses a foreign Host and Origin with an empty 403, as the real one does', async () => {
    const fake = stopLater(await startFakeOllama());
    const answer = await fetch(`${fake.url}/api/tags`, { headers: { origin: 'http://evil.example.com' } });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toBe('');
  });

  it('keeps its port over a restart', async () => {
    const fake = stopLater(await startFakeOllama());
    await fake.stop();
    await expect(fetch(fake.url)).rejects.toThrow('fetch failed');
    await fake.restart();
    expect(await (await fetch(fake.url)).text()).toBe('Ollama is running');
  });
});

describe('the fake LM Studio', () => {
  it('answers unknown routes with 200 and an error, and remembers them', async () => {
    const fake = stopLater(await startFakeLmStudio());
    const answer = await fetch(`${fake.url}/api/tags`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ error: 'Unexpected endpoint or method. (GET /api/tags)' });
    expect(fake.unexpected).toEqual(['GET /api/tags']);
  });
});
