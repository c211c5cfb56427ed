/** The event stream and its long-poll twin on a whole sidecar. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type EventStream, openEventStream } from '../../helpers/event-stream.ts';
import { startFakeOllama } from '../../helpers/fake-ollama.ts';
import { type Rig, type RigOptions, startRig } from '../../helpers/sidecar-rig.ts';

const configOf = (baseUrl: string): object => ({
  agents: { defaults: { model: 'mine/m' } },
  models: { providers: { mine: { baseUrl, apiKey: 'sk-canary-0123456789', models: [{ id: 'm' }] } } },
});

async function rigWith(options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options);
  onTestFinished(() => rig.close());
  return rig;
}

async function streamOf(rig: Rig, lastEventId?: string): Promise<EventStream> {
  const stream = await openEventStream({
    url: rig.sidecar.url,
    token: rig.token,
    ...(lastEventId === undefined ? {} : { lastEventId }),
  });
  onTestFinished(() => stream.close());
  return stream;
}

/** The revision once everything that happened so far is in force. */
async function settledRevision(rig: Rig): Promise<number> {
  await rig.sidecar.settled();
  return (await rig.sidecar.health()).revision;
}

describe('GET /v1/events', () => {
  it('"the full secret-free state at once and at each change, what is absent is gone, id: is the revision"', async () => {
    const rig = await rigWith({ files: { 'moltbot.json': configOf('https://one.example/v1') } });
    const stream = await streamOf(rig);
    expect(stream.headers['content-type']).toBe('text/event-stream');
    expect(stream.headers['cache-control']).toBe('no-store');
    const first = await stream.until(() => true);
    expect(first).toMatchObject({
      defaultModel: { ref: 'mine/m' },
      health: { status: 'ok' },
      models: expect.arrayContaining(['mine/m']),
    });
    const find = (id: string, state = first) => state.providers.find((provider) => provider.id === id);
    expect(find('mine')).toMatchObject({
      baseUrl: 'https://one.example/v1',
      origin: 'cfg',
      auth: { status: 'satisfied' },
    });

    await rig.write('moltbot.json', configOf('https://two.example/v1'));
    const second = await stream.until((state) => find('mine', state)?.baseUrl === 'https://two.example/v1');
    expect(second.revision).toBeGreaterThan(first.revision);

    await rm(join(rig.stateDir, 'moltbot.json'));
    const third = await stream.until((state) => find('mine', state) === undefined);
    expect(third.models).not.toContain('mine/m');

    for (const { event, id, data } of stream.events) {
      if (event === 'snapshot') expect(data).toMatchObject({ revision: Number(id) });
      else expect(id).toBeUndefined();
    }
    expect(JSON.stringify(stream.events)).not.toContain('sk-canary');
  });

  it('every state is what the single routes answer at that revision', async () => {
    const rig = await rigWith({ files: { 'moltbot.json': configOf('https://one.example/v1') } });
    await rig.sidecar.settled();
    const state = await (await streamOf(rig)).until(() => true);
    const [providers, models, health] = await Promise.all(
      ['/v1/providers', '/v1/models', '/health'].map(async (path) => (await rig.ask(path)).body),
    );
    expect(providers).toEqual({ revision: state.revision, providers: state.providers });
    expect(models).toMatchObject({ data: state.models.map((id) => ({ id })) });
    expect(health).toMatchObject({ revision: state.revision, ...state.health });
    expect((await rig.ask('/v1/snapshot')).body).toEqual(state);
  });

  it('"Last-Event-ID resumes": nothing again for the current revision, the full state for any other', async () => {
    const rig = await rigWith();
    const revision = await settledRevision(rig);
    const resumed = await streamOf(rig, String(revision));
    const behind = await streamOf(rig, String(revision - 1));
    const confused = await streamOf(rig, '1e9; x');
    for (const stream of [behind, confused]) {
      expect((await stream.until(() => true)).revision).toBe(revision);
    }
    await rig.write('moltbot.json', configOf('https://one.example/v1'));
    const next = await resumed.until(() => true);
    expect(next.revision).toBeGreaterThan(revision);
    expect(resumed.states[0]).toEqual(next);
  });

  it('a revision of an earlier run is never taken for the current one', async () => {
    const rig = await rigWith();
    const before = await settledRevision(rig);
    await rig.sidecar.close();
    const again = await rigWith();
    expect(await settledRevision(again)).toBeGreaterThan(before);
  });

  it('"runtime (up, down, auth-required)" and "health": each transition once, with ids and codes only', async () => {
    const fake = await startFakeOllama({ models: [{ name: 'llama3:chat' }] });
    onTestFinished(() => fake.stop());
    const rig = await rigWith({ ollamaPort: fake.port });
    const stream = await streamOf(rig);
    await stream.until(({ health }) => health.status === 'ok');
    await fake.stop();
    await stream.until(({ health }) => health.status === 'failing');
    await vi.waitFor(() => expect(stream.dataOf('health')).toHaveLength(1), 15_000);
    expect(stream.dataOf('runtime')).toEqual([
      { kind: 'runtime', url: fake.url, runtime: 'ollama', provider: 'ollama', state: 'down' },
    ]);
    expect(stream.dataOf('health')).toEqual([{ kind: 'health', status: 'failing', code: 'runtime-down' }]);
    await fake.restart();
    await stream.until(({ health }) => health.status === 'ok');
    await vi.waitFor(
      () => expect(stream.dataOf('health').at(-1)).toEqual({ kind: 'health', status: 'ok' }),
      15_000,
    );
    expect(stream.dataOf('runtime').at(-1)).toMatchObject({ state: 'up' });
  });

  it('"setup": valid credentials appeared for a provider that is not in use yet', async () => {
    const rig = await rigWith({ files: { 'moltbot.json': configOf('https://one.example/v1') } });
    const stream = await streamOf(rig);
    await stream.until(() => true);
    const profiles = {
      version: 1,
      profiles: {
        'moonshot:default': { type: 'api_key', provider: 'moonshot', key: 'sk-canary-9876543210' },
        'mine:default': { type: 'api_key', provider: 'mine', key: 'sk-canary-1111111111' },
      },
    };
    await rig.write('sidecar/auth-profiles.json', profiles);
    await vi.waitFor(() => expect(stream.dataOf('setup')).toHaveLength(1), { timeout: 15_000 });
    expect(stream.dataOf('setup')).toEqual([{ kind: 'setup', provider: 'moonshot' }]);
    expect(JSON.stringify(stream.events)).not.toContain('sk-canary');
  });

  it('HEAD opens no stream', async () => {
    const rig = await rigWith();
    const { status, headers, text } = await rig.ask('/v1/events', { method: 'HEAD' });
    expect([status, headers.get('content-type'), text]).toEqual([200, 'text/event-stream', '']);
  });

  it('"all streams end cleanly at shutdown", and the shutdown does not wait for them', async () => {
    const rig = await rigWith();
    const streams = await Promise.all(Array.from({ length: 20 }, () => streamOf(rig)));
    const poll = rig.ask(`/v1/snapshot?since=${await settledRevision(rig)}`);
    await Promise.all(streams.map((stream) => stream.until(() => true)));
    await rig.sidecar.close();
    await Promise.all(streams.map(({ ended }) => ended));
    expect((await poll).status).toBe(200);
  });
});

describe('GET /v1/snapshot', () => {
  it('"long-poll twin": at once when newer, else as soon as it changes', async () => {
    const rig = await rigWith();
    const revision = await settledRevision(rig);
    for (const since of [revision - 1, revision + 1]) {
      expect((await rig.ask(`/v1/snapshot?since=${since}`)).body).toMatchObject({ revision });
    }
    let answered = false;
    const waiting = rig.ask(`/v1/snapshot?since=${revision}`).finally(() => {
      answered = true;
    });
    await rig.ask('/v1/models');
    expect(answered).toBe(false);
    await rig.write('moltbot.json', configOf('https://one.example/v1'));
    expect((await waiting).body).toMatchObject({ revision: revision + 1, defaultModel: { ref: 'mine/m' } });
  });

  it.each(['-1', 'x', '1.5', '99999999999999999999'])('refuses since=%s', async (since) => {
    const rig = await rigWith({ env: { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' } });
    const { status, body } = await rig.ask(`/v1/snapshot?since=${since}`);
    expect([status, body]).toMatchObject([400, { code: 'bad-request' }]);
  });
});

describe('"a broken file keeps the last good state, health goes degraded with file, line and column"', () => {
  it('watchers see it, and see it recover by itself', async () => {
    const rig = await rigWith({ files: { 'moltbot.json': configOf('https://one.example/v1') } });
    const path = join(rig.stateDir, 'moltbot.json');
    const good = await readFile(path, 'utf8');
    const stream = await streamOf(rig);
    await stream.until(({ health }) => health.status === 'ok');
    await writeFile(path, '{\n  models: oops oops\n}');
    const broken = await stream.until(({ health }) => health.status === 'degraded');
    expect(broken.health.findings[0]?.detail).toMatch(/moltbot\.json.*line 2, column \d+/);
    expect(broken.models).toContain('mine/m');
    await writeFile(path, good);
    await stream.until(({ health }) => health.status === 'ok');
  });
});
