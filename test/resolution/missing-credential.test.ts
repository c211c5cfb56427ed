/**
 * "The same question is answered by one function": for every mixture of places a request, an explanation, health and
 * the lists tell the same code and the same time of the next attempt.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { exchangeSources } from '../../src/credentials/exchange/exchange-source.ts';
import type { ExchangedKeyOutcome } from '../../src/credentials/exchange/exchanged-keys.ts';
import type { LiveCredentials } from '../../src/credentials/live-credentials.ts';
import { NO_LIVE_CREDENTIALS } from '../../src/credentials/no-live-credentials.ts';
import type { OAuthTokenOutcome } from '../../src/credentials/oauth/oauth-tokens.ts';
import type { SourceFailure } from '../../src/credentials/source-failure.ts';
import { Secret } from '../../src/domain/secret.ts';
import { toIso } from '../../src/platform/clock.ts';
import { listAuth } from '../../src/resolution/answers/auth-answer.ts';
import { NOW, PATHS, profileStore, providersConfig, snapshotOf } from '../helpers/snapshot-fixture.ts';
import { serverOver } from '../helpers/snapshot-server.ts';

const ADDRESS = 'https://acme.example/v1';
const HOUR = 3_600_000;

/** What came of the last attempt to renew a login or a key. */
type Source =
  | { readonly kind: 'good' }
  | { readonly kind: 'good-and-down'; readonly retryAt: number }
  | { readonly kind: 'down'; readonly retryAt: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'misconfigured' };

interface Mixture {
  /** Logins of this program, strongest first. */
  readonly logins: readonly Source[];
  /** What the agent's store holds besides: a token that is over, or a profile that cannot be read. */
  readonly agent: 'expired' | 'broken' | null;
  readonly exchange: Source | null;
  readonly variable: 'key' | 'placeholder' | null;
}

const times = fc.integer({ min: 1, max: 600 }).map((seconds) => NOW + seconds * 1_000);
const source: fc.Arbitrary<Source> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'good' as const }) },
  { weight: 1, arbitrary: times.map((retryAt) => ({ kind: 'good-and-down' as const, retryAt })) },
  { weight: 3, arbitrary: times.map((retryAt) => ({ kind: 'down' as const, retryAt })) },
  { weight: 3, arbitrary: fc.constant({ kind: 'refused' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'misconfigured' as const }) },
);
const mixtures: fc.Arbitrary<Mixture> = fc.record({
  logins: fc.array(source, { maxLength: 3 }),
  agent: fc.constantFrom('expired', 'broken', null),
  exchange: fc.option(source),
  variable: fc.constantFrom('key', 'placeholder', null, null, null, null),
});

/** The code of a request and the time of the next attempt; no code where there is a credential. */
interface Verdict {
  readonly code?: string;
  readonly retryAt?: string;
}

/** The rule in words: a credential, else what is down, else a login that ended, else what expired, else nothing. */
function expected({ logins, agent, exchange, variable }: Mixture): Verdict {
  const all = [...logins, ...(exchange === null ? [] : [exchange])];
  const isGood = ({ kind }: Source): boolean => kind === 'good' || kind === 'good-and-down';
  if (all.some(isGood) || variable === 'key') return {};
  const next = Math.min(...all.map((one) => (one.kind === 'down' ? one.retryAt : Infinity)));
  if (next < Infinity) return { code: 'credential-source-down', retryAt: toIso(next) };
  if (logins.some(({ kind }) => kind === 'refused')) return { code: 'reauth-required' };
  const isOver = agent === 'expired' || logins.some(({ kind }) => kind === 'misconfigured');
  return { code: isOver ? 'auth-expired' : 'no-auth' };
}

/** What somebody would be told of a trouble that a good credential has. */
function expectedTrouble({ logins, exchange }: Mixture): Verdict | undefined {
  const all = [...logins, ...(exchange === null ? [] : [exchange])];
  const used = all.find(({ kind }) => kind === 'good' || kind === 'good-and-down');
  if (used?.kind !== 'good-and-down') return undefined;
  return { code: 'credential-source-down', retryAt: toIso(used.retryAt) };
}

const failure = (what: string, retryAt?: number): SourceFailure => ({
  detail: `its server said ${what}`,
  hints: [`Do something about ${what}`],
  ...(retryAt === undefined ? {} : { retryAt }),
});

function toToken(of: Source): OAuthTokenOutcome {
  const token = { kind: 'token' as const, accessToken: new Secret('canary-access'), expiresAt: NOW + HOUR };
  switch (of.kind) {
    case 'good':
      return token;
    case 'good-and-down':
      return { ...token, trouble: { kind: 'failed', ...failure('503', of.retryAt) } };
    case 'down':
      return { kind: 'failed', ...failure('503', of.retryAt) };
    case 'refused':
      return { kind: 'reauth-required', ...failure('invalid_grant') };
    case 'misconfigured':
      return { kind: 'failed', ...failure('invalid_client') };
  }
}

function toKey(of: Source): ExchangedKeyOutcome {
  const key = { kind: 'key' as const, apiKey: new Secret('canary-key'), expiresAt: NOW + HOUR, path: '/k' };
  switch (of.kind) {
    case 'good':
      return key;
    case 'good-and-down':
      return { ...key, trouble: failure('503', of.retryAt) };
    case 'down':
      return { kind: 'failed', ...failure('503', of.retryAt) };
    case 'refused':
    case 'misconfigured':
      return { kind: 'failed', ...failure('403') };
  }
}

function liveWith({ logins, exchange }: Mixture): LiveCredentials {
  const tokenOf = (profileId: string): OAuthTokenOutcome => {
    const of = logins[Number(profileId.slice(-1))];
    if (of === undefined) throw new Error(`no login ${profileId}`);
    return toToken(of);
  };
  const key = exchange && toKey(exchange);
  return {
    ...NO_LIVE_CREDENTIALS,
    oauth: {
      serves: (id) => id === 'acme',
      peek: () => null,
      unasked: ({ profileId }) => tokenOf(profileId),
      resolve: async ({ profileId }) => tokenOf(profileId),
    },
    exchange: {
      ...NO_LIVE_CREDENTIALS.exchange,
      sourceOf: ({ providerId, env }) =>
        key === null
          ? undefined
          : exchangeSources({ acme: { url: ADDRESS, proof: 'keys' } }, env, PATHS).find(
              (one) => one.providerId === providerId,
            ),
      unasked: async () => key,
      resolve: async () => key ?? NO_LIVE_CREDENTIALS.exchange.resolve({ providerId: '', env: {} }, NOW),
    },
  };
}

const login = { type: 'oauth', provider: 'acme', access: 'canary-a', refresh: 'canary-r', expires: NOW - 1 };
const client = { issuer: 'https://id.example', clientId: 'c', scopes: ['openid'], obtained: NOW - HOUR };
const AGENT = {
  expired: profileStore({ 'acme:agent': login }),
  broken: profileStore({ 'acme:agent': { type: 'api_key', provider: 'acme', key: 'canary two\nlines' } }),
};
const VARIABLES = { key: { ACME_KEY: 'canary-env' }, placeholder: { ACME_KEY: 'ollama-local' } };

const verdict = z.object({ code: z.string(), retryAt: z.string().optional() });
const answers = {
  explain: z.object({ outcome: z.string(), retryAt: z.string().optional() }),
  health: z.object({
    status: z.string(),
    findings: z.array(z.object({ code: z.string(), hint: z.string() })),
  }),
  provider: z.object({
    auth: z.object({ status: z.string(), trouble: verdict.optional() }),
  }),
  models: z.object({ data: z.array(z.object({ owned_by: z.string() })) }),
};

async function check(mixture: Mixture): Promise<string> {
  const { logins, agent, variable } = mixture;
  const stored = logins.map((_of, index) => [`acme:${index}`, { ...login, ...client }] as const);
  const snapshot = await snapshotOf({
    config: {
      ...providersConfig({
        acme: {
          baseUrl: ADDRESS,
          api: 'openai-completions',
          apiKey: '${ACME_KEY}',
          models: [{ id: 'm', contextWindow: 32_000 }],
        },
      }),
      auth: { order: { acme: [...stored.map(([id]) => id), 'acme:agent'] } },
    },
    catalog: [],
    ownStore: profileStore(Object.fromEntries(stored)),
    ...(agent === null ? {} : { agentStore: AGENT[agent] }),
    env: variable === null ? {} : VARIABLES[variable],
    defaultModelWish: { ref: 'acme/m', source: 'flag: --default-model' },
    live: liveWith(mixture),
  });
  const ask = serverOver(snapshot, NOW);
  const read = async (path: string): Promise<unknown> => JSON.parse((await ask(path)).text);
  const { code, retryAt } = expected(mixture);
  const isGood = code === undefined;

  const { status, text } = await ask('/v1/resolve');
  expect(status === 200).toBe(isGood);
  if (!isGood) expect(verdict.parse(JSON.parse(text))).toEqual({ code, retryAt });

  const explained = answers.explain.parse(await read('/v1/explain'));
  expect(explained).toEqual({ outcome: code ?? 'resolved', retryAt });

  const { auth } = answers.provider.parse(await read('/v1/providers/acme'));
  const trouble = isGood ? expectedTrouble(mixture) : code === 'no-auth' ? undefined : { code, retryAt };
  expect(auth.trouble).toEqual(trouble);
  expect(auth.status === 'satisfied').toBe(isGood);
  expect(auth.status === 'missing').toBe(code === 'no-auth');
  const { providers } = await listAuth(snapshot, { all: true, now: NOW });
  expect(providers.find(({ id }) => id === 'acme')?.status).toBe(auth.status);
  const { data } = answers.models.parse(await read('/v1/models'));
  expect(data.some(({ owned_by }) => owned_by === 'acme')).toBe(isGood);

  const health = answers.health.parse(await read('/health'));
  expect(health.status === 'failing').toBe(!isGood);
  const wrong = isGood ? trouble?.code : code;
  expect(health.findings[0]?.code).toBe(wrong ?? health.findings[0]?.code);
  const next = isGood ? trouble?.retryAt : retryAt;
  // The first thing to do is what helps against this very trouble.
  if (next !== undefined) expect(health.findings[0]?.hint).toContain(`asked again from ${next} on`);
  return code ?? (trouble === undefined ? 'good' : 'good and down');
}

it('request, explanation, health and lists tell the same for every mixture of places', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(mixtures, async (mixture) => {
      const kind = await check(mixture);
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }),
    { numRuns: 500 },
  );
  expect([...seen.keys()].sort()).toEqual([
    'auth-expired',
    'credential-source-down',
    'good',
    'good and down',
    'no-auth',
    'reauth-required',
  ]);
});
