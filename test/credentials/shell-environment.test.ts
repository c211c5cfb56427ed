/** Variables from the login shell: asked of a real shell in a temporary home. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  importShellVariables,
  readShellWish,
  type ShellImport,
} from '../../src/credentials/shell-environment.ts';
import { type CommandRequest, runCommand } from '../../src/platform/run-command.ts';
import { tempFolder } from '../platform/temp-folder.ts';

const WISH = { enabled: true, timeoutMs: 10_000 };

async function importFrom(
  profile: string,
  env: Record<string, string> = {},
  wish = WISH,
): Promise<ShellImport> {
  const home = await tempFolder();
  await writeFile(join(home, '.profile'), profile);
  const all = { PATH: process.env['PATH'], HOME: home, SHELL: '/bin/sh', ...env };
  return importShellVariables(wish, all, all, runCommand);
}

describe('importShellVariables', () => {
  it('"copies only the expected keys", whatever else the start-up files set or print', async () => {
    const imported = await importFrom(
      "echo Welcome; export OPENAI_API_KEY='k=1\nline two' OTHER=canary XAI_API_KEY=' '; printf 'no line end'",
    );
    expect(imported).toEqual({ kind: 'imported', variables: { OPENAI_API_KEY: 'k=1\nline two' } });
  });

  it('"only when none of the expected keys is set", and only when the operator wants it', async () => {
    const profile = 'export OPENAI_API_KEY=k1';
    expect(await importFrom(profile, { GROQ_API_KEY: 'k2' })).toEqual({ kind: 'not-asked' });
    expect(await importFrom(profile, {}, { ...WISH, enabled: false })).toEqual({ kind: 'not-asked' });
    expect((await importFrom(profile, { GROQ_API_KEY: ' ' })).kind).toBe('imported');
  });

  it('a shell that hangs or fails is told, without what it printed', async () => {
    const hanging = await importFrom('echo canary; sleep 600', {}, { enabled: true, timeoutMs: 300 });
    expect(hanging).toEqual({
      kind: 'failed',
      detail: 'The login shell /bin/sh did not answer within 0.3 s; its variables are not used',
    });
    expect(await importFrom('exit 4')).toMatchObject({ detail: expect.stringContaining('exit code 4') });
  });

  it('runs $SHELL -l -c "env -0" with no secret around it, and /bin/sh when that is no path', async () => {
    const asked: CommandRequest[] = [];
    const env = { SHELL: '/bin/zsh', HOME: '/h', UNKNOWN_KEY: 'canary' };
    for (const SHELL of ['/bin/zsh', 'zsh', '']) {
      await importShellVariables(WISH, { ...env, SHELL }, { ...env, SHELL }, (request) => {
        asked.push(request);
        return Promise.resolve({ kind: 'finished', stdout: '' });
      });
    }
    expect(asked.map(({ command }) => command)).toEqual(['/bin/zsh', '/bin/sh', '/bin/sh']);
    expect(asked[0]).toMatchObject({ args: ['-l', '-c', 'env -0'], maxBytes: 2_097_152, timeoutMs: 10_000 });
    expect(JSON.stringify(asked)).not.toContain('canary');
  });
});

describe('readShellWish', () => {
  it.each([
    [undefined, {}, { enabled: false, timeoutMs: 15_000 }],
    [{ shellEnv: { enabled: true, timeoutMs: 5 } }, {}, { enabled: true, timeoutMs: 5 }],
    [{ shellEnv: { enabled: 'yes', timeoutMs: -1 } }, {}, { enabled: false, timeoutMs: 15_000 }],
    [{}, { CLAWDBOT_LOAD_SHELL_ENV: '1' }, { enabled: true, timeoutMs: 15_000 }],
    [
      {},
      { OPENCLAW_LOAD_SHELL_ENV: 'true', OPENCLAW_SHELL_ENV_TIMEOUT_MS: '7' },
      { enabled: true, timeoutMs: 7 },
    ],
    [{ shellEnv: { enabled: true } }, { CLAWDBOT_LOAD_SHELL_ENV: '0' }, { enabled: true, timeoutMs: 15_000 }],
    [{}, { OPENCLAW_SHELL_ENV_TIMEOUT_MS: 'soon' }, { enabled: false, timeoutMs: 15_000 }],
  ])('%j with %j', (block, env, wish) => {
    expect(readShellWish(block, env)).toEqual(wish);
  });
});
