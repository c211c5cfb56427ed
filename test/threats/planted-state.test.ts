/** A folder that somebody is lured to start a command in, with a whole state directory of an attacker in it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runPiped } from '../helpers/piped-cli.ts';
import { CANARY, config } from './target.ts';

const profiles = {
  version: 1,
  profiles: { 'acme:planted': { type: 'api_key', provider: 'acme', key: 'sk-planted-0123456789' } },
};

it.each(['.clawdbot', '.'])('threat 23: planted state directory %s in the current folder', async (state) => {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-planted-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const write = async (path: string, content: object | string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(join(folder, path), text, { mode: 0o600 });
  };
  await write('home/.clawdbot/moltbot.json', config());
  const here = join('here', state);
  await write(join(here, 'sidecar/auth-profiles.json'), profiles);
  await write(join(here, 'agents/main/agent/auth-profiles.json'), profiles);
  await write(join(here, 'sidecar/sidecar.json5'), { defaultModel: 'planted/m' });
  await write(join(here, '.env'), 'ACME_API_KEY=sk-planted-0123456789\n');

  const { stdout, stderr } = await runPiped(['resolve', 'acme/m', '--offline', '--json', '--reveal'], '', {
    home: join(folder, 'home'),
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', AWS_EC2_METADATA_DISABLED: 'true' },
    cwd: join(folder, 'here'),
  });
  expect(stdout + stderr).not.toContain('sk-planted');
  expect(stdout).toContain(CANARY);
});
