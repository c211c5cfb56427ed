import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOGINS } from '../../src/login/index.ts';
import { runCli } from '../helpers/cli.ts';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-completion-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const script = async (shell: string): Promise<string> =>
  (await runCli(['completion', shell], { home })).stdout;
const words = async (...typed: readonly string[]): Promise<string[]> => {
  const { stdout } = await runCli(['__complete', '--', ...typed], { home });
  return stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
};
const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

describe('completion scripts', () => {
  it.each(['bash', 'zsh', 'fish'])('%s takes its script, where it is installed', async (shell) => {
    const text = await script(shell);
    expect(text).toContain('provider-sidecar __complete --');
    if (has(shell)) execFileSync(shell, ['-n'], { input: text });
  });

  it('bash completes with it', async () => {
    expect(has('bash')).toBe(true);
    const bin = join(home, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'provider-sidecar'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
    await chmod(join(bin, 'provider-sidecar'), 0o755);
    const driver = `${await script('bash')}
COMP_WORDS=(provider-sidecar nim-auth lo); COMP_CWORD=2
_provider_sidecar; printf '%s\\n' "\${COMPREPLY[@]}"
COMP_WORDS=(provider-sidecar nim-auth ""); COMP_CWORD=2
_provider_sidecar; printf '%s\\n' "\${#COMPREPLY[@]}"`;
    const env = { HOME: home, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    const output = execFileSync('bash', ['--norc', '-c', driver], { env, encoding: 'utf8' });
    expect(output).toBe('login\nlogout\n5\n');
  });

  it('another shell is a usage error that names those that there are', async () => {
    const { code, stderr } = await runCli(['completion', 'tcsh'], { home });
    expect(code).toBe(64);
    expect(stderr).toContain('bash, zsh, fish');
  });
});

describe('the words are made from the command line and the logins, nothing written twice', () => {
  it('names every login, and the subcommands and flags that it declares', async () => {
    expect(await words('')).toEqual(
      expect.arrayContaining([...LOGINS.map(({ command }) => command.name), 'serve', 'auth']),
    );
    for (const { command } of LOGINS) {
      expect(await words(command.name, '')).toEqual(command.subcommands.map(({ name }) => name));
    }
    expect(await words('nim-auth', 'key', '--fo')).toEqual(['--force']);
    expect(await words('serve', '--str')).toEqual(['--strict']);
  });

  it('names providers behind auth, and what they can do', async () => {
    expect(await words('auth', 'ni')).toEqual(['nim']);
    expect(await words('auth', 'openai', 'k')).toEqual(['key']);
    expect(await words('auth', 'no-such-provider', '')).toEqual([]);
  });

  it('hides the command that the scripts call', async () => {
    expect((await runCli(['--help'], { home })).stdout).not.toContain('__complete');
  });
});
