/** What the set-up does with the answer of the running server: a refusal is told, and nothing is written past it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
import { loginDeps } from '../../src/commands/login-context.ts';
import { offerSetUp, type SetUpResult } from '../../src/commands/set-up-wizard.ts';
import { ERROR_CODES } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createProviderKeyLogin } from '../../src/login/provider-key.ts';
import { writeEndpointFile } from '../../src/platform/endpoint-file.ts';
import { type Played, startPlayedServer } from '../client/played-server.ts';

const MODEL = 'claude-opus-4-5';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sidecar-set-up-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Sets up while a server runs that answers so. */
async function setUp(answer: Played): Promise<SetUpResult> {
  const { url, token } = await startPlayedServer([answer]);
  const facts = { url, token: new Secret(token), pid: process.pid, version: '0', startedAt: '' };
  await writeEndpointFile(join(home, '.clawdbot/sidecar/endpoint.json'), facts);
  const context: CommandContext = {
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', ANTHROPIC_API_KEY: 'a-key-0123456789' },
    home,
    clock: Date.now,
    print: () => undefined,
    printError: () => undefined,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    stopSignal: new AbortController().signal,
  };
  const identity = { id: 'anthropic', displayName: 'Anthropic', models: [] };
  const plugin = createProviderKeyLogin(identity, loginDeps(context));
  return offerSetUp(context, plugin, { model: MODEL, saveEnv: false, input: false });
}

const settings = () => readFile(join(home, '.clawdbot/sidecar/sidecar.json5'), 'utf8').catch(() => null);
const refusal = (code: string): Played => ({ status: 424, body: { code, detail: 'It says no', hints: [] } });

/** A server of another version, or one with another token by now; it reads the settings all the same. */
const NO_REFUSAL = ['not-found', 'unauthorized'];

describe('the running server refuses the model', () => {
  it.each(Object.keys(ERROR_CODES).filter((code) => !NO_REFUSAL.includes(code)))(
    'with %s: the command fails with it, and the settings stay',
    async (code) => {
      await expect(setUp(refusal(code))).rejects.toMatchObject({ code, message: 'It says no' });
      expect(await settings()).toBeNull();
    },
  );
});

describe('nobody answers as this program does', () => {
  it.each<[string, Played]>([
    ['the connection breaks', 'reset'],
    ['something else answers', { status: 200, body: 'hello' }],
    ...NO_REFUSAL.map((code): [string, Played] => [code, refusal(code)]),
  ])('%s: the settings are changed here', async (_what, answer) => {
    expect(await setUp(answer)).toMatchObject({ outcome: 'connected', defaultModel: `anthropic/${MODEL}` });
    expect(await settings()).toContain(MODEL);
  });
});
