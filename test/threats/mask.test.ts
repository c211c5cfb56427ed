/** What stands in place of a key in an answer, given back as if it were one. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { MASK, Secret } from '../../src/domain/secret.ts';
import { runPiped } from '../helpers/piped-cli.ts';
import { CANARY, config } from './target.ts';

it('threat 25: masked echo saved back by a command: it is not stored, and the key stays in use', async () => {
  const home = await mkdtemp(join(tmpdir(), 'sidecar-mask-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  await mkdir(join(home, '.clawdbot'), { mode: 0o700 });
  await writeFile(join(home, '.clawdbot/moltbot.json'), JSON.stringify(config()), { mode: 0o600 });
  const env = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };
  const run = (args: readonly string[], input = '') => runPiped(args, input, { home, env });

  // As it stands in the answers for people.
  expect(String(new Secret(CANARY))).toBe(MASK);
  const saved = await run(['auth', 'acme', 'key', '-', '--force'], `${MASK}\n`);
  expect(saved.stderr).toContain(`the marker ${MASK}, which is not a key`);
  expect(saved.code).not.toBe(0);
  const { stdout } = await run(['resolve', 'acme/m', '--offline', '--json', '--reveal']);
  expect(stdout).toContain(CANARY);
});
