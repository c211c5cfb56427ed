/**
 * The login of every provider that takes an API key: check the key at the provider, keep it in the sidecar's
 * own store, say which credential a request would use.
 */
import { EXIT, factsOf, type Problem } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { credentialDefect } from '../credentials/own-store-content.ts';
import { checkKey, checkKeyless, type KeyCheck } from './key-check.ts';
import type { KeyServer } from './key-target.ts';
import type { CommandResult, LoginDeps, LoginPlugin, UserCommand } from './plugin.ts';
import { failure, FORCE_HINT, keyResult, shadowWarning, statusResult } from './key-results.ts';

/** What tells one provider's login from another's. */
export interface KeyLoginOptions {
  readonly provider: string;
  readonly displayName: string;
  readonly command: UserCommand;
  readonly models: LoginPlugin['getDefaultModels'];
  /** How to come by a key, one line each. */
  readonly instructions: readonly string[];
}

/** Makes the login of one provider. */
export function createKeyLogin(options: KeyLoginOptions, deps: LoginDeps): LoginPlugin {
  const { provider, displayName, command } = options;
  const profileId = `${provider}:default`;

  const storeKey = async (argument: string | undefined, force: boolean): Promise<CommandResult> => {
    const read = await readKey(argument, options, deps);
    if (read.kind === 'failed') return failure(read.problem, EXIT.usage);
    const key = new Secret(read.text.trim());
    const defect = credentialDefect({ type: 'api_key', provider, key });
    if (defect !== undefined) {
      const detail = `The key was not stored: it ${defect.detail}`;
      return failure({ code: 'bad-request', detail, hints: [`Run: provider-sidecar ${command.name} key`] });
    }
    const target = await deps.target(provider);
    if (target.kind === 'none') return failure(target.problem);
    if (target.sentTo !== undefined && !force) return failure(goesElsewhere(target, target.sentTo));
    const check = await checkKey(target, key, deps.ask);
    // A limit that meets everybody says nothing about the key.
    const provesNothing =
      check.kind === 'limited' && (await checkKeyless(target, deps.ask)).kind === 'limited';
    const store = check.kind === 'valid' || check.kind === 'limited' || force;
    if (store) await deps.store.put(profileId, { type: 'api_key', provider, key });
    const looked = store ? await deps.lookUp(provider) : null;
    return keyResult({
      check,
      provesNothing,
      server: target,
      profileId: store ? profileId : null,
      warnings: [
        ...(argument === undefined || argument === '-' ? [] : [HISTORY_WARNING]),
        ...(target.sentTo === undefined
          ? []
          : [`Requests send the key to ${quoteUntrusted(target.sentTo)}, where it was not checked`]),
        ...(looked === null ? [] : shadowWarning(looked, profileId)),
      ],
    });
  };

  const logout = async (): Promise<CommandResult> => {
    const removed = await deps.store.remove(provider);
    const left = await deps.lookUp(provider);
    const still =
      left.kind === 'resolved'
        ? [`A request would still use ${left.resolution.auth.source} (${left.resolution.auth.mode})`]
        : [];
    const lines =
      removed.length === 0
        ? [`No stored credentials of ${displayName}`]
        : removed.map((id) => `Removed ${quoteUntrusted(id)}`);
    return {
      exitCode: EXIT.ok,
      lines: [...lines, ...still],
      warnings: [],
      json: { provider, removed },
      ready: false,
    };
  };

  const verify = async (): Promise<KeyCheck | Problem> => {
    const looked = await deps.lookUp(provider);
    if (looked.kind === 'failed') return looked.problem;
    const { auth } = looked.resolution;
    // What a request would use may lead elsewhere than a login: a runtime that discovery found.
    const server = deps.serverOf(looked.resolution);
    switch (auth.mode) {
      case 'api-key':
        return checkKey(server, auth.apiKey, deps.ask);
      case 'token':
        return checkKey(server, auth.token, deps.ask);
      case 'oauth':
        return checkKey(server, auth.accessToken, deps.ask);
      case 'aws-sdk':
        return {
          kind: 'unverified',
          reason: 'inconclusive',
          detail: 'AWS credentials can only be checked with a signed request, and none is made here',
        };
      case 'none': {
        const without = await checkKeyless(server, deps.ask);
        if (without.kind === 'open') return { kind: 'not-needed', detail: without.detail };
        return without.kind === 'wants-key' ? { kind: 'invalid', detail: without.detail } : without;
      }
    }
  };

  const status = async (check: boolean): Promise<CommandResult> => {
    const looked = await deps.lookUp(provider);
    return statusResult(looked, { displayName, command: command.name }, check ? await verify() : null);
  };

  return {
    providerName: provider,
    providerDisplayName: displayName,
    getDefaultModels: options.models,
    getUserCommands: () => [command],
    getCommandCompletions: (name, args) => (name === command.name ? completionsOf(command, args) : []),
    async verifyCredentials() {
      const verdict = await verify();
      return 'kind' in verdict && ['valid', 'limited', 'not-needed'].includes(verdict.kind);
    },
    async executeUserCommand(name, [subcommand, argument, ...rest], flags = {}) {
      if (name !== command.name || rest.length > 0) return unknownCommand(command, subcommand);
      switch (subcommand) {
        case 'key':
          return storeKey(argument, flags['force'] === true);
        case 'logout':
          return logout();
        case 'status':
          return status(flags['check'] === true);
        case 'login':
          return plain(options.instructions);
        case 'help':
        case undefined:
          return plain(helpLines(options));
        default:
          return unknownCommand(command, subcommand);
      }
    },
  };
}

const HISTORY_WARNING =
  'A key in an argument stays in the history of the shell, and other users may see it while the command runs: ' +
  'leave it out to be asked for it, or pipe it in with "key -"';

type ReadKey = { kind: 'read'; text: string } | { kind: 'failed'; problem: Problem };

async function readKey(
  argument: string | undefined,
  { displayName, command }: KeyLoginOptions,
  { prompt }: LoginDeps,
): Promise<ReadKey> {
  if (argument === '-' && prompt.isPiped()) return { kind: 'read', text: await prompt.readPiped() };
  if (argument !== undefined && argument !== '-') return { kind: 'read', text: argument };
  const asked = await prompt.askSecret(`API key of ${displayName} (not shown): `);
  switch (asked.kind) {
    case 'answer':
      return { kind: 'read', text: asked.text };
    case 'gave-up':
      return failed('Nothing was entered and nothing was stored', []);
    case 'no-terminal':
      return failed('There is no terminal to ask for the key on', [
        `Pipe the key in: … | provider-sidecar ${command.name} key -`,
      ]);
  }
}

/** A check at one server says nothing about another, which would get the key. */
function goesElsewhere({ displayName, baseUrl }: KeyServer, sentTo: string): Problem {
  const detail =
    `The key was not stored: it would be checked at ${quoteUntrusted(baseUrl)}, ` +
    `but requests of ${displayName} send it to ${quoteUntrusted(sentTo)}`;
  const hints = ['Mend the base URL that is wrong, in models.json or the config', FORCE_HINT];
  return { code: 'config-invalid', detail, hints };
}

function failed(detail: string, hints: readonly string[]): ReadKey {
  return { kind: 'failed', problem: { code: 'bad-request', detail, hints } };
}

/** The words that may follow a command, and the flags behind a subcommand. */
export function completionsOf({ subcommands }: UserCommand, args: readonly string[]) {
  const [typed = '', ...more] = args;
  if (more.length === 0) {
    return subcommands
      .filter(({ name }) => name.startsWith(typed))
      .map(({ name, description }) => ({ word: name, description }));
  }
  const last = more.at(-1) ?? '';
  const chosen = subcommands.find(({ name }) => name === typed);
  return (chosen?.options ?? []).flatMap(({ flags, description }) => {
    const word = flags.split(' ', 1)[0] ?? '';
    return last.startsWith('-') && word.startsWith(last) ? [{ word, description }] : [];
  });
}

function helpLines({ displayName, command, instructions }: KeyLoginOptions): string[] {
  const rows = command.subcommands.map(({ name, argument, description }) => {
    const usage = argument === undefined ? name : `${name} [<${argument.name}>]`;
    return `  ${usage.padEnd(18)}${description}`;
  });
  return [
    `provider-sidecar ${command.name}: credentials of ${displayName}`,
    '',
    ...rows,
    '',
    ...instructions,
  ];
}

function plain(lines: readonly string[]): CommandResult {
  return { exitCode: EXIT.ok, lines, warnings: [], json: { lines }, ready: false };
}

/** The result of a subcommand that there is none of. */
export function unknownCommand({ name, subcommands }: UserCommand, given: string | undefined): CommandResult {
  const detail =
    given === undefined
      ? `${name} needs a subcommand`
      : `${name} does not know ${quoteUntrusted(given)} that way`;
  const problem: Problem = {
    code: 'bad-request',
    detail,
    hints: [`It knows: ${subcommands.map((subcommand) => subcommand.name).join(', ')}`],
  };
  return failure(problem, factsOf(problem.code).exitCode);
}
