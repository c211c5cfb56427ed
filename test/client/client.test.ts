/** The client library against a real sidecar: finding it, asking it, and what it says when that fails. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClient, type SidecarClient, SidecarClientError } from '../../src/client/client.ts';
import { explainAnswer } from '../../src/domain/answers/explain.ts';
import { modelsAnswer } from '../../src/domain/answers/providers.ts';
import { resolveAnswer } from '../../src/domain/answers/resolve.ts';
import { snapshotAnswer } from '../../src/domain/answers/snapshot.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Rig, startRig } from '../helpers/sidecar-rig.ts';
import { startPlayedServer, STATE, watchUncaught } from './played-server.ts';
import { tempFolder } from '../platform/temp-folder.ts';

const CONFIG = {
  agents: { defaults: { model: 'mine/m' } },
  models: {
    providers: {
      mine: {
        baseUrl: 'https://mine.example/v1',
        apiKey: 'sk-canary-0123456789',
        models: [{ id: 'm' }, { id: 'a/b?c=d&e' }],
      },
    },
  },
};

async function startConfigured(): Promise<Rig> {
  const rig = await startRig({ files: { 'moltbot.json': CONFIG } });
  onTestFinished(() => rig.close());
  return rig;
}

const clientOf = (home: string, env: Readonly<Record<string, string>> = {}): SidecarClient =>
  createClient({ home, env });

/** The error that a call ends with. */
async function errorOf(call: Promise<unknown>): Promise<SidecarClientError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof SidecarClientError) return error;
  throw new Error(`no SidecarClientError: ${String(error)}`);
}

describe('the typed client', () => {
  it('"finds the server by endpoint.json": resolve, explain, models, snapshot, each as the schemas say', async () => {
    const rig = await startConfigured();
    const client = clientOf(rig.home);
    const resolved = resolveAnswer.parse(await client.resolve());
    expect(resolved).toMatchObject({
      model: { ref: 'mine/m' },
      auth: { mode: 'api-key', apiKey: 'sk-canary-0123456789' },
      request: { headers: { authorization: 'Bearer sk-canary-0123456789' } },
    });
    expect((await client.resolve('mine/a/b?c=d&e')).model?.id).toBe('a/b?c=d&e');
    const { resolutionId: resolution } = resolved;
    expect((await client.resolve({ resolution })).digest).toBe(resolved.digest);
    expect((await client.resolve({ provider: 'mine' })).model).toBeNull();
    const explained = explainAnswer.parse(await client.explain({ model: 'mine/m' }));
    expect(explained).toMatchObject({ outcome: 'resolved', digest: resolved.digest });
    expect(modelsAnswer.parse(await client.models()).data.map(({ id }) => id)).toContain('mine/m');
    const state = snapshotAnswer.parse(await client.snapshot());
    expect(state.models).toContain('mine/m');
  });

  it('"or PROVIDER_SIDECAR_URL and PROVIDER_SIDECAR_TOKEN", or arguments, which win', async () => {
    const rig = await startConfigured();
    const elsewhere = await tempFolder();
    const { url } = rig.sidecar;
    const env = { PROVIDER_SIDECAR_URL: `${url}/`, PROVIDER_SIDECAR_TOKEN: rig.token };
    await clientOf(elsewhere, env).resolve();
    const wrong = { PROVIDER_SIDECAR_URL: 'http://127.0.0.1:1', PROVIDER_SIDECAR_TOKEN: 'wrong' };
    await createClient({ home: elsewhere, env: wrong, url, token: rig.token }).resolve();
    // The URL alone: the token is in the file.
    await clientOf(rig.home, { PROVIDER_SIDECAR_URL: url }).resolve();
    expect(await errorOf(clientOf(elsewhere, { PROVIDER_SIDECAR_URL: url }).resolve())).toMatchObject({
      code: 'not-running',
    });
  });

  it('the state directory is found by the same rules as the server’s', async () => {
    const rig = await startConfigured();
    await clientOf(await tempFolder(), { CLAWDBOT_STATE_DIR: rig.stateDir }).resolve();
  });

  it('"one error class with code, detail, hints": what the server says no to', async () => {
    const rig = await startConfigured();
    const error = await errorOf(clientOf(rig.home).resolve('mine/n'));
    expect(error).toMatchObject({
      name: 'SidecarClientError',
      code: 'unknown-model',
      status: 404,
      detail: expect.stringContaining('"n"'),
    });
    expect(error.hints.length).toBeGreaterThan(0);
    expect(error.message).toBe(`unknown-model: ${error.detail}`);
  });

  it('without a server: not-running, with what to do', async () => {
    const error = await errorOf(clientOf(await tempFolder()).models());
    expect(error).toMatchObject({ code: 'not-running', status: null });
    expect(error.hints[0]).toContain('provider-sidecar serve');
  });

  it.each(['http://example.com:80', 'https://127.0.0.1:1', 'http://u:p@127.0.0.1:1', 'there'])(
    'the token goes to no URL but this machine’s: %s',
    async (url) => {
      const client = createClient({ home: '/nowhere', env: {}, url, token: 'canary-token-0123456789' });
      expect((await errorOf(client.resolve())).code).toBe('config-invalid');
    },
  );

  it('"before the client sends its token it proves the server": another program at the port never sees it', async () => {
    const seen: string[] = [];
    const impostor = createServer((request, response) => {
      seen.push(JSON.stringify([request.url, request.rawHeaders]));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ status: 'ok', proof: 'x'.repeat(43) }));
    });
    impostor.listen({ host: '127.0.0.1', port: await freePort() });
    await once(impostor, 'listening');
    onTestFinished(async () => {
      impostor.close();
      await once(impostor, 'close');
    });
    const address = impostor.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const home = await tempFolder();
    await mkdir(join(home, '.clawdbot/sidecar'), { recursive: true, mode: 0o700 });
    const endpoint = {
      url: `http://127.0.0.1:${address.port}`,
      token: 'canary-token-0123456789',
      pid: process.pid,
      version: '0.1.0',
      startedAt: new Date(0).toISOString(),
    };
    const path = join(home, '.clawdbot/sidecar/endpoint.json');
    await writeFile(path, JSON.stringify(endpoint), { mode: 0o600 });
    const client = clientOf(home);
    expect((await errorOf(client.resolve())).code).toBe('not-running');
    const watching = client.watch();
    expect((await errorOf(watching.next())).code).toBe('not-running');
    expect(seen).toHaveLength(2);
    expect(seen.join()).not.toContain('canary-token');
  });

  it('"rejected": reports the refusal of a resolution, and gives its answer or its error', async () => {
    const server = await startPlayedServer([
      { status: 200, body: { resolutionId: 'rs_new' } },
      { status: 424, body: { code: 'auth-expired', detail: 'It has expired', hints: ['Log in again'] } },
      { status: 502, body: 'not JSON' },
    ]);
    const client = createClient({ home: '/nowhere', env: {}, ...server });
    const report = { status: 429, message: 'slow down', retryAfter: 30 };
    expect(await client.rejected('rs_Abc-_1', report)).toEqual({ resolutionId: 'rs_new' });
    expect(await errorOf(client.rejected('rs_Abc-_1'))).toMatchObject({
      code: 'auth-expired',
      status: 424,
      detail: 'It has expired',
      hints: ['Log in again'],
    });
    expect(await errorOf(client.rejected('rs_Abc-_1'))).toMatchObject({ code: 'internal', status: 502 });
    const asked = { method: 'POST', url: '/v1/resolve/rs_Abc-_1/rejected', token: `Bearer ${server.token}` };
    expect(server.asked).toEqual([
      { ...asked, body: report },
      { ...asked, body: {} },
      { ...asked, body: {} },
    ]);
  });

  it('a connection that breaks is tried once more', async () => {
    const server = await startPlayedServer(['reset', { status: 200, body: STATE }, 'reset', 'reset']);
    const client = createClient({ home: '/nowhere', env: {}, ...server });
    expect(await client.snapshot()).toEqual(STATE);
    expect((await errorOf(client.snapshot())).code).toBe('not-running');
    expect(server.asked).toHaveLength(4);
  });

  it('an answer that breaks off or is late is an error of the call, and none that ends the program', async () => {
    const uncaught = watchUncaught();
    const server = await startPlayedServer([
      { stream: '{"rev', isReset: true },
      { status: 200, body: STATE },
      { begun: '{"rev' },
    ]);
    const client = createClient({ home: '/nowhere', env: {}, ...server, timeoutMs: 200 });
    expect(await client.snapshot()).toEqual(STATE);
    expect(await errorOf(client.snapshot())).toMatchObject({
      code: 'not-running',
      detail: 'The server did not answer (no answer in time)',
    });
    // What was late would be late once more.
    expect(server.asked).toHaveLength(3);
    expect(uncaught).toEqual([]);
  });
});
