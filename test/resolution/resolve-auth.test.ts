/** The contract's auth flow: seven places in one order, each beating the next. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AuthOutcome } from '../../src/domain/auth.ts';
import { resolve } from '../../src/resolution/resolve.ts';
import { resolveAuth } from '../../src/resolution/resolve-auth.ts';
import {
  CONFIG_PATH,
  localEntry,
  NOW,
  outline,
  PATHS,
  profileStore,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

async function auth(id: string, parts: SnapshotParts, profileId?: string): Promise<AuthOutcome> {
  const snapshot = await snapshotOf(parts);
  const provider = snapshot.providers.byId.get(id);
  if (provider === undefined) throw new Error(`no provider ${id}`);
  return resolveAuth(snapshot, provider, { now: NOW, ...(profileId === undefined ? {} : { profileId }) });
}

async function source(id: string, parts: SnapshotParts, profileId?: string): Promise<string> {
  const outcome = await auth(id, parts, profileId);
  return outcome.kind === 'satisfied' ? outcome.auth.source : outcome.problem.code;
}

const key = (value = 'sk-stored', provider = 'openai') => ({ type: 'api_key', provider, key: value });
const oauth = (expires: number, provider = 'openai') => ({
  type: 'oauth',
  provider,
  access: 'at-stored',
  refresh: 'rt-stored',
  expires,
});

/** Every place holds something. */
const EVERYWHERE = {
  ownStore: profileStore({ 'openai:own': key() }),
  agentStore: profileStore({ 'openai:agent': key() }),
  env: { CODEX_API_KEY: 'sk-codex', OPENAI_API_KEY: 'sk-openai', AWS_BEARER_TOKEN_BEDROCK: 'aws-bearer' },
  config: providersConfig({ openai: { apiKey: 'sk-cfg' } }),
};
const withEntry = (entry: object): SnapshotParts => ({
  ...EVERYWHERE,
  config: providersConfig({ openai: { apiKey: 'sk-cfg', ...entry } }),
});

describe('"first hit wins"', () => {
  it('1. `auth: "none"`: "Beats an explicit profile and any variable"', async () => {
    const parts = withEntry({ auth: 'none', baseUrl: 'http://127.0.0.1:1' });
    for (const profileId of [undefined, 'openai:own', 'no:such']) {
      const outcome = await auth('openai', parts, profileId);
      expect(outcome).toMatchObject({ kind: 'satisfied', auth: { mode: 'none', source: 'provider-policy' } });
      expect(outcome.kind === 'satisfied' && Object.keys(outcome.auth)).toEqual(['mode', 'source']);
    }
  });

  it('2. an explicit profile beats aws-sdk, stored profiles, variables and the configured key', async () => {
    expect(await source('openai', EVERYWHERE, 'openai:agent')).toBe('profile:openai:agent');
    expect(await source('openai', withEntry({ auth: 'aws-sdk' }), 'openai:agent')).toBe(
      'profile:openai:agent',
    );
  });

  it('3. aws-sdk beats stored profiles, variables and the configured key', async () => {
    expect(await source('openai', withEntry({ auth: 'aws-sdk' }))).toBe('env: AWS_BEARER_TOKEN_BEDROCK');
  });

  it('4. stored profiles, the sidecar’s before the agent’s, beat variables and the configured key', async () => {
    expect(await source('openai', EVERYWHERE)).toBe('profile:openai:own');
    const { ownStore: _own, ...withoutOwn } = EVERYWHERE;
    expect(await source('openai', withoutOwn)).toBe('profile:openai:agent');
  });

  it('5. variables, in the order of the table, beat the configured key', async () => {
    const { env, config } = EVERYWHERE;
    expect(await source('openai', { env, config })).toBe('env: CODEX_API_KEY');
    expect(await source('openai', { env: { OPENAI_API_KEY: 'sk' }, config })).toBe('env: OPENAI_API_KEY');
    expect(await source('openai', { env: { OPENAI_API_KEY: ' \t' }, config })).toBe(
      'cfg: models.providers.openai.apiKey',
    );
  });

  it('6. the configured key', async () => {
    const outcome = await auth('openai', { config: EVERYWHERE.config });
    expect(outcome).toMatchObject({ auth: { source: 'cfg: models.providers.openai.apiKey' } });
    expect(
      outcome.kind === 'satisfied' && outcome.auth.mode === 'api-key' && outcome.auth.apiKey.reveal(),
    ).toBe('sk-cfg');
  });

  it('7. else no-auth', async () => {
    expect(await source('openai', {})).toBe('no-auth');
  });

  it('the steps show every place in that order, one used and the later hits shadowed', async () => {
    const { steps } = await auth('openai', EVERYWHERE);
    expect(outline(steps, 'auth')).toEqual([
      'profile:openai:own: used',
      'profile:openai:agent: shadowed',
      'env: CODEX_API_KEY: shadowed',
      'env: OPENAI_API_KEY: shadowed',
      'cfg: models.providers.openai.apiKey: shadowed',
    ]);
    const prints = steps.map(({ fingerprint }) => fingerprint);
    // The two stored keys are the same text: "equal secrets look equal".
    expect(prints[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(prints[1]).toBe(prints[0]);
    expect(new Set(prints).size).toBe(4);
  });

  it('a discovered runtime needs no key: "NEVER require OLLAMA_API_KEY for local Ollama"', async () => {
    const modelsJson = { ollama: localEntry('http://127.0.0.1:11434/v1', 'm') };
    for (const env of [{}, { OLLAMA_API_KEY: 'sk-cloud' }]) {
      expect(await source('ollama', { modelsJson, env })).toBe('provider-policy');
    }
  });
});

describe('an explicit profile', () => {
  const stores = {
    ownStore: profileStore({
      'openai:own': key(),
      'openai:broken': { type: 'api_key', provider: 'openai', key: 'two\nlines' },
      'xai:other': key('sk-xai', 'xai'),
      'openai:old': oauth(NOW),
    }),
    env: EVERYWHERE.env,
    config: EVERYWHERE.config,
  };

  it.each([
    ['no:such', 'no-auth', 'profile:no:such: no such profile'],
    ['xai:other', 'no-auth', 'profile:xai:other: belongs to another provider'],
    [
      'openai:broken',
      'no-auth',
      `profile:openai:broken in ${PATHS.ownProfiles}: "key" holds a character that no header may carry`,
    ],
    ['openai:old', 'auth-expired', 'profile:openai:old: expired at 2026-01-01T00:00:00.000Z'],
  ])('%s: "that profile, or no-auth naming it" – no other place is tried', async (id, code, detail) => {
    const outcome = await auth('openai', stores, id);
    expect(outcome).toMatchObject({
      kind: 'failed',
      problem: { code, detail: expect.stringContaining(detail) },
    });
    expect(outcome.steps).toHaveLength(1);
  });

  it('an expired one of another provider does not say auth-expired', async () => {
    const ownStore = profileStore({ 'xai:old': oauth(NOW - 1, 'xai') });
    expect(await source('openai', { ownStore }, 'xai:old')).toBe('no-auth');
  });
});

describe('aws-sdk: "really resolved: nothing there is no-auth, at startup as at run time"', () => {
  const config = providersConfig({ 'amazon-bedrock': { auth: 'aws-sdk' } });
  const aws = (env: Record<string, string>) => source('amazon-bedrock', { config, env });

  it('is never satisfied unseen', async () => {
    expect(await aws({})).toBe('no-auth');
    expect(await aws({ AWS_PROFILE: 'default' })).toBe('no-auth');
    expect(await aws({ AWS_ACCESS_KEY_ID: 'AKIA1' })).toBe('no-auth');
    expect(await aws({ AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'a b' })).toBe('no-auth');
  });

  it('takes the bearer token before the pair of keys', async () => {
    const pair = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'secret' };
    expect(await aws(pair)).toBe('env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY');
    expect(await aws({ ...pair, AWS_BEARER_TOKEN_BEDROCK: 'b' })).toBe('env: AWS_BEARER_TOKEN_BEDROCK');
  });

  it('the region of the entry beats that of the environment', async () => {
    const entry = providersConfig({ 'amazon-bedrock': { auth: 'aws-sdk', region: 'eu-west-3' } });
    const env = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'us-west-2' };
    const keys = { kind: 'keys', keys: { accessKeyId: 'AKIA1', sessionToken: null, expiration: null } };
    expect(await auth('amazon-bedrock', { config, env })).toMatchObject({
      auth: { credentials: { ...keys, keys: { ...keys.keys, region: 'us-west-2' } } },
    });
    expect(await auth('amazon-bedrock', { config: entry, env })).toMatchObject({
      auth: { credentials: { ...keys, keys: { ...keys.keys, region: 'eu-west-3' } } },
    });
  });
});

describe('"A provider’s credential goes to that provider’s configured origin only": names that mean two products', () => {
  const portal = { 'qwen-portal': { baseUrl: 'https://portal.example', models: [{ id: 'm' }] } };
  const own = { qwen: { baseUrl: 'https://qwen.example', models: [{ id: 'm' }] } };
  const agentStore = profileStore({ 'qwen:default': key('sk-qwen', 'qwen') });

  it('a profile of `qwen` is for `qwen-portal` only while nothing defines a provider `qwen`', async () => {
    const alone = { agentStore, config: providersConfig(portal) };
    expect(await source('qwen-portal', alone)).toBe('profile:qwen:default');
    const both = { agentStore, config: providersConfig({ ...portal, ...own }) };
    expect(await source('qwen', both)).toBe('profile:qwen:default');
    expect(await source('qwen-portal', both)).toBe('no-auth');
  });

  it('nor when the caller names it', async () => {
    const both = { agentStore, config: providersConfig({ ...portal, ...own }) };
    expect(await source('qwen', both, 'qwen:default')).toBe('profile:qwen:default');
    expect(await auth('qwen-portal', both, 'qwen:default')).toMatchObject({
      problem: { code: 'no-auth', detail: expect.stringContaining('belongs to another provider') },
    });
  });
});

describe('expired profiles', () => {
  const moltbot = { agentStore: profileStore({ 'openai:old': oauth(NOW) }) };

  it.each([
    ['ownStore', oauth(NOW), 'log in again to renew it'],
    ['agentStore', oauth(NOW), 'the agent that owns this store renews it'],
    ['ownStore', { type: 'token', provider: 'openai', token: 't', expires: NOW }, 'it cannot be renewed'],
  ])('in %s: auth-expired says who renews it (%#)', async (store, profile, words) => {
    const outcome = await auth('openai', { [store]: profileStore({ 'openai:old': profile }) });
    expect(outcome).toMatchObject({
      problem: { code: 'auth-expired', detail: expect.stringContaining(words) },
    });
    expect(outcome.steps[0]).toMatchObject({ place: 'profile:openai:old', outcome: 'error' });
  });

  it('a later place still wins', async () => {
    expect(await source('openai', { ...moltbot, env: { OPENAI_API_KEY: 'sk' } })).toBe('env: OPENAI_API_KEY');
    expect(await source('openai', { ...moltbot, config: EVERYWHERE.config })).toBe(
      'cfg: models.providers.openai.apiKey',
    );
  });

  it('valid until the very millisecond', async () => {
    const agentStore = profileStore({ 'openai:old': oauth(NOW + 1) });
    expect(await source('openai', { agentStore })).toBe('profile:openai:old');
  });
});

describe('what is never a key', () => {
  it.each([
    'ollama-local',
    'secretref-managed',
    'lmstudio-local',
    'not-needed',
    '!cat /etc/passwd',
    '  ',
    'a\r\nb: c',
  ])('%j is not used from the config, a variable or a profile', async (text) => {
    const everywhere = {
      config: providersConfig({ openai: { apiKey: text } }),
      env: { OPENAI_API_KEY: text },
      ownStore: profileStore({ 'openai:own': key(text) }),
    };
    const outcome = await auth('openai', everywhere);
    expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'no-auth' } });
    expect(outline(outcome.steps, 'auth').filter((line) => line.endsWith(': used'))).toEqual([]);
  });

  it('a marker is skipped with a note and a later place wins', async () => {
    const env = { CODEX_API_KEY: 'secretref-managed', OPENAI_API_KEY: 'sk-real' };
    const outcome = await auth('openai', { env });
    expect(outline(outcome.steps, 'auth').slice(1, 3)).toEqual([
      'env: CODEX_API_KEY: skipped',
      'env: OPENAI_API_KEY: used',
    ]);
  });

  it.each(['ollama-local', '!cat /etc/passwd'])(
    '"Known markers and `!command` strings are not keys: skipped with a note": %s in a profile, too',
    async (text) => {
      const parts = {
        ownStore: profileStore({ 'openai:own': key(text) }),
        env: { OPENAI_API_KEY: 'sk-real' },
      };
      const outcome = await auth('openai', parts);
      expect(outcome).toMatchObject({ kind: 'satisfied', auth: { source: 'env: OPENAI_API_KEY' } });
      expect(outcome.steps[0]).toMatchObject({
        outcome: 'skipped',
        note: expect.stringContaining('"key" holds'),
      });
      // Other tools write such profiles on purpose: nothing is wrong with the store.
      expect((await snapshotOf(parts)).findings).toEqual([]);
    },
  );

  it('the name of a variable stands for its value and is never sent itself', async () => {
    const config = providersConfig({ openai: { apiKey: 'MY_OPENAI_KEY' } });
    expect(await source('openai', { config })).toBe('no-auth');
    const outcome = await auth('openai', { config, env: { MY_OPENAI_KEY: 'sk-mine' } });
    expect(
      outcome.kind === 'satisfied' && outcome.auth.mode === 'api-key' && outcome.auth.apiKey.reveal(),
    ).toBe('sk-mine');
  });
});

describe('the configured key', () => {
  it('"a missing variable breaks that provider alone, and the error names variable and config path"', async () => {
    const config = providersConfig({ openai: { apiKey: '${MY_KEY}' }, xai: { apiKey: 'sk-xai' } });
    const outcome = await auth('openai', { config });
    expect(outcome).toMatchObject({
      problem: {
        code: 'no-auth',
        detail: expect.stringContaining(
          'the variable MY_KEY, named at models.providers.openai.apiKey, is not set',
        ),
        hints: expect.arrayContaining(['export MY_KEY=your-key']),
      },
    });
    expect(await source('xai', { config })).toBe('cfg: models.providers.xai.apiKey');
    expect(await source('openai', { config, env: { MY_KEY: 'sk' } })).toBe(
      'cfg: models.providers.openai.apiKey',
    );
    expect(await source('openai', { config, env: { OPENAI_API_KEY: 'sk' } })).toBe('env: OPENAI_API_KEY');
  });

  it('a key field of a wrong kind is an error only where that key would be used', async () => {
    const config = providersConfig({ openai: { apiKey: { source: 'vault' } } });
    expect(await source('openai', { config })).toBe('no-auth');
    expect(await source('openai', { config, env: { OPENAI_API_KEY: 'sk' } })).toBe('env: OPENAI_API_KEY');
  });

  it('"A provider’s credential goes to that provider’s configured origin only"', async () => {
    const config = providersConfig({ lmstudio: { baseUrl: 'https://lm.example/v1', apiKey: 'sk-cfg' } });
    const at = (baseUrl: string) => ({ config, modelsJson: { lmstudio: { baseUrl, models: [] } } });
    const elsewhere = await auth('lmstudio', at('http://127.0.0.1:1234/v1'));
    expect(elsewhere).toMatchObject({ kind: 'failed', problem: { code: 'no-auth' } });
    expect(outline(elsewhere.steps, 'auth')).toContain('cfg: models.providers.lmstudio.apiKey: skipped');
    expect(await source('lmstudio', at('https://lm.example/other'))).toBe(
      'cfg: models.providers.lmstudio.apiKey',
    );
  });

  it('a cfg key without a base URL means the catalog’s server, and goes to no other', async () => {
    const hijacked = (baseUrl: string): SnapshotParts => ({
      config: providersConfig({ openai: { apiKey: 'sk-cfg-0123' } }),
      modelsJson: { openai: { baseUrl, api: 'openai-completions', models: [{ id: 'm' }] } },
    });
    expect(await source('openai', hijacked('https://evil.example/v1'))).toBe('no-auth');
    expect(await source('openai', hijacked('https://api.openai.com/v2'))).toBe(
      'cfg: models.providers.openai.apiKey',
    );
  });

  it('a key in a hand-written models.json comes last', async () => {
    const modelsJson = { openai: { baseUrl: 'https://api.openai.com/v1', apiKey: 'sk-file' } };
    expect(await source('openai', { modelsJson })).toBe('models.json: providers.openai.apiKey');
    expect(await source('openai', { modelsJson, config: EVERYWHERE.config })).toBe(
      'cfg: models.providers.openai.apiKey',
    );
  });
});

describe('no-auth: "what was looked at, each place with what it held, and what to do"', () => {
  it('lists each place, and names this provider’s variables and this config', async () => {
    const outcome = await auth('openai', {
      env: { CODEX_API_KEY: 'none' },
      config: providersConfig({ openai: {} }),
    });
    expect(outcome).toMatchObject({
      problem: {
        detail:
          'No usable credential for provider "openai". Looked at auth profiles: none for this provider; env: CODEX_API_KEY: holds the marker none, which is not a key; env: OPENAI_API_KEY: not set; cfg: models.providers.openai.apiKey: no apiKey',
        hints: [
          'export OPENAI_API_KEY=your-key',
          'export CODEX_API_KEY=your-key',
          'Or check a key and store it: provider-sidecar auth openai key',
          `Or set models.providers.openai.apiKey in ${CONFIG_PATH}`,
        ],
      },
    });
  });

  it.each([
    ['env.vars.OPENAI_API_KEY', { vars: { OPENAI_API_KEY: '${VAULT_KEY}' } }],
    ['env.OPENAI_API_KEY', { OPENAI_API_KEY: '${VAULT_KEY}' }],
  ])('a variable that %s would set names the one that is missing for it', async (path, env) => {
    const outcome = await auth('openai', { config: { env } });
    expect(outcome).toMatchObject({
      problem: {
        detail: expect.stringContaining(
          `env: OPENAI_API_KEY: the variable VAULT_KEY, named at ${path}, is not set`,
        ),
        hints: expect.arrayContaining(['export VAULT_KEY=your-key']),
      },
    });
    const filled = await source('openai', { config: { env }, env: { VAULT_KEY: 'sk-vault' } });
    expect(filled).toBe('env: OPENAI_API_KEY');
  });

  it('a server on this machine is told how to say that it needs no key', async () => {
    const config = providersConfig({ mine: { baseUrl: 'http://localhost:8080/v1' } });
    expect(await auth('mine', { config })).toMatchObject({
      problem: {
        hints: expect.arrayContaining([expect.stringContaining('models.providers.mine.auth = "none"')]),
      },
    });
  });

  it('"NEVER require OLLAMA_API_KEY for local Ollama": an entry for this machine is told the word, not the variable', async () => {
    const hintsFor = async (id: string, entry: object) => {
      const outcome = await auth(id, { config: providersConfig({ [id]: entry }), skipDiscovery: true });
      return outcome.kind === 'failed' ? outcome.problem.hints : [];
    };
    const url = 'http://127.0.0.1:11434/v1';
    const word = `Say that it needs no key: models.providers.ollama.auth = "none" in ${CONFIG_PATH}`;
    expect(await hintsFor('ollama', { baseUrl: url })).toEqual([word]);
    expect(await hintsFor('ollama', { baseUrl: url, apiKey: 'ollama-local' })).toEqual([word]);
    expect(await hintsFor('ollama', { baseUrl: 'https://o.example/v1' })).toContain(
      'export OLLAMA_API_KEY=your-key',
    );
  });

  it('the first suggestion does not begin with "Or"', async () => {
    const config = providersConfig({ far: { baseUrl: 'https://far.example/v1' } });
    expect(await auth('far', { config })).toMatchObject({
      problem: {
        hints: [
          'Check a key and store it: provider-sidecar auth far key',
          `Or set models.providers.far.apiKey in ${CONFIG_PATH}`,
        ],
      },
    });
  });

  it('a command that would refuse the key is not suggested', async () => {
    const entry = { ...localEntry('http://127.0.0.1:8000/v1', 'm'), auth: 'api-key' };
    for (const [id, parts] of [
      ['vllm', { modelsJson: { vllm: entry } }],
      ['amazon-bedrock', {}],
    ] as const) {
      const outcome = await auth(id, parts);
      expect(outcome.kind === 'failed' && outcome.problem.hints.join('; ')).not.toContain('and store it');
    }
  });

  it('"An unreadable or broken profile is an error with its path, never skipped silently"', async () => {
    const brokenStore = await auth('openai', { ownStore: '{ no json' });
    expect(outline(brokenStore.steps, 'auth')[0]).toBe(`${PATHS.ownProfiles}: error`);
    expect(brokenStore).toMatchObject({
      problem: {
        detail: expect.stringContaining(`Looked at ${PATHS.ownProfiles} is not valid JSON; env: `),
        hints: expect.arrayContaining([`Mend ${PATHS.ownProfiles} is not valid JSON`]),
      },
    });
    const file = join(PATHS.agentDir, 'auth-profiles.json');
    const brokenProfile = await auth('openai', {
      agentStore: profileStore({ 'openai:b': { type: 'magic', provider: 'openai' } }),
    });
    expect(brokenProfile).toMatchObject({
      problem: {
        detail: expect.stringContaining(`profile:openai:b in ${file}: has the unknown type "magic"`),
        hints: expect.arrayContaining([`Mend profile:openai:b in ${file}: has the unknown type "magic"`]),
      },
    });
  });
});

describe('"A credential goes to that provider’s configured origin only", also for single models', () => {
  const entry = { baseUrl: 'https://h.example/v1', apiKey: 'sk-cfg-0123', models: [{ id: 'm' }] };
  const withRow = (row: object): SnapshotParts => ({
    config: providersConfig({ p: entry }),
    modelsJson: { p: { baseUrl: 'https://h.example/v1', models: [{ id: 'm', ...row }] } },
  });
  const outcome = async (parts: SnapshotParts) => resolve(await snapshotOf(parts), { model: 'p/m' }, NOW);

  it('a row of models.json that leads elsewhere does not get the cfg entry’s key', async () => {
    expect((await outcome(withRow({}))).kind).toBe('resolved');
    expect(await outcome(withRow({ baseUrl: 'https://evil.example/v1' }))).toMatchObject({
      kind: 'failed',
      problem: { code: 'no-auth' },
    });
  });

  it('a row of the cfg entry itself does', async () => {
    const rows = { ...entry, models: [{ id: 'm', baseUrl: 'https://other.example/v1' }] };
    expect(await outcome({ config: providersConfig({ p: rows }) })).toMatchObject({
      kind: 'resolved',
      resolution: { baseUrl: 'https://other.example/v1' },
    });
  });

  it('a model without a server of its own does not borrow another model’s', async () => {
    const rows = { auth: 'none', models: [{ id: 'a', baseUrl: 'http://127.0.0.1:7/v1' }, { id: 'm' }] };
    expect(await outcome({ config: providersConfig({ p: rows }) })).toMatchObject({
      kind: 'failed',
      problem: { code: 'config-invalid' },
    });
  });
});
