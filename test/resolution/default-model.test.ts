/** Which model counts when a caller names none. */
import { describe, expect, it } from 'vitest';
import { chooseDefaultModel, noDefaultHints } from '../../src/resolution/default-model.ts';
import { endpoint, localEntry, NOW, snapshotOf, type SnapshotParts } from '../helpers/snapshot-fixture.ts';
import { resolve } from '../../src/resolution/resolve.ts';

const URL_11434 = 'http://127.0.0.1:11434';
const modelsJson = { ollama: localEntry(`${URL_11434}/v1`, 'llama3:chat') };
const config = { agents: { defaults: { model: { primary: 'anthropic/x', fallbacks: ['openai/y'] } } } };

const chosen = async (parts: SnapshotParts) => chooseDefaultModel(await snapshotOf(parts));

describe('"--default-model > variable > settings > cfg agents.defaults.model > the first discovered chat model > none"', () => {
  it('a flag, a variable or the settings beat the config', async () => {
    const wish = { ref: 'xai/grok-2', source: 'flag: --default-model' };
    expect(await chosen({ defaultModelWish: wish, config, modelsJson })).toEqual(wish);
  });

  it('the config beats the automatic default, as an object or as a string', async () => {
    expect(await chosen({ config, modelsJson })).toEqual({
      ref: 'anthropic/x',
      source: 'cfg: agents.defaults.model.primary',
    });
    const asText = { agents: { defaults: { model: 'anthropic/x' } } };
    expect(await chosen({ config: asText, modelsJson })).toEqual({
      ref: 'anthropic/x',
      source: 'cfg: agents.defaults.model',
    });
  });

  it('then the first discovered model, `source: "auto"`', async () => {
    expect(await chosen({ modelsJson })).toEqual({ ref: 'ollama/llama3:chat', source: 'auto' });
  });

  it('then none: catalog and cfg providers are never chosen by themselves', async () => {
    const cfg = { models: { providers: { lmstudio: localEntry('http://127.0.0.1:1234/v1', 'm') } } };
    expect(await chosen({ config: cfg, env: { OPENAI_API_KEY: 'sk-openai' } })).toBeNull();
  });

  it('"Fallbacks are never switched to silently"', async () => {
    const snapshot = await snapshotOf({ config, env: { OPENAI_API_KEY: 'sk-openai' } });
    const outcome = await resolve(snapshot, {}, NOW);
    expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'unknown-model' } });
  });
});

describe('the automatic default', () => {
  const small = { id: 'small', contextWindow: 4_096, contextWindowSource: 'loaded' };
  const auto = async (parts: SnapshotParts) => (await snapshotOf(parts)).autoDefault;

  it('takes the first model with a comfortable window, else the first of all', async () => {
    const both = { ollama: localEntry('http://127.0.0.1:1/v1', small, 'big') };
    expect(await auto({ modelsJson: both })).toBe('ollama/big');
    expect(await auto({ modelsJson: { ollama: localEntry('http://127.0.0.1:1/v1', small) } })).toBe(
      'ollama/small',
    );
  });

  it('16000 tokens are comfortable, 15999 are not', async () => {
    const sized = (contextWindow: number) =>
      auto({
        modelsJson: { ollama: localEntry('http://127.0.0.1:1/v1', small, { id: 'm', contextWindow }) },
      });
    expect(await sized(16_000)).toBe('ollama/m');
    expect(await sized(15_999)).toBe('ollama/small');
  });

  it.each(['loading', 'auth-required', 'error', 'wrong-service', 'down'] as const)(
    'takes no model of an endpoint that is %s',
    async (state) => {
      const lmstudio = localEntry('http://127.0.0.1:1234/v1', 'other');
      const found = { modelsJson: { ...modelsJson, lmstudio }, endpoints: [endpoint(URL_11434, state)] };
      expect(await auto(found)).toBe('lmstudio/other');
      expect(await auto({ modelsJson, endpoints: [endpoint(URL_11434, state)] })).toBeNull();
    },
  );

  it('looks at local runtimes that need no key, and at nothing else in models.json', async () => {
    const entry = (auth: string) => ({ ...localEntry('http://127.0.0.1:1/v1', 'm'), auth });
    expect(await auto({ modelsJson: { ollama: entry('api-key') } })).toBeNull();
    expect(await auto({ modelsJson: { 'my-server': entry('none') } })).toBeNull();
    expect(await auto({ modelsJson: { 'ollama-11500': entry('none') } })).toBe('ollama-11500/m');
  });

  it('stays while its runtime is away: another model must not take over in silence', async () => {
    const lmstudio = localEntry('http://127.0.0.1:1234/v1', 'other');
    const previousAutoDefault = 'ollama/llama3:chat';
    expect(await auto({ modelsJson: { lmstudio }, previousAutoDefault })).toBe(previousAutoDefault);
    const dead = { modelsJson: { ...modelsJson, lmstudio }, endpoints: [endpoint(URL_11434, 'down')] };
    expect(await auto({ ...dead, previousAutoDefault })).toBe(previousAutoDefault);
  });

  it('stays while its runtime lists it, also when a better one appears before it', async () => {
    const more = { ollama: localEntry(`${URL_11434}/v1`, 'bigger', 'llama3:chat') };
    const previousAutoDefault = 'ollama/llama3:chat';
    expect(await auto({ modelsJson: more, previousAutoDefault })).toBe(previousAutoDefault);
  });

  it('is picked again when its runtime is up and no longer lists it', async () => {
    const others = { ollama: localEntry(`${URL_11434}/v1`, 'another') };
    const parts = { modelsJson: others, endpoints: [endpoint(URL_11434, 'up')] };
    expect(await auto({ ...parts, previousAutoDefault: 'ollama/llama3:chat' })).toBe('ollama/another');
  });
});

describe('the automatic default passes the checks of a request', () => {
  it('a discovered entry that no request could use is not chosen', async () => {
    const snapshot = await snapshotOf({ modelsJson: { vllm: { auth: 'none', models: [{ id: 'x' }] } } });
    expect(snapshot.autoDefault).toBeNull();
  });

  it('the window that the operator asks for decides which model is comfortable', async () => {
    const modelsJson = {
      ollama: localEntry(
        'http://127.0.0.1:11434/v1',
        { id: 'small', contextWindow: 32_768 },
        { id: 'big', contextWindow: 131_072 },
      ),
    };
    expect((await snapshotOf({ modelsJson })).autoDefault).toBe('ollama/small');
    expect((await snapshotOf({ modelsJson, minContextWindow: 100_000 })).autoDefault).toBe('ollama/big');
    expect((await snapshotOf({ modelsJson, minContextWindow: 1_000_000 })).autoDefault).toBe('ollama/small');
  });
});

describe('what to do where nobody names one', () => {
  const first = async (endpoints: SnapshotParts['endpoints'] = []) =>
    noDefaultHints((await snapshotOf({ endpoints })).discovery)[0];

  it('start a runtime, where none answers', async () => {
    expect(await first([endpoint(URL_11434, 'down')])).toBe(
      'Start a local runtime, for example: ollama serve',
    );
  });

  it('a runtime that runs is not to be started: it needs a model', async () => {
    expect(await first([endpoint(URL_11434, 'up')])).toBe(
      `ollama at ${URL_11434} runs and offers no chat model: ollama pull MODEL`,
    );
  });

  it.each(['loading', 'auth-required'] as const)('one that is %s is named', async (state) => {
    expect(await first([endpoint(URL_11434, state)])).toContain(`ollama at ${URL_11434} is ${state}`);
  });
});
