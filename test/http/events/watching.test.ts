/** Limits of the stream over real connections: too many readers, slow ones, deadlines, and changes by the clock. */
import { getEventListeners, once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SnapshotAnswer } from '../../../src/domain/answers/snapshot.ts';
import type { SidecarEvent } from '../../../src/domain/sidecar-event.ts';
import {
  HEARTBEAT_MS,
  MAX_ENDPOINT_READERS,
  MAX_READERS,
  MAX_READERS_PER_TOKEN,
} from '../../../src/http/events/readers.ts';
import { createWatching } from '../../../src/http/events/watching.ts';
import { createEventHub } from '../../../src/platform/event-hub.ts';
import { openEventStream } from '../../helpers/event-stream.ts';
import { head, openSocket, type RawAnswer, sendRaw } from '../../helpers/raw-http.ts';
import { BEARER, expectRefusal, start, TOKEN } from '../guarded-server.ts';
import { stateWith } from './states.ts';

interface Options {
  readonly heartbeatMs?: number;
  readonly pollMs?: number;
  readonly state?: SnapshotAnswer;
  readonly revoked?: AbortSignal;
  readonly deadlines?: { readonly headers: number; readonly request: number; readonly checkEvery: number };
}

/** A guarded server with the stream and the poll over a state that the test sets; `?as=` names the token. */
async function startWatching({ state: first = stateWith(), deadlines, revoked, ...options }: Options = {}) {
  let state = first;
  const errors: unknown[] = [];
  const hub = createEventHub<SidecarEvent>((error) => errors.push(error));
  const watching = createWatching({
    describe: () => Promise.resolve(state),
    revision: () => state.revision,
    providerInUse: () => null,
    renew: () => {
      state = { ...state, revision: state.revision + 1 };
      watching.changed();
    },
    hub,
    log: { error: (...line) => errors.push(line) },
    ...options,
  });
  const server = await start({
    fetch: (request, { connection }) => {
      const { pathname, searchParams } = new URL(request.url);
      const since = searchParams.get('since') ?? undefined;
      const watcher = {
        token: searchParams.get('as') ?? 'endpoint',
        ...(revoked === undefined ? {} : { revoked }),
      };
      return pathname === '/v1/events'
        ? watching.stream({
            lastEventId: request.headers.get('last-event-id'),
            drop: () => connection.destroy(),
            ...watcher,
          })
        : watching.poll({ since, signal: request.signal, ...watcher });
    },
    ...(deadlines === undefined ? {} : { deadlines }),
  });
  onTestFinished(() => {
    watching.close();
    expect(errors).toEqual([]);
  });
  const open = async () => {
    const stream = await openEventStream({ url: `http://127.0.0.1:${server.port}`, token: TOKEN });
    onTestFinished(() => stream.close());
    return stream;
  };
  const change = (next: Partial<SnapshotAnswer>): void => {
    state = { ...state, revision: state.revision + 1, ...next };
    watching.changed();
  };
  const request = (path: string) => head(`GET ${path} HTTP/1.1`, server.host, BEARER);
  /** Asks over a connection that is closed afterwards. */
  const askOnce = (path: string): Promise<RawAnswer> =>
    sendRaw(server.port, request(path).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  /** That many streams of a token, each of which has begun. */
  const openMany = (length: number, token: string) =>
    Promise.all(
      Array.from({ length }, async () => {
        const socket = await openSocket(server.port);
        onTestFinished(() => void socket.destroy());
        socket.write(request(`/v1/events?as=${token}`));
        await once(socket, 'data');
        return socket;
      }),
    );
  return {
    ...server,
    watching,
    hub,
    open,
    openMany,
    change,
    request,
    askOnce,
    setState: (next: SnapshotAnswer) => (state = next),
  };
}

function expectNoRoom(refused: RawAnswer, detail: string): void {
  expect(refused.status).toBe(503);
  expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(JSON.parse(refused.body)).toMatchObject({
    code: 'too-many-readers',
    status: 503,
    detail: expect.stringContaining(detail),
  });
}

describe('"bounded number of readers"', () => {
  it('past it 503 too-many-readers with Retry-After, for polls that would wait too; one that goes makes room', async () => {
    const rig = await startWatching();
    const [first] = await rig.openMany(MAX_ENDPOINT_READERS, 'endpoint');
    await rig.openMany(MAX_READERS - MAX_ENDPOINT_READERS, 'other');
    for (const path of ['/v1/events?as=third', '/v1/snapshot?since=1&as=third']) {
      expectNoRoom(await rig.askOnce(path), `${MAX_READERS} event streams and waiting polls are open`);
    }
    first?.destroy();
    await vi.waitFor(() => expect(rig.watching.readers()).toBe(MAX_READERS - 1), 15_000);
    expect((await rig.open()).status).toBe(200);
  });

  it('"cap streams per token": a token has a quarter of all, polls that wait included, and keeps no other from one', async () => {
    expect(MAX_READERS_PER_TOKEN).toBe(64);
    const rig = await startWatching();
    const [first] = await rig.openMany(MAX_READERS_PER_TOKEN - 1, 'greedy');
    const poll = await openSocket(rig.port);
    onTestFinished(() => void poll.destroy());
    poll.write(rig.request('/v1/snapshot?since=1&as=greedy'));
    await vi.waitFor(() => expect(rig.watching.readers()).toBe(MAX_READERS_PER_TOKEN), 15_000);
    for (const path of ['/v1/events?as=greedy', '/v1/snapshot?since=1&as=greedy']) {
      expectNoRoom(await rig.askOnce(path), '64 event streams and waiting polls of this token are open');
    }
    // What does not wait takes no place, and so none is refused.
    expect((await rig.askOnce('/v1/snapshot?as=greedy')).status).toBe(200);
    await rig.openMany(1, 'modest');
    await rig.openMany(1, 'endpoint');
    first?.destroy();
    await vi.waitFor(() => expect(rig.watching.readers()).toBe(MAX_READERS_PER_TOKEN + 1), 15_000);
    await rig.openMany(1, 'greedy');
    expectNoRoom(await rig.askOnce('/v1/events?as=greedy'), 'of this token');
  });

  it('the token of the endpoint, which many share, leaves room for what another one may have', async () => {
    const rig = await startWatching();
    await rig.openMany(MAX_ENDPOINT_READERS, 'endpoint');
    expectNoRoom(await rig.askOnce('/v1/events?as=endpoint'), `${MAX_ENDPOINT_READERS} event streams`);
    await rig.openMany(MAX_READERS_PER_TOKEN, 'other');
    expect(rig.watching.readers()).toBe(MAX_READERS);
  });

  it('a poll whose caller goes away frees its place', async () => {
    const rig = await startWatching();
    const socket = await openSocket(rig.port);
    socket.write(rig.request('/v1/snapshot?since=1'));
    await vi.waitFor(() => expect(rig.watching.readers()).toBe(1), 15_000);
    socket.destroy();
    await vi.waitFor(() => expect(rig.watching.readers()).toBe(0), 15_000);
  });
});

describe('"a slow reader is dropped"', () => {
  it('one that stops reading loses its connection; one that reads beside it gets everything', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const rig = await startWatching();
    const brisk = await rig.open();
    const slow = await openSocket(rig.port);
    slow.pause();
    slow.write(rig.request('/v1/events'));
    await vi.waitFor(() => expect(rig.watching.readers()).toBe(2), 15_000);
    // More than any system keeps for a connection, so that what is sent has to wait for its reader.
    rig.change({ models: ['large', 'x'.repeat(16 * 1024 * 1024)] });
    await brisk.until(({ models }) => models[0] === 'large');
    rig.change({ models: ['small'] });
    await brisk.until(({ models }) => models[0] === 'small');
    vi.advanceTimersByTime(HEARTBEAT_MS);
    expect(rig.watching.readers()).toBe(2);
    await vi.waitFor(() => expect(brisk.comments).toHaveLength(1), 15_000);
    vi.advanceTimersByTime(HEARTBEAT_MS);
    expect(rig.watching.readers()).toBe(1);
    const closed = once(slow, 'close');
    slow.resume();
    await closed;
    await vi.waitFor(() => expect(brisk.comments).toHaveLength(2), 15_000);
  });
});

describe('the stream', () => {
  it('"heartbeat every 15 s", which the deadlines of requests do not cut', async () => {
    const deadlines = { headers: 50, request: 50, checkEvery: 10 };
    const rig = await startWatching({ heartbeatMs: 40, deadlines });
    const stream = await rig.open();
    await vi.waitFor(() => expect(stream.comments.length).toBeGreaterThan(5), { timeout: 15_000 });
    rig.change({});
    await stream.until(({ revision }) => revision === 2);
  });

  it('other events reach every reader, without an id', async () => {
    const rig = await startWatching();
    const streams = await Promise.all([rig.open(), rig.open()]);
    const event = {
      kind: 'credential',
      provider: 'acme',
      profileId: 'acme:default',
      source: 'profile:acme:default',
      change: 'rotated',
    } as const;
    await Promise.all(streams.map((stream) => stream.until(() => true)));
    rig.hub.publish(event);
    for (const stream of streams) {
      await vi.waitFor(() => expect(stream.dataOf('credential')).toEqual([event]), 15_000);
      expect(stream.events.at(-1)?.id).toBeUndefined();
    }
  });

  it.each(['the clock', 'a credential event'])('what %s changes is a new revision, once', async (what) => {
    const rig = await startWatching({ heartbeatMs: 20 });
    const stream = await rig.open();
    await stream.until(() => true);
    const isCredential = what === 'a credential event';
    rig.setState(stateWith({ models: ['changed'] }));
    if (isCredential) {
      rig.hub.publish({ kind: 'credential', provider: 'p', profileId: null, source: 's', change: 'expired' });
    }
    expect((await stream.until(({ models }) => models[0] === 'changed')).revision).toBe(2);
    const beats = stream.comments.length;
    await vi.waitFor(() => expect(stream.comments.length).toBeGreaterThan(beats + 2), 15_000);
    expect(stream.states.map(({ revision }) => revision)).toEqual([1, 2]);
  });

  it('"rotate the token: its open stream ends with event: revoked", and nothing comes after it', async () => {
    const token = new AbortController();
    const rig = await startWatching({ revoked: token.signal });
    const stream = await rig.open();
    await stream.until(() => true);
    token.abort();
    rig.change({});
    await stream.ended;
    expect(stream.events.map(({ event }) => event)).toEqual(['snapshot', 'revoked']);
    expect(rig.watching.readers()).toBe(0);
    const late = await rig.open();
    await late.ended;
    expect(late.events.map(({ event }) => event)).toEqual(['revoked']);
  });

  it('a state that cannot be described is said in the log and not to the reader; the next one comes', async () => {
    const errors: unknown[] = [];
    let revision = 1;
    const watching = createWatching({
      describe: () =>
        revision === 2 ? Promise.reject(new Error('canary')) : Promise.resolve(stateWith({ revision })),
      revision: () => revision,
      providerInUse: () => null,
      renew: () => undefined,
      hub: createEventHub(() => undefined),
      log: { error: (message) => errors.push(message) },
    });
    onTestFinished(() => watching.close());
    const server = await start({
      fetch: () => watching.stream({ lastEventId: null, drop: () => undefined, token: 'endpoint' }),
    });
    const stream = await openEventStream({ url: `http://127.0.0.1:${server.port}`, token: TOKEN });
    await stream.until(() => true);
    revision = 2;
    watching.changed();
    await vi.waitFor(() => expect(errors).toHaveLength(1), 15_000);
    revision = 3;
    watching.changed();
    await stream.until((state) => state.revision === 3);
    expect(JSON.stringify(stream.events)).not.toContain('canary');
    stream.close();
  });
});

describe('the poll', () => {
  it('answers with the same revision when nothing happens within its time', async () => {
    const rig = await startWatching({ pollMs: 30 });
    const answer = await fetch(`http://127.0.0.1:${rig.port}/v1/snapshot?since=1`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(await answer.json()).toEqual(stateWith());
    expect(rig.watching.readers()).toBe(0);
  });

  it('of a token that is revoked while it waits ends with 401, and says nothing of the state', async () => {
    const token = new AbortController();
    const rig = await startWatching({ revoked: token.signal });
    const answer = rig.askOnce('/v1/snapshot?since=1');
    await vi.waitFor(() => expect(rig.watching.readers()).toBe(1), 15_000);
    token.abort();
    expectRefusal(await answer, 401, 'unauthorized');
    expect(rig.watching.readers()).toBe(0);
    expectRefusal(await rig.askOnce('/v1/snapshot'), 401, 'unauthorized');
  });

  it('leaves nothing behind with a token that outlives it', async () => {
    const token = new AbortController();
    const rig = await startWatching({ pollMs: 1, revoked: token.signal });
    for (let count = 0; count < 3; count += 1) await rig.askOnce('/v1/snapshot?since=1');
    expect(getEventListeners(token.signal, 'abort')).toEqual([]);
    // Where node keeps the signals that were made of this one: for ever, while this one lives.
    const made = Reflect.ownKeys(token.signal).find((key) => String(key).includes('Dependant'));
    const kept: unknown = made === undefined ? undefined : Reflect.get(token.signal, made);
    expect(kept === undefined ? 0 : Reflect.get(Set.prototype, 'size', kept)).toBe(0);
  });

  it('that waits when the server stops is answered, although all tokens end then', async () => {
    const token = new AbortController();
    const rig = await startWatching({ revoked: token.signal });
    const answer = rig.askOnce('/v1/snapshot?since=1');
    await vi.waitFor(() => expect(rig.watching.readers()).toBe(1), 15_000);
    rig.watching.close();
    token.abort();
    expect(JSON.parse((await answer).body)).toEqual(stateWith());
  });
});
