/** Tokens with limits at a running server: what they get, what they do not, and how they end. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createCallerTokenStore } from '../../src/credentials/caller-tokens.ts';
import type { CallerScope } from '../../src/domain/caller-scope.ts';
import { digestOfToken, makeCallerToken } from '../../src/domain/caller-token.ts';
import { Secret } from '../../src/domain/secret.ts';
import { provesItself } from '../../src/http/proven-server.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { expectRefusal } from '../http/guarded-server.ts';
import { head, openSocket, readToEnd, sendRaw } from '../helpers/raw-http.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';
import { changesBeyond, pathsBeyond } from '../threats/beyond-scope.ts';

const CONFIG = {
  agents: { defaults: { model: 'openai/gpt-5', models: { 'openai/gpt-5': { alias: 'smart' } } } },
  models: { providers: { acme: { baseUrl: 'https://acme.example/v1', models: [{ id: 'a' }, { id: 'b' }] } } },
};
const everything: CallerScope = { providers: null, models: null, secrets: true };

let rig: Rig;
let store: ReturnType<typeof createCallerTokenStore>;
let count = 0;

/** Stores a token and has the server read it. */
async function tokenWith(change: Partial<CallerScope>): Promise<{ text: string; name: string }> {
  count += 1;
  const name = `t${count}`;
  const { token } = await store.create({ name, scope: { ...everything, ...change }, lifeMs: null });
  expect((await rig.ask('/v1/tokens')).status).toBe(200);
  return { text: token.secret.reveal(), name };
}

const askAs = (token: string, path: string, method = 'GET') =>
  rig.ask(path, { method, headers: { authorization: `Bearer ${token}` } });

beforeAll(async () => {
  rig = await startRig({
    files: { 'moltbot.json': CONFIG },
    env: {
      OPENAI_API_KEY: 'sk-openai-0123456789',
      MOONSHOT_API_KEY: 'sk-moonshot-0123456789',
      ACME_API_KEY: 'sk-acme-0123456789',
      CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1',
    },
  });
  store = createCallerTokenStore(join(rig.stateDir, 'sidecar/tokens.json'), systemClock);
});

afterAll(() => rig.close());

describe('a token limited to providers', () => {
  let token: string;
  beforeAll(async () => {
    ({ text: token } = await tokenWith({ providers: ['moonshot'] }));
  });

  it.each([
    '/v1/resolve?model=moonshot/kimi-k2.5',
    '/v1/resolve?model=MoonshotAI/kimi-k2.5',
    '/v1/resolve?provider=moonshot',
    '/v1/explain?provider=moonshot',
    '/v1/providers/moonshot',
    '/v1/providers',
    '/v1/models',
    '/livez',
  ])('gets %s', async (path) => {
    expect((await askAs(token, path)).status).toBe(200);
  });

  const limits = { own: 'moonshot', other: 'openai', model: 'openai/gpt-5', alias: 'smart' };
  it.each(pathsBeyond(limits))('"asks for B → 403": %s (%s)', async (path) => {
    const answer = await askAs(token, path);
    expect(answer).toMatchObject({ status: 403, body: { code: 'scope-not-allowed' } });
    expect(answer.text).not.toMatch(/sk-|openai/i);
  });

  it.each(changesBeyond(limits))('may not %s %s', async (method, path) => {
    expect((await askAs(token, path, method)).status).toBe(403);
  });

  it('sees lists without anything beyond its scope', async () => {
    const lists = await Promise.all(
      ['/v1/providers?all=true', '/v1/models'].map((path) => askAs(token, path)),
    );
    expect(lists[0]?.body).toMatchObject({ providers: [{ id: 'moonshot' }] });
    const models: { data: { owned_by: string }[] } = JSON.parse(lists[1]?.text ?? '');
    expect([...new Set(models.data.map(({ owned_by }) => owned_by))]).toEqual(['moonshot']);
  });

  it('gets no more of health than somebody without a token', async () => {
    expect((await askAs(token, '/health')).body).toEqual({ status: 'ok' });
  });

  it('"?scope=admin ignored": a request cannot widen it', async () => {
    expect((await askAs(token, '/v1/resolve?provider=openai&scope=admin')).status).not.toBe(200);
    expect((await askAs(token, '/v1/resolve?provider=moonshot&scope=admin')).status).toBe(400);
  });

  it('a resolution of another caller is as far away as its model', async () => {
    const own = await rig.ask('/v1/resolve?model=openai/gpt-5');
    const { resolutionId }: { resolutionId: string } = JSON.parse(own.text);
    const asked = await askAs(token, `/v1/resolve?resolution=${encodeURIComponent(resolutionId)}`);
    expect(asked.status).toBe(403);
    const both = `provider=moonshot&resolution=${encodeURIComponent(resolutionId)}`;
    expect((await askAs(token, `/v1/resolve?${both}`)).status).toBe(403);
  });

  it('a refusal has the form of every other, over a raw socket', async () => {
    const { port, host } = new URL(rig.sidecar.url);
    const answer = await sendRaw(
      Number(port),
      head('GET /v1/resolve?model=evil/evil HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${token}`),
    );
    expectRefusal(answer, 403, 'scope-not-allowed');
    expect(answer.text).not.toContain(token);
  });

  it('nothing of another party gets as far as the scope', async () => {
    const { port, host } = new URL(rig.sidecar.url);
    const target = 'GET /v1/resolve?model=openai/gpt-5 HTTP/1.1';
    for (const [line, code] of [
      ['Origin: null', 'origin-not-allowed'],
      ['Via: x', 'forwarded-not-allowed'],
    ] as const) {
      const lines = [target, `Host: ${host}`, `Authorization: Bearer ${token}`, line];
      expectRefusal(await sendRaw(Number(port), head(...lines)), 403, code);
    }
  });

  it('"a token in the URL": 400, for tokens with names too, with the right one beside it', async () => {
    // Without the token in them, the last two would be 404.
    for (const path of [
      `/v1/resolve?model=${token}`,
      `/v1/resolve?model=acme/${token}`,
      `/v1/providers/${token}`,
    ]) {
      const answer = await rig.ask(path);
      expect(answer, path).toMatchObject({ status: 400, body: { code: 'bad-request' } });
      expect(answer.text).not.toContain(token);
    }
    expect(JSON.stringify(rig.logged)).not.toContain(token);
  });
});

describe('a token limited to models', () => {
  it('gets those, and the credentials of a provider alone only with all of its models', async () => {
    const { text } = await tokenWith({ models: ['acme/a', 'moonshot/*'] });
    const statusOf = async (path: string) => (await askAs(text, path)).status;
    expect(await statusOf('/v1/explain?model=acme/a')).toBe(200);
    expect(await statusOf('/v1/explain?model=acme/b')).toBe(403);
    expect(await statusOf('/v1/resolve?provider=acme')).toBe(403);
    expect(await statusOf('/v1/resolve?provider=moonshot')).toBe(200);
    expect((await askAs(text, '/v1/providers/acme')).body).toMatchObject({
      modelCount: 1,
      models: [{ id: 'a' }],
    });
  });
});

describe('a token without secrets', () => {
  it('explains and lists, and gets no credential and changes nothing', async () => {
    const { text } = await tokenWith({ secrets: false });
    for (const path of ['/v1/explain', '/v1/providers', '/v1/models', '/v1/discovery']) {
      const answer = await askAs(text, path);
      expect(answer.status, path).toBe(200);
      expect(answer.text).not.toContain('sk-');
    }
    for (const path of ['/v1/resolve', '/v1/resolve?provider=openai', '/v1/tokens']) {
      expect((await askAs(text, path)).status, path).toBe(403);
    }
    expect((await askAs(text, '/health')).body).toMatchObject({ defaultModel: { ref: 'openai/gpt-5' } });
  });
});

describe('how a token ends', () => {
  it('"revocation takes effect at once", and the audit names the code alone', async () => {
    const { text, name } = await tokenWith({});
    expect((await askAs(text, '/v1/models')).status).toBe(200);
    await store.revoke(name);
    await rig.ask('/v1/tokens');
    expect((await askAs(text, '/v1/models')).status).toBe(401);
    expect(JSON.stringify(rig.logged)).not.toContain(text);
  });

  it('"ends open streams": the events of a token that is revoked end with the word', async () => {
    const { text, name } = await tokenWith({ secrets: false });
    const response = await fetch(`${rig.sidecar.url}/v1/events`, {
      headers: { authorization: `Bearer ${text}` },
    });
    expect(response.status).toBe(200);
    await store.revoke(name);
    await rig.ask('/v1/tokens');
    expect(await response.text()).toContain('event: revoked');
  });

  it('also when nobody tells the server: it watches the file', async () => {
    const { text, name } = await tokenWith({});
    await store.revoke(name);
    await vi.waitFor(async () => expect((await askAs(text, '/v1/models')).status).toBe(401), {
      timeout: 15_000,
    });
  });

  it('a file that cannot be read any more keeps those that were read', async () => {
    const { text } = await tokenWith({});
    const path = join(rig.stateDir, 'sidecar/tokens.json');
    const good = await readFile(path, 'utf8');
    await rig.write('sidecar/tokens.json', '{ broken');
    await rig.ask('/v1/tokens');
    expect((await askAs(text, '/v1/models')).status).toBe(200);
    expect(
      rig.logged.filter(({ level, msg }) => level === 'error' && String(msg).includes('stay in force')),
    ).toHaveLength(1);
    await rig.write('sidecar/tokens.json', good);
    await rig.ask('/v1/tokens');
    expect((await askAs(text, '/v1/models')).status).toBe(200);
  });
});

describe('leases', () => {
  const lease = async (token = makeCallerToken(), authorization = rig.token) => {
    const { port, host } = new URL(rig.sidecar.url);
    const body = JSON.stringify({ name: `exec:test:${++count}`, id: token.id, sha256: token.digest });
    const socket = await openSocket(Number(port));
    socket.write(
      head(
        'POST /v1/tokens/lease HTTP/1.1',
        `Host: ${host}`,
        `Authorization: Bearer ${authorization}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
      ) + body,
    );
    return { socket, text: token.secret.reveal(), token };
  };

  it('a token counts while the connection that asked for it is open, and not longer', async () => {
    const { socket, text } = await lease();
    await once(socket, 'data');
    expect((await askAs(text, '/v1/models')).status).toBe(200);
    socket.destroy();
    await vi.waitFor(async () => expect((await askAs(text, '/v1/models')).status).toBe(401), 15_000);
  });

  it('ends with the token that it was asked with', async () => {
    const asker = await tokenWith({});
    const { socket, text } = await lease(makeCallerToken(), asker.text);
    const ended = readToEnd(socket);
    await vi.waitFor(async () => expect((await askAs(text, '/v1/models')).status).toBe(200), 15_000);
    await store.revoke(asker.name);
    await rig.ask('/v1/tokens');
    expect((await askAs(text, '/v1/models')).status).toBe(401);
    socket.end();
    expect((await ended).status).toBe(200);
  });

  it.each([
    ['{"name":"ci","id":"000000000000","sha256":"x"}'],
    ['{"name":"exec:a:1","id":"000000000000","sha256":"00","providers":[]}'],
    ['{}'],
    ['[]'],
  ])('%s is refused with 400', async (body) => {
    const response = await fetch(`${rig.sidecar.url}/v1/tokens/lease`, {
      method: 'POST',
      headers: { authorization: `Bearer ${rig.token}`, 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBe(400);
  });
});

describe('"the server proves itself" to the holder of a token with a name, too', () => {
  it('by the digest of that very token', async () => {
    const { text } = await tokenWith({ providers: ['moonshot'] });
    const challenge = 'a-challenge-of-many-characters-02';
    const id = text.slice(4, 16);
    const { body } = await rig.ask(`/livez?challenge=${challenge}&caller=${id}`);
    const { host } = new URL(rig.sidecar.url);
    const proof = createHmac('sha256', digestOfToken(text))
      .update(`livez:${host}:${challenge}`)
      .digest('base64url');
    expect(body).toEqual({ status: 'ok', proof });
    expect(await provesItself({ url: rig.sidecar.url, token: new Secret(text) })).toBe(true);
  });

  it('and not for a token that the server does not know', async () => {
    expect(await provesItself({ url: rig.sidecar.url, token: makeCallerToken().secret })).toBe(false);
    expect((await rig.ask('/livez?caller=000000000000')).status).toBe(400);
  });
});
