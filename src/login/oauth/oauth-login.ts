/** `oauth login`: shows where to go, waits for the person, says what came of it. */
import { EXIT } from '../../domain/errors.ts';
import { quoteUntrusted } from '../../domain/untrusted-text.ts';
import { toIso } from '../../platform/clock.ts';
import { exitCodeOfStop } from '../../platform/process.ts';
import { failure, shadowWarning } from '../key-results.ts';
import type { CommandResult, LoginDeps } from '../plugin.ts';
import type { LoginFlow, LoginTask } from './flow.ts';
import type { LoginOutcome } from './login-outcome.ts';
import type { OAuthSession } from './oauth-deps.ts';
import { problemOfLogin } from './login-problem.ts';
import { startLogin } from './start-login.ts';

export interface OAuthLoginOptions {
  /** Canonical id. */
  readonly provider: string;
  readonly flow: LoginFlow;
  /** False: the address is only printed. */
  readonly browser: boolean;
}

/** Logs in. Nothing is stored, and nothing listens any more, when it does not succeed. */
export async function runOAuthLogin(
  { provider, flow, browser }: OAuthLoginOptions,
  { servers, lookup }: OAuthSession,
  deps: LoginDeps,
): Promise<CommandResult> {
  const { oauth, store } = deps;
  const { clock, sleep } = oauth;
  const parts = { servers, lookup: () => lookup, store, clock, sleep };
  const started = await startLogin(parts, provider, flow, oauth.interrupted());
  if (started.kind === 'failed') return failure(problemOfLogin(started));
  for (const line of instructions(provider, started.task)) oauth.tell(line);
  const { task } = started;
  if (
    task.flow === 'code' &&
    browser &&
    oauth.isTerminal &&
    !(await oauth.openBrowser(task.authorizationUrl))
  ) {
    oauth.tell('No browser could be opened here: open the address by hand.');
  }
  const outcome = await oauth.waiting('Waiting for the login', started.outcome);
  return outcome.kind === 'complete'
    ? loggedIn(provider, outcome, deps)
    : notLoggedIn(outcome, oauth.interrupted());
}

function instructions(provider: string, task: LoginTask): string[] {
  switch (task.flow) {
    case 'code':
      return [
        `To log in to ${provider}, open this address in a browser of this machine:`,
        `  ${task.authorizationUrl}`,
      ];
    case 'device':
      return [
        `To log in to ${provider}, open ${task.verificationUri} in any browser and enter the code`,
        `  ${task.userCode}`,
        ...(task.verificationUriComplete === undefined
          ? []
          : [`Or open this address, which holds the code:`, `  ${task.verificationUriComplete}`]),
      ];
  }
}

async function loggedIn(
  provider: string,
  { profileId, expires, renewable }: Extract<LoginOutcome, { kind: 'complete' }>,
  { lookUp }: LoginDeps,
): Promise<CommandResult> {
  const life =
    expires === null ? 'The server did not say how long' : `The token is good until ${toIso(expires)}`;
  const renewal = renewable ? 'it is renewed without you' : 'it cannot be renewed: then log in again';
  return {
    exitCode: EXIT.ok,
    lines: [`Logged in to ${provider}, stored as ${quoteUntrusted(profileId)}.`, `${life}; ${renewal}.`],
    warnings: shadowWarning(await lookUp(provider), profileId),
    json: {
      provider,
      outcome: 'complete',
      profileId,
      expiresAt: expires === null ? null : toIso(expires),
      renewable,
    },
    ready: false,
  };
}

function notLoggedIn(
  outcome: Extract<LoginOutcome, { kind: 'failed' }>,
  interrupted: AbortSignal,
): CommandResult {
  const problem = problemOfLogin(outcome);
  const result =
    outcome.code === 'cancelled' ? failure(problem, exitCodeOfStop(interrupted)) : failure(problem);
  return { ...result, json: { ...result.json, reason: outcome.code } };
}
