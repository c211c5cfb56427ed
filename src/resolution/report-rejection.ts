/**
 * What follows when a caller reports that a provider refused its credential: a new credential in the same place,
 * where this program can make one, else a cool-down and the error of the request. Never another provider and
 * never another profile: the request that was refused has begun, and a new request is the caller's.
 */
import type { CoolDownAnswer } from '../domain/answers/cool-down.ts';
import { type CoolDown, coolDownReason, isRunning } from '../domain/cool-down.ts';
import type { Resolution, ResolutionOutcome } from '../domain/auth.ts';
import type { Problem } from '../domain/errors.ts';
import type { Rejection } from '../domain/rejection.ts';
import type { Renewer, RenewalOutcome } from '../domain/renewal.ts';
import type { EventSink } from '../domain/sidecar-event.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { toCoolDownAnswer } from './answers/cool-down-answer.ts';
import { coolDownText } from './choose-place.ts';
import { resolve } from './resolve.ts';
import { credentialVersion } from './resolve-auth.ts';
import { openResolutionId } from './resolution-id.ts';
import type { Snapshot } from './snapshot.ts';

/** What comes of a report. */
export type ReportOutcome =
  /** A resolution with a credential that was not refused, or why there is none. */
  | ResolutionOutcome
  /** The credential is left alone from now on. */
  | { readonly kind: 'set-aside'; readonly problem: Problem; readonly coolDown: CoolDownAnswer };

export interface ReportParts {
  readonly snapshot: () => Snapshot;
  readonly clock: Clock;
  /** Who can make new credentials; the first that owns one is asked. */
  readonly renewers: readonly Renewer[];
  readonly publish: EventSink;
  readonly log: Pick<Logger, 'warn'>;
  /** Called when answers that are kept may hold a credential that was refused; before anybody is told. */
  readonly forget: () => void;
}

/** Takes a report about a resolution. Never rejects for what a caller says. */
export type ReportRejection = (resolutionId: string, rejection: Rejection) => Promise<ReportOutcome>;

/**
 * After a renewal the next one of the same credential waits this long, in milliseconds: a provider that refuses
 * every token must not have them made without end.
 */
const RENEW_AGAIN_AFTER_MS = 5_000;

/** Most renewals that are remembered. */
const MOST_REMEMBERED = 1_000;

/** Reports of one server. Equal reports at the same time are one renewal, and so are those that come later. */
export function createReportRejection(parts: ReportParts): ReportRejection {
  const { snapshot, clock, renewers, forget } = parts;
  const underWay = new Map<string, Promise<RenewalOutcome>>();
  const renewedAt = new Map<string, number>();

  const renewOnce = (
    key: string,
    identity: string,
    ask: () => Promise<RenewalOutcome>,
  ): Promise<RenewalOutcome> => {
    const running = underWay.get(key);
    if (running !== undefined) return running;
    const asked = ask()
      .then((outcome) => {
        if (outcome.kind === 'renewed') {
          if (renewedAt.size >= MOST_REMEMBERED) renewedAt.clear();
          renewedAt.set(identity, clock());
          forget();
        }
        return outcome;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, asked);
    return asked;
  };

  return async (resolutionId, rejection) => {
    const { installKey, credentialHealth } = snapshot();
    const pin = openResolutionId(resolutionId, installKey);
    const again = (): Promise<ResolutionOutcome> => resolve(snapshot(), { resolutionId }, clock());
    const before = await again();
    if (pin === undefined || before.kind === 'failed') return before;
    const { auth, provider } = before.resolution;
    const version = credentialVersion(auth, installKey);
    if (version === null) return noCredential(before, rejection);
    if (version !== pin.credential) {
      // Another caller's report, or the operator, was quicker.
      forget();
      return before;
    }
    const credential = { providerId: provider.id, version };
    const renewer = renewers.find(({ owns }) => owns(provider.id, auth));
    const sinceLast = Math.abs(clock() - (renewedAt.get(pin.identity) ?? -Infinity));
    const mayRenew =
      sinceLast >= RENEW_AGAIN_AFTER_MS &&
      !isKnown(credentialHealth.historyOf(credential), rejection, clock());
    const renewal =
      renewer !== undefined && mayRenew
        ? await renewOnce(JSON.stringify([provider.id, version]), pin.identity, () =>
            renewer.renew(provider.id, auth, rejection),
          )
        : undefined;
    if (renewal?.kind === 'renewed') {
      const after = await again();
      if (after.kind === 'failed' || credentialVersion(after.resolution.auth, installKey) !== version)
        return after;
    }
    const ref = pin.providerOnly ? null : pin.ref;
    const refusal = { ...rejection, ref, renewable: renewer !== undefined };
    const recorded = credentialHealth.record(credential, refusal, clock());
    if (recorded === undefined) return unrelated(before, rejection);
    forget();
    if (recorded.isNew) announce(parts, before.resolution, recorded.coolDown);
    const coolDown = toCoolDownAnswer(auth.source, version, recorded.coolDown);
    const after = await again();
    const problem =
      renewal?.kind === 'failed'
        ? renewal.problem
        : after.kind === 'failed'
          ? after.problem
          : setAside(before.resolution, recorded.coolDown);
    return { kind: 'set-aside', problem, coolDown };
  };
}

/** True while an earlier report of the same trouble holds: a renewal was tried then, and it gave nothing. */
function isKnown(history: readonly CoolDown[], { status }: Rejection, now: number): boolean {
  const reason = coolDownReason(status);
  return history.some((entry) => entry.reason === reason && isRunning(entry, now));
}

function announce({ publish, log }: ReportParts, { provider, auth }: Resolution, coolDown: CoolDown): void {
  const { source } = auth;
  const profileId = 'profileId' in auth ? (auth.profileId ?? null) : null;
  publish({ kind: 'credential', provider: provider.id, profileId, source, change: 'rejected' });
  const { status, reason, until } = coolDown;
  log.warn('A provider refused a credential', {
    provider: provider.id,
    source,
    status,
    reason,
    until: until === null ? 'it changes' : toIso(until),
  });
}

/** The error of the request while its credential cools down. */
function setAside({ provider, auth, ref }: Resolution, coolDown: CoolDown): Problem {
  const { until } = coolDown;
  return {
    code: 'no-auth',
    detail: `The credential of provider "${provider.id}" (${auth.source}) cannot be used for this request: ${coolDownText(coolDown)}`,
    hints: [
      ...(until === null ? [] : [`Wait until ${toIso(until)}`]),
      'Begin a new request: resolve without resolution; another credential of the provider serves it where there is one',
      `See what there is: provider-sidecar explain ${ref}`,
    ],
  };
}

type Resolved = Extract<ResolutionOutcome, { kind: 'resolved' }>;

/** A provider that was asked without a credential cannot have refused one. */
function noCredential(before: Resolved, rejection: Rejection): ResolutionOutcome {
  const { status } = rejection;
  if (status !== 401 && status !== 403) return unrelated(before, rejection);
  const { revision, steps, resolution } = before;
  const { id } = resolution.provider;
  const problem: Problem = {
    code: 'auth-required',
    detail: `Provider "${id}" is asked without a credential, and it demands one (${status})`,
    hints: [
      `Give it a key: models.providers.${id}.apiKey in the operator's config, or switch its authentication off`,
    ],
  };
  return { kind: 'failed', revision, steps, problem };
}

function unrelated({ revision, steps, resolution }: Resolved, { status }: Rejection): ResolutionOutcome {
  const problem: Problem = {
    code: 'bad-request',
    detail: `Status ${status} says nothing of a credential of ${resolution.ref}`,
    hints: ['Report 401 or 403, and for requests with a credential 402, 429 and 5xx'],
  };
  return { kind: 'failed', revision, steps, problem };
}
