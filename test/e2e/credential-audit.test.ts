/** "an audit line for every credential handed out (when, provider, profile, mode, source, caller's token name, never the secret)". */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startCli } from '../helpers/cli.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';

const LINE = 'Credential handed out';
const CANARY = 'canary-key-0123456789';
const CONFIG = {
  models: {
    providers: {
      acme: {
        baseUrl: 'https://acme.example/v1',
        api: 'openai-completions',
        apiKey: CANARY,
        models: [{ id: 'm' }],
      },
    },
  },
};

/** Status of the answer to HEAD, which has no body. */
const headOf = async ({ sidecar, token }: Rig, path: string): Promise<number> =>
  (await fetch(`${sidecar.url}${path}`, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } }))
    .status;

describe('the audit of credentials', () => {
  it('has none for HEAD, by which no credential leaves', async () => {
    const env = {
      CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
      AWS_ACCESS_KEY_ID: 'AKIA1',
      AWS_SECRET_ACCESS_KEY: CANARY,
    };
    const rig = await startRig({ env });
    onTestFinished(() => rig.close());
    const lines = () => rig.logged.filter(({ msg }) => msg === LINE);
    for (const path of ['/v1/resolve?provider=amazon-bedrock', '/v1/aws/credentials/amazon-bedrock']) {
      expect(await headOf(rig, path), path).toBe(200);
      expect(lines(), path).toEqual([]);
    }
    await rig.ask('/v1/aws/credentials/amazon-bedrock');
    expect(lines()).toHaveLength(1);
  });

  it('has a line for each, with all facts and never the secret', async () => {
    const profile = {
      type: 'token',
      provider: 'anthropic',
      token: 'canary-token-0123',
      expires: Date.now() + 9e6,
    };
    const ollama = await startFakeOllama({ models: [{ name: 'llama3:chat', contextLength: 32_768 }] });
    onTestFinished(() => ollama.stop());
    const rig = await startRig({
      ollamaPort: ollama.port,
      files: {
        'moltbot.json': CONFIG,
        'agents/main/agent/auth-profiles.json': { version: 1, profiles: { 'anthropic:t': profile } },
      },
    });
    onTestFinished(() => rig.close());
    await rig.ask('/v1/resolve?model=acme/m');
    await rig.ask('/v1/resolve?model=acme/m');
    await rig.ask('/v1/resolve?provider=anthropic');
    // Nothing is handed out by these: no credential, no success, no secret.
    await rig.ask('/v1/resolve?model=ollama/llama3:chat');
    const before = (await rig.ask('/metrics')).text.match(/^provider_sidecar_resolutions_total.*$/gm);
    for (const path of ['/v1/resolve?model=acme/m', '/v1/resolve?model=acme/m&profile=default']) {
      expect(await headOf(rig, path)).toBeLessThan(500);
    }
    const after = (await rig.ask('/metrics')).text.match(/^provider_sidecar_resolutions_total.*$/gm);
    expect(before).not.toBeNull();
    expect(after).toEqual(before);
    await rig.ask('/v1/resolve?model=openai/gpt-5');
    await rig.ask('/v1/explain?model=acme/m');
    await rig.ask('/v1/providers');
    const lines = rig.logged.filter(({ msg }) => msg === LINE);
    const facts = {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      msg: LINE,
      caller: 'endpoint',
    };
    const acme = {
      ...facts,
      provider: 'acme',
      profile: null,
      mode: 'api-key',
      source: 'cfg: models.providers.acme.apiKey',
    };
    expect(lines).toEqual([
      acme,
      acme,
      {
        ...facts,
        provider: 'anthropic',
        profile: 'anthropic:t',
        mode: 'token',
        source: 'profile:anthropic:t',
      },
    ]);
    expect(JSON.stringify(rig.logged)).not.toContain('canary');
  });

  it('loses nothing when the server ends right after many answers', async () => {
    const home = await mkdtemp(join(tmpdir(), 'sidecar-audit-'));
    onTestFinished(() => rm(home, { recursive: true, force: true }));
    await mkdir(join(home, '.clawdbot'), { mode: 0o700 });
    await writeFile(join(home, '.clawdbot/moltbot.json'), JSON.stringify(CONFIG), { mode: 0o600 });
    const token = 'audit-token-0123456789-abcdefghijklm';
    const cli = startCli(['serve', '--port', '0', '--log-format', 'pretty'], {
      home,
      env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', PROVIDER_SIDECAR_TOKEN: token },
    });
    await cli.until(/Listening on/);
    const url = /Listening on (\S+)/.exec(cli.stdout())?.[1] ?? '';
    const ask = () =>
      fetch(`${url}/v1/resolve?model=acme/m`, { headers: { authorization: `Bearer ${token}` } });
    for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 20 }, ask));
    const { code, stdout, stderr } = await cli.stop();
    expect(code).toBe(0);
    expect(stdout.split(LINE)).toHaveLength(201);
    // The other lines stand in order around them, in the format that was asked for.
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^\d\d:\d\d:\d\d info {2}Stopping$/);
    expect(stdout).toMatch(
      /^\d\d:\d\d:\d\d info {2}Credential handed out provider=acme profile=null mode=api-key /m,
    );
    expect(stdout + stderr).not.toContain(CANARY);
  });
});
