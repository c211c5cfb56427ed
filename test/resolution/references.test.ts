/** References to secrets in a resolution: followed in the contract's order, lazily, and never shown. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { ResolutionOutcome } from '../../src/domain/auth.ts';
import type { RunCommand } from '../../src/platform/run-command.ts';
import { toExplainAnswer } from '../../src/resolution/answers/explain-answer.ts';
import { listAuth } from '../../src/resolution/answers/auth-answer.ts';
import { listModels, listProvider } from '../../src/resolution/answers/listings.ts';
import { resolve } from '../../src/resolution/resolve.ts';
import type { Snapshot } from '../../src/resolution/snapshot.ts';
import { secretsInUse } from '../../src/resolution/secrets-in-use.ts';
import {
  NOW,
  profileStore,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';

const exec = { source: 'exec', provider: 'vault', id: 'openai' };
const secretCommands = { allowExec: true, commands: [{ alias: 'vault', command: '/opt/vault', args: [] }] };
const answering =
  (value: string, asked: string[] = []): RunCommand =>
  ({ input = '' }) => {
    asked.push(input);
    const stdout = JSON.stringify({ protocolVersion: 1, values: { openai: value } });
    return Promise.resolve({ kind: 'finished', stdout });
  };

async function ask(
  parts: SnapshotParts,
  provider = 'openai',
  profileId?: string,
): Promise<ResolutionOutcome> {
  const snapshot = await snapshotOf(parts);
  return resolve(snapshot, { provider, ...(profileId === undefined ? {} : { profileId }) }, NOW);
}

/** Source and authorization header, or the code with its detail. */
async function short(
  parts: SnapshotParts,
  provider?: string,
  profileId?: string,
): Promise<readonly string[]> {
  const outcome = await ask(parts, provider, profileId);
  if (outcome.kind === 'failed') return [outcome.problem.code, outcome.problem.detail];
  const { auth, headers } = outcome.resolution;
  return [auth.source, headers['authorization'] ?? ''];
}

const file = { source: 'file', provider: 'keys', id: '/openai' };
const withFile = {
  config: { secrets: { providers: { keys: { source: 'file', path: '/vault/keys.json' } } } },
  files: { '/vault/keys.json': { openai: 'canary-file' } },
};

describe('"References to secrets wherever a key may stand"', () => {
  it.each([
    ['keyRef', { type: 'api_key', provider: 'openai', keyRef: file }],
    ['key', { type: 'api_key', provider: 'openai', key: file }],
    ['tokenRef', { type: 'token', provider: 'openai', tokenRef: file, expires: NOW + 1 }],
  ])('the %s of a profile', async (_field, profile) => {
    const parts = { ...withFile, agentStore: profileStore({ 'openai:a': profile }) };
    expect(await short(parts)).toEqual(['profile:openai:a', 'Bearer canary-file']);
    expect(await short(parts, 'openai', 'openai:a')).toEqual(['profile:openai:a', 'Bearer canary-file']);
  });

  it('the apiKey of a cfg entry and of models.json, and their headers, the model’s too', async () => {
    const entry = {
      baseUrl: 'https://x.example/v1',
      api: 'openai-completions',
      apiKey: file,
      headers: {
        'x-a': file,
        'x-b': '${B_KEY}',
        'x-c': '$B_KEY',
        'x-d': 'secretref-env:B_KEY',
        'x-e': 'plain $B',
      },
      models: [{ id: 'm', headers: { 'x-f': { source: 'env', id: 'B_KEY' } } }],
    };
    const headers = {
      'x-a': 'canary-file',
      'x-b': 'kb',
      'x-c': 'kb',
      'x-d': 'kb',
      'x-e': 'plain $B',
      'x-f': 'kb',
    };
    const env = { B_KEY: 'kb' };
    for (const parts of [
      { ...withFile, env, config: { ...withFile.config, ...providersConfig({ mine: entry }) } },
      { ...withFile, env, modelsJson: { mine: entry } },
    ]) {
      const outcome = await resolve(await snapshotOf(parts), { model: 'mine/m' }, NOW);
      if (outcome.kind === 'failed') throw new Error(outcome.problem.detail);
      expect(outcome.resolution.headers).toEqual({ authorization: 'Bearer canary-file', ...headers });
    }
  });

  it('"what cannot be resolved is no-auth naming the reference and the reason, never the value"', async () => {
    const profile = (key: object) => ({
      agentStore: profileStore({ 'openai:a': { type: 'api_key', provider: 'openai', key } }),
    });
    const [code, detail] = await short(profile(exec));
    expect(code).toBe('no-auth');
    expect(detail).toContain(
      'profile:openai:a: exec:vault:openai: commands are run only with secrets.allowExec',
    );
    expect((await short(profile({ source: 'store', id: 'x' })))[1]).toContain(
      'store:x: secrets in the store',
    );
    expect((await short(profile({ source: 'env', id: 'UNSET' })))[1]).toContain(
      'the variable UNSET is not set',
    );
    const outcome = await ask(profile({ source: 'env', id: 'UNSET' }));
    expect(outcome.kind === 'failed' && outcome.problem.hints[0]).toBe('export UNSET=your-key');
  });

  it('a header without its value stops the request and names the header', async () => {
    const entry = {
      baseUrl: 'https://x.example',
      api: 'openai-completions',
      apiKey: 'k',
      headers: { 'x-a': file, 'x-b': 'secretref-managed' },
    };
    const outcome = await ask({ config: providersConfig({ mine: entry }) }, 'mine');
    expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'no-auth' } });
    expect(outcome.kind === 'failed' && outcome.problem.detail).toContain(
      'header x-a): a reference to file:keys:/openai',
    );
    expect(outcome.steps.filter(({ outcome: what }) => what === 'error').map(({ place }) => place)).toEqual([
      'cfg: provider "mine": header x-a',
      'cfg: provider "mine": header x-b',
    ]);
  });

  it('a key by reference goes to the server that it was configured for and to no other', async () => {
    const parts = {
      ...withFile,
      config: {
        ...withFile.config,
        ...providersConfig({ mine: { baseUrl: 'https://a.example', apiKey: file } }),
      },
      modelsJson: { mine: { baseUrl: 'https://b.example', api: 'openai-completions', models: [] } },
    };
    expect((await short(parts, 'mine'))[0]).toBe('no-auth');
  });

  it('an expired token by reference is expired, whatever it leads to', async () => {
    const profile = { type: 'token', provider: 'openai', tokenRef: file, expires: NOW };
    expect((await short({ ...withFile, ownStore: profileStore({ 'openai:a': profile }) }))[0]).toBe(
      'auth-expired',
    );
  });
});

describe('commands', () => {
  const statusIn = async (snapshot: Snapshot): Promise<string> => {
    const listed = await listProvider(snapshot, 'openai', NOW);
    return listed.kind === 'listed' ? listed.provider.auth.status : listed.kind;
  };
  const byCommand = { type: 'api_key', provider: 'openai', key: exec };

  it('are run for a place that counts', async () => {
    const parts = {
      secretCommands,
      runCommand: answering('k1'),
      ownStore: profileStore({ 'openai:a': byCommand }),
    };
    expect(await short(parts)).toEqual(['profile:openai:a', 'Bearer k1']);
  });

  it('"Resolution stays lazy": none is run for a place that a stronger one shadows, or for auth "none"', async () => {
    const asked: string[] = [];
    const parts = {
      secretCommands,
      runCommand: answering('k1', asked),
      agentStore: profileStore({ 'openai:a': byCommand }),
    };
    const key = { type: 'api_key', provider: 'openai', key: 'k2' };
    expect(await short({ ...parts, ownStore: profileStore({ 'openai:b': key }) })).toEqual([
      'profile:openai:b',
      'Bearer k2',
    ]);
    const local = {
      openai: { baseUrl: 'http://127.0.0.1:9', api: 'openai-completions', auth: 'none', models: [] },
    };
    expect((await short({ ...parts, modelsJson: local }))[0]).toBe('provider-policy');
    expect(asked).toEqual([]);
    const outcome = await ask({ ...parts, ownStore: profileStore({ 'openai:b': key }) });
    expect(outcome.steps.find(({ place }) => place === 'profile:openai:a')).toMatchObject({
      outcome: 'skipped',
      note: expect.stringContaining('not run'),
    });
  });

  it('"A command is run late and rarely": none is run for a list, which tells what the command said before', async () => {
    const asked: string[] = [];
    const vault = { source: 'exec', provider: 'vault', id: 'openai' };
    const entry = { baseUrl: 'https://x.example/v1', api: 'openai-completions', models: [{ id: 'm' }] };
    const snapshot = await snapshotOf({
      secretCommands,
      runCommand: answering('k1', asked),
      agentStore: profileStore({ 'openai:a': byCommand }),
      config: providersConfig({ mine: { ...entry, apiKey: 'k3', headers: { 'x-a': vault } } }),
    });
    const status = () => statusIn(snapshot);
    const models = async () => (await listModels(snapshot, NOW)).data.map(({ id }) => id);
    expect(await status()).toBe('unverified');
    expect(await models()).toEqual([]);
    expect(asked).toEqual([]);
    await resolve(snapshot, { provider: 'openai' }, NOW);
    expect(await status()).toBe('satisfied');
    expect(await models()).toContain('mine/m');
    expect(asked).toHaveLength(1);
  });

  it('a list tells at once of a variable, a file, and a command that may not be run', async () => {
    const status = async (key: object, more: SnapshotParts = {}) => {
      const agentStore = profileStore({ 'openai:a': { type: 'api_key', provider: 'openai', key } });
      const snapshot = await snapshotOf({ ...more, agentStore });
      return statusIn(snapshot);
    };
    expect(await status({ source: 'env', id: 'MY_KEY' }, { env: { MY_KEY: 'k' } })).toBe('satisfied');
    expect(await status(file, withFile)).toBe('satisfied');
    expect(await status(exec)).toBe('missing');
  });

  it('"cached … until the snapshot changes": one run for all who ask', async () => {
    const asked: string[] = [];
    const parts = {
      secretCommands,
      runCommand: answering('k1', asked),
      agentStore: profileStore({ 'openai:a': byCommand }),
    };
    const snapshot = await snapshotOf(parts);
    for (const now of [NOW, NOW + 1, NOW + 1e9]) await resolve(snapshot, { provider: 'openai' }, now);
    expect(asked).toHaveLength(1);
  });
});

describe('"A canary key in every place … appears in no explain, error or list"', () => {
  it('for keys by reference, in files from before profiles, and in headers', async () => {
    const parts: SnapshotParts = {
      ...withFile,
      config: {
        ...withFile.config,
        ...providersConfig({
          mine: {
            baseUrl: 'https://x.example',
            api: 'openai-completions',
            apiKey: file,
            headers: { 'x-a': { source: 'env', id: 'CANARY_VAR' } },
          },
        }),
      },
      env: { CANARY_VAR: 'canary-variable' },
      agentStore: { groq: { apiKey: 'canary-flat' } },
      ownStore: profileStore({ 'openai:a': { type: 'api_key', provider: 'openai', key: exec } }),
      secretCommands,
      runCommand: answering('canary-command'),
    };
    const snapshot = await snapshotOf(parts);
    const seen: unknown[] = [await listAuth(snapshot, { all: true, now: NOW }), snapshot.findings];
    for (const provider of ['openai', 'groq', 'mine']) {
      const outcome = await resolve(snapshot, { provider }, NOW);
      expect(outcome.kind).toBe('resolved');
      seen.push(outcome.steps, toExplainAnswer(outcome, null));
    }
    expect(JSON.stringify(seen)).not.toContain('canary');
    const known = secretsInUse(snapshot);
    expect(known).toEqual(expect.arrayContaining(['canary-file', 'canary-variable', 'canary-flat']));
    expect(inspect(seen, { depth: Infinity, showHidden: true })).not.toContain('canary');
  });
});
