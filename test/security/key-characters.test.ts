/**
 * "Keys with control characters refused at load": whatever place holds one, it is never sent, the place is named
 * and the value is not shown.
 */
import { describe, expect, it } from 'vitest';
import { toExplainAnswer } from '../../src/resolution/answers/explain-answer.ts';
import { resolve } from '../../src/resolution/resolve.ts';
import type { RunCommand } from '../../src/platform/run-command.ts';
import {
  NOW,
  PATHS,
  profileStore,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

const CHARACTERS = [
  ['CR and LF', '\r\nX-Evil: 1'],
  ['a bare CR', '\rx'],
  ['a bare LF', '\nx'],
  ['NUL', '\0x'],
  ['DEL', '\u007fx'],
  ['ESC', '\u001b[0m'],
  ['a space', ' x'],
  ['an emoji', '😀x'],
  ['a C1 control', '\u0085x'],
  ['a zero-width space', '\u200bx'],
] as const;

const server = { baseUrl: 'https://m.example', api: 'openai-completions', models: [{ id: 'm' }] };
const plain = providersConfig({ mine: server });
const apiKey = (key: string) => profileStore({ 'mine:a': { type: 'api_key', provider: 'mine', key } });

interface Source {
  /** Place that has to be named. */
  readonly place: string;
  readonly parts: (key: string) => SnapshotParts;
  readonly provider?: string;
}

const vault = { source: 'exec', provider: 'vault', id: 'mine' };
const answering =
  (value: string): RunCommand =>
  () =>
    Promise.resolve({
      kind: 'finished',
      stdout: JSON.stringify({ protocolVersion: 1, values: { mine: value } }),
    });

const SOURCES: Readonly<Record<string, Source>> = {
  'the environment': {
    place: 'env: XAI_API_KEY',
    provider: 'xai',
    parts: (key) => ({ env: { XAI_API_KEY: key } }),
  },
  'a Bedrock bearer token in the environment': {
    place: 'env: AWS_BEARER_TOKEN_BEDROCK',
    provider: 'amazon-bedrock',
    parts: (key) => ({ env: { AWS_BEARER_TOKEN_BEDROCK: key } }),
  },
  'AWS keys in the environment': {
    place: 'env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY',
    provider: 'amazon-bedrock',
    parts: (key) => ({ env: { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: key } }),
  },
  'an AWS session token in the environment': {
    place: 'env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY',
    provider: 'amazon-bedrock',
    parts: (key) => ({
      env: { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: key },
    }),
  },
  'the env block of moltbot.json': {
    place: 'env: XAI_API_KEY',
    provider: 'xai',
    parts: (key) => ({ config: { env: { vars: { XAI_API_KEY: key } } } }),
  },
  'the .env of the state directory': {
    place: 'env: XAI_API_KEY',
    provider: 'xai',
    parts: (key) => ({ files: { [`${PATHS.stateDir}/.env`]: `XAI_API_KEY="${key}"\n` } }),
  },
  'the key of a cfg entry': {
    place: 'cfg: models.providers.mine.apiKey',
    parts: (key) => ({ config: providersConfig({ mine: { ...server, apiKey: key } }) }),
  },
  'a variable that a cfg entry names': {
    place: 'cfg: models.providers.mine.apiKey',
    parts: (key) => ({
      config: providersConfig({ mine: { ...server, apiKey: '${MINE_KEY}' } }),
      env: { MINE_KEY: key },
    }),
  },
  'the key of a models.json entry': {
    place: 'models.json: providers.mine.apiKey',
    parts: (key) => ({ modelsJson: { mine: { ...server, apiKey: key } } }),
  },
  'the own store': {
    place: 'profile:mine:a',
    parts: (key) => ({ config: plain, ownStore: apiKey(key) }),
  },
  'the agent’s store': {
    place: 'profile:mine:a',
    parts: (key) => ({ config: plain, agentStore: apiKey(key) }),
  },
  'a stored token': {
    place: 'profile:mine:a',
    parts: (token) => ({
      config: plain,
      ownStore: profileStore({ 'mine:a': { type: 'token', provider: 'mine', token } }),
    }),
  },
  'a stored OAuth token': {
    place: 'profile:mine:a',
    parts: (access) => ({
      config: plain,
      ownStore: profileStore({
        'mine:a': { type: 'oauth', provider: 'mine', access, refresh: 'r', expires: NOW + 1_000 },
      }),
    }),
  },
  'a file from before profiles': {
    place: 'profile:mine:default',
    parts: (key) => ({
      config: plain,
      files: { [`${PATHS.agentDir}/auth.json`]: { mine: { type: 'api_key', key } } },
    }),
  },
  'a file that a reference leads to': {
    place: 'cfg: models.providers.mine.apiKey',
    parts: (key) => ({
      config: {
        ...providersConfig({
          mine: { ...server, apiKey: { source: 'file', provider: 'keys', id: '/mine' } },
        }),
        secrets: { providers: { keys: { source: 'file', path: '/vault/keys.json' } } },
      },
      files: { '/vault/keys.json': { mine: key } },
    }),
  },
  'a command that a reference leads to': {
    place: 'cfg: models.providers.mine.apiKey',
    parts: (key) => ({
      config: providersConfig({ mine: { ...server, apiKey: vault } }),
      secretCommands: { allowExec: true, commands: [{ alias: 'vault', command: '/opt/vault', args: [] }] },
      runCommand: answering(key),
    }),
  },
};

describe.each(Object.entries(SOURCES))(
  '"keys with control characters refused at load": %s',
  (_name, source) => {
    const { place, parts, provider = 'mine' } = source;

    it('a good key of that place is used', async () => {
      const outcome = await resolve(await snapshotOf(parts('sk-canary')), { provider }, NOW);
      expect(outcome.kind).toBe('resolved');
    });

    it.each(CHARACTERS)('%s', async (_what, bad) => {
      const outcome = await resolve(await snapshotOf(parts(`sk-canary${bad}`)), { provider }, NOW);
      const shown = JSON.stringify(toExplainAnswer(outcome, provider));
      expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'no-auth' } });
      expect(outcome.kind === 'failed' && outcome.problem.detail).toContain(place);
      expect(shown).not.toMatch(/canary|Evil/);
    });
  },
);
