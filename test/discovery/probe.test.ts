import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createProbe } from '../../src/discovery/probe.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import type { Fault } from '../helpers/fake-runtime.ts';
import { freePort, stopLater } from './rig.ts';

function openProbe() {
  const probe = createProbe({ clock: () => Date.UTC(2026, 10, 22) });
  onTestFinished(() => probe.close());
  return probe;
}

describe('a probe', () => {
  it('gives the whole answer and the evidence of it', async () => {
    const fake = stopLater(await startFakeOllama());
    const result = await openProbe().get(`${fake.url}/api/version`);
    expect(result).toMatchObject({ kind: 'answer', status: 200, contentType: 'application/json' });
    expect(result.kind === 'answer' && result.json()).toEqual({ version: '0.32.7' });
    expect(result.evidence).toEqual({
      request: `GET ${fake.url}/api/version`,
      answer: '200, application/json, 20 bytes: "{\\"version\\":\\"0.32.7\\"}"',
      at: '2026-11-22T00:00:00.000Z',
    });
  });

  it('"carries no credential, no cookie, no Origin", and the dialled address as Host', async () => {
    const fake = stopLater(await startFakeOllama());
    const probe = openProbe();
    await probe.get(`${fake.url}/api/tags`);
    await probe.post(`${fake.url}/api/show`, { model: 'x' });
    for (const { headers } of fake.requests) {
      expect(headers['host']).toBe(`127.0.0.1:${fake.port}`);
      expect(
        Object.keys(headers).filter((name) => /auth|cookie|origin|api-key|referer|encoding$/.test(name)),
      ).toEqual(headers['transfer-encoding'] === undefined ? [] : ['transfer-encoding']);
    }
    expect(fake.requests).toHaveLength(2);
  });

  it('says refused when nothing listens', async () => {
    const port = await freePort();
    expect(await openProbe().get(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'refused' });
  });

  it.each<[Fault, string]>([
    ['silent', 'timeout'],
    ['slow-headers', 'timeout'],
    ['slow-body', 'timeout'],
    ['endless', 'too-large'],
    ['huge', 'too-large'],
    ['reset', 'reset'],
    ['truncated', 'reset'],
  ])('ends on a server that does this: %s', async (fault, kind) => {
    const fake = stopLater(await startFakeOllama());
    fake.setFault(fault);
    const timeoutMs = kind === 'timeout' ? 150 : 5_000;
    expect(await openProbe().get(`${fake.url}/`, { timeoutMs })).toMatchObject({ kind });
  });

  it('"never follows a redirect" and says where it led', async () => {
    const fake = stopLater(await startFakeOllama());
    fake.setFault('redirect');
    const result = await openProbe().get(`${fake.url}/`);
    expect(result).toMatchObject({ kind: 'answer', status: 302 });
    expect(result.evidence.answer).toContain('302, to "http://127.0.0.1:9/login"');
    expect(fake.requests).toHaveLength(1);
  });

  it('does not unpack a compressed body', async () => {
    const fake = stopLater(await startFakeOllama());
    fake.setFault('compressed');
    const result = await openProbe().get(`${fake.url}/api/tags`);
    expect(result.kind === 'answer' && result.json()).toBeUndefined();
  });

  it('"ignores proxy variables"', async () => {
    const dead = `http://127.0.0.1:${await freePort()}`;
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']) {
      vi.stubEnv(name, name === 'NODE_USE_ENV_PROXY' ? '1' : dead);
    }
    const fake = stopLater(await startFakeOllama());
    expect(await openProbe().get(`${fake.url}/`)).toMatchObject({ kind: 'answer', status: 200 });
  });

  it('gives up after a second where nobody accepts the connection, however long an answer may take', async () => {
    // No address is ever found, so there is nothing to connect to.
    const probe = createProbe({ clock: Date.now, lookup: () => undefined });
    onTestFinished(() => probe.close());
    expect(await probe.get('http://away.example/', { timeoutMs: 60_000 })).toMatchObject({ kind: 'refused' });
  });

  it('is closed for good, also before anything was asked', async () => {
    const fake = stopLater(await startFakeOllama());
    const probe = openProbe();
    await probe.close();
    expect(await Promise.all([probe.get(fake.url), probe.get(fake.url)])).toMatchObject([
      { kind: 'error' },
      { kind: 'error' },
    ]);
    expect(fake.requests).toEqual([]);
  });

  it('ends at once when its signal fires', async () => {
    const fake = stopLater(await startFakeOllama());
    fake.setFault('silent');
    const stop = new AbortController();
    const asking = openProbe().get(`${fake.url}/`, { signal: stop.signal, timeoutMs: 60_000 });
    await vi.waitFor(() => expect(fake.requests).toHaveLength(1), 15_000);
    stop.abort();
    expect(await asking).toMatchObject({ kind: 'timeout' });
  });
});
