/** The verdict before anything listens: what stops a start, and the exact texts. */
import { describe, expect, it } from 'vitest';
import { startupFailureText, type StartupOptions, validateStartup } from '../../src/validation/startup.ts';
import {
  endpoint,
  localEntry,
  NOW,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

const startup = async (parts: SnapshotParts, options: Partial<StartupOptions> = {}) =>
  validateStartup(await snapshotOf(parts), { now: NOW, minContextWindow: 16_000, strict: false, ...options });

const OLLAMA = 'http://127.0.0.1:11434';
const ollama = (...models: readonly (string | object)[]) => ({
  ollama: localEntry(`${OLLAMA}/v1`, ...models),
});
const wish = (ref: string) => ({ defaultModelWish: { ref, source: 'flag: --default-model' } });

describe('"On success one line"', () => {
  it('`Health: OK (provider=ollama, model=llama3:chat, ctx=32768, authMode=none)`', async () => {
    expect(await startup({ modelsJson: ollama('llama3:chat') })).toEqual({
      kind: 'ready',
      line: 'Health: OK (provider=ollama, model=llama3:chat, ctx=32768, authMode=none)',
      digest: expect.stringMatching(/^sha256:/),
      warnings: [],
    });
  });

  it('"Startup validation treats `mode: "none"` as satisfied", with any variable set or not', async () => {
    const parts = { modelsJson: ollama('llama3:chat') };
    const [without, withKey] = [
      await startup(parts),
      await startup({ ...parts, env: { OLLAMA_API_KEY: 'k' } }),
    ];
    expect(withKey).toEqual(without);
  });
});

describe('"A default model that is unknown or has no auth stops the start"', () => {
  it.each<[string, string, SnapshotParts]>([
    ['no-auth', 'anthropic/claude-opus-4-5', {}],
    ['unknown-provider', 'nobody/x', {}],
    ['unknown-model', 'ollama/x', { modelsJson: ollama('llama3:chat') }],
    ['runtime-down', 'ollama/x', { endpoints: [endpoint(OLLAMA, 'down')] }],
    ['auth-required', 'ollama/x', { endpoints: [endpoint(OLLAMA, 'auth-required')] }],
    ['bad-request', 'no-slash', {}],
    ['config-invalid', 'mine/m', { config: providersConfig({ mine: { models: [{ id: 'm' }] } }) }],
    ['no-auth', 'amazon-bedrock/amazon.nova-2-lite-v1:0', {}],
  ])('%s: %s', async (code, ref, parts) => {
    expect(await startup({ ...parts, ...wish(ref) })).toMatchObject({ kind: 'refused', code, model: ref });
  });

  it.each<[string, unknown]>([
    ['agents.defaults.model', '${MODEL_OF_THE_DAY}'],
    ['agents.defaults.model.primary', { primary: 'anthropic/${MODEL_OF_THE_DAY}' }],
  ])(
    'a default model at %s whose variable is not set: the error names variable and config path',
    async (path, model) => {
      const config = { agents: { defaults: { model } } };
      expect(await startup({ config })).toMatchObject({
        code: 'config-invalid',
        problem: {
          detail: `The default model cannot be told: the variable MODEL_OF_THE_DAY, named at ${path}, is not set`,
          hints: [
            'Set MODEL_OF_THE_DAY',
            'Or name another model: provider-sidecar serve --default-model PROVIDER/MODEL',
          ],
        },
      });
      // It breaks only what needs it.
      expect(await startup({ config, ...wish('nobody/x') })).toMatchObject({ code: 'unknown-provider' });
    },
  );

  it('"Configured model: <provider>/<model>", also where an alias or a short name stands', async () => {
    const agents = { defaults: { models: { ' Z-AI/glm-4.7': { alias: 'best' } } } };
    const named = async (ref: string) => startup({ config: { agents }, ...wish(ref) });
    expect(await named('best')).toMatchObject({ kind: 'refused', model: 'zai/glm-4.7' });
    expect(await named('claude-opus-4-5')).toMatchObject({ model: 'anthropic/claude-opus-4-5' });
  });

  it('"Besides the default model only [the files] stop the start": other providers may be broken', async () => {
    const config = providersConfig({ mine: { baseUrl: 'ftp://x' }, other: { apiKey: '${MISSING}' } });
    const verdict = await startup({ modelsJson: ollama('llama3:chat'), config });
    expect(verdict).toMatchObject({ kind: 'ready', warnings: [{ code: 'config-invalid' }] });
  });

  it('"With none the server starts", and the warning says how to get one', async () => {
    expect(await startup({})).toMatchObject({
      kind: 'ready',
      line: null,
      digest: null,
      warnings: [
        {
          code: 'no-default-model',
          hints: [
            'Start a local runtime, for example: ollama serve',
            'Name one: provider-sidecar serve --default-model anthropic/claude-opus-4-5',
            'Or set agents.defaults.model in moltbot.json',
          ],
        },
      ],
    });
  });

  it('a model that runs here is offered instead', async () => {
    const verdict = await startup({
      modelsJson: ollama('llama3:chat'),
      ...wish('anthropic/claude-opus-4-5'),
    });
    expect(verdict).toMatchObject({
      problem: {
        hints: expect.arrayContaining([
          'Or use a local model that runs now: provider-sidecar serve --default-model ollama/llama3:chat',
        ]),
      },
    });
  });
});

describe('the context window', () => {
  const small = (more: object = {}) => ({
    id: 'small',
    contextWindow: 4_096,
    contextWindowSource: 'loaded',
    maxContextWindow: 131_072,
    ...more,
  });
  const parts = { modelsJson: ollama(small()) };

  it('"under minContextWindow … starts with a warning, the remedy"', async () => {
    expect(await startup(parts)).toMatchObject({
      kind: 'ready',
      line: 'Health: DEGRADED (provider=ollama, model=small, ctx=4096, authMode=none)',
      warnings: [
        {
          code: 'context-window-too-small',
          detail: 'Context window of ollama/small is 4096 tokens (loaded); the agent needs 16000',
          hints: [
            'Restart Ollama with OLLAMA_CONTEXT_LENGTH=32768, or set "PARAMETER num_ctx 32768" in the Modelfile',
          ],
        },
      ],
    });
  });

  it('"with --strict it stops the start too"', async () => {
    expect(await startup(parts, { strict: true })).toMatchObject({
      kind: 'refused',
      code: 'context-window-too-small',
      model: 'ollama/small',
      problem: { hints: [expect.stringContaining('num_ctx')] },
    });
  });

  it('"0 switches it off", and exactly the minimum is enough', async () => {
    for (const minContextWindow of [0, 4_096]) {
      const options = { minContextWindow, strict: true };
      expect(await startup(parts, options)).toMatchObject({ kind: 'ready', warnings: [] });
    }
    expect(await startup(parts, { minContextWindow: 4_097, strict: true })).toMatchObject({
      kind: 'refused',
    });
  });

  it.each<[string, SnapshotParts, string]>([
    [
      'a model that was trained for less',
      { modelsJson: ollama(small({ maxContextWindow: 8_192 })) },
      'trained for 8192',
    ],
    ['LM Studio', { modelsJson: { lmstudio: localEntry('http://127.0.0.1:1234/v1', small()) } }, 'lms load'],
    [
      'another runtime',
      { modelsJson: { vllm: localEntry('http://127.0.0.1:8000/v1', small()) } },
      'Start the runtime',
    ],
    [
      'a hosted provider',
      {
        ...wish('mine/small'),
        config: providersConfig({ mine: { baseUrl: 'https://m.example', apiKey: 'k', models: [small()] } }),
      },
      'Correct contextWindow',
    ],
  ])('the remedy for %s', async (_what, world, remedy) => {
    expect(await startup(world)).toMatchObject({ warnings: [{ hints: [expect.stringContaining(remedy)] }] });
  });
});

describe('the failure block', () => {
  it('has the form of the design', () => {
    const problem = { code: 'no-auth' as const, detail: 'Nothing found', hints: ['export A=b', 'Or do c'] };
    expect(startupFailureText(problem, 'anthropic/x')).toBe(
      [
        'Startup validation failed: Nothing found',
        '  Configured model: anthropic/x',
        '',
        'Suggestions:',
        '  - export A=b',
        '  - Or do c',
        '',
      ].join('\n'),
    );
  });

  it('is whole without a model and without hints', () => {
    const text = startupFailureText({ code: 'config-invalid', detail: 'Broken', hints: [] }, null);
    expect(text).toContain('  Configured model: (not known yet)\n');
    expect(text).toContain('  - Run: provider-sidecar explain\n');
  });
});
