/** Where references to secrets lead: variables, private files, named commands; and why one leads to nothing. */
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createReferences, type ReferenceInput } from '../../src/credentials/references.ts';
import { loadSecretFiles, type SecretProvider } from '../../src/credentials/secret-files.ts';
import { readSecretRef, type SecretRef } from '../../src/domain/secret-ref.ts';
import { readTextFile } from '../../src/platform/files.ts';
import { type RunCommand, runCommand } from '../../src/platform/run-command.ts';
import { tempFolder } from '../platform/temp-folder.ts';

function reference(raw: Readonly<Record<string, unknown>>): SecretRef {
  const read = readSecretRef(raw);
  if (read.kind === 'defect') throw new Error(read.reason);
  return read.reference;
}

interface Parts extends Partial<Omit<ReferenceInput, 'config' | 'files'>> {
  readonly providers?: Readonly<Record<string, SecretProvider>>;
  readonly defaults?: Readonly<Record<string, string>>;
}

const neverRun: RunCommand = () => Promise.reject(new Error('a command was run'));

async function references({ providers = {}, defaults = {}, ...parts }: Parts) {
  const config = { providers, defaults };
  return createReferences({
    env: {},
    outside: {},
    policy: { allowExec: false, commands: [] },
    run: neverRun,
    clock: () => 0,
    onSecret: () => undefined,
    ...parts,
    config,
    files: await loadSecretFiles(config, readTextFile),
  });
}

/** The value, or the reason in words. */
async function follow(raw: Readonly<Record<string, unknown>>, parts: Parts): Promise<string> {
  const outcome = await (await references(parts)).resolve(reference(raw));
  return outcome.kind === 'resolved' ? `value ${outcome.value.reveal()}` : outcome.reason;
}

describe('source env', () => {
  const env = { MY_KEY: ' k1 ', MARKED: 'ollama-local', BAD: 'canary two\nlines', NAMED: 'OPENAI_API_KEY' };
  it.each([
    [{ id: 'MY_KEY' }, 'value k1'],
    [{ id: 'MY_KEY', provider: 'default' }, 'value k1'],
    [{ id: 'UNSET' }, 'the variable UNSET is not set'],
    [{ id: 'MARKED' }, 'the variable MARKED holds no key'],
    [{ id: 'BAD' }, 'the variable BAD holds no key'],
    [{ id: 'NAMED' }, 'the variable NAMED holds no key'],
    [{ id: 'MY_KEY', provider: 'other' }, 'secrets.providers has no "other"'],
  ])('%j leads to: %s', async (raw, expected) => {
    expect(await follow({ source: 'env', ...raw }, { env })).toBe(expected);
  });

  it('an alias of the operator’s config may allow some variables only', async () => {
    const providers: Parts['providers'] = {
      some: { source: 'env', allowlist: ['MY_KEY'] },
      file: { source: 'file', path: '/nowhere', mode: 'json' },
    };
    const raw = { source: 'env', provider: 'some' };
    expect(await follow({ ...raw, id: 'MY_KEY' }, { env, providers })).toBe('value k1');
    expect(await follow({ ...raw, id: 'MARKED' }, { env, providers })).toContain('does not allow MARKED');
    expect(await follow({ ...raw, provider: 'file', id: 'MY_KEY' }, { env, providers })).toContain(
      'not of the source env',
    );
    expect(
      await follow({ source: 'env', id: 'MARKED' }, { env, providers, defaults: { env: 'some' } }),
    ).toContain('does not allow');
  });
});

describe('source file', () => {
  const CONTENT = { openai: { apiKey: 'k1', 'a/b~c': 'k2', list: ['k3'], number: 5, blank: '' }, '': 'k4' };

  async function vault(text = JSON.stringify(CONTENT), mode: 'json' | 'singleValue' = 'json') {
    const path = join(await tempFolder(), 'secrets.json');
    await writeFile(path, text, { mode: 0o600 });
    const providers: Parts['providers'] = { vault: { source: 'file', path, mode } };
    return { path, providers, defaults: { file: 'vault' } };
  }

  it.each([
    ['/openai/apiKey', 'value k1'],
    ['/openai/a~1b~0c', 'value k2'],
    ['/openai/list/0', 'value k3'],
    ['/', 'value k4'],
    ['/openai/list/00', 'has nothing there'],
    ['/openai/list/length', 'has nothing there'],
    ['/constructor', 'has nothing there'],
    ['/openai/number', 'has no text there'],
    ['/openai', 'has no text there'],
    ['/openai/blank', 'is empty'],
    ['value', 'holds JSON'],
  ])('"a JSON pointer, or value": %s leads to: %s', async (id, expected) => {
    const { providers, defaults } = await vault();
    expect(await follow({ source: 'file', provider: 'vault', id }, { providers })).toContain(expected);
    expect(await follow({ source: 'file', id }, { providers, defaults })).toContain(expected);
  });

  it('"value" of a file that holds a JSON string is that string without its quotes', async () => {
    const { providers } = await vault('"k1"\n');
    expect(await follow({ source: 'file', provider: 'vault', id: 'value' }, { providers })).toBe('value k1');
  });

  it('"value" is the whole text, trimmed', async () => {
    const { providers } = await vault('k1\n', 'singleValue');
    expect(await follow({ source: 'file', provider: 'vault', id: 'value' }, { providers })).toBe('value k1');
    expect(await follow({ source: 'file', provider: 'vault', id: '/a' }, { providers })).toContain('"value"');
  });

  it('"ownership and mode checked": a wide mode, a symbolic link and a folder are refused by name', async () => {
    const { path, providers } = await vault('canary\n');
    const raw = { source: 'file', provider: 'vault', id: 'value' };
    await chmod(path, 0o640);
    expect(await follow(raw, { providers })).toBe(
      `${path} can be read by other users; run: chmod 600 ${path}`,
    );
    await chmod(path, 0o600);
    const link = `${path}.link`;
    await symlink(path, link);
    const linked: Parts['providers'] = { vault: { source: 'file', path: link, mode: 'json' } };
    expect(await follow(raw, { providers: linked })).toBe(`${link} is a symbolic link`);
    const missing: Parts['providers'] = { vault: { source: 'file', path: `${path}.no`, mode: 'json' } };
    expect(await follow(raw, { providers: missing })).toBe(`${path}.no is not there`);
  });

  it.each(['{"openai": "canary", "openai": "canary"}', '"canary two\\nlines"'])(
    'a file that cannot be used says why without quoting it: %s',
    async (text) => {
      const { providers } = await vault(text);
      for (const id of ['value', '/openai']) {
        const reason = await follow({ source: 'file', provider: 'vault', id }, { providers });
        expect(reason).not.toMatch(/canary|value k/);
      }
    },
  );

  it('an alias that the config does not have, or has for something else, is named', async () => {
    const raw = { source: 'file', id: '/a' };
    expect(await follow(raw, {})).toBe('secrets.providers has no "default"');
    expect(await follow({ ...raw, provider: 'constructor' }, {})).toBe(
      'secrets.providers has no "constructor"',
    );
    expect(await follow(raw, { providers: { default: { source: 'exec' } } })).toContain(
      'not of the source file',
    );
    expect(await follow(raw, { providers: { default: { source: null, problem: 'P' } } })).toBe('P');
  });
});

describe('source exec', () => {
  const raw = { source: 'exec', provider: 'vault', id: 'openai/key' };
  const command = { alias: 'vault', command: '/opt/vault', args: ['-q'] };
  const policy = { allowExec: true, commands: [command] };
  const answer =
    (stdout: unknown): RunCommand =>
    () =>
      Promise.resolve({
        kind: 'finished',
        stdout: typeof stdout === 'string' ? stdout : JSON.stringify(stdout),
      });

  it('"only for commands named in the settings and only with allowExec: true": nothing else is run', async () => {
    expect(await follow(raw, {})).toContain('secrets.allowExec: true');
    expect(await follow(raw, { policy: { allowExec: false, commands: [command] } })).toContain('allowExec');
    expect(await follow(raw, { policy: { allowExec: true, commands: [] } })).toContain(
      'names no command for "vault"',
    );
    // The operator's config may name a provider of secrets; its command is not even read.
    const providers: Parts['providers'] = { other: { source: 'exec' } };
    expect(await follow({ ...raw, provider: 'other' }, { policy, providers })).toContain(
      'no command for "other"',
    );
  });

  it('speaks upstream’s protocol with a real program: no shell, no secret around it', async () => {
    const path = join(await tempFolder(), 'vault.mjs');
    await writeFile(
      path,
      `let input = ''; for await (const part of process.stdin) input += part;
       const { protocolVersion, provider, ids } = JSON.parse(input);
       const seen = [protocolVersion, provider, ids.join(), process.argv[2], Object.keys(process.env).sort().join()];
       console.log(JSON.stringify({ protocolVersion: 1, values: { [ids[0]]: seen.join('|').replaceAll(' ', '_') } }));`,
    );
    const node = { alias: 'vault', command: process.execPath, args: [path, '$HOME;`id`'] };
    // What the config sets is in the first alone.
    const env = { PATH: '/elsewhere', TMPDIR: '/elsewhere', OPENAI_API_KEY: 'canary' };
    const outside = { PATH: '/bin', HOME: '/h', OPENAI_API_KEY: 'canary' };
    const learned: string[] = [];
    const value = await follow(raw, {
      env,
      outside,
      run: runCommand,
      policy: { allowExec: true, commands: [node] },
      onSecret: (secret) => learned.push(secret),
    });
    expect(value).toBe('value 1|vault|openai/key|$HOME;`id`|HOME,PATH');
    expect(learned).toEqual([value.slice('value '.length)]);
  });

  it.each([
    ['not JSON canary', 'did not answer by protocol version 1'],
    [{ protocolVersion: 2, values: { 'openai/key': 'canary' } }, 'did not answer by protocol version 1'],
    [{ protocolVersion: 1, values: { other: 'canary' } }, 'has no text for it'],
    [{ protocolVersion: 1, values: { 'openai/key': { a: 'canary' } } }, 'has no text for it'],
    [{ protocolVersion: 1, errors: { 'openai/key': { message: 'canary' } } }, 'reports an error for it'],
    [{ protocolVersion: 1, values: { 'openai/key': 'canary\r\nX: y' } }, 'no header may carry'],
    [{ protocolVersion: 1, values: { 'openai/key': 'ollama-local' } }, 'holds the marker'],
  ])('the answer %j leads to: %s', async (stdout, words) => {
    const reason = await follow(raw, { policy, run: answer(stdout) });
    expect(reason).toContain(words);
    expect(reason).toContain('/opt/vault');
    expect(reason).not.toMatch(/canary|^value/);
  });

  it('has ten seconds and a limit on what it prints, and is asked once for all that ask at the same time', async () => {
    const asked: unknown[] = [];
    const run: RunCommand = (request) => {
      asked.push(request);
      return answer({ protocolVersion: 1, values: { 'openai/key': 'k1' } })(request);
    };
    const all = await references({ policy, run });
    await Promise.all([1, 2, 3].map(() => all.resolve(reference(raw))));
    await all.resolve(reference(raw));
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      command: '/opt/vault',
      args: ['-q'],
      timeoutMs: 10_000,
      maxBytes: 1_048_576,
    });
  });

  it('a failure is kept for ten seconds, and then asked again', async () => {
    let now = 0;
    let runs = 0;
    const run: RunCommand = () => {
      runs += 1;
      return Promise.resolve({ kind: 'failed', reason: 'ended with exit code 1' });
    };
    const all = await references({ policy, run, clock: () => now });
    for (const time of [0, 9_999, 10_000]) {
      now = time;
      expect((await all.resolve(reference(raw))).kind).toBe('unresolved');
    }
    expect(runs).toBe(2);
  });

  it('peek runs nothing', async () => {
    expect((await references({ policy })).peek(reference(raw))).toBeNull();
  });
});

describe('source store', () => {
  it('"store" is not read here, and says so', async () => {
    expect(await follow({ source: 'store', id: 'x' }, {})).toContain('not read here');
  });
});

describe('readSecretRef', () => {
  it.each([
    { source: 'env', id: 'lower' },
    { source: 'env', id: `A${'B'.repeat(128)}` },
    { source: 'env', provider: 'Upper', id: 'X' },
    { source: 'env', provider: 5, id: 'X' },
    { source: 'file', id: 'openai' },
    { source: 'file', id: '/a\n' },
    { source: 'exec', id: '../x' },
    { source: 'exec', id: 'a/./b' },
    { source: 'exec', id: '-x' },
    { source: 'exec', id: '' },
    { source: 'vault', id: 'x' },
    { id: 'x' },
  ])('%j is none, by upstream’s grammar', (raw) => {
    expect(readSecretRef(raw).kind).toBe('defect');
  });

  it.each([
    { source: 'env', id: 'X1_Y' },
    { source: 'file', id: 'value' },
    { source: 'file', id: '/' },
    { source: 'exec', provider: 'op', id: 'a.b/c:d#e-f_g' },
    { source: 'store', id: 'anything' },
  ])('%j is one', (raw) => {
    expect(readSecretRef(raw)).toMatchObject({ kind: 'reference', reference: raw });
  });
});
