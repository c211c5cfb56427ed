/** What the server answers is all that a client of a provider needs. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClient } from '../../../src/client/client.ts';
import { startFakeOllama } from '../../helpers/fake-ollama.ts';
import { startFakeRuntime } from '../../helpers/fake-runtime.ts';
import { openAiClient } from '../../helpers/openai-client.ts';
import { startRig } from '../../helpers/sidecar-rig.ts';

const KEY = 'sk-mine-0123456789';
const messages = [{ role: 'user' as const, content: 'hi' }];

describe('"the openai npm client, given only what /v1/resolve returned, gets a chat completion"', () => {
  it('from a local runtime, without any authorization', async () => {
    const fake = await startFakeOllama({ models: [{ name: 'llama3:chat' }] });
    onTestFinished(() => fake.stop());
    const rig = await startRig({ ollamaPort: fake.port });
    onTestFinished(() => rig.close());
    const resolution = await createClient({ home: rig.home, env: {} }).resolve();
    expect(resolution.auth).toEqual({ mode: 'none', source: 'provider-policy' });
    fake.clearRequests();
    const completion = await openAiClient(resolution).chat.completions.create({
      model: resolution.model?.id ?? '',
      messages,
    });
    expect(completion.choices[0]?.message.role).toBe('assistant');
    const [asked] = fake.requests;
    expect(asked?.route).toBe('POST /v1/chat/completions');
    expect(Object.keys(asked?.headers ?? {})).not.toContain('authorization');
  });

  it('from a hosted provider, with its key and no other', async () => {
    const provider = await startFakeRuntime(({ route, headers }) => {
      if (headers['authorization'] !== `Bearer ${KEY}`) return { status: 401, body: { error: 'no' } };
      if (route !== 'POST /v1/chat/completions') return { status: 404 };
      const message = { role: 'assistant', content: 'hello' };
      return {
        body: {
          id: 'chatcmpl-1',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
        },
      };
    });
    onTestFinished(() => provider.stop());
    const mine = {
      baseUrl: `${provider.url}/v1`,
      api: 'openai-completions',
      apiKey: KEY,
      models: [{ id: 'm' }],
    };
    const rig = await startRig({ files: { 'moltbot.json': { models: { providers: { mine } } } } });
    onTestFinished(() => rig.close());
    const resolution = await createClient({ home: rig.home, env: {} }).resolve('mine/m');
    const completion = await openAiClient(resolution).chat.completions.create({ model: 'm', messages });
    expect(completion.choices[0]?.message.content).toBe('hello');
  });
});
