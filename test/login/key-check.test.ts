import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { type Ask, type AskRequest, createAsk } from '../../src/login/ask-provider.ts';
import { checkKey } from '../../src/login/key-check.ts';
import { type KeyServer, listUrl } from '../../src/login/key-target.ts';
import { type FakeNim, type NimBehaviour, startFakeNim } from '../helpers/fake-nim.ts';

const GOOD = new Secret('nvapi-good');
const BAD = new Secret('nvapi-bad');

const running: FakeNim[] = [];
afterEach(async () => {
  for (const nim of running.splice(0)) await nim.stop();
});

async function standIn(behaviour: NimBehaviour, redirectTo?: string): Promise<FakeNim> {
  const nim = await startFakeNim({ behaviour, ...(redirectTo === undefined ? {} : { redirectTo }) });
  running.push(nim);
  return nim;
}

function serverAt(baseUrl: string, more: Partial<KeyServer> = {}): KeyServer {
  return {
    kind: 'server',
    provider: 'nim',
    displayName: 'NVIDIA NIM',
    baseUrl,
    api: 'openai-completions',
    headersFor: (key) => (key === null ? {} : { authorization: `Bearer ${key.reveal()}` }),
    maybeKeyless: false,
    models: [],
    ...more,
  };
}

const check = (nim: FakeNim, key: Secret, more: Partial<KeyServer> = {}, ask: Ask = createAsk()) =>
  checkKey(serverAt(nim.baseUrl, more), key, ask);

describe('checkKey: honest outcomes, never a paid request', () => {
  it('a list that wants the key proves it', async () => {
    const nim = await standIn('keyed');
    expect(await check(nim, GOOD)).toMatchObject({ kind: 'valid' });
    expect(await check(nim, BAD)).toMatchObject({ kind: 'invalid' });
    expect(nim.seen.map(({ method }) => method)).not.toContain('POST');
  });

  it('a public list proves nothing: the models’ route is asked with a body that cannot run anything', async () => {
    const nim = await standIn('public-list');
    expect(await check(nim, GOOD)).toMatchObject({ kind: 'valid' });
    expect(await check(nim, BAD)).toMatchObject({ kind: 'invalid' });
    const posts = nim.seen.filter(({ method }) => method === 'POST');
    expect(new Set(posts.map(({ body }) => body))).toEqual(new Set(['{}']));
  });

  it('a server that answers everybody leaves the key unverified, and needs none where it is one’s own', async () => {
    const nim = await standIn('open');
    expect(await check(nim, GOOD)).toMatchObject({ kind: 'unverified', reason: 'inconclusive' });
    nim.behaviour = 'careless';
    expect(await check(nim, BAD)).toMatchObject({ kind: 'unverified', reason: 'inconclusive' });
    nim.behaviour = 'open';
    nim.seen.splice(0);
    expect(await check(nim, GOOD, { maybeKeyless: true })).toMatchObject({ kind: 'not-needed' });
    expect(nim.seen.some(({ authorization }) => authorization !== undefined)).toBe(false);
  });

  it('a server of one’s own with a public list and models that want a key gets it checked there', async () => {
    const nim = await standIn('public-list');
    expect(await check(nim, GOOD, { maybeKeyless: true })).toMatchObject({ kind: 'valid' });
    expect(await check(nim, BAD, { maybeKeyless: true })).toMatchObject({ kind: 'invalid' });
  });

  it('a server of one’s own outside the private network never sees the key over http', async () => {
    const headers: AskRequest['headers'][] = [];
    const wantsKey: Ask = (request) => {
      headers.push(request.headers);
      return Promise.resolve({ kind: 'answer', status: 401, contentType: '', json: null });
    };
    const server = serverAt('http://nim.public.invalid/v1', { maybeKeyless: true });
    expect(await checkKey(server, GOOD, wantsKey)).toMatchObject({ kind: 'unverified' });
    expect(headers).toEqual([{}]);
  });

  it('402 and 429 are limits, not proof of a wrong key', async () => {
    expect(await check(await standIn('rate-limited'), GOOD)).toMatchObject({ kind: 'limited' });
    const broke: Ask = () =>
      Promise.resolve({ kind: 'answer', status: 402, contentType: 'application/json', json: {} });
    expect(await checkKey(serverAt('http://acme.test/v1'), GOOD, broke)).toMatchObject({ kind: 'limited' });
  });

  it('no redirect is followed, so the key reaches no other server', async () => {
    const elsewhere = await standIn('open');
    const nim = await standIn('redirect', `${elsewhere.baseUrl}/models`);
    expect(await check(nim, GOOD)).toMatchObject({ kind: 'unverified', reason: 'wrong-answer' });
    expect(elsewhere.seen).toEqual([]);
  });

  it('a server that never sees a reason to trust never sees the key', async () => {
    const nim = await standIn('html-404');
    expect(await check(nim, GOOD)).toMatchObject({ kind: 'unverified', reason: 'wrong-answer' });
    expect(nim.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it('a server that says nothing, and one that says too much, come to an end', async () => {
    const nim = await standIn('silent');
    const hurried = createAsk({ timeoutMs: 100 });
    expect(await check(nim, GOOD, {}, hurried)).toMatchObject({ kind: 'unverified', reason: 'unreachable' });
    const chatty = await standIn('open');
    const narrow = createAsk({ maxBytes: 8 });
    expect(await check(chatty, GOOD, {}, narrow)).toMatchObject({
      kind: 'unverified',
      reason: 'wrong-answer',
    });
  });

  it('a 400 that names an invalid key is a refusal of Google’s api only', async () => {
    const body = { error: { details: [{ reason: 'API_KEY_INVALID' }] } };
    const google: Ask = ({ headers }: AskRequest) =>
      Promise.resolve({
        kind: 'answer',
        status: headers['authorization'] === undefined ? 403 : 400,
        contentType: 'application/json',
        json: body,
      });
    const kindAt = async (api: string) =>
      (await checkKey(serverAt('http://g.test', { api }), BAD, google)).kind;
    expect(await kindAt('google-generative-ai')).toBe('invalid');
    expect(await kindAt('openai-completions')).toBe('unverified');
  });

  it('no answer, whatever it is, stores or shows the key', async () => {
    const verdicts = await Promise.all(
      (['keyed', 'public-list', 'open', 'html-404', 'rate-limited', 'redirect'] as const).map(
        async (behaviour) => check(await standIn(behaviour), GOOD),
      ),
    );
    expect(JSON.stringify(verdicts)).not.toContain('nvapi');
  });
});

describe('listUrl: the list of each api', () => {
  it.each([
    ['openai', 'openai-responses', 'https://api.openai.com/v1', 'https://api.openai.com/v1/models'],
    ['anthropic', 'anthropic-messages', 'https://api.anthropic.com', 'https://api.anthropic.com/v1/models'],
    ['mistral', 'mistral-conversations', 'https://api.mistral.ai/', 'https://api.mistral.ai/v1/models'],
    ['openrouter', 'openai-completions', 'https://openrouter.ai/api/v1', 'https://openrouter.ai/api/v1/key'],
    ['google-vertex', 'google-vertex', 'https://x.test', undefined],
  ])('%s (%s)', (provider, api, baseUrl, url) => {
    expect(listUrl(serverAt(baseUrl, { provider, api }))).toBe(url);
  });
});
