/** What a key login tells: every outcome of a check with its own words and its own exit code. Pure. */
import { shortFingerprint } from '../domain/secret.ts';
import type { ResolutionOutcome, Step } from '../domain/auth.ts';
import { EXIT, factsOf, type Problem } from '../domain/errors.ts';
import { toIso } from '../platform/clock.ts';
import type { KeyCheck, NoProof } from './key-check.ts';
import type { KeyServer } from './key-target.ts';
import type { CommandResult } from './plugin.ts';

/** A problem as a result. */
export function failure(problem: Problem, exitCode: number = factsOf(problem.code).exitCode): CommandResult {
  const { retryAt, ...said } = problem;
  return {
    exitCode,
    lines: [`${problem.code}: ${problem.detail}`, ...problem.hints.map((hint) => `  - ${hint}`)],
    warnings: [],
    json: { outcome: 'failed', ...said, ...(retryAt === undefined ? {} : { retryAt: toIso(retryAt) }) },
    ready: false,
  };
}

/** What to do when a key is to be stored that no check proves. */
export const FORCE_HINT = 'To store it all the same: --force';

/** A key that was checked. */
export interface CheckedKey {
  readonly check: KeyCheck;
  /** True when the limit met the request without the key too. */
  readonly provesNothing: boolean;
  readonly server: KeyServer;
  /** The profile that the key was stored as, or null. */
  readonly profileId: string | null;
  readonly warnings: readonly string[];
}

/** The result of `key`. */
export function keyResult(checked: CheckedKey): CommandResult {
  const { check, server, profileId, warnings } = checked;
  const { detail } = check;
  const stored = profileId === null ? 'Nothing was stored.' : `Stored as ${profileId}.`;
  const { words, hints } = tell(checked);
  return {
    exitCode: exitCodeOf(check, profileId !== null),
    lines: [`${words} (${detail}). ${stored}`, ...hints.map((hint) => `  - ${hint}`)],
    warnings,
    json: {
      provider: server.provider,
      outcome: check.kind,
      ...(check.kind === 'unverified' ? { reason: check.reason } : {}),
      detail,
      stored: profileId,
      baseUrl: server.baseUrl,
    },
    ready: profileId !== null || check.kind === 'not-needed',
  };
}

function tell({ check, provesNothing, server, profileId }: CheckedKey): {
  readonly words: string;
  readonly hints: readonly string[];
} {
  const { displayName, baseUrl } = server;
  const force = profileId === null ? [FORCE_HINT] : [];
  switch (check.kind) {
    case 'valid':
      return { words: `${displayName} takes the key`, hints: [] };
    case 'limited':
      if (provesNothing) {
        return {
          words: `${displayName} limits requests without a key too, so the key could not be told from a wrong one`,
          hints: ['Ask again later: status --check'],
        };
      }
      return {
        words: `${displayName} knows this account, but it is out of credits or over its rate limit now`,
        hints: ['Requests may fail until that is over'],
      };
    case 'invalid':
      return {
        words: `${displayName} refuses the key`,
        hints: ['Copy the whole key again, or make a new one', ...force],
      };
    case 'not-needed':
      return {
        words: `The server at ${baseUrl} needs no key: it lists its models without one`,
        hints: force,
      };
    case 'unverified':
      return { words: NOT_PROVEN[check.reason], hints: [...REMEDIES[check.reason], ...force] };
  }
}

const NOT_PROVEN: Readonly<Record<NoProof, string>> = {
  unreachable: 'The key could not be checked: the server cannot be reached',
  'wrong-answer': 'The key could not be checked: the server does not answer as the provider does',
  inconclusive: 'The key could not be checked: the answers prove nothing',
};

const REMEDIES: Readonly<Record<NoProof, readonly string[]>> = {
  unreachable: ['Check the network and the base URL, and try again'],
  'wrong-answer': ['Check the base URL'],
  inconclusive: [],
};

/** Each outcome has its own code, so that a script can tell them apart; a forced store is what was asked for. */
function exitCodeOf(check: KeyCheck, stored: boolean): number {
  switch (check.kind) {
    case 'valid':
    case 'not-needed':
      return EXIT.ok;
    case 'limited':
      return EXIT.tryLater;
    case 'invalid':
      return stored ? EXIT.ok : EXIT.notPermitted;
    case 'unverified':
      if (stored) return EXIT.ok;
      return check.reason === 'unreachable' ? EXIT.unavailable : EXIT.failed;
  }
}

/** Says when a request would not use what was just stored. */
export function shadowWarning(looked: ResolutionOutcome, profileId: string): readonly string[] {
  if (looked.kind === 'failed') return [`A request would still fail: ${looked.problem.detail}`];
  const { auth, provider, baseUrl } = looked.resolution;
  if (auth.source === `profile:${profileId}`) return [];
  return auth.mode === 'none'
    ? [`No key is used now: ${provider.id} is ${baseUrl} (${provider.origin}), which needs none`]
    : [`A request would use ${auth.source} first`];
}

/** The result of `status`: what would be used, every place with its state, and what to do. */
export function statusResult(
  looked: ResolutionOutcome,
  { displayName, command }: { readonly displayName: string; readonly command: string },
  verdict: KeyCheck | Problem | null,
): CommandResult {
  const places = looked.steps.filter(({ step }) => step === 'auth').map(describeStep);
  const checked =
    verdict === null
      ? []
      : [`Checked: ${'kind' in verdict ? `${verdict.kind} (${verdict.detail})` : verdict.detail}`];
  const refused = verdict !== null && (!('kind' in verdict) || verdict.kind === 'invalid');
  const steps = looked.steps.filter(({ step }) => step === 'auth');
  const check =
    verdict !== null && 'kind' in verdict ? { check: { outcome: verdict.kind, detail: verdict.detail } } : {};
  if (looked.kind === 'failed') {
    const hints = [`Store a key: provider-sidecar ${command} key`, ...looked.problem.hints];
    return {
      exitCode: EXIT.failed,
      lines: [
        `${displayName}: no credential (${looked.problem.code})`,
        ...(places.length === 0 ? [`  ${looked.problem.detail}`] : places),
        ...hints.map((hint) => `  - ${hint}`),
      ],
      warnings: [],
      json: { outcome: looked.problem.code, detail: looked.problem.detail, hints, steps },
      ready: false,
    };
  }
  const { auth, baseUrl, provider } = looked.resolution;
  return {
    exitCode: refused ? EXIT.failed : EXIT.ok,
    lines: [
      `${displayName}: ${auth.mode} (${auth.source}), for ${baseUrl} (from ${provider.origin})`,
      ...places,
      ...checked,
    ],
    warnings: [],
    json: { outcome: 'resolved', mode: auth.mode, source: auth.source, baseUrl, steps, ...check },
    ready: false,
  };
}

function describeStep({ place, found, outcome, note, fingerprint }: Step): string {
  const shown = fingerprint === undefined ? '' : ` [fingerprint ${shortFingerprint(fingerprint)}]`;
  return `  ${place}: ${found}${note === undefined ? '' : ` (${note})`}${shown} – ${outcome}`;
}
