/**
 * Tokens of the sidecar's own logins while the program runs: handed out while they are good, renewed ahead of
 * their end while somebody uses them, by one call however many wait for it.
 */
import { messageOf, SidecarError } from '../../domain/errors.ts';
import type { CredentialChange, EventSink } from '../../domain/sidecar-event.ts';
import { stillLasts } from '../../domain/span.ts';
import type { Logger } from '../../platform/logger.ts';
import { profileSourceOf } from '../profile-place.ts';
import { loginHint } from './login-hint.ts';
import { createOAuthRenewer } from './oauth-renewer.ts';
import type {
  HeldToken,
  OAuthTokenKeeper,
  OAuthTokenOutcome,
  OAuthTokenRequest,
  OAuthTrouble,
} from './oauth-tokens.ts';
import {
  newestToken,
  newProfileState,
  type ProfileState,
  type RenewalResult,
  supersede,
  toHeldToken,
} from './profile-state.ts';
import { backOff } from './refresh-policy.ts';
import { foreignToSettings, type Renewal, type RenewalParts, renewLogin } from './renew-login.ts';
import { decide, endOf, type TokenDecision, type TokenTrouble, type TokenVerdict } from './token-decision.ts';
import { keepUnsaved, notStored } from './unsaved-tokens.ts';

export interface OAuthTokensOptions extends RenewalParts {
  readonly log: Pick<Logger, 'warn'>;
  /** Told of tokens that were renewed, and of logins that can be renewed no more. @default nobody is */
  readonly onEvent?: EventSink;
  /** From 0 to 1. */
  readonly random: () => number;
  /** True for a program that goes on running: tokens are then renewed before somebody has to wait for it. */
  readonly background: boolean;
}

/** A timer is set anew at least so often, in milliseconds: clocks are set, machines sleep. */
const LONGEST_TIMER_MS = 10 * 60_000;

/** Opens nothing before somebody asks. */
export function createOAuthTokens(options: OAuthTokensOptions): OAuthTokenKeeper {
  const { servers, clock, log, random, background, onSecret, onEvent = () => undefined } = options;
  const store = keepUnsaved(options.store);
  const states = new Map<string, ProfileState>();
  let closed = false;

  const stateFor = (request: OAuthTokenRequest): ProfileState => {
    const known = states.get(request.profileId);
    const state = known ?? newProfileState(request, 2 * random() - 1);
    states.set(request.profileId, state);
    state.last = request;
    return state;
  };

  /** Why a login is not one at the server and of the client that the settings name. */
  const foreignness = ({ providerId, lookup }: OAuthTokenRequest, { grant }: HeldToken): string | null =>
    foreignToSettings(grant, servers.settingsFor(providerId), lookup.env);

  const judge = (state: ProfileState, now: number): { token: HeldToken; decision: TokenDecision } => {
    const token = newestToken(state, state.last.token);
    const { failure, jitter } = state;
    const rejected = state.rejected === token.grant.version;
    const foreign = foreignness(state.last, token);
    return { token, decision: decide(token, { foreign, rejected, failure, jitter }, now) };
  };

  const tell = ({ last: { providerId, profileId } }: ProfileState, change: CredentialChange): void =>
    onEvent({
      kind: 'credential',
      provider: providerId,
      profileId,
      source: profileSourceOf(profileId),
      change,
    });

  /** One renewal for all who want it at the same time. Never rejects. */
  const renew = (state: ProfileState): Promise<RenewalResult> => {
    state.flight ??= renewOnce(state).finally(() => {
      state.flight = null;
    });
    return state.flight;
  };

  const renewOnce = async (state: ProfileState): Promise<RenewalResult> => {
    const { providerId, profileId, lookup } = state.last;
    const { grant, expires } = state.current;
    const { version } = grant;
    const rejected = state.rejected === version;
    const request = { providerId, profileId, version, lookup, rejected };
    const renewal = await renewLogin({ ...options, store }, request).catch(asUnavailable);
    switch (renewal.kind) {
      case 'unavailable': {
        state.failures += 1;
        const now = clock();
        const again = now + backOff(state.failures, 2 * random() - 1);
        const isLost = renewal.lost && !rejected && expires !== null;
        // Where the answer was lost, no clock makes it safe to ask again while the old token is good.
        const pause = isLost
          ? { since: -Infinity, until: Math.max(again, expires) }
          : { since: now, until: again };
        const { detail, hints, isDown } = renewal;
        state.failure = { detail, hints, isDown, pause };
        tell(state, 'renewal-failed');
        log.warn('A token could not be renewed', { provider: providerId, detail });
        return { kind: 'failed', failure: state.failure };
      }
      case 'current':
        state.failures = 0;
        state.failure = null;
        supersede(state, version, renewal.login);
        if (newestToken(state, state.last.token).grant.version !== version) tell(state, 'rotated');
        state.unsaved = renewal.unsaved ?? null;
        if (renewal.unsaved !== undefined) {
          log.warn('Renewed tokens could not be stored', { provider: providerId, detail: renewal.unsaved });
          saveLater(state, 1);
        }
        return renewal;
      case 'refused':
        supersede(state, version, renewal.login);
        tell(state, 'reauth-required');
        log.warn('A login cannot be renewed any more', { provider: providerId, detail: renewal.detail });
        return renewal;
      case 'gone':
        return renewal;
    }
  };

  /** Stores what could not be stored, again and again: with this process the tokens would be lost. */
  const saveLater = (state: ProfileState, attempt: number): void => {
    if (closed) return;
    if (state.saving !== null) clearTimeout(state.saving);
    const onTime = async (): Promise<void> => {
      state.unsaved = await store.save(state.last.profileId).catch(messageOf);
      if (state.unsaved !== null) saveLater(state, attempt + 1);
    };
    state.saving = setTimeout(() => void onTime(), backOff(attempt, 2 * random() - 1)).unref();
  };

  /** Renews when the time comes, unless the token that was handed out was replaced by then. */
  const arm = (state: ProfileState, version: string, dueAt: number): void => {
    if (!background || closed || state.timer?.version === version) return;
    if (state.timer !== null) clearTimeout(state.timer.handle);
    const onTime = (): void => {
      state.timer = null;
      const { token, decision } = judge(state, clock());
      if (token.grant.version !== version) return;
      if (decision.kind === 'hand-out' && decision.dueAt !== null) arm(state, version, decision.dueAt);
      else if (decision.kind === 'renew-first' || (decision.kind === 'hand-out' && decision.renew)) {
        void renew(state);
      }
    };
    const handle = setTimeout(onTime, Math.min(Math.max(0, dueAt - clock()), LONGEST_TIMER_MS));
    handle.unref();
    state.timer = { version, handle };
  };

  /** The one way out of every access token: the log knows it before anybody has it. */
  const handOut = (token: HeldToken, trouble: OAuthTrouble | null): OAuthTokenOutcome => {
    onSecret(token.access.reveal());
    return toOutcome(token, trouble);
  };

  /** What a verdict comes to. */
  const outcomeOf = (
    state: ProfileState,
    token: HeldToken,
    verdict: TokenVerdict,
    now: number,
  ): OAuthTokenOutcome => {
    const { providerId } = state.last;
    if (verdict.kind !== 'hand-out') return toTrouble(providerId, verdict, now);
    const { trouble, dueAt } = verdict;
    if (dueAt !== null) arm(state, token.grant.version, dueAt);
    return handOut(token, trouble === null ? unsavedTrouble(state) : toTrouble(providerId, trouble, now));
  };

  /** What is decided for one who uses the token; null where a renewal comes first. */
  const answer = (state: ProfileState, now: number): OAuthTokenOutcome | null => {
    const { token, decision } = judge(state, now);
    if (decision.kind === 'renew-first') return null;
    if (decision.kind === 'hand-out' && decision.renew && background && !closed) void renew(state);
    return outcomeOf(state, token, decision, now);
  };

  /** The same for one who only looks: nothing is renewed for it. */
  const unasked = (state: ProfileState, now: number): OAuthTokenOutcome | null => {
    const { token, decision } = judge(state, now);
    const verdict = decision.kind === 'renew-first' ? decision.meanwhile : decision;
    return verdict && outcomeOf(state, token, verdict, now);
  };

  const resolve = async (request: OAuthTokenRequest): Promise<OAuthTokenOutcome> => {
    const state = stateFor(request);
    const known = answer(state, request.now);
    if (known !== null) return known;
    const before = state.current;
    const rejected = state.rejected === before.grant.version;
    const result = await renew(state);
    const { providerId } = request;
    switch (result.kind) {
      case 'current': {
        const token = toHeldToken(result.login);
        const foreign = foreignness(request, token);
        if (foreign !== null) return reauthRequired(providerId, foreign);
        return handOut(token, unsavedTrouble(state));
      }
      case 'refused': {
        const { detail } = result;
        const isGood = !rejected && before.expires !== null && clock() < before.expires;
        if (isGood) return handOut(before, reauthRequired(providerId, detail));
        return reauthRequired(providerId, `${endOf(before, rejected)}, and ${detail}`);
      }
      case 'gone':
        return reauthRequired(providerId, 'somebody logged out');
      case 'failed':
        // What is left of the old token counts.
        return answer(state, clock()) ?? toTrouble(providerId, result, clock());
    }
  };

  const serves = (providerId: string): boolean => servers.settingsFor(providerId) !== undefined;
  return {
    serves,
    peek: (request) => answer(stateFor(request), request.now),
    unasked: (request) => unasked(stateFor(request), request.now),
    resolve,
    renewer: createOAuthRenewer({ serves, stateOf: (profileId) => states.get(profileId), renew, clock }),
    async close() {
      closed = true;
      for (const { timer, saving } of states.values()) {
        if (timer !== null) clearTimeout(timer.handle);
        if (saving !== null) clearTimeout(saving);
      }
      await Promise.all([...states.values()].flatMap(({ flight }) => (flight === null ? [] : [flight])));
      // The last chance of what is not stored.
      await Promise.all([...states.keys()].map((profileId) => store.save(profileId).catch(() => null)));
    },
  };
}

function asUnavailable(error: unknown): Renewal {
  const hints = error instanceof SidecarError ? error.hints : [];
  return { kind: 'unavailable', detail: messageOf(error), hints, lost: false, isDown: false };
}

type TokenInHand = Extract<OAuthTokenOutcome, { kind: 'token' }>;

function toOutcome({ access, expires }: HeldToken, trouble: OAuthTrouble | null): TokenInHand {
  const token = { kind: 'token', accessToken: access, expiresAt: expires } as const;
  if (trouble === null) return token;
  const { kind, detail } = trouble;
  const note = kind === 'reauth-required' ? `log in again: ${detail}` : detail;
  return { ...token, note, trouble };
}

/** It is good, and is not renewed before it is stored. */
function unsavedTrouble({ unsaved }: ProfileState): OAuthTrouble | null {
  if (unsaved === null) return null;
  return {
    kind: 'failed',
    detail: notStored(unsaved),
    hints: ['Let this program write its folder again: the tokens are stored then'],
  };
}

function reauthRequired(providerId: string, detail: string): OAuthTrouble {
  return { kind: 'reauth-required', detail, hints: [loginHint(providerId)] };
}

function toTrouble(providerId: string, trouble: TokenTrouble, now: number): OAuthTrouble {
  if (trouble.kind === 'reauth-required') return reauthRequired(providerId, trouble.detail);
  const { detail, hints, isDown, pause } = trouble.failure;
  if (!isDown) return { kind: 'failed', detail, hints: [...hints, loginHint(providerId)] };
  return { kind: 'failed', detail, hints, retryAt: stillLasts(pause, now) ? pause.until : now };
}
