/** What the login of an exchanged key tells, in words and for programs. Nothing shows a character of a key. Pure. */
import type { ExchangeSource } from '../credentials/exchange/exchange-source.ts';
import { loginCommandOf } from '../credentials/exchange/exchange-source.ts';
import type { ForgetOutcome, LoginFailure, LoginOutcome } from '../credentials/exchange/exchanged-keys.ts';
import type { KeyFileRead, StoredKey } from '../credentials/exchange/key-file.ts';
import { ageOf, type KeyAge } from '../credentials/exchange/renewal-policy.ts';
import { EXIT } from '../domain/errors.ts';
import { escapeControlCharacters } from '../domain/untrusted-text.ts';
import type { CommandResult } from './plugin.ts';

/** The result of `login`. */
export function loginResult(source: ExchangeSource, outcome: LoginOutcome): CommandResult {
  if (outcome.kind === 'failed') return loginFailed(source.providerId, outcome);
  const { key, movedTo } = outcome;
  return {
    exitCode: EXIT.ok,
    lines: [
      'Authenticated successfully!',
      `   Username: ${plain(key.username)}`,
      ...identityLines(key),
      `   API key saved to: ${source.keyFile}`,
    ],
    warnings: movedTo === null ? [] : [`What stood there held no key and was moved to ${movedTo}`],
    json: { provider: source.providerId, outcome: 'authenticated', ...factsOfKey(key), path: source.keyFile },
    ready: false,
  };
}

function loginFailed(provider: string, { reason, detail, hints }: LoginFailure): CommandResult {
  const [first = '', ...rest] = hints;
  const role = reason === 'forbidden' && first.startsWith('Required role: ');
  return failed(
    [
      reason === 'no-aws'
        ? `Failed to get AWS credentials: ${detail}. Please configure AWS credentials:`
        : `${HEADS[reason]}: ${detail}`,
      ...(role ? [`   ${first}`] : []),
      ...(role ? rest : hints).map((hint) => `  - ${hint}`),
    ],
    { provider, outcome: 'failed', reason, detail, hints },
  );
}

const HEADS: Readonly<Record<Exclude<LoginFailure['reason'], 'no-aws'>, string>> = {
  unauthorized: 'Authentication failed',
  forbidden: 'Access denied',
  unreachable: 'Login failed',
  'in-trouble': 'Login failed',
  malformed: 'Login failed',
  failed: 'Login failed',
  file: 'Login failed',
  unsaved: 'Login failed',
};

/** The result of `whoami`, from the file alone. */
export function whoamiResult(source: ExchangeSource, file: KeyFileRead, now: number): CommandResult {
  const { providerId } = source;
  if (file.kind === 'key' && ageOf(file.key, now) !== 'expired') {
    return {
      exitCode: EXIT.ok,
      lines: [`Authenticated as: ${plain(file.key.username)}`, ...identityLines(file.key)],
      warnings: [],
      json: { provider: providerId, authenticated: true, ...factsOfKey(file.key) },
      ready: false,
    };
  }
  const detail = stateOf(file, now).words;
  return failed([`Not authenticated. Run: ${loginCommandOf(providerId)}`, `  ${detail}`], {
    provider: providerId,
    authenticated: false,
    detail,
  });
}

/** The result of `status`: what is stored, how it is got, and what will happen to it. */
export function statusResult(source: ExchangeSource, file: KeyFileRead, now: number): CommandResult {
  const { providerId, displayName, url, proof, keyFile, defect } = source;
  const { state, words } = stateOf(file, now);
  // By the file alone, as `whoami` judges it; what is wrong with the address stands beside it.
  const isGood = state === 'fresh' || state === 'due';
  const key = file.kind === 'key' ? file.key : undefined;
  const proofWords =
    proof.kind === 'keys'
      ? 'a login hands over the AWS keys'
      : `a login sends a signed proof for the server ${proof.serverId}, and no key`;
  return {
    exitCode: isGood ? EXIT.ok : EXIT.failed,
    lines: [
      `${displayName}: ${isGood && key !== undefined ? `authenticated as ${plain(key.username)}` : 'not authenticated'}`,
      `  API       ${[url, defect === null ? '' : `(${defect})`].filter((text) => text !== '').join(' ')}`,
      `  proof     ${proofWords}`,
      `  key file  ${keyFile}`,
      `  state     ${words}`,
      ...(key === undefined
        ? []
        : [`  AWS ARN   ${plain(key.awsArn ?? 'N/A')}`, `  expires   ${key.expiresAtText}`]),
      ...(isGood ? [] : [`  - Log in: ${loginCommandOf(providerId)}`]),
    ],
    warnings: [],
    json: {
      provider: providerId,
      authenticated: isGood,
      state,
      detail: defect ?? words,
      url,
      proof: proof.kind,
      path: keyFile,
      ...(key === undefined ? {} : factsOfKey(key)),
    },
    ready: false,
  };
}

/** The result of `logout`. */
export function logoutResult(source: ExchangeSource, outcome: ForgetOutcome): CommandResult {
  const { providerId: provider, keyFile } = source;
  switch (outcome.kind) {
    case 'removed':
    case 'nothing-stored': {
      const removed = outcome.kind === 'removed';
      return {
        exitCode: EXIT.ok,
        lines: [removed ? `Removed the API key in ${keyFile}` : `No API key is stored in ${keyFile}`],
        warnings: [],
        json: { provider, removed: removed ? [keyFile] : [] },
        ready: false,
      };
    }
    case 'failed': {
      const { detail, hints } = outcome;
      const lines = [`Logout failed: ${detail}`, ...hints.map((hint) => `  - ${hint}`)];
      return failed(lines, { provider, outcome: 'failed', detail, hints });
    }
  }
}

/** A command for a provider that has no exchange. */
export function noExchange(
  subcommand: string,
  provider: string,
  detail: string,
  hint: string,
): CommandResult {
  const json = { provider, outcome: 'failed', detail, hints: [hint] };
  return failed([`${FAILED.get(subcommand) ?? 'Failed'}: ${detail}`, `  - ${hint}`], json);
}

/** What a command has not done. */
const FAILED: ReadonlyMap<string, string> = new Map([
  ['login', 'Login failed'],
  ['logout', 'Logout failed'],
  ['whoami', 'Not authenticated'],
  ['status', 'No status'],
]);

/** Every failure of these commands ends with 1, so that a script can tell it from a mistyped one. */
function failed(lines: readonly string[], json: Readonly<Record<string, unknown>>): CommandResult {
  return { exitCode: EXIT.failed, lines, warnings: [], json, ready: false };
}

function identityLines({ awsArn, expiresAtText }: StoredKey): string[] {
  return [`   AWS ARN: ${plain(awsArn ?? 'N/A')}`, `   Expires: ${expiresAtText}`];
}

function factsOfKey({ username, awsArn, expiresAtText }: StoredKey) {
  return { username, awsArn, expiresAt: expiresAtText };
}

/** Names are the API's words: nothing in them may steer the terminal. */
function plain(text: string): string {
  return escapeControlCharacters(text);
}

function stateOf(
  file: KeyFileRead,
  now: number,
): { readonly state: KeyAge | 'missing' | 'unusable'; readonly words: string } {
  switch (file.kind) {
    case 'missing':
      return { state: 'missing', words: 'no key is stored' };
    case 'key': {
      const state = ageOf(file.key, now);
      return { state, words: AGES[state] };
    }
    case 'corrupt':
    case 'elsewhere':
    case 'refused':
      return { state: 'unusable', words: file.detail };
  }
}

const AGES: Readonly<Record<KeyAge, string>> = {
  fresh: 'the key is good',
  due: 'the key is good, and renewed when it is used next',
  expired: 'the key has expired, and is renewed when it is used next',
};
