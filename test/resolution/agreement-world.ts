/** Random machines for the agreement test: what stands in every file and variable, and what must come of it. */
import * as fc from 'fast-check';
import type { Origin } from '../../src/domain/provider.ts';
import { ENDPOINT_STATES } from '../../src/domain/runtime-state.ts';
import {
  CATALOG,
  endpoint,
  localEntry,
  NOW,
  profileStore,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

type Entry = Readonly<Record<string, unknown>>;

/** The plain facts of one machine. Every secret in it contains the word `canary`. */
export interface World {
  readonly discovered: Readonly<Record<string, Entry>>;
  readonly skipDiscovery: boolean;
  readonly configured: Readonly<Record<string, Entry>>;
  readonly env: Readonly<Record<string, string>>;
  readonly own: Readonly<Record<string, ProfileKind>>;
  readonly agent: Readonly<Record<string, ProfileKind>>;
  readonly states: { readonly ollama: string; readonly lmstudio: string };
  readonly wish: string | null;
  readonly cfgDefault: string | null;
  /** Milliseconds after the time at which the files were written. */
  readonly later: number;
}

const OLLAMA = 'http://127.0.0.1:11434';
const LMSTUDIO = 'http://127.0.0.1:1234';
const SERVERS = [`${OLLAMA}/v1`, `${LMSTUDIO}/v1`, 'https://mine.example/v1'];
const IDS = ['ollama', 'lmstudio', 'anthropic', 'openai', 'moonshot', 'amazon-bedrock', 'mine'];
const ALIASES: Readonly<Record<string, string>> = { moonshotai: 'moonshot', bedrock: 'amazon-bedrock' };
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  ollama: ['OLLAMA_API_KEY'],
  lmstudio: ['LM_API_TOKEN'],
  anthropic: ['ANTHROPIC_OAUTH_TOKEN', 'ANTHROPIC_API_KEY'],
  openai: ['CODEX_API_KEY', 'OPENAI_API_KEY'],
  moonshot: ['MOONSHOT_API_KEY', 'KIMI_API_KEY'],
};
const AWS = ['AWS_BEARER_TOKEN_BEDROCK', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
const REFS = [
  'ollama/m',
  'ollama/m',
  'ollama/llama3',
  'lmstudio/m',
  'anthropic/claude-opus-4-5',
  'anthropic/claude-opus-4-5',
  'claude-opus-4-5',
  'openai/gpt-4',
  'openai/gpt-4',
  'MoonshotAI/kimi-k2.5',
  'amazon-bedrock/amazon.nova-2-lite-v1:0',
  'bedrock/amazon.nova-2-lite-v1:0',
  'mine/m',
  'mine/unlisted',
  'quick',
  'nobody/x',
  'no-slash',
];

const PROFILES = {
  key: { type: 'api_key', key: 'canary-profile-key' },
  oauth: { type: 'oauth', access: 'canary-access', refresh: 'canary-refresh', expires: NOW + 1_000 },
  token: { type: 'token', token: 'canary-token' },
  expired: { type: 'oauth', access: 'canary-access', refresh: 'canary-refresh', expires: NOW - 1 },
  cooling: { type: 'api_key', key: 'canary-cooling-key' },
  broken: { type: 'api_key', key: 'canary two\nlines' },
  reference: { type: 'api_key', keyRef: { source: 'exec', id: 'openai' } },
} as const;
type ProfileKind = keyof typeof PROFILES;

/** @param freq how much likelier than leaving it out */
const sometimes = <T>(value: fc.Arbitrary<T>, freq = 2) => fc.option(value, { nil: undefined, freq });
const MODEL_IDS = ['m', 'llama3:latest', 'gpt-4', 'claude-opus-4-5', 'kimi-k2.5', 'amazon.nova-2-lite-v1:0'];
/** The rows in question; thousands of machines with the whole catalog would take minutes. */
const CATALOG_PART = CATALOG.filter(({ id }) => IDS.includes(id)).map((provider) => ({
  ...provider,
  models: (provider.models ?? []).filter(({ id }) => MODEL_IDS.includes(id)),
}));
const models = fc.constant(MODEL_IDS.map((id) => ({ id, contextWindow: 20_000 })));

const configuredEntry = fc
  .record({
    baseUrl: sometimes(fc.constantFrom(...SERVERS, ...SERVERS, 'http://${MY_HOST}/v1', 'ftp://x'), 3),
    api: sometimes(fc.constantFrom('openai-completions', 'anthropic-messages', 'google-generative-ai'), 1),
    auth: sometimes(
      fc.constantFrom('none', 'none', 'none', 'api-key', 'aws-sdk', 'oauth', 'token', 'magic'),
      1,
    ),
    apiKey: sometimes(
      fc.constantFrom(
        'sk-canary-cfg',
        'sk-canary-cfg',
        '${MY_KEY}',
        'MY_KEY',
        'ollama-local',
        '!echo canary',
        '',
      ),
    ),
    models: sometimes(models, 3),
  })
  .map(withoutUndefined);

const discoveredEntries = fc
  .record<Record<string, Entry | undefined>>({
    ollama: sometimes(fc.constant(localEntry(`${OLLAMA}/v1`, 'm', 'llama3:latest')), 6),
    lmstudio: sometimes(fc.constant(localEntry(`${LMSTUDIO}/v1`, 'm'))),
    moonshot: sometimes(
      fc.constant({ baseUrl: 'https://mine.example/v1', auth: 'api-key', models: [{ id: 'kimi-k2.5' }] }),
      1,
    ),
    openai: sometimes(fc.constant({ ...localEntry('https://mine.example/v1', 'gpt-4') }), 1),
  })
  .map(withoutUndefined);

const variables = [...Object.values(VARIABLES).flat(), ...AWS, 'MY_KEY'];
const environment = fc
  .record({
    keys: fc.dictionary(
      fc.constantFrom(...variables),
      fc.constantFrom('canary-env', 'canary-env', 'canary-env', 'ollama-local', ' '),
      { size: 'max', maxKeys: 8 },
    ),
    hosts: fc.constantFrom({}, { MY_HOST: 'host.example' }),
  })
  .map(({ keys, hosts }) => ({ ...keys, ...hosts }));
const profiles = fc.dictionary(
  fc.constantFrom('openai', 'anthropic', 'moonshot', 'mine', 'lmstudio'),
  fc.constantFrom<ProfileKind>('key', 'oauth', 'token', 'expired', 'cooling', 'broken', 'reference'),
  { size: 'max', maxKeys: 3 },
);
const state = fc.constantFrom('up', 'up', 'up', 'up', 'silent', 'silent', ...ENDPOINT_STATES);
const ref = fc.option(fc.constantFrom(...REFS), { nil: null });

/** Machines, many of which work. */
export const worlds: fc.Arbitrary<World> = fc.record({
  discovered: discoveredEntries,
  skipDiscovery: fc.integer({ min: 0, max: 7 }).map((roll) => roll === 0),
  configured: fc
    .tuple(
      configuredEntry,
      fc.dictionary(fc.constantFrom(...IDS, ...IDS, 'moonshotai', 'bedrock'), configuredEntry, {
        size: 'max',
        maxKeys: 6,
      }),
    )
    .map(([mine, others]) => ({ mine, ...others })),
  env: environment,
  own: profiles,
  agent: profiles,
  states: fc.record({ ollama: state, lmstudio: state }),
  wish: ref,
  cfgDefault: ref,
  later: fc.constantFrom(0, 500, 999, 1_000, 5_000),
});

/** The files and variables of a machine. */
export function partsOf(world: World): SnapshotParts {
  const { discovered, skipDiscovery, configured, env, own, agent, states, wish, cfgDefault } = world;
  const { ollama, lmstudio } = states;
  return {
    modelsJson: discovered,
    skipDiscovery,
    env,
    catalog: CATALOG_PART,
    config: {
      models: { providers: configured },
      agents: {
        defaults: {
          ...(cfgDefault === null ? {} : { model: { primary: cfgDefault } }),
          models: { 'mine/m': { alias: 'quick' } },
        },
      },
    },
    ownStore: storeOf(own, 'own'),
    agentStore: storeOf(agent, 'agent'),
    endpoints: [
      ...ENDPOINT_STATES.filter((known) => known === ollama).map((known) => endpoint(OLLAMA, known)),
      ...ENDPOINT_STATES.filter((known) => known === lmstudio).map((known) =>
        endpoint(LMSTUDIO, known, { runtime: 'lmstudio', provider: 'lmstudio' }),
      ),
    ],
    ...(wish === null ? {} : { defaultModelWish: { ref: wish, source: 'flag: --default-model' } }),
  };
}

/** Who must win by the contract's order: the definition of a canonical id, and its credential (null: none). */
export function expected(world: World, id: string): { origin: Origin; source: string | null } {
  const found = world.skipDiscovery ? undefined : entryOf(world.discovered, id);
  const cfg = entryOf(world.configured, id);
  if (found !== undefined) return { origin: 'models.json', source: expectedSource(world, id, found.entry) };
  if (cfg === undefined) return { origin: 'catalog', source: expectedSource(world, id, catalogMode(id)) };
  const mode = cfg.entry['auth'] === undefined && cfg.entry['apiKey'] === undefined ? catalogMode(id) : {};
  return { origin: 'cfg', source: expectedSource(world, id, { ...mode, ...cfg.entry }) };
}

function expectedSource(world: World, id: string, effective: Entry): string | null {
  const { env, own, agent, later } = world;
  if (effective['auth'] === 'none') return 'provider-policy';
  const isKey = (name: string) => env[name] === 'canary-env';
  if (effective['auth'] === 'aws-sdk') {
    const [bearer = '', keyId = '', secret = ''] = AWS;
    if (isKey(bearer)) return `env: ${bearer}`;
    const isSet = (name: string) => env[name] !== undefined && env[name] !== ' ';
    return isSet(keyId) && isSet(secret) ? `env: ${keyId} + ${secret}` : null;
  }
  for (const [store, name] of [
    [own, 'own'],
    [agent, 'agent'],
  ] as const) {
    const kind = store[id];
    const lives = kind === 'oauth' ? later < 1_000 : kind === 'key' || kind === 'token' || kind === 'cooling';
    if (lives) return `profile:${id}:${name}`;
  }
  const variable = VARIABLES[id]?.find(isKey);
  if (variable !== undefined) return `env: ${variable}`;
  const cfg = entryOf(world.configured, id);
  const key = cfg?.entry['apiKey'];
  const isUsable = key === 'sk-canary-cfg' || ((key === '${MY_KEY}' || key === 'MY_KEY') && isKey('MY_KEY'));
  const leadsElsewhere = cfg?.entry['baseUrl'] !== undefined && cfg.entry['baseUrl'] !== effective['baseUrl'];
  return cfg !== undefined && isUsable && !leadsElsewhere ? `cfg: models.providers.${cfg.id}.apiKey` : null;
}

/** The entry of an id: its own spelling before an alias. */
function entryOf(
  entries: Readonly<Record<string, Entry>>,
  id: string,
): { id: string; entry: Entry } | undefined {
  const written = [id, ...Object.keys(ALIASES).filter((alias) => ALIASES[alias] === id)];
  for (const spelling of written) {
    const entry = entries[spelling];
    if (entry !== undefined) return { id: spelling, entry };
  }
  return undefined;
}

function catalogMode(id: string): Entry {
  return id === 'amazon-bedrock' ? { auth: 'aws-sdk' } : {};
}

function storeOf(kinds: Readonly<Record<string, ProfileKind>>, name: string): object {
  const entries = Object.entries(kinds).map(
    ([provider, kind]) => [`${provider}:${name}`, kind, provider] as const,
  );
  const cooling = entries.filter(([, kind]) => kind === 'cooling');
  return profileStore(
    Object.fromEntries(entries.map(([id, kind, provider]) => [id, { provider, ...PROFILES[kind] }])),
    { usageStats: Object.fromEntries(cooling.map(([id]) => [id, { cooldownUntil: NOW + 60_000 }])) },
  );
}

function withoutUndefined<T>(record: Readonly<Record<string, T | undefined>>): Readonly<Record<string, T>> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, field]) => (field === undefined ? [] : [[key, field] as const])),
  );
}
