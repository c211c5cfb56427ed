/** What `/health` says, by the same check as the start. */
import { describe, expect, it } from 'vitest';
import { assessHealth, type HealthOptions } from '../../src/validation/health.ts';
import { validateStartup } from '../../src/validation/startup.ts';
import {
  endpoint,
  localEntry,
  NOW,
  profileStore,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

const health = async (parts: SnapshotParts, options: Partial<HealthOptions> = {}) =>
  assessHealth(await snapshotOf({ revision: 4, ...parts }), {
    now: NOW,
    minContextWindow: 16_000,
    unvalidated: false,
    ...options,
  });

const OLLAMA = 'http://127.0.0.1:11434';
const working = { modelsJson: { ollama: localEntry(`${OLLAMA}/v1`, 'llama3:chat') } };
const broken = { config: providersConfig({ mine: { baseUrl: 'ftp://x' } }) };
const small = {
  modelsJson: { ollama: localEntry(`${OLLAMA}/v1`, { id: 'small', contextWindow: 4_096 }) },
};

describe('`/health` with a token: "{status, code?, line?, revision, digest?, defaultModel, findings, endpoints}"', () => {
  it('ok: the line and the digest of the start, no code', async () => {
    const endpoints = [endpoint(OLLAMA, 'up')];
    const report = await health({ ...working, endpoints });
    const snapshot = await snapshotOf({ ...working, endpoints });
    const start = await validateStartup(snapshot, { now: NOW, minContextWindow: 16_000, strict: false });
    expect(report).toEqual({
      status: 'ok',
      line: 'Health: OK (provider=ollama, model=llama3:chat, ctx=32768, authMode=none)',
      revision: 4,
      digest: start.kind === 'ready' ? start.digest : 'refused',
      defaultModel: { ref: 'ollama/llama3:chat', source: 'auto' },
      findings: [],
      endpoints,
    });
  });

  it('"503 no-default-model" with none', async () => {
    const report = await health({});
    expect(report).toMatchObject({ status: 'failing', code: 'no-default-model', defaultModel: null });
    expect(report).not.toHaveProperty('line');
    expect(report).not.toHaveProperty('digest');
  });

  it('"if the default model’s runtime dies or its key goes, /health says so"', async () => {
    const dead = {
      ...working,
      endpoints: [endpoint(OLLAMA, 'down')],
      previousAutoDefault: 'ollama/llama3:chat',
    };
    expect(await health(dead)).toMatchObject({
      status: 'failing',
      code: 'runtime-down',
      defaultModel: { ref: 'ollama/llama3:chat', source: 'auto' },
    });
    const gone = {
      modelsJson: {},
      endpoints: [endpoint(OLLAMA, 'down')],
      previousAutoDefault: 'ollama/llama3:chat',
    };
    expect(await health(gone)).toMatchObject({ status: 'failing', code: 'runtime-down' });
    const keyless = { config: { agents: { defaults: { model: 'xai/grok-2' } } } };
    expect(await health({ ...keyless, env: { XAI_API_KEY: 'k' } })).toMatchObject({ status: 'ok' });
    expect(await health(keyless)).toMatchObject({ status: 'failing', code: 'no-auth' });
  });

  it('a credential that expires turns it by the clock alone', async () => {
    const parts = {
      config: { agents: { defaults: { model: 'xai/grok-2' } } },
      ownStore: profileStore({ 'xai:a': { type: 'token', provider: 'xai', token: 't', expires: NOW + 10 } }),
    };
    expect(await health(parts, { now: NOW + 9 })).toMatchObject({ status: 'ok' });
    expect(await health(parts, { now: NOW + 10 })).toMatchObject({ status: 'failing', code: 'auth-expired' });
  });

  it('"Everything else that is wrong makes health `degraded`, with a code"', async () => {
    expect(await health({ ...working, ...broken })).toMatchObject({
      status: 'degraded',
      code: 'config-invalid',
      line: expect.stringMatching(/^Health: DEGRADED/),
      findings: [
        { code: 'config-invalid', detail: expect.stringContaining('models.providers.mine.baseUrl') },
      ],
    });
    expect(await health({ ...working, ownStore: '{' })).toMatchObject({
      status: 'degraded',
      code: 'config-invalid',
    });
  });

  it('a small context window is degraded, and 0 switches the check off', async () => {
    expect(await health(small)).toMatchObject({ status: 'degraded', code: 'context-window-too-small' });
    expect(await health(small, { minContextWindow: 0 })).toMatchObject({ status: 'ok' });
  });

  it('the finding that stands first, and gives the code, is the default model’s', async () => {
    const { findings, code } = await health({ ...small, ...broken });
    expect(findings.map((finding) => finding.code)).toEqual(['context-window-too-small', 'config-invalid']);
    expect(code).toBe('context-window-too-small');
    expect(await health(broken)).toMatchObject({ status: 'failing', code: 'no-default-model' });
  });

  it('"health then says `unvalidated`, never `ok`"', async () => {
    expect(await health(working, { unvalidated: true })).toMatchObject({ status: 'unvalidated' });
    expect(await health(small, { unvalidated: true })).toMatchObject({ status: 'unvalidated' });
    const none = await health({}, { unvalidated: true });
    expect(none).toMatchObject({ status: 'unvalidated', code: 'no-default-model' });
    expect(none).not.toHaveProperty('line');
  });

  it('the default model is named as provider/model, whatever alias names it', async () => {
    const agents = {
      defaults: { model: 'best', models: { 'anthropic/claude-opus-4-5': { alias: 'best' } } },
    };
    const defaultModel = { ref: 'anthropic/claude-opus-4-5', source: 'cfg: agents.defaults.model' };
    expect(await health({ config: { agents } })).toMatchObject({ status: 'failing', defaultModel });
    const env = { ANTHROPIC_API_KEY: 'sk-ant' };
    expect(await health({ config: { agents }, env })).toMatchObject({ status: 'ok', defaultModel });
  });
});
