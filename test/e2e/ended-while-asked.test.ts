/** A token that ends while its request is under way: what was being fetched does not leave any more. */
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { startRig } from '../helpers/sidecar-rig.ts';

const KEY = 'sk-slow-0123456789';
const everything = { providers: null, models: null, secrets: true };

/** A server whose key of openai comes from a program that waits until it is let go. */
async function slowRig() {
  const folder = await mkdtemp(join(tmpdir(), 'sidecar-slow-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);
  await writeFile(
    at('vault.sh'),
    `#!/bin/sh
     : > ${at('began')}
     while [ ! -e ${at('go')} ]; do sleep 0.02; done
     printf '{"protocolVersion":1,"values":{"key":"${KEY}"}}'`,
    { mode: 0o700 },
  );
  const rig = await startRig({
    env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', MOONSHOT_API_KEY: 'sk-moonshot-0123456789' },
    files: {
      'sidecar/sidecar.json5': {
        secrets: { allowExec: true, exec: [{ alias: 'vault', command: at('vault.sh') }] },
      },
      'moltbot.json': {
        agents: { defaults: { model: 'moonshot/kimi-k2-thinking' } },
        models: { providers: { openai: { apiKey: { source: 'exec', provider: 'vault', id: 'key' } } } },
      },
    },
  });
  onTestFinished(() => rig.close());
  return {
    rig,
    began: () => vi.waitFor(() => access(at('began')), { timeout: 5_000 }),
    letGo: () => writeFile(at('go'), ''),
  };
}

describe('"one that was revoked gets nothing more": also what was on its way', () => {
  it.each(['/v1/resolve?provider=openai', '/v1/explain?provider=openai'])('%s', async (path) => {
    const { rig, began, letGo } = await slowRig();
    const store = createCallerTokenStore(join(rig.stateDir, 'sidecar/tokens.json'), systemClock);
    const { token } = await store.create({ name: 'a', scope: everything, lifeMs: null });
    await rig.ask('/v1/tokens');
    const headers = { authorization: `Bearer ${token.secret.reveal()}` };
    const asked = rig.ask(path, { headers });
    await began();
    await store.revoke('a');
    await rig.ask('/v1/tokens');
    await letGo();
    const answer = await asked;
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    // The guard's words, so that nobody learns more than from a request that came later.
    expect(answer.text).toBe((await rig.ask(path, { headers })).text);
    expect(rig.logged.filter(({ msg }) => msg === 'Credential handed out')).toEqual([]);
    expect(await rig.ask(path)).toMatchObject({ status: 200 });
  });

  it('a stop of the server ends no token: the request under way has its answer', async () => {
    const { rig, began, letGo } = await slowRig();
    const asked = rig.ask('/v1/resolve?provider=openai');
    await began();
    const closed = rig.sidecar.close();
    await letGo();
    expect(await asked).toMatchObject({ status: 200, body: { auth: { apiKey: KEY } } });
    await closed;
  });

  it('AWS keys neither, and the refusal has what AWS tools show', async () => {
    let shift = 0;
    let isWatched = false;
    let looks = 0;
    // The token's time is over between the guard and the answer.
    const clock = () => {
      if (isWatched && (looks += 1) > 1) shift = 3_600_000;
      return Date.now() + shift;
    };
    const rig = await startRig({
      clock,
      env: {
        CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
        AWS_ACCESS_KEY_ID: 'AKIA1',
        AWS_SECRET_ACCESS_KEY: 'canary',
      },
    });
    onTestFinished(() => rig.close());
    const store = createCallerTokenStore(join(rig.stateDir, 'sidecar/tokens.json'), clock);
    const { token } = await store.create({ name: 'a', scope: everything, lifeMs: 60_000 });
    await rig.ask('/v1/tokens');
    isWatched = true;
    const answer = await rig.ask('/v1/aws/credentials/amazon-bedrock', {
      headers: { authorization: token.secret.reveal() },
    });
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorized', Code: 'unauthorized' } });
    expect(answer.text).not.toContain('canary');
  });
});
