/** A token that ends while its request is under way: what was being fetched does not leave any more. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { head, openSocket, readToEnd } from '../helpers/raw-http.ts';
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
    began: () => vi.waitFor(() => access(at('began')), { timeout: 15_000 }),
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

  it.each([
    ['GET', '/health'],
    ['GET', '/v1/explain'],
    ['GET', '/v1/explain?provider=nobody'],
    ['GET', '/v1/resolve?provider=nobody'],
    ['GET', '/v1/providers'],
    ['GET', '/v1/providers/moonshot'],
    ['GET', '/v1/models'],
    ['POST', '/v1/discovery/scan'],
    ['GET', '/v1/snapshot'],
    ['GET', '/v1/setup/moonshot'],
    ['POST', '/v1/logins', { provider: 'moonshot' }],
    ['GET', '/v1/tokens'],
    ['GET', '/metrics'],
    ['GET', '/openapi.json'],
  ])('what takes time is judged again: %s %s', async (method, path, body?: object) => {
    const { ask } = await endingRig((look) => look > (method === 'POST' ? 2 : 1));
    const answer = await ask(method, path, body);
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.text).toBe((await ask('GET', '/v1/models')).text);
  });

  it('nothing is done for one that ended while the body of its request was under way', async () => {
    const { rig, settings } = await endingRig(() => false);
    const store = createCallerTokenStore(join(rig.stateDir, 'sidecar/tokens.json'), systemClock);
    const { token } = await store.create({ name: 'slow', scope: everything, lifeMs: null });
    await rig.ask('/v1/tokens');
    const { host, port } = new URL(rig.sidecar.url);
    const body = JSON.stringify({ model: 'moonshot/kimi-k2-thinking' });
    const socket = await openSocket(Number(port));
    socket.write(
      head(
        'PUT /v1/default-model HTTP/1.1',
        `Host: ${host}`,
        `Authorization: Bearer ${token.secret.reveal()}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        'Expect: 100-continue',
      ),
    );
    // The guard has let it in.
    await once(socket, 'data');
    await store.revoke('slow');
    await rig.ask('/v1/tokens');
    const answer = readToEnd(socket);
    socket.write(body);
    expect((await answer).status).toBe(401);
    expect(existsSync(settings)).toBe(false);
  });

  it.each([
    ['PUT', '/v1/default-model'],
    ['POST', '/v1/setup/moonshot'],
  ])('what was done meanwhile is said: %s %s', async (method, path) => {
    const { ask } = await endingRig((_look, settings) => existsSync(settings));
    const answer = await ask(method, path, { model: 'moonshot/kimi-k2-thinking' });
    expect(answer).toMatchObject({ status: 200, body: { inForce: true } });
    expect(await ask('GET', '/v1/models')).toMatchObject({ status: 401 });
  });
});

/** A server, and a token whose time is over as soon as a look at the clock after the guard's first one is to show it. */
async function endingRig(isOver: (look: number, settings: string) => boolean) {
  let settings: string | undefined;
  let look = 0;
  const clock = () => {
    if (settings === undefined) return Date.now();
    look += 1;
    return Date.now() + (isOver(look, settings) ? 3_600_000 : 0);
  };
  const rig = await startRig({
    clock,
    env: { MOONSHOT_API_KEY: 'sk-moonshot-0123456789' },
  });
  onTestFinished(() => rig.close());
  const store = createCallerTokenStore(join(rig.stateDir, 'sidecar/tokens.json'), clock);
  const { token } = await store.create({ name: 'a', scope: everything, lifeMs: 60_000 });
  await rig.ask('/v1/tokens');
  const path = join(rig.stateDir, 'sidecar/sidecar.json5');
  return {
    rig,
    settings: path,
    ask: (method: string, route: string, body?: object) => {
      settings = path;
      return rig.ask(route, {
        method,
        headers: {
          authorization: `Bearer ${token.secret.reveal()}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    },
  };
}
