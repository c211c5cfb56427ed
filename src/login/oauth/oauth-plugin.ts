/** The commands of `oauth`, for the providers that the settings name. */
import { EXIT, SidecarError } from '../../domain/errors.ts';
import { canonicalProviderId } from '../../domain/provider-id.ts';
import { completionsOf, unknownCommand } from '../key-login.ts';
import { failure } from '../key-results.ts';
import type { CommandFlags, CommandResult, LoginDeps, LoginPlugin, UserCommand } from '../plugin.ts';
import { noLoginFor } from './login-problem.ts';
import type { OAuthSession } from './oauth-deps.ts';
import { runOAuthLogin } from './oauth-login.ts';
import { oauthLogout } from './oauth-logout.ts';
import { oauthStatus } from './oauth-status.ts';
import { oauthWhoami } from './oauth-whoami.ts';

/** @param opened the settings, or why they cannot be read: a command that needs them then fails with it */
export function createOAuthPlugin(
  command: UserCommand,
  opened: OAuthSession | SidecarError,
  deps: LoginDeps,
): LoginPlugin {
  const known = opened instanceof SidecarError ? [] : Object.keys(opened.clients);
  const session = (): OAuthSession => {
    if (opened instanceof SidecarError) throw opened;
    return opened;
  };

  const run = async (
    subcommand: 'login' | 'whoami' | 'logout',
    given: string | undefined,
    flags: CommandFlags,
  ): Promise<CommandResult> => {
    if (given === undefined) return withoutProvider(subcommand, known);
    const provider = canonicalProviderId(given);
    // What an entry left behind that is gone by now can still be removed.
    if (subcommand === 'logout')
      return oauthLogout(provider, opened instanceof SidecarError ? null : opened, deps);
    const current = session();
    if (!known.includes(provider)) return failure(noLoginFor(given, known));
    if (subcommand === 'whoami') return oauthWhoami(provider, current, deps);
    const flow = flags['device'] === true ? 'device' : 'code';
    return runOAuthLogin({ provider, flow, browser: flags['browser'] !== false }, current, deps);
  };

  const status = async (given: string | undefined): Promise<CommandResult> => {
    const current = session();
    if (given === undefined) return oauthStatus(known, current, deps);
    const provider = canonicalProviderId(given);
    return known.includes(provider)
      ? oauthStatus([provider], current, deps)
      : failure(noLoginFor(given, known));
  };

  return {
    providerName: command.name,
    providerDisplayName: 'OAuth',
    getDefaultModels: () => [],
    getUserCommands: () => [command],
    getCommandCompletions: (name, args) => {
      if (name !== command.name) return [];
      const [subcommand, typed = '', ...more] = args;
      const takesProvider =
        command.subcommands.find((each) => each.name === subcommand)?.argument !== undefined;
      if (args.length !== 2 || !takesProvider || more.length > 0 || typed.startsWith('-')) {
        return completionsOf(command, args);
      }
      return known
        .filter((id) => id.startsWith(typed))
        .map((id) => ({ word: id, description: 'a provider with an OAuth login' }));
    },
    async verifyCredentials() {
      const verdicts = await Promise.all(known.map((provider) => oauthWhoami(provider, session(), deps)));
      return verdicts.length > 0 && verdicts.every(({ exitCode }) => exitCode === EXIT.ok);
    },
    async executeUserCommand(name, [subcommand, argument, ...rest], flags = {}) {
      if (name !== command.name || rest.length > 0) return unknownCommand(command, subcommand);
      switch (subcommand) {
        case 'login':
        case 'whoami':
        case 'logout':
          return run(subcommand, argument, flags);
        case 'status':
          return status(argument);
        case 'help':
        case undefined:
          return plain(helpLines(command, known));
        default:
          return unknownCommand(command, subcommand);
      }
    },
  };
}

function withoutProvider(subcommand: string, known: readonly string[]): CommandResult {
  const detail = `oauth ${subcommand} needs the id of a provider`;
  const hint =
    known.length === 0
      ? 'sidecar.json5 has no entry under oauth yet'
      : `There are logins for: ${known.join(', ')}`;
  return failure({ code: 'bad-request', detail, hints: [hint] });
}

function helpLines({ name, subcommands }: UserCommand, known: readonly string[]): string[] {
  const rows = subcommands.map(({ name: subcommand, argument, description }) => {
    const usage = argument === undefined ? subcommand : `${subcommand} <${argument.name}>`;
    return `  ${usage.padEnd(20)}${description}`;
  });
  const logins = known.length === 0 ? 'none; add one under oauth in sidecar.json5' : known.join(', ');
  return [
    `provider-sidecar ${name}: logins at authorization servers`,
    '',
    ...rows,
    '',
    `Providers with a login: ${logins}`,
  ];
}

function plain(lines: readonly string[]): CommandResult {
  return { exitCode: EXIT.ok, lines, warnings: [], json: { lines }, ready: false };
}
