/** What a key login says, driven with answers of an imagined provider. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOwnStore } from '../../src/credentials/own-store.ts';
import type { Ask } from '../../src/login/ask-provider.ts';
import type { KeyServer } from '../../src/login/key-target.ts';
import type { LoginPlugin } from '../../src/login/plugin.ts';
import { createProviderKeyLogin } from '../../src/login/provider-key.ts';
import { resolve } from '../../src/resolution/resolve.ts';
import { NOW, profileStore, type SnapshotParts, snapshotOf } from '../helpers/snapshot-fixture.ts';
import { NO_OAUTH } from './no-oauth.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecar-key-login-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LIST = { data: [] };

/** Answers 200 to these headers, and this status to any other. */
const answers =
  (status: number, isGood: (headers: Readonly<Record<string, string>>) => boolean = () => false): Ask =>
  ({ headers }) =>
    Promise.resolve({
      kind: 'answer',
      status: isGood(headers) ? 200 : status,
      contentType: 'application/json',
      json: LIST,
    });

function login(ask: Ask, parts: SnapshotParts = {}, id = 'anthropic'): LoginPlugin {
  const server: KeyServer = {
    kind: 'server',
    provider: id,
    displayName: 'Acme',
    baseUrl: 'https://acme.test/v1',
    api: 'openai-completions',
    headersFor: (key) => (key === null ? {} : { authorization: `Bearer ${key.reveal()}` }),
    maybeKeyless: false,
    models: [],
  };
  return createProviderKeyLogin(
    { id, displayName: 'Acme', models: [] },
    {
      env: {},
      store: createOwnStore({ path: join(folder, 'auth-profiles.json'), clock: () => NOW }),
      ask,
      prompt: {
        isPiped: () => true,
        readPiped: () => Promise.resolve('acme-key-1'),
        askSecret: () => Promise.resolve({ kind: 'no-terminal' }),
      },
      target: () => Promise.resolve(server),
      lookUp: async (provider) => resolve(await snapshotOf(parts), { provider }, NOW),
      serverOf: ({ headers }) => ({ ...server, headersFor: (key) => (key === null ? {} : headers) }),
      exchange: () => Promise.reject(new Error('nothing is exchanged here')),
      oauth: NO_OAUTH,
    },
  );
}

describe('status --check: what a request would send is what is checked', () => {
  it.each([
    ['token', { type: 'token', provider: 'anthropic', token: 'sk-ant-oat-good' }, 'sk-ant-oat-good'],
    [
      'oauth',
      { type: 'oauth', provider: 'anthropic', access: 'at-good', refresh: 'r', expires: NOW + 3_600_000 },
      'at-good',
    ],
  ])('a good %s profile is valid', async (mode, profile, secret) => {
    const ownStore = profileStore({ 'anthropic:default': profile });
    const plugin = login(
      answers(401, ({ authorization }) => authorization === `Bearer ${secret}`),
      { ownStore },
    );
    const result = await plugin.executeUserCommand('auth anthropic', ['status'], { check: true });
    expect(result).toMatchObject({ exitCode: 0, json: { mode, check: { outcome: 'valid' } } });
    expect(await plugin.verifyCredentials()).toBe(true);
    const refusing = login(answers(401), { ownStore });
    expect(await refusing.verifyCredentials()).toBe(false);
  });

  it('AWS credentials are unverified, never invalid, and nothing is sent', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'canary-secret' };
    const never: Ask = () => Promise.reject(new Error('it was asked'));
    const plugin = login(never, { env }, 'amazon-bedrock');
    const result = await plugin.executeUserCommand('auth amazon-bedrock', ['status'], { check: true });
    expect(result).toMatchObject({ exitCode: 0, json: { check: { outcome: 'unverified' } } });
  });
});

describe('key: the words fit what was found out and what was done', () => {
  const run = (ask: Ask, flags = {}) =>
    login(ask, {}, 'acme').executeUserCommand('auth acme', ['key', '-'], flags);

  it('a limit that meets a request without the key too proves nothing about the key', async () => {
    const everybody = await run(answers(429));
    expect(everybody.exitCode).toBe(75);
    expect(everybody.lines[0]).toContain('could not be told from a wrong one');
    expect(everybody.lines[0]).not.toContain('knows this account');
    const keyed: Ask = ({ headers }) =>
      answers(headers['authorization'] === undefined ? 401 : 429)({ method: 'GET', url: '', headers });
    expect((await run(keyed)).lines[0]).toContain('knows this account');
  });

  it('--force is offered where it helps, and not once it was given', async () => {
    for (const status of [401, 404]) {
      expect((await run(answers(status))).lines.join('\n'), String(status)).toContain('--force');
      const forced = (await run(answers(status), { force: true })).lines.join('\n');
      expect(forced).toContain('Stored as acme:default');
      expect(forced).not.toContain('--force');
    }
  });
});
