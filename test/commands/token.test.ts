/** The token commands: what they refuse, and what they do where no server runs. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
// Loaded by a limit on first use; here before, so that no test waits for it.
import '../../src/commands/known-names.ts';
import {
  tokenCreate,
  type TokenFlags,
  tokenList,
  tokenRevoke,
  tokenRotate,
} from '../../src/commands/token.ts';

let home: string;
let printed: string;
let said: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-token-'));
  printed = '';
  said = '';
});
afterEach(() => rm(home, { recursive: true, force: true }));

function contextWith(env: Record<string, string> = {}): CommandContext {
  return {
    env,
    home,
    clock: () => 1_000_000_000_000,
    print: (text) => {
      printed += text;
    },
    printError: (text) => {
      said += text;
    },
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    stopSignal: new AbortController().signal,
  };
}

const create = (flags: TokenFlags) => tokenCreate(contextWith(), flags);

describe('what is refused', () => {
  it.each<[string, TokenFlags]>([
    ['the name of the endpoint', { name: 'endpoint' }],
    ['a name of exec', { name: 'exec:sh:1' }],
    ['a life that is none', { name: 'x', ttl: 'soon' }],
    ['a model without its provider', { name: 'x', models: 'gpt-5' }],
    ['a limit that names nothing', { name: 'x', providers: ',' }],
    ['a provider that is none', { name: 'x', providers: 'a b' }],
  ])('%s: exit code 64, and no token', async (_what, flags) => {
    expect(await create(flags)).toBe(64);
    expect(printed).toBe('');
    expect(said).toContain('bad-request');
  });

  it('a second token of a name, and what is not there', async () => {
    expect(await create({ name: 'ci' })).toBe(0);
    printed = '';
    expect(await create({ name: 'ci' })).toBe(64);
    expect(await tokenRevoke(contextWith(), 'nobody', {})).toBe(64);
    expect(await tokenRevoke(contextWith(), 'endpoint', {})).toBe(64);
    expect(await tokenRotate(contextWith(), 'nobody', {})).toBe(64);
    expect(printed).toBe('');
  });

  it('a file that cannot be read is told by every command with what to do about it', async () => {
    const path = join(home, '.clawdbot/sidecar/tokens.json');
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    await writeFile(path, '{ broken', { mode: 0o600 });
    for (const command of [
      () => tokenList(contextWith(), {}),
      () => create({ name: 'ci' }),
      () => tokenRevoke(contextWith(), 'ci', {}),
    ]) {
      said = '';
      expect(await command()).toBe(78);
      expect(said).toMatch(/^config-invalid: .*tokens\.json/);
      expect(said).toContain(`\n  - Mend or remove ${path}\n`);
    }
  });

  it('"can be read by others": exit code 77, as for the other files of secrets', async () => {
    expect(await create({ name: 'ci' })).toBe(0);
    const path = join(home, '.clawdbot/sidecar/tokens.json');
    await chmod(path, 0o644);
    for (const command of [
      () => tokenList(contextWith(), {}),
      () => create({ name: 'other' }),
      () => tokenRevoke(contextWith(), 'ci', {}),
      () => tokenRotate(contextWith(), 'ci', {}),
    ]) {
      said = '';
      expect(await command()).toBe(77);
      expect(said).toMatch(/^not-permitted: .*tokens\.json can be read by other users; run: chmod 600/);
    }
  });

  it('a rotation of a token that a variable gives: nothing is changed', async () => {
    const context = contextWith({ PROVIDER_SIDECAR_TOKEN: 'given-by-variable-0123456789-0123456789' });
    expect(await tokenRotate(context, undefined, {})).toBe(78);
    await expect(readFile(join(home, '.clawdbot/sidecar/identity.json'))).rejects.toThrow('ENOENT');
  });
});

describe('where no server runs', () => {
  it('makes, lists and replaces tokens, each shown this once', async () => {
    expect(await create({ name: 'ci', ttl: '1h', providers: 'ollama, moonshot', secrets: false })).toBe(0);
    const token = printed.trim();
    expect(token).toMatch(/^psc_/);
    expect(said).toContain('providers ollama, moonshot; no secrets');
    expect(said).not.toContain(token);
    printed = '';
    await tokenList(contextWith(), {});
    expect(printed).toMatch(/^ci +stored .* providers ollama, moonshot; no secrets$/m);
    expect(printed).not.toContain('psc_');
    printed = '';
    await tokenRotate(contextWith(), 'ci', { json: true });
    expect(JSON.parse(printed)).toMatchObject({
      name: 'ci',
      token: expect.stringMatching(/^psc_/),
      providers: ['ollama', 'moonshot'],
      models: null,
      secrets: false,
      expiresAt: new Date(1_000_000_000_000 + 3_600_000).toISOString(),
    });
    expect(printed).not.toContain(token);
  });

  it('limits that name what nobody knows: the token is made, and one line on standard error says so', async () => {
    expect(
      await create({ name: 'ci', providers: 'nope,moonshto', models: 'nope/x,moonshot/*', json: true }),
    ).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({ name: 'ci', providers: ['nope', 'moonshto'] });
    expect(said).toBe(
      'Warning: no provider or model is known now as "nope", "moonshto", "nope/x"; the token may ask for it once it is there. Did you mean moonshot?\n',
    );
    said = '';
    expect(
      await create({ name: 'ci-2', providers: 'moonshot', models: 'moonshot/kimi-k2.5', json: true }),
    ).toBe(0);
    expect(said).toBe('');
  });

  it('a config that cannot be read takes no token away', async () => {
    const config = join(home, '.clawdbot/moltbot.json');
    await mkdir(join(config, '..'), { recursive: true });
    await writeFile(config, '{ broken');
    expect(await create({ name: 'ci', providers: 'nope', json: true })).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({ name: 'ci' });
    expect(said).toBe('');
  });

  it('the next server has another token, and the key of the fingerprints stays', async () => {
    const read = async (): Promise<{ token: string; installKey: string }> =>
      JSON.parse(await readFile(join(home, '.clawdbot/sidecar/identity.json'), 'utf8'));
    await tokenRotate(contextWith(), undefined, {});
    const first = await read();
    await tokenRotate(contextWith(), undefined, { json: true });
    const second = await read();
    expect(second.token).not.toBe(first.token);
    expect(second.installKey).toBe(first.installKey);
    expect(printed).toContain('"inForce": false');
    expect(printed).not.toContain(second.token);
  });
});
