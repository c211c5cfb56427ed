/** "no secrets": canaries in every place, and none of them in anything but the resolve answer. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { toExplainAnswer } from '../../src/resolution/answers/explain-answer.ts';
import { listModels, listProviders } from '../../src/resolution/answers/listings.ts';
import { toResolveAnswer } from '../../src/resolution/answers/resolve-answer.ts';
import { resolve, type ResolveRequest } from '../../src/resolution/resolve.ts';
import { secretsInUse } from '../../src/resolution/secrets-in-use.ts';
import { assessHealth } from '../../src/validation/health.ts';
import { startupFailureText, validateStartup } from '../../src/validation/startup.ts';
import {
  NOW,
  profileStore,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

const full = (expires: number, key: string): SnapshotParts => ({
  config: {
    ...providersConfig({
      openai: { apiKey: key, headers: { 'x-api-token': 'canary-header' } },
      xai: { apiKey: 'canary two\nlines' },
      groq: { apiKey: '!echo canary-command' },
      zai: { apiKey: { id: 'canary-reference' } },
    }),
    agents: { defaults: { model: 'openai/gpt-4' } },
  },
  modelsJson: {
    moonshot: { baseUrl: 'https://api.moonshot.ai/v1', apiKey: 'canary-models-json', models: [{ id: 'm' }] },
  },
  env: {
    ANTHROPIC_API_KEY: 'canary env\nvariable',
    MISTRAL_API_KEY: 'canary-env',
    AWS_ACCESS_KEY_ID: 'AKIA1',
    AWS_SECRET_ACCESS_KEY: 'canary-aws',
  },
  ownStore: profileStore({
    'openai:oauth': {
      type: 'oauth',
      provider: 'openai',
      access: 'canary-access',
      refresh: 'canary-refresh',
      expires,
    },
    'xai:broken': { type: 'api_key', provider: 'xai', key: 'canary\tbroken' },
  }),
  agentStore: `{"profiles": {"groq:a": {"type": "api_key", "provider": "groq", "key": "canary-broken-file" }`,
  installKey: 'canary-install-key',
});
const asked: readonly ResolveRequest[] = [
  {},
  ...['openai', 'xai', 'groq', 'zai', 'moonshot', 'anthropic', 'mistral', 'amazon-bedrock'].map(
    (provider) => ({
      provider,
    }),
  ),
  { provider: 'openai', profileId: 'xai:broken' },
  { provider: 'openai', profileId: 'no:such' },
];

describe('"A fingerprint is keyed; no character of a secret shows"', () => {
  it.each([
    ['everything works', NOW + 1_000, 'canary-cfg-key'],
    ['what is stored has expired', NOW - 1, 'canary bad\r\nkey'],
  ])('%s: no answer but the resolve answer holds a canary', async (_what, expires, key) => {
    const snapshot = await snapshotOf(full(expires, key));
    const options = { now: NOW, minContextWindow: 16_000 };
    const seen: unknown[] = [
      snapshot.findings,
      await listProviders(snapshot, { all: true, now: NOW }),
      await listModels(snapshot, NOW),
      await assessHealth(snapshot, { ...options, unvalidated: false }),
      await validateStartup(snapshot, { ...options, strict: false }),
    ];
    for (const request of asked) {
      const outcome = await resolve(snapshot, request, NOW);
      seen.push(outcome.steps, toExplainAnswer(outcome, null));
      if (outcome.kind === 'resolved') {
        seen.push(outcome.resolution.auth, toResolveAnswer(outcome.resolution, 'masks'));
        expect(outcome.resolution.resolutionId).not.toContain('canary');
        seen.push(Buffer.from(outcome.resolution.resolutionId.slice(3), 'base64url').toString());
      } else {
        seen.push(outcome.problem, startupFailureText(outcome.problem, 'openai/gpt-4'));
      }
    }
    expect(JSON.stringify(seen)).not.toContain('canary');
    expect(inspect(seen, { depth: Infinity, showHidden: true })).not.toContain('canary');
  });

  it('every canary that is in use is known to the log’s scrubber', async () => {
    const known = secretsInUse(await snapshotOf(full(NOW + 1_000, 'canary-cfg-key')));
    expect(known).toEqual(
      expect.arrayContaining([
        'canary-install-key',
        'canary-env',
        'canary-aws',
        'canary-access',
        'canary-cfg-key',
        'canary-header',
        'canary-models-json',
      ]),
    );
  });
});
