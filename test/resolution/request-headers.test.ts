/** `request.headers` is "what the provider's api really wants". */
import { describe, expect, it } from 'vitest';
import type { ResolvedAuth } from '../../src/domain/auth.ts';
import type { EffectiveProvider } from '../../src/domain/provider.ts';
import { Secret } from '../../src/domain/secret.ts';
import { requestHeaders } from '../../src/resolution/request-headers.ts';
import { CATALOG } from '../helpers/snapshot-fixture.ts';

const apiKey: ResolvedAuth = { mode: 'api-key', source: 's', apiKey: new Secret('k') };
const oauth: ResolvedAuth = { mode: 'oauth', source: 's', accessToken: new Secret('k'), expiresAt: null };
const token: ResolvedAuth = { mode: 'token', source: 's', token: new Secret('k'), expiresAt: null };
const none: ResolvedAuth = { mode: 'none', source: 'provider-policy' };
const bedrockBearer: ResolvedAuth = {
  mode: 'aws-sdk',
  source: 's',
  credentials: { kind: 'bearer', bearerToken: new Secret('k'), region: null },
};
const awsKeys: ResolvedAuth = {
  mode: 'aws-sdk',
  source: 's',
  credentials: {
    kind: 'keys',
    keys: {
      accessKeyId: 'AKIA1',
      secretAccessKey: new Secret('k'),
      sessionToken: null,
      region: null,
      expiration: null,
    },
  },
};

const provider = (id: string, more: Partial<EffectiveProvider> = {}): EffectiveProvider => ({
  id,
  origin: 'cfg',
  shadows: [],
  models: [],
  completedFromCatalog: [],
  ...more,
});
const headers = (id: string, api: string, auth: ResolvedAuth, more: Partial<EffectiveProvider> = {}) =>
  requestHeaders({ provider: provider(id, more), model: null, api, auth });

const BEARER = { authorization: 'Bearer k' };
const VERSION = { 'anthropic-version': '2023-06-01' };

/** For each api of the catalog: the headers of an API key, and of an OAuth token. */
const BY_API: Readonly<Record<string, { key: object; oauth: object }>> = {
  'openai-completions': { key: BEARER, oauth: BEARER },
  'openai-responses': { key: BEARER, oauth: BEARER },
  'mistral-conversations': { key: BEARER, oauth: BEARER },
  'bedrock-converse-stream': { key: BEARER, oauth: BEARER },
  'anthropic-messages': { key: { 'x-api-key': 'k', ...VERSION }, oauth: { ...BEARER, ...VERSION } },
  'google-generative-ai': { key: { 'x-goog-api-key': 'k' }, oauth: BEARER },
  'google-vertex': { key: { 'x-goog-api-key': 'k' }, oauth: BEARER },
  'azure-openai-responses': { key: { 'api-key': 'k' }, oauth: BEARER },
  'openai-codex-responses': {
    key: { ...BEARER, 'openai-beta': 'responses=experimental' },
    oauth: { ...BEARER, 'openai-beta': 'responses=experimental' },
  },
};

describe('each api of the catalog', () => {
  const apis = CATALOG.flatMap(({ api, models = [] }) => [api, ...models.map((model) => model.api)]);

  it.each([...new Set(apis.flatMap((api) => api ?? []))])('%s', (api) => {
    const expected = BY_API[api];
    expect(expected).toBeDefined();
    expect(headers('some-provider', api, apiKey)).toEqual(expected?.key);
    expect(headers('some-provider', api, oauth)).toEqual(expected?.oauth);
    expect(headers('some-provider', api, none)).toEqual({});
  });

  it('an api that nobody knows gets a bearer', () => {
    expect(headers('mine', 'made-up', apiKey)).toEqual(BEARER);
  });
});

describe('providers with rules of their own', () => {
  it('Anthropic takes OAuth and setup tokens as a bearer with the beta flag', () => {
    const expected = { ...BEARER, ...VERSION, 'anthropic-beta': 'oauth-2025-04-20' };
    expect(headers('anthropic', 'anthropic-messages', oauth)).toEqual(expected);
    expect(headers('anthropic', 'anthropic-messages', token)).toEqual(expected);
    const setupToken: ResolvedAuth = { ...apiKey, apiKey: new Secret('sk-ant-oat01-x') };
    expect(headers('anthropic', 'anthropic-messages', setupToken)).toEqual({
      ...expected,
      authorization: 'Bearer sk-ant-oat01-x',
    });
  });

  it('a second entry for Anthropic’s own server is Anthropic too', () => {
    const work = (baseUrl: string) => headers('anthropic-work', 'anthropic-messages', token, { baseUrl });
    const bearer = { ...BEARER, ...VERSION };
    expect(work('https://api.anthropic.com')).toEqual({ ...bearer, 'anthropic-beta': 'oauth-2025-04-20' });
    expect(work('https://proxy.example')).toEqual(bearer);
  });

  it('the beta flag is for Anthropic itself', () => {
    expect(headers('minimax', 'anthropic-messages', token)).toEqual({ ...BEARER, ...VERSION });
  });

  it('GitHub Copilot takes a bearer on every api', () => {
    expect(headers('github-copilot', 'anthropic-messages', apiKey)).toEqual({ ...BEARER, ...VERSION });
    expect(headers('github-copilot', 'openai-responses', apiKey)).toEqual(BEARER);
  });

  it('Cloudflare’s gateway has a header of its own', () => {
    const own = { 'cf-aig-authorization': 'Bearer k' };
    expect(headers('cloudflare-ai-gateway', 'openai-responses', apiKey)).toEqual(own);
    expect(headers('cloudflare-ai-gateway', 'anthropic-messages', apiKey)).toEqual({ ...own, ...VERSION });
  });

  it('Codex names the account of an OAuth token', () => {
    const withAccount: ResolvedAuth = { ...oauth, accountId: 'acc-1' };
    expect(headers('openai-codex', 'openai-codex-responses', withAccount)).toMatchObject({
      'chatgpt-account-id': 'acc-1',
    });
  });

  it('Bedrock: a bearer token is a header, a pair of keys is none', () => {
    expect(headers('amazon-bedrock', 'bedrock-converse-stream', bedrockBearer)).toEqual(BEARER);
    expect(headers('amazon-bedrock', 'bedrock-converse-stream', awsKeys)).toEqual({});
  });
});

describe('what the operator configured', () => {
  it('authHeader sends a bearer whatever the api', () => {
    const more = { authHeader: true };
    expect(headers('mine', 'anthropic-messages', apiKey, more)).toEqual({ ...BEARER, ...VERSION });
    expect(headers('mine', 'google-generative-ai', apiKey, more)).toEqual(BEARER);
    expect(headers('mine', 'google-generative-ai', none, more)).toEqual({});
  });

  it('a beta of Anthropic or OpenAI is asked for beside those that a credential needs, each once', () => {
    const betas = (written: string, auth: ResolvedAuth = oauth) =>
      headers('anthropic', 'anthropic-messages', auth, { headers: { 'Anthropic-Beta': written } })[
        'anthropic-beta'
      ];
    expect(betas('context-1m-2025-08-07')).toBe('context-1m-2025-08-07,oauth-2025-04-20');
    expect(betas('a, oauth-2025-04-20')).toBe('a,oauth-2025-04-20');
    expect(betas('a', apiKey)).toBe('a');
    const codex = { headers: { 'openai-beta': 'mine=1' } };
    expect(headers('openai-codex', 'openai-codex-responses', oauth, codex)).toMatchObject({
      'openai-beta': 'mine=1,responses=experimental',
    });
  });

  it('a version of the API that the operator names is no credential, and stays', () => {
    const more = { headers: { 'anthropic-version': '2027-01-01', 'x-api-key': 'old' } };
    expect(headers('anthropic', 'anthropic-messages', apiKey, more)).toEqual({
      'anthropic-version': '2027-01-01',
      'x-api-key': 'k',
    });
  });

  it('extra headers are sent, the row’s before the provider’s, and a resolved credential beats both', () => {
    const [model] = CATALOG.find(({ id }) => id === 'anthropic')?.models ?? [];
    if (model === undefined) throw new Error('no model');
    const request = {
      provider: provider('mine', {
        headers: { 'X-Org': 'a', Authorization: 'Bearer old', 'X-Row': 'provider' },
      }),
      model: { ...model, headers: { 'x-row': 'row' } },
      api: 'openai-completions',
    };
    const configured = { 'x-org': 'a', authorization: 'Bearer old', 'x-row': 'row' };
    expect(requestHeaders({ ...request, auth: apiKey })).toEqual({
      ...configured,
      authorization: 'Bearer k',
    });
    expect(requestHeaders({ ...request, auth: none })).toEqual(configured);
  });
});
