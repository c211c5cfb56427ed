/**
 * What leaves for a provider: credentials are never carried on by a redirect, nobody dials the metadata service of
 * a cloud, and a credential goes to the server that it was configured for.
 */
import { createServer } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { coolDownsOfServer } from '../../src/commands/server-cool-downs.ts';
import { createServerFetch } from '../../src/credentials/oauth/server-fetch.ts';
import { askNimServer } from '../../src/preparation/nim-access.ts';
import { createAsk } from '../../src/login/ask-provider.ts';
import { Secret } from '../../src/domain/secret.ts';
import { proofFor } from '../../src/http/liveness-proof.ts';
import { writeEndpointFile } from '../../src/platform/endpoint-file.ts';
import { findPaths } from '../../src/platform/paths.ts';
import { resolve, type ResolveRequest } from '../../src/resolution/resolve.ts';
import { startFakeOllama } from '../helpers/fake-ollama.ts';
import {
  localEntry,
  NOW,
  providersConfig,
  snapshotOf,
  type SnapshotParts,
} from '../helpers/snapshot-fixture.ts';
import { startRig as startSidecar } from '../helpers/sidecar-rig.ts';
import { startRig as startDiscovery, stopLater } from '../discovery/rig.ts';
import { tempFolder } from '../platform/temp-folder.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A server on this machine that answers as told and remembers what it was asked. */
async function server(
  answer: (url: string, host: string) => { status: number; headers?: Record<string, string>; body?: string },
) {
  const seen: Seen[] = [];
  const http = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers });
    const { status, headers: more = {}, body = '' } = answer(url, headers.host ?? '');
    request.resume().once('end', () => response.writeHead(status, more).end(body));
  });
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    http.closeAllConnections();
    await new Promise<void>((closed) => http.close(() => closed()));
  });
  const address = http.address() satisfies AddressInfo | string | null;
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { seen, port, url: `http://127.0.0.1:${port}` };
}

const codeOf = async (parts: SnapshotParts, request: ResolveRequest): Promise<string> => {
  const outcome = await resolve(await snapshotOf(parts), request, NOW);
  return outcome.kind === 'failed' ? `${outcome.problem.code}: ${outcome.problem.detail}` : 'resolved';
};

describe('"redirects never followed with a credential"', () => {
  it.each([301, 302, 303, 307, 308])('a key check that is answered %i', async (status) => {
    const other = await server(() => ({ status: 200, body: '[]' }));
    const first = await server(() => ({ status, headers: { location: `${other.url}/models` } }));
    const headers = { authorization: 'Bearer sk-canary', 'x-api-key': 'sk-canary' };
    for (const method of ['GET', 'POST'] as const) {
      const body = method === 'POST' ? { body: '{}' } : {};
      const answer = await createAsk()({ method, url: `${first.url}/models`, headers, ...body });
      expect(answer).toMatchObject({ kind: 'answer', status });
    }
    expect(first.seen).toHaveLength(2);
    expect(other.seen).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])('a token call that is answered %i', async (status) => {
    const other = await server(() => ({ status: 200, body: '{}' }));
    const first = await server(() => ({ status, headers: { location: `${other.url}/token` } }));
    const body = 'grant_type=refresh_token&refresh_token=canary';
    const init = { method: 'POST', headers: {}, body, redirect: 'manual' } as const;
    expect((await createServerFetch()(`${first.url}/token`, init)).status).toBe(status);
    expect(first.seen).toHaveLength(1);
    expect(other.seen).toEqual([]);
  });

  it('the question whether a NIM server wants a key', async () => {
    const other = await server(() => ({ status: 200, body: '{"data": []}' }));
    const first = await server(() => ({ status: 302, headers: { location: `${other.url}/v1/models` } }));
    expect((await askNimServer({ JAATO_NIM_BASE_URL: first.url })).access).toBe('unknown');
    expect(first.seen).not.toEqual([]);
    expect(other.seen).toEqual([]);
  });

  it('the token of this program, at a server that proved itself and then points elsewhere', async () => {
    const token = new Secret('token-canary-0123456789-abcdefghijklmnop');
    const other = await server(() => ({ status: 200, body: '{"providers": []}' }));
    const first = await server((url, host) => {
      const challenge = new URL(url, 'http://x').searchParams.get('challenge');
      if (challenge === null) return { status: 307, headers: { location: `${other.url}/v1/providers` } };
      return { status: 200, body: JSON.stringify({ status: 'ok', proof: proofFor(challenge, host, token) }) };
    });
    const home = await tempFolder();
    const { endpoint: path } = findPaths({}, home);
    const endpoint = { url: first.url, token, pid: 1, version: '1', startedAt: '2026-01-01T00:00:00.000Z' };
    await writeEndpointFile(path, endpoint);
    expect(await coolDownsOfServer({ env: {}, home })).toEqual([]);
    expect(first.seen.map(({ url }) => url.split('?', 1)[0])).toEqual(['/livez', '/v1/providers']);
    expect(other.seen).toEqual([]);
  });

  it('a stranger on our port is never sent the token', async () => {
    const token = new Secret('token-canary-0123456789-abcdefghijklmnop');
    const stranger = await server(() => ({ status: 200, body: '{"status": "ok", "proof": "AAAA"}' }));
    const home = await tempFolder();
    const { endpoint: path } = findPaths({}, home);
    const endpoint = {
      url: stranger.url,
      token,
      pid: 1,
      version: '1',
      startedAt: '2026-01-01T00:00:00.000Z',
    };
    await writeEndpointFile(path, endpoint);
    expect(await coolDownsOfServer({ env: {}, home })).toEqual([]);
    expect(JSON.stringify(stranger.seen)).not.toContain('canary');
  });
});

describe('"a base URL that resolves to a metadata address refused": addresses, at resolution', () => {
  const metadata = ['http://169.254.169.254/v1', 'http://2852039166', 'http://[fd00:ec2::254]/v1'];
  const named = (baseUrl: string, more: object = {}) =>
    providersConfig({ mine: { baseUrl, apiKey: 'sk-canary', models: [{ id: 'm' }], ...more } });
  const refused = /^config-invalid: .*metadata service of a cloud/;

  it.each(metadata)('%s of a cfg entry, with a key and without', async (baseUrl) => {
    expect(await codeOf({ config: named(baseUrl) }, { model: 'mine/m' })).toMatch(refused);
    expect(await codeOf({ config: named(baseUrl, { auth: 'none' }) }, { model: 'mine/m' })).toMatch(refused);
  });

  it('of one model', async () => {
    const models = [{ id: 'm', baseUrl: 'http://169.254.170.2/v1' }, { id: 'n' }];
    const config = named('https://m.example/v1', { models });
    expect(await codeOf({ config }, { model: 'mine/m' })).toMatch(refused);
    expect(await codeOf({ config }, { model: 'mine/n' })).toBe('resolved');
  });

  it('of models.json', async () => {
    const modelsJson = { ollama: localEntry('http://169.254.169.254/v1', 'm') };
    expect(await codeOf({ modelsJson }, { model: 'ollama/m' })).toMatch(refused);
  });

  it('that a variable completes', async () => {
    const env = {
      AZURE_OPENAI_API_KEY: 'sk-canary',
      AZURE_OPENAI_BASE_URL: 'http://metadata.azure.internal/x',
    };
    expect(await codeOf({ env }, { provider: 'azure-openai-responses' })).toMatch(refused);
  });

  it('that discovery is told to trust', async () => {
    const { discovery } = await startDiscovery({}, { trust: ['http://169.254.169.254:80'] });
    const report = await discovery.scan();
    expect(report.endpoints).toEqual([]);
    expect(JSON.stringify(report.candidates)).toContain('it is the metadata service of a cloud');
  });

  it('of a NIM server, which is never asked', async () => {
    expect((await askNimServer({ JAATO_NIM_BASE_URL: 'http://169.254.169.254/v1' })).access).toBe('unknown');
  });

  it('of an authorization server, whatever its metadata names', async () => {
    const fates: unknown[] = [];
    // The signal keeps a program without this rule from asking a real one.
    const ask = createServerFetch({ onFate: (fate) => fates.push(fate), signal: AbortSignal.abort() });
    const init = { method: 'POST', headers: {}, body: 'refresh_token=canary', redirect: 'manual' } as const;
    await expect(ask('http://169.254.169.254/token', init)).rejects.toThrow('metadata service of a cloud');
    expect(fates).toEqual([{ kind: 'not-sent' }]);
  });

  it('of a key check', async () => {
    const answer = await createAsk()({ method: 'GET', url: 'http://2852039166/latest', headers: {} });
    expect(answer).toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining('metadata service'),
    });
  });
});

describe('"a base URL that resolves to a metadata address refused": names, where this program dials', () => {
  /** A name that leads to each of these addresses, one after the other. */
  const leadingTo = (
    ...addresses: readonly (readonly string[])[]
  ): { lookup: LookupFunction; asked: string[] } => {
    const asked: string[] = [];
    const lookup: LookupFunction = (host, options, done) => {
      asked.push(host);
      const found = addresses[Math.min(asked.length, addresses.length) - 1] ?? [];
      const entries = found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      if (options.all === true) done(null, entries);
      else done(null, entries[0]?.address ?? '', entries[0]?.family);
    };
    return { lookup, asked };
  };

  it.each([[['169.254.169.254']], [['fd00:ec2::254']], [['127.0.0.1', '169.254.169.254']]])(
    'a key check at a name that leads to %j is not sent',
    async (addresses) => {
      const there = await server(() => ({ status: 200, body: '[]' }));
      const { lookup } = leadingTo(addresses);
      const ask = createAsk({ lookup });
      const headers = { authorization: 'Bearer sk-canary' };
      const answer = await ask({ method: 'GET', url: `http://models.example:${there.port}/`, headers });
      expect(answer).toMatchObject({
        kind: 'unreachable',
        detail: expect.stringContaining('metadata service'),
      });
      expect(there.seen).toEqual([]);
    },
  );

  it('a name of the service itself is not even looked up', async () => {
    const { lookup, asked } = leadingTo(['127.0.0.1']);
    const url = 'http://METADATA.google.internal./computeMetadata/v1';
    const answer = await createAsk({ lookup })({ method: 'GET', url, headers: {} });
    expect(answer).toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining('metadata service'),
    });
    expect(asked).toEqual([]);
  });

  it('a name that changes after it was judged gains nothing: "the connection goes to the checked IP"', async () => {
    const there = await server(() => ({ status: 200, body: '[]' }));
    const { lookup, asked } = leadingTo(['127.0.0.1'], ['169.254.169.254']);
    const ask = createAsk({ lookup });
    const url = `http://models.example:${there.port}/`;
    expect(await ask({ method: 'GET', url, headers: { connection: 'close' } })).toMatchObject({
      status: 200,
    });
    expect(asked).toEqual(['models.example']);
    expect(there.seen).toHaveLength(1);
    expect(await ask({ method: 'GET', url, headers: {} })).toMatchObject({ kind: 'unreachable' });
    expect(there.seen).toHaveLength(1);
  });

  it('a probe of a trusted name that leads there is not sent', async () => {
    const fake = stopLater(await startFakeOllama({ models: [{ name: 'llama3:chat' }] }));
    const url = `http://box.local:${fake.port}`;
    const there = leadingTo(['127.0.0.1', '169.254.169.254']);
    const { discovery } = await startDiscovery({}, { trust: [url], lookup: there.lookup });
    const [endpoint] = (await discovery.scan()).endpoints;
    expect(endpoint?.state).not.toBe('up');
    expect(there.asked).not.toEqual([]);
    expect(fake.requests).toEqual([]);
  });

  it('the same name that leads to this machine is asked', async () => {
    const fake = stopLater(await startFakeOllama({ models: [{ name: 'llama3:chat' }] }));
    const url = `http://box.local:${fake.port}`;
    const { discovery } = await startDiscovery({}, { trust: [url], lookup: leadingTo(['127.0.0.1']).lookup });
    expect((await discovery.scan()).endpoints).toMatchObject([{ state: 'up' }]);
  });
});

describe('"a caller can never name the target" and "a credential bound to its provider’s origin"', () => {
  it.each(['baseUrl', 'base_url', 'url', 'target', 'host', 'endpoint'])('?%s= is refused', async (name) => {
    const rig = await startSidecar({ env: { ANTHROPIC_API_KEY: 'sk-canary-0123' } });
    onTestFinished(() => rig.close());
    const answer = await rig.ask(`/v1/resolve?provider=anthropic&${name}=https://evil.example`);
    expect([answer.status, answer.text.includes('sk-canary')]).toEqual([400, false]);
  });

  it.each([
    ['another host', 'https://evil.example/v1'],
    ['another port', 'https://m.example:8443/v1'],
    ['another scheme', 'http://m.example/v1'],
    ['a host with a trailing dot', 'https://m.example./v1'],
    ['a longer host', 'https://m.example.evil.example/v1'],
  ])('models.json leads to %s: the key of the cfg entry stays here', async (_what, baseUrl) => {
    const entry = { baseUrl: 'https://m.example/v1', apiKey: 'sk-canary', models: [{ id: 'm' }] };
    const modelsJson = { mine: { baseUrl, api: 'openai-completions', models: [{ id: 'm' }] } };
    const parts = { config: providersConfig({ mine: entry }), modelsJson };
    expect(await codeOf(parts, { model: 'mine/m' })).toMatch(/^no-auth: .*leads to another one/);
  });

  it.each([
    ['user info', 'https://m.example@evil.example/v1'],
    ['no scheme', '//evil.example/v1'],
    ['backslashes', '\\\\evil.example/v1'],
    ['another protocol', 'ftp://m.example/v1'],
    ['a tab', 'https://m.exa\tmple/v1'],
  ])('a base URL with %s is config-invalid, and is not repeated', async (_what, baseUrl) => {
    const entry = { baseUrl, apiKey: 'sk-canary', models: [{ id: 'm' }] };
    const verdict = await codeOf({ config: providersConfig({ mine: entry }) }, { model: 'mine/m' });
    expect(verdict).toMatch(/^config-invalid: .*baseUrl must/);
    expect(verdict).not.toMatch(/evil|sk-canary/);
  });
});
