/** `POST /v1/resolve/:resolutionId/rejected` on a running server, and what everybody else sees of it. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { authStatus } from '../../src/commands/auth.ts';
import { explain, resolve } from '../../src/commands/resolve.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { type Rig, type RigOptions, startRig } from '../helpers/sidecar-rig.ts';

const open: Rig[] = [];
afterEach(async () => {
  for (const rig of open.splice(0)) await rig.close();
});

const stored = {
  'sidecar/auth-profiles.json': {
    version: 1,
    profiles: {
      'anthropic:a': { type: 'api_key', provider: 'anthropic', key: 'sk-canary-aaaa' },
      'anthropic:b': { type: 'api_key', provider: 'anthropic', key: 'sk-canary-bbbb' },
    },
    order: { anthropic: ['anthropic:a', 'anthropic:b'] },
  },
};
const MODEL = 'anthropic/claude-opus-4-5';

async function rigWith(options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig({ files: stored, ...options });
  open.push(rig);
  return rig;
}

interface Body {
  readonly resolutionId: string;
  readonly auth: { readonly source: string };
}

const begin = async (rig: Rig): Promise<Body> =>
  JSON.parse((await rig.ask(`/v1/resolve?model=${MODEL}`)).text);

const report = (rig: Rig, id: string, body?: object) =>
  rig.ask(`/v1/resolve/${id}/rejected`, {
    method: 'POST',
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });

describe('POST /v1/resolve/:resolutionId/rejected', () => {
  it('without a body it is a 401: the final error, 424 with hints, and the next profile for new requests', async () => {
    const rig = await rigWith();
    const first = await begin(rig);
    expect(first.auth.source).toBe('profile:anthropic:a');
    const refused = await report(rig, first.resolutionId);
    expect(refused.status).toBe(424);
    expect(refused.body).toMatchObject({
      code: 'no-auth',
      hints: expect.arrayContaining([expect.stringMatching(/./)]),
      coolDown: { source: 'profile:anthropic:a', status: 401, until: null },
    });
    expect((await begin(rig)).auth.source).toBe('profile:anthropic:b');
    const pinned = await rig.ask(`/v1/resolve?resolution=${first.resolutionId}`);
    expect(pinned.body).toMatchObject({ status: 424, code: 'no-auth' });
  });

  it.each([30, '30', new Date(Date.now() + 30_000).toUTCString()])(
    'Retry-After as %s is taken over',
    async (retryAfter) => {
      const rig = await rigWith();
      const { resolutionId } = await begin(rig);
      const { text } = await report(rig, resolutionId, { status: 429, retryAfter });
      const { coolDown } = JSON.parse(text);
      const seconds = (Date.parse(coolDown.until) - Date.parse(coolDown.since)) / 1_000;
      expect(seconds).toBeGreaterThan(20);
      expect(seconds).toBeLessThanOrEqual(30);
    },
  );

  it('a changed key clears it: the report of the old one gets the new one', async () => {
    const rig = await rigWith();
    const { resolutionId } = await begin(rig);
    expect((await report(rig, resolutionId)).status).toBe(424);
    const changed = JSON.stringify(stored['sidecar/auth-profiles.json']).replace('aaaa', 'cccc');
    await rig.write('sidecar/auth-profiles.json', changed);
    await vi.waitFor(
      async () => {
        const again = await report(rig, resolutionId);
        expect(again.body).toMatchObject({
          auth: { source: 'profile:anthropic:a', apiKey: 'sk-canary-cccc' },
        });
      },
      { timeout: 15_000 },
    );
  });

  it.each([
    ['an unknown field', { state: 401 }, 400],
    ['a status that says nothing', { status: 404 }, 400],
    ['a status that is none', { status: '401' }, 400],
    ['a wait that is none', { status: 429, retryAfter: 'soon' }, 400],
    ['a negative wait', { status: 429, retryAfter: -1 }, 400],
    ['a message that is none', { message: 7 }, 400],
    ['a list', [], 400],
  ])('%s is bad-request and changes nothing', async (_what, body, status) => {
    const rig = await rigWith();
    const { resolutionId } = await begin(rig);
    const answer = await report(rig, resolutionId, body);
    expect([answer.status, answer.body]).toMatchObject([status, { code: 'bad-request' }]);
    expect((await begin(rig)).auth.source).toBe('profile:anthropic:a');
  });

  it('a body of another type is 415, a forged id 400, a GET 404, no token 401', async () => {
    const rig = await rigWith();
    const { resolutionId } = await begin(rig);
    const path = `/v1/resolve/${resolutionId}/rejected`;
    expect((await rig.ask(path, { method: 'POST', body: '{}' })).status).toBe(415);
    expect((await report(rig, `${resolutionId}x`)).status).toBe(400);
    expect((await rig.ask(path)).status).toBe(404);
    const anonymous = await fetch(`${rig.sidecar.url}${path}`, { method: 'POST' });
    expect(anonymous.status).toBe(401);
    expect((await begin(rig)).auth.source).toBe('profile:anthropic:a');
  });

  it('"the id in the path is up to 4 KiB": the guard lets it through to the route', async () => {
    const profile = `mine:${'p'.repeat(2_600)}`;
    const store = { version: 1, profiles: { [profile]: { type: 'api_key', provider: 'mine', key: 'sk-m' } } };
    const provider = { baseUrl: 'https://m.example', models: [{ id: 'm' }] };
    const rig = await rigWith({
      files: {
        'moltbot.json': { models: { providers: { mine: provider } } },
        'sidecar/auth-profiles.json': store,
      },
    });
    const { resolutionId } = JSON.parse((await rig.ask('/v1/resolve?model=mine/m')).text);
    expect(resolutionId.length).toBeGreaterThan(3_500);
    expect((await report(rig, resolutionId)).body).toMatchObject({ status: 424, code: 'no-auth' });
    const forged = await report(rig, `rs_${'x'.repeat(4_093)}`);
    expect(forged.body).toMatchObject({
      code: 'bad-request',
      detail: expect.stringContaining('not an id that this installation gave out'),
    });
  });

  it('what the provider said is shown nowhere: it may hold the key', async () => {
    const rig = await rigWith();
    const { resolutionId } = await begin(rig);
    const refused = await report(rig, resolutionId, {
      status: 401,
      message: 'Bad key sk-canary-aaaa\r\nX: y',
    });
    const explained = await rig.ask(`/v1/explain?model=${MODEL}`);
    const listed = await rig.ask('/v1/providers');
    expect(explained.text).toContain('refused it with 401');
    expect([refused.text, explained.text, listed.text, JSON.stringify(rig.logged)].join()).not.toContain(
      'sk-canary',
    );
  });
});

describe('everybody sees it', () => {
  it('health and the log: the default model’s only key is dead', async () => {
    const rig = await rigWith({
      files: {},
      env: { ANTHROPIC_API_KEY: 'sk-canary-aaaa' },
      flags: { defaultModel: MODEL },
    });
    const { resolutionId } = await begin(rig);
    const before = await rig.ask('/health');
    expect(before.body).toMatchObject({ status: 'ok' });
    await report(rig, resolutionId, { status: 429 });
    expect((await rig.ask('/health')).body).toMatchObject({
      status: 'degraded',
      code: 'credential-cooling-down',
    });
    // Who watches sees the state of the same moment.
    const { revision }: { readonly revision: number } = JSON.parse(before.text);
    const watched = await rig.ask(`/v1/snapshot?since=${revision}`);
    expect(watched.body).toMatchObject({ health: { status: 'degraded' } });
    await report(rig, resolutionId);
    expect((await rig.ask('/health')).body).toMatchObject({ status: 'failing', code: 'no-auth' });
    await vi.waitFor(
      () =>
        expect(rig.logged).toContainEqual(
          expect.objectContaining({
            msg: expect.stringMatching(/^Health: DEGRADED/),
            code: 'credential-cooling-down',
          }),
        ),
      15_000,
    );
    const lines = rig.logged.filter(({ msg }) => msg === 'A provider refused a credential');
    expect(lines).toMatchObject([{ status: 429 }, { status: 401, until: 'it changes' }]);
  });

  it('`auth status`, `explain` and `resolve` take it over from the running server', async () => {
    const rig = await rigWith();
    const { resolutionId } = await begin(rig);
    await report(rig, resolutionId, { status: 402 });
    const printed: string[] = [];
    const context: CommandContext = {
      env: {},
      home: rig.home,
      clock: () => Date.now(),
      print: (text) => printed.push(text),
      printError: (text) => printed.push(text),
      stdoutIsTerminal: false,
      stderrIsTerminal: false,
      defaultPorts: rig.defaultPorts,
      stopSignal: new AbortController().signal,
    };
    expect(await authStatus(context, 'anthropic', { offline: true })).toBe(0);
    expect(printed.join('')).toMatch(/source +profile:anthropic:b/);
    expect(printed.join('')).toMatch(
      /warning +cooldown: profile:anthropic:a: its provider refused it with 402/,
    );
    printed.length = 0;
    await explain(context, MODEL, { offline: true });
    expect(printed.join('')).toContain('its provider refused it with 402 (billing)');
    printed.length = 0;
    await resolve(context, MODEL, { offline: true, json: true });
    expect(JSON.parse(printed.join(''))).toMatchObject({ auth: { source: 'profile:anthropic:b' } });
  });
});
