/**
 * Exchanged keys for the life of the program: what was read is kept while its file stays the same, many who ask at
 * once share one login, and an API that refused is left alone for a while.
 */
import { createHash } from 'node:crypto';
import { GPU_DEV } from '../../domain/exchange.ts';
import type { CredentialChange, EventSink } from '../../domain/sidecar-event.ts';
import { toIso } from '../../platform/clock.ts';
import { fileState } from '../../platform/file-state.ts';
import type { Environment, Paths } from '../../platform/paths.ts';
import type {
  ExchangedKeyOutcome,
  ExchangedKeys,
  ExchangeRequest,
  ForgetOutcome,
  LoginFailure,
  LoginOutcome,
} from './exchanged-keys.ts';
import {
  type ExchangeSettingsById,
  type ExchangeSource,
  exchangeSourceName,
  exchangeSources,
  storedExchangeSource,
} from './exchange-source.ts';
import { knownAwsKeys } from './aws-keys.ts';
import { createFailurePauses } from './failure-pauses.ts';
import { forgetKey } from './forget-key.ts';
import { type KeyFileRead, readKeyFile, recordedServer, type StoredKey } from './key-file.ts';
import { type IsEnough, logIn, type LoginTools, obstacleTo } from './log-in.ts';
import { ageOf } from './renewal-policy.ts';
import type { SourceFailure } from '../source-failure.ts';

/** What exchanged keys are made with. */
export interface ExchangedKeysOptions extends LoginTools {
  readonly settings: ExchangeSettingsById;
  readonly paths: Pick<Paths, 'home' | 'sidecarDir'>;
  /** Told of each key that was issued. */
  readonly onEvent?: EventSink;
}

interface Remembered {
  readonly key: StoredKey;
  readonly url: string;
  /** State of the file when the key was read from it. */
  readonly state: string;
}

/** Makes them. Nothing is read or asked before somebody wants a key. */
export function createExchangedKeys(options: ExchangedKeysOptions): ExchangedKeys {
  const { settings, paths, clock, onSecret, onEvent } = options;
  const remembered = new Map<string, Remembered>();
  const running = new Map<string, Promise<LoginOutcome>>();
  const pauses = createFailurePauses(clock);
  /** Refused keys, hashed, for which the API gave the same key once more. */
  const hopeless = new Set<string>();

  const sourceOf = ({ providerId, env }: ExchangeRequest): ExchangeSource | undefined =>
    exchangeSources(settings, env, paths).find((source) => source.providerId === providerId);

  const withSource = async <T>(
    request: ExchangeRequest,
    missing: T,
    work: (source: ExchangeSource) => Promise<T>,
  ): Promise<T> => {
    const source = sourceOf(request);
    return source === undefined ? missing : work(source);
  };

  const storedSourceOf = async (request: ExchangeRequest): Promise<ExchangeSource | undefined> => {
    const named = sourceOf(request);
    if (named !== undefined || request.providerId !== GPU_DEV.id) return named;
    const at = (url: string | undefined): ExchangeSource => storedExchangeSource(url, settings, paths);
    // The record stands in the same place whatever the address is.
    return at(await recordedServer(at(undefined)));
  };

  const read = async (source: ExchangeSource): Promise<KeyFileRead> => {
    // Before the file is read: a change meanwhile must show.
    const state = fileState(source.keyFile);
    const file = await readKeyFile(source, clock());
    if (file.kind === 'key') {
      onSecret(file.key.apiKey.reveal());
      remembered.set(source.providerId, { key: file.key, url: source.url, state });
    } else remembered.delete(source.providerId);
    return file;
  };

  /** One login at a time for the same reason; who comes meanwhile gets its outcome. */
  const shared = (name: string, work: () => Promise<LoginOutcome>): Promise<LoginOutcome> => {
    const known = running.get(name);
    if (known !== undefined) return known;
    const started = work().finally(() => running.delete(name));
    running.set(name, started);
    return started;
  };

  const tell = ({ providerId }: ExchangeSource, change: CredentialChange): void =>
    onEvent?.({
      kind: 'credential',
      provider: providerId,
      profileId: null,
      source: exchangeSourceName(providerId),
      change,
    });

  /** Logs in and keeps the books: the pause after a failure, its end, the event. */
  const attempt = async (
    source: ExchangeSource,
    env: Environment,
    isEnough: IsEnough,
  ): Promise<LoginOutcome> => {
    const outcome = await logIn(source, env, isEnough, options);
    if (outcome.kind === 'failed') {
      const told = pauses.note(source, env, outcome);
      tell(source, 'renewal-failed');
      return told;
    }
    pauses.clear(source);
    await read(source);
    if (outcome.isNew) tell(source, 'rotated');
    return outcome;
  };

  return {
    sourceOf,
    peek(request, now) {
      const known = remembered.get(request.providerId);
      const source = known === undefined ? undefined : sourceOf(request);
      if (known === undefined || source === undefined || known.url !== source.url) return null;
      if (ageOf(known.key, now) !== 'fresh' || fileState(source.keyFile) !== known.state) return null;
      onSecret(known.key.apiKey.reveal());
      return toOutcome(source, known.key);
    },

    resolve: (request, now) =>
      withSource<ExchangedKeyOutcome>(request, NO_EXCHANGE, async (source) => {
        const file = await read(source);
        if (file.kind === 'key' && ageOf(file.key, now) === 'fresh') return toOutcome(source, file.key);
        const outcome =
          pauses.current(source, request.env) ??
          (await shared(`resolve ${source.providerId} ${source.url}`, () =>
            attempt(source, request.env, (key, at) => ageOf(key, at) === 'fresh'),
          ));
        if (outcome.kind === 'key') return toOutcome(source, outcome.key, movedNote(outcome.movedTo));
        return withoutNewKey(source, file, outcome, clock());
      }),

    unasked: (request, now) =>
      withSource<ExchangedKeyOutcome | null>(request, null, async (source) => {
        const { env } = request;
        const file = await read(source);
        const key = file.kind === 'key' ? file.key : null;
        const age = key === null ? 'expired' : ageOf(key, now);
        if (key !== null && age === 'fresh') return toOutcome(source, key);
        const failure =
          pauses.current(source, env) ??
          obstacleTo(source, file, knownAwsKeys(env, options.aws, now)) ??
          pauses.last(source, env, key?.obtainedAt ?? -Infinity);
        if (failure !== undefined) return withoutNewKey(source, file, failure, now);
        return key === null || age === 'expired' ? null : toOutcome(source, key);
      }),

    renew: (request, refused) =>
      withSource<LoginOutcome>(request, NO_LOGIN, (source) => {
        const isRefused = (key: StoredKey): boolean => key.apiKey.reveal() === refused.reveal();
        const isAnother: IsEnough = (key, now) => ageOf(key, now) !== 'expired' && !isRefused(key);
        const hash = createHash('sha256').update(refused.reveal()).digest('hex');
        return shared(`renew ${source.providerId} ${hash}`, async () => {
          const file = await read(source);
          if (file.kind === 'key' && isAnother(file.key, clock())) {
            return { kind: 'key', key: file.key, isNew: false, movedTo: null };
          }
          if (hopeless.has(hash)) return SAME_KEY;
          const outcome =
            pauses.current(source, request.env) ?? (await attempt(source, request.env, isAnother));
          if (outcome.kind === 'failed' || !isRefused(outcome.key)) return outcome;
          hopeless.add(hash);
          return SAME_KEY;
        });
      }),

    login: (request) =>
      withSource<LoginOutcome>(request, NO_LOGIN, (source) =>
        shared(`login ${source.providerId} ${source.url}`, () => attempt(source, request.env, () => false)),
      ),

    storedSourceOf,

    async stored(request): Promise<KeyFileRead> {
      const source = await storedSourceOf(request);
      return source === undefined ? { kind: 'missing' } : read(source);
    },

    async forget(request): Promise<ForgetOutcome> {
      const source = await storedSourceOf(request);
      if (source === undefined) return { kind: 'nothing-stored' };
      remembered.delete(source.providerId);
      return forgetKey(source, clock());
    },
  };
}

const NO_EXCHANGE = { kind: 'failed', detail: 'no exchange is configured', hints: [] } as const;
const NO_LOGIN = { ...NO_EXCHANGE, reason: 'failed' } as const;

const SAME_KEY: LoginFailure = {
  kind: 'failed',
  reason: 'failed',
  detail: 'the API gave the refused key once more',
  hints: ['Ask the operators of the API why they refuse the key'],
};

/** What is shared by all who want a key: of the login's own facts only those that tell what to do. */
function toFailure({ hints, retryAt }: LoginFailure, detail: string): SourceFailure {
  return { detail, hints, ...(retryAt === undefined ? {} : { retryAt }) };
}

type KeyInHand = Extract<ExchangedKeyOutcome, { kind: 'key' }>;

function toOutcome(source: ExchangeSource, key: StoredKey, note?: string): KeyInHand {
  const { apiKey, expiresAt } = key;
  const base = { kind: 'key', apiKey, expiresAt, path: source.keyFile } as const;
  return note === undefined ? base : { ...base, note };
}

function movedNote(movedTo: string | null): string | undefined {
  return movedTo === null ? undefined : `what stood there held no key and was moved to ${movedTo}`;
}

/** What is left where a login failed. Better the old key than none, as long as it is one. */
function withoutNewKey(
  source: ExchangeSource,
  file: KeyFileRead,
  failure: LoginFailure,
  now: number,
): ExchangedKeyOutcome {
  if (file.kind === 'key' && ageOf(file.key, now) !== 'expired') {
    const old = toOutcome(source, file.key, `renewing it failed: ${failure.detail}`);
    return { ...old, trouble: toFailure(failure, failure.detail) };
  }
  return { kind: 'failed', ...toFailure(failure, failureOf(source, file, failure)) };
}

/** What the file held, and why there is no new key either. */
function failureOf({ keyFile }: ExchangeSource, file: KeyFileRead, { detail }: LoginFailure): string {
  switch (file.kind) {
    case 'refused':
      return detail;
    case 'missing':
      return `no key is stored in ${keyFile}, and logging in failed: ${detail}`;
    case 'key':
      return `the key in ${keyFile} expired at ${toIso(file.key.expiresAt)}, and logging in again failed: ${detail}`;
    case 'corrupt':
    case 'elsewhere':
      return `${file.detail}, and logging in failed: ${detail}`;
  }
}
