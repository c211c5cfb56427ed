/**
 * Every file that the program reads, in every state that a file can be in: it is used, or refused by name with
 * a reason of its own. Nothing hangs, nothing is shown of what the file holds, and nothing good is lost.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { createOwnStore } from '../../src/credentials/own-store.ts';
import { loadProfileStores, profileFindings } from '../../src/credentials/profile-store.ts';
import { loadSecretFiles } from '../../src/credentials/secret-files.ts';
import { readModelsJsonFile } from '../../src/preparation/inputs.ts';
import { fileExists, readTextFile } from '../../src/platform/files.ts';
import type { Paths } from '../../src/platform/paths.ts';
import { loadOperatorConfig } from '../../src/resolution/config/load.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { NOW } from '../helpers/snapshot-fixture.ts';
import { CANARY, type Defect, homeWith, isRoot, type ReadFile, SPOILS, verdictOf } from './spoiled-files.ts';

interface Reader extends ReadFile {
  readonly name: string;
  /** `private` files are judged by owner and mode; what the operator writes may be shared and linked. */
  readonly trust: 'private' | 'plain';
  readonly read: (paths: Paths) => Promise<string>;
  /** What it says of contents that each reader judges in words of its own. */
  readonly truncated: string | RegExp;
  readonly nul: string | RegExp;
  readonly doubled: { readonly content: string; readonly verdict: string };
}

const loadConfig = async (paths: Paths) =>
  loadOperatorConfig({
    paths,
    env: {},
    readTextFile,
    runCommand: () => Promise.resolve({ kind: 'failed', reason: 'is not there' }),
  });

async function configVerdict(paths: Paths): Promise<string> {
  const loaded = await loadConfig(paths);
  if (loaded.kind === 'broken') return `${loaded.problem.code}: ${loaded.problem.detail}`;
  const [finding] = loaded.findings;
  if (finding !== undefined) return `${finding.code}: ${finding.detail}`;
  return loaded.config.providers.length > 0 || loaded.env['CANARY'] !== undefined ? 'used' : 'nothing';
}

async function storeVerdict(paths: Paths): Promise<string> {
  const stores = await loadProfileStores({ paths, readTextFile, exists: fileExists });
  const [finding] = profileFindings(stores);
  if (finding !== undefined) return `${finding.code}: ${finding.detail}`;
  const loaded = stores.stores.some(({ profiles, order }) => profiles.length > 0 || order.size > 0);
  return loaded ? 'used' : 'nothing';
}

const provider = { mine: { baseUrl: 'https://m.example', apiKey: CANARY, models: [{ id: 'm' }] } };
const profile = { type: 'api_key', provider: 'mine', key: CANARY };
const store = JSON.stringify({ version: 1, profiles: { 'mine:a': profile } });
const doubledStore = store.replace('{"version":1,', '{"version":1,"version":1,');
const twice = (key: string) => `config-invalid: <path> has the key "${key}" twice in one object`;

const TOKENS = JSON.stringify({
  version: 1,
  tokens: [
    {
      id: '0123456789ab',
      name: 'one',
      sha256: '0'.repeat(64),
      providers: ['ollama'],
      models: null,
      secrets: true,
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
    },
  ],
});

const inAgent = (name: string) => (paths: Paths) => join(paths.agentDir, name);

const SYNTAX = /^config-invalid: <path> is not valid JSON5: .* at line 1, column \d+$/;

const READERS: readonly Reader[] = [
  {
    name: 'moltbot.json',
    trust: 'plain',
    path: ({ stateDir }) => join(stateDir, 'moltbot.json'),
    content: JSON.stringify({ models: { providers: provider } }),
    read: configVerdict,
    truncated: SYNTAX,
    nul: SYNTAX,
    // The agent whose file this is takes the last one, so this program has to.
    doubled: {
      content: `{"models": {}, "models": {"providers": ${JSON.stringify(provider)}}}`,
      verdict: 'used',
    },
  },
  {
    name: 'an included file',
    trust: 'plain',
    path: ({ stateDir }) => join(stateDir, 'more.json'),
    content: JSON.stringify({ providers: provider }),
    read: async (paths) => {
      await writeFile(join(paths.stateDir, 'moltbot.json'), '{models: {$include: "./more.json"}}');
      return configVerdict(paths);
    },
    truncated: /^config-invalid: Failed to parse include file: .*<path>.* at line 1, column \d+$/,
    nul: /^config-invalid: Failed to parse include file: .*<path>.* at line 1, column \d+$/,
    doubled: {
      content: `{"providers": {}, "providers": ${JSON.stringify(provider)}}`,
      verdict: 'used',
    },
  },
  {
    name: '.env of the state directory',
    trust: 'plain',
    path: ({ stateDir }) => join(stateDir, '.env'),
    content: `CANARY=${CANARY}\n`,
    read: configVerdict,
    // Each line stands for itself.
    truncated: 'used',
    nul: 'used',
    doubled: { content: `CANARY=a\nCANARY=${CANARY}\n`, verdict: 'used' },
  },
  {
    name: 'models.json',
    trust: 'plain',
    path: ({ modelsJson }) => modelsJson,
    content: JSON.stringify({ providers: provider }),
    read: async (paths) => {
      const read = await readModelsJsonFile({ modelsJsonPath: paths.modelsJson, discoverySkipped: null });
      if ('finding' in read) return `${read.finding.code}: ${read.finding.detail}`;
      return read.view.kind === 'loaded' ? 'used' : 'nothing';
    },
    truncated: 'config-invalid: <path> is not valid JSON',
    nul: 'config-invalid: <path> is not valid JSON',
    doubled: { content: `{"providers": {}, "providers": ${JSON.stringify(provider)}}`, verdict: 'used' },
  },
  {
    name: 'sidecar.json5',
    trust: 'plain',
    path: ({ settings }) => settings,
    content: JSON.stringify({ defaultModel: 'ollama/m' }),
    read: async (paths) => {
      const loaded = await loadSettings({ flags: {}, env: {}, paths, readTextFile });
      if (loaded.kind === 'broken') return `${loaded.problem.code}: ${loaded.problem.detail}`;
      return loaded.settings.defaultModel === null ? 'nothing' : 'used';
    },
    truncated: SYNTAX,
    nul: SYNTAX,
    doubled: {
      content: '{defaultModel: "ollama/a", "defaultModel": "ollama/b"}',
      verdict: twice('defaultModel'),
    },
  },
  {
    name: 'the own store, as resolutions read it',
    trust: 'private',
    path: ({ ownProfiles }) => ownProfiles,
    content: store,
    read: storeVerdict,
    truncated: 'config-invalid: <path> is not valid JSON',
    nul: 'config-invalid: <path> holds a NUL character',
    doubled: { content: doubledStore, verdict: twice('version') },
  },
  {
    name: 'the own store, as logins read it',
    trust: 'private',
    path: ({ ownProfiles }) => ownProfiles,
    content: store,
    read: (paths) => verdictOf(createOwnStore({ path: paths.ownProfiles, clock: () => NOW }).list()),
    truncated: 'config-invalid: <path> is not valid JSON',
    nul: 'config-invalid: <path> holds a NUL character',
    doubled: { content: doubledStore, verdict: twice('version') },
  },
  {
    name: 'tokens.json',
    trust: 'private',
    path: ({ sidecarDir }) => join(sidecarDir, 'tokens.json'),
    content: TOKENS,
    read: ({ sidecarDir }) =>
      verdictOf(createCallerTokenStore(join(sidecarDir, 'tokens.json'), () => NOW).revoke('nobody')),
    truncated: 'config-invalid: <path> is not a list of tokens of version 1',
    nul: 'config-invalid: <path> holds a NUL character',
    doubled: {
      content: TOKENS.replace('"providers":["ollama"]', '"providers":["ollama"],"providers":null'),
      verdict: 'config-invalid: <path> has a key twice in one object',
    },
  },
  {
    name: 'the agent’s store',
    trust: 'plain',
    path: inAgent('auth-profiles.json'),
    content: store,
    read: storeVerdict,
    truncated: 'config-invalid: <path> is not valid JSON',
    nul: 'config-invalid: <path> is not valid JSON',
    doubled: { content: doubledStore, verdict: twice('version') },
  },
  {
    name: 'the agent’s auth-state.json',
    trust: 'plain',
    path: inAgent('auth-state.json'),
    content: JSON.stringify({ order: { mine: ['mine:a'] } }),
    read: storeVerdict,
    truncated: 'config-invalid: <path> is not valid JSON',
    nul: 'config-invalid: <path> is not valid JSON',
    doubled: { content: '{"order": {}, "order": {}}', verdict: twice('order') },
  },
  {
    name: 'the agent’s auth.json from before profiles',
    trust: 'plain',
    path: inAgent('auth.json'),
    content: JSON.stringify({ mine: profile }),
    read: storeVerdict,
    truncated: 'config-invalid: <path> is not valid JSON',
    nul: 'config-invalid: <path> is not valid JSON',
    doubled: { content: '{"mine": {}, "mine": {}}', verdict: twice('mine') },
  },
  {
    name: 'oauth.json from before profiles',
    trust: 'plain',
    path: ({ oauthJson }) => oauthJson,
    content: JSON.stringify({ mine: { access: CANARY, refresh: CANARY, expires: NOW } }),
    read: storeVerdict,
    truncated: 'config-invalid: <path> is not valid JSON',
    nul: 'config-invalid: <path> is not valid JSON',
    doubled: { content: '{"mine": {}, "mine": {}}', verdict: twice('mine') },
  },
  {
    name: 'a file that a reference leads to',
    trust: 'private',
    path: ({ stateDir }) => join(stateDir, 'secrets.json'),
    content: JSON.stringify({ key: CANARY }),
    read: async (paths) => {
      const path = join(paths.stateDir, 'secrets.json');
      const file = { source: 'file', path, mode: 'json' } as const;
      const loaded = await loadSecretFiles({ providers: { mine: file }, defaults: {} }, readTextFile);
      const secrets = loaded.get('mine');
      return secrets?.kind === 'unusable'
        ? secrets.detail
        : secrets?.kind === 'json'
          ? 'used'
          : 'as one value';
    },
    // A text that is no JSON is one secret; what a reference into it leads to is decided there.
    truncated: 'as one value',
    nul: '<path> holds a NUL character',
    doubled: { content: '{"key": "a", "key": "b"}', verdict: '<path> has a key twice in one object' },
  },
];

const ifPrivate =
  (detail: string) =>
  ({ trust, name }: Reader): string | RegExp =>
    trust === 'plain' ? 'used' : name.startsWith('a file') ? detail : new RegExp(`: ${detail}`);

/** The agent's own files are its business: where one is not there, the next place is looked at. */
const isAgents = ({ name }: Reader): boolean => name.startsWith('the agent’s') || name.startsWith('oauth');

const always = (detail: string) => (): RegExp => new RegExp(detail);

const VERDICTS: Readonly<Record<Defect, (reader: Reader) => string | RegExp>> = {
  nothing: () => 'used',
  'a symbolic link': ifPrivate('<path> is a symbolic link'),
  'a link to nowhere': (reader) =>
    reader.trust === 'private'
      ? /<path> is a symbolic link$/
      : isAgents(reader)
        ? 'nothing'
        : /^config-invalid: .*<path> is a symbolic link that leads nowhere, to "<path>\.none"/,
  'a link to itself': always('<path> is a symbolic link'),
  'a foreign owner': ifPrivate('<path> belongs to another user'),
  'a wide mode': ifPrivate('<path> can be read by other users; run: chmod 600 <path>'),
  'a FIFO': always('<path> is not a regular file'),
  'a folder': always('<path> is a folder, not a file'),
  '100 MiB': always('<path> is larger than \\d+ bytes'),
  'not UTF-8': always('<path> is not UTF-8 text'),
  'a byte order mark': ifPrivate('<path> begins with a byte order mark; save it as UTF-8 without one'),
  'a NUL': ({ nul }) => nul,
  'truncated text': ({ truncated }) => truncated,
};

const DEFECTS = Object.keys(SPOILS).filter((name): name is Defect => name in VERDICTS);

describe.each(READERS)('"every reader refuses …, each with its own code": $name', (reader) => {
  const check = async (paths: Paths, path: string, expected: string | RegExp): Promise<void> => {
    const verdict = await reader.read(paths);
    const shown = verdict.replaceAll(path, '<path>');
    if (typeof expected === 'string') expect(shown).toBe(expected);
    else expect(shown).toMatch(expected);
    expect(verdict).not.toContain('canary');
  };

  for (const defect of DEFECTS) {
    it.skipIf(defect === 'a foreign owner' && !isRoot)(defect, async () => {
      const { paths, path } = await homeWith(reader, defect);
      await check(paths, path, VERDICTS[defect](reader));
    });
  }

  it('a key that stands twice', async () => {
    const { paths, path } = await homeWith({ ...reader, content: reader.doubled.content });
    await check(paths, path, reader.doubled.verdict);
  });
});

describe('a file that grows while it is read', () => {
  it('/proc files say that they are empty, and are read to their end or to the cap', async () => {
    expect(await readTextFile('/proc/self/status')).toMatchObject({ kind: 'text' });
    expect(await readTextFile('/proc/self/status', { maxBytes: 16 })).toMatchObject({ reason: 'too-large' });
  });
});
