/**
 * Logins that other programs start over HTTP: a person finishes them in a browser, this server waits for that. One
 * login of a kind waits at a time, so their number is bounded by the settings; all end with the server.
 */
import { randomBytes } from 'node:crypto';
import { messageOf, SidecarError, toSidecarError } from '../domain/errors.ts';
import { type OAuthClients, oauthClientFor } from '../domain/oauth-client.ts';
import { canonicalProviderId } from '../domain/provider-id.ts';
import type { EventSink } from '../domain/sidecar-event.ts';
import type { LoginProgress, LoginStarted } from '../domain/answers/logins.ts';
import type { Logins } from '../http/login-routes.ts';
import type { LoginFlow, WaitingLogin } from '../login/oauth/flow.ts';
import { failedLogin, type LoginOutcome } from '../login/oauth/login-outcome.ts';
import { noLoginFor, problemOfLogin } from '../login/oauth/login-problem.ts';
import { type LoginParts, startLogin } from '../login/oauth/start-login.ts';
import { toIso } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';

/** How many logins that ended are remembered. */
const KEPT = 64;

export interface RunningLoginsOptions extends LoginParts {
  readonly clients: OAuthClients;
  readonly publish: EventSink;
  readonly log: Pick<Logger, 'error' | 'info' | 'warn'>;
}

/** The logins of a running server. */
export interface RunningLogins extends Logins {
  /** Cancels every login that waits; resolves when nothing of them is left. */
  readonly close: () => Promise<void>;
}

/** One login, from its start to its end. */
interface Entry {
  readonly loginId: string;
  readonly provider: string;
  readonly flow: LoginFlow;
  readonly waiting: WaitingLogin;
  readonly done: Promise<void>;
  outcome: LoginOutcome | null;
}

/** Begins with none. */
export function createLogins(options: RunningLoginsOptions): RunningLogins {
  const { clients, publish, log } = options;
  const entries = new Map<string, Entry>();
  const starting = new Map<string, Promise<Entry>>();
  const stop = new AbortController();

  const end = (entry: Entry, outcome: LoginOutcome): void => {
    entry.outcome = outcome;
    const { loginId, provider } = entry;
    const code = outcome.kind === 'failed' ? { code: outcome.code } : {};
    log.info(`Login ${outcome.kind}`, { provider, ...code });
    publish({
      kind: 'login',
      loginId,
      provider,
      state: outcome.kind === 'complete' ? 'complete' : 'failed',
      ...code,
    });
    forgetOldest(entries);
  };

  const begin = async (provider: string, flow: LoginFlow): Promise<Entry> => {
    const started = await startLogin(options, provider, flow, stop.signal);
    if (started.kind === 'failed') throw toSidecarError(problemOfLogin(started));
    const loginId = `lg_${randomBytes(16).toString('base64url')}`;
    const done = started.outcome
      .catch((error: unknown) => {
        log.error('A login failed', { error: messageOf(error) });
        return failedLogin('not-stored', 'the log of the server says more');
      })
      .then((outcome) => end(entry, outcome));
    const entry: Entry = { loginId, provider, flow, waiting: started, done, outcome: null };
    entries.set(loginId, entry);
    publish({ kind: 'login', loginId, provider, state: 'pending' });
    return entry;
  };

  return {
    async start(given, flow) {
      const provider = canonicalProviderId(given);
      if (oauthClientFor(clients, provider) === undefined) {
        throw toSidecarError(noLoginFor(given, Object.keys(clients)));
      }
      const key = `${flow} ${provider}`;
      const waiting = [...entries.values()].find(
        (entry) => entry.outcome === null && entry.provider === provider && entry.flow === flow,
      );
      if (waiting !== undefined) return toStarted(waiting);
      // Two callers at the same moment get one login too.
      const begun = starting.get(key) ?? begin(provider, flow).finally(() => starting.delete(key));
      starting.set(key, begun);
      return toStarted(await begun);
    },

    progress(loginId) {
      const entry = entries.get(loginId);
      if (entry === undefined) {
        throw new SidecarError('not-found', 'There is no such login, or it ended long ago', [
          'Start one: POST /v1/logins',
        ]);
      }
      return toProgress(entry);
    },

    async close() {
      stop.abort();
      await Promise.allSettled(starting.values());
      await Promise.all([...entries.values()].map(({ done }) => done));
    },
  };
}

/** Logins that wait are never forgotten. */
function forgetOldest(entries: Map<string, Entry>): void {
  const ended = [...entries.values()].filter(({ outcome }) => outcome !== null);
  for (const { loginId } of ended.slice(0, Math.max(0, ended.length - KEPT))) entries.delete(loginId);
}

function toStarted({ loginId, provider, waiting }: Entry): LoginStarted {
  return { loginId, provider, ...waiting.task, expiresAt: toIso(waiting.expiresAt) };
}

function toProgress({ loginId, provider, flow, waiting, outcome }: Entry): LoginProgress {
  const base = { loginId, provider, flow, expiresAt: toIso(waiting.expiresAt) };
  if (outcome === null) return { ...base, state: 'pending' };
  if (outcome.kind === 'complete') return { ...base, state: 'complete', profileId: outcome.profileId };
  const { code, detail, hints } = outcome;
  return { ...base, state: 'failed', code, detail, hints };
}
