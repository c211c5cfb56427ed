/** Who may watch a running server, how often at a time, and for how long: a place and a right belong to a token. */
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import { MAX_READERS_PER_TOKEN } from '../../src/http/events/readers.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { head, openSocket, readToEnd, sendRaw } from '../helpers/raw-http.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';
import { expectRefusal } from '../http/guarded-server.ts';

let rig: Rig;
let store: ReturnType<typeof createCallerTokenStore>;
beforeAll(async () => {
  rig = await startRig({
    files: { 'moltbot.json': { agents: { defaults: { model: 'openai/gpt-5' } } } },
    env: { OPENAI_API_KEY: 'sk-watching-0123456789', CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' },
  });
  store = createCallerTokenStore(join(rig.stateDir, 'sidecar/tokens.json'), systemClock);
});
afterAll(() => rig.close());

/** A token without secrets, in force. */
async function tokenNamed(name: string): Promise<string> {
  const scope = { providers: null, models: null, secrets: false };
  const { token } = await store.create({ name, scope, lifeMs: null });
  expect((await rig.ask('/v1/tokens')).status).toBe(200);
  return token.secret.reveal();
}

const requestAs = (token: string, path: string): string =>
  head(`GET ${path} HTTP/1.1`, `Host: ${new URL(rig.sidecar.url).host}`, `Authorization: Bearer ${token}`);

/** Sends the request and leaves the connection open. */
async function begin(token: string, path: string) {
  const socket = await openSocket(Number(new URL(rig.sidecar.url).port));
  onTestFinished(() => void socket.destroy());
  socket.write(requestAs(token, path));
  return socket;
}

const askOnce = (token: string, path: string) =>
  sendRaw(
    Number(new URL(rig.sidecar.url).port),
    requestAs(token, path).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
  );

async function revisionNow(): Promise<number> {
  const state: { revision: number } = JSON.parse((await rig.ask('/v1/snapshot')).text);
  return state.revision;
}

async function readersNow(): Promise<string | undefined> {
  return /^provider_sidecar_event_readers (\d+)$/m.exec((await rig.ask('/metrics')).text)?.[1];
}

it('threat 41: "cap streams per token": one limited token at its cap keeps no other token from a stream', async () => {
  const greedy = await tokenNamed('greedy');
  const modest = await tokenNamed('modest');
  await Promise.all(
    Array.from({ length: MAX_READERS_PER_TOKEN }, async () =>
      once(await begin(greedy, '/v1/events'), 'data'),
    ),
  );
  for (const path of ['/v1/events', `/v1/snapshot?since=${await revisionNow()}`]) {
    const refused = await askOnce(greedy, path);
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'too-many-readers' });
  }
  for (const token of [modest, rig.token]) {
    const [first] = await once(await begin(token, '/v1/events'), 'data');
    expect(String(first)).toMatch(/^HTTP\/1\.1 200 /);
  }
});

it('"revocation takes effect at once": a poll that waits ends with 401, and with nothing of the state', async () => {
  await vi.waitFor(async () => expect(await readersNow()).toBe('0'), 15_000);
  const token = await tokenNamed('waiting');
  const poll = await begin(token, `/v1/snapshot?since=${await revisionNow()}`);
  const answer = readToEnd(poll);
  await vi.waitFor(async () => expect(await readersNow()).toBe('1'), 15_000);
  await store.revoke('waiting');
  await rig.ask('/v1/tokens');
  expectRefusal(await answer, 401, 'unauthorized');
  expect(await readersNow()).toBe('0');
});
