/** The bodies of `/v1/resolve`, to the letter of the design. */
import { describe, expect, it } from 'vitest';
import { type Reveal, toResolveAnswer } from '../../../src/resolution/answers/resolve-answer.ts';
import { resolve, type ResolveRequest } from '../../../src/resolution/resolve.ts';
import {
  localEntry,
  NOW,
  profileStore,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../../helpers/snapshot-fixture.ts';

async function answer(
  parts: SnapshotParts,
  request: ResolveRequest,
  reveal: Reveal = 'secrets',
): Promise<unknown> {
  const outcome = await resolve(await snapshotOf({ revision: 7, ...parts }), request, NOW);
  if (outcome.kind === 'failed') throw new Error(outcome.problem.detail);
  return JSON.parse(JSON.stringify(toResolveAnswer(outcome.resolution, reveal)));
}

const moonshot = {
  config: providersConfig({
    moonshot: {
      baseUrl: 'https://api.moonshot.ai/v1',
      apiKey: '${MOONSHOT_API_KEY}',
      api: 'openai-completions',
      models: [
        { id: 'kimi-k2.5', name: 'Kimi K2.5', contextWindow: 256_000, maxTokens: 8_192, reasoning: false },
      ],
    },
  }),
  env: { MOONSHOT_API_KEY: 'sk-moon' },
};
const stored = (profile: object): SnapshotParts => ({
  config: providersConfig({ mine: { baseUrl: 'https://m.example', models: [{ id: 'm' }] } }),
  ownStore: profileStore({ 'mine:a': { provider: 'mine', ...profile } }),
});
const bedrock = { config: providersConfig({ 'amazon-bedrock': { auth: 'aws-sdk', region: 'eu-west-3' } }) };

describe('`GET /v1/resolve`', () => {
  it('an API key: the example of the design', async () => {
    expect(await answer(moonshot, { model: 'moonshot/kimi-k2.5' })).toEqual({
      revision: 7,
      resolutionId: expect.stringMatching(/^rs_/),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      model: {
        ref: 'moonshot/kimi-k2.5',
        id: 'kimi-k2.5',
        name: 'Kimi K2.5',
        contextWindow: 256_000,
        contextWindowSource: 'configured',
        maxContextWindow: 262_144,
        maxTokens: 8_192,
        reasoning: false,
        input: ['text', 'image'],
      },
      provider: {
        id: 'moonshot',
        name: 'Moonshot AI',
        baseUrl: 'https://api.moonshot.ai/v1',
        api: 'openai-completions',
        origin: 'cfg',
      },
      auth: { mode: 'api-key', source: 'env: MOONSHOT_API_KEY', apiKey: 'sk-moon', expiresAt: null },
      request: { headers: { authorization: 'Bearer sk-moon' } },
    });
  });

  it('"`mode: "none"` has no `apiKey` key at all and empty headers"', async () => {
    const modelsJson = { ollama: localEntry('http://127.0.0.1:11434/v1', 'llama3:chat') };
    expect(await answer({ modelsJson }, {})).toMatchObject({
      model: {
        ref: 'ollama/llama3:chat',
        contextWindow: 32_768,
        contextWindowSource: 'loaded',
        maxContextWindow: null,
      },
      provider: { origin: 'models.json' },
    });
    const body = await answer({ modelsJson, env: { OLLAMA_API_KEY: 'sk-cloud' } }, {});
    expect(body).toHaveProperty('auth', { mode: 'none', source: 'provider-policy' });
    expect(body).toHaveProperty('request', { headers: {} });
  });

  it('"`oauth` has `accessToken` and `expiresAt`"', async () => {
    const parts = stored({ type: 'oauth', access: 'at', refresh: 'rt', expires: NOW + 60_000 });
    const body = await answer(parts, { model: 'mine/m' });
    expect(body).toHaveProperty('auth', {
      mode: 'oauth',
      source: 'profile:mine:a',
      accessToken: 'at',
      expiresAt: '2026-01-01T00:01:00.000Z',
    });
    expect(JSON.stringify(body)).not.toContain('"rt"');
  });

  it('a setup token', async () => {
    expect(await answer(stored({ type: 'token', token: 't' }), { model: 'mine/m' })).toHaveProperty('auth', {
      mode: 'token',
      source: 'profile:mine:a',
      token: 't',
      expiresAt: null,
    });
  });

  it('"`aws-sdk` has `aws: {accessKeyId, secretAccessKey, sessionToken, region, expiration}`"', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' };
    const body = await answer({ ...bedrock, env }, { provider: 'bedrock' });
    expect(body).toHaveProperty('auth', {
      mode: 'aws-sdk',
      source: 'env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY',
      aws: {
        accessKeyId: 'AKIA1',
        secretAccessKey: 's',
        sessionToken: 't',
        region: 'eu-west-3',
        expiration: null,
      },
      expiresAt: null,
    });
    expect(body).toMatchObject({ model: null, request: { headers: {} } });
  });

  it('a Bedrock bearer token', async () => {
    const env = { AWS_BEARER_TOKEN_BEDROCK: 'b' };
    expect(await answer({ ...bedrock, env }, { provider: 'bedrock' })).toMatchObject({
      auth: { mode: 'aws-sdk', bearerToken: 'b', region: 'eu-west-3', expiresAt: null },
      request: { headers: { authorization: 'Bearer b' } },
    });
  });
});

describe('"secrets hidden unless --reveal"', () => {
  const cases: readonly (readonly [SnapshotParts, ResolveRequest])[] = [
    [{ ...moonshot, env: { MOONSHOT_API_KEY: 'canary-1' } }, { model: 'moonshot/kimi-k2.5' }],
    [stored({ type: 'oauth', access: 'canary-2', expires: NOW + 1 }), { model: 'mine/m' }],
    [stored({ type: 'token', token: 'canary-3' }), { model: 'mine/m' }],
    [{ ...bedrock, env: { AWS_BEARER_TOKEN_BEDROCK: 'canary-4' } }, { provider: 'bedrock' }],
    [
      {
        ...bedrock,
        env: { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'canary-5', AWS_SESSION_TOKEN: 'canary-6' },
      },
      { provider: 'bedrock' },
    ],
  ];

  it.each(cases)('masks stand where secrets would, with the same keys (%#)', async (parts, request) => {
    const [open, masked] = [await answer(parts, request), await answer(parts, request, 'masks')];
    expect(JSON.stringify(open)).toContain('canary');
    expect(JSON.stringify(masked)).not.toContain('canary');
    expect(JSON.stringify(masked)).toContain('[secret]');
    expect(keysOf(masked)).toEqual(keysOf(open));
  });
});

/** Every path of an object. */
function keysOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, item]) => keysOf(item, `${path}.${key}`));
}
