/**
 * The login of a provider whose key an AWS identity is exchanged for: log in, say who one is, log out. A resolution
 * logs in by itself; these are for a person who wants to see it.
 */
import { EXIT } from '../domain/errors.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import type { ExchangeSource } from '../credentials/exchange/exchange-source.ts';
import { ageOf } from '../credentials/exchange/renewal-policy.ts';
import { loginResult, logoutResult, noExchange, statusResult, whoamiResult } from './exchange-results.ts';
import { completionsOf, unknownCommand } from './key-login.ts';
import type { CommandResult, ExchangeAccess, LoginDeps, LoginPlugin, UserCommand } from './plugin.ts';

/** What tells one login from another. */
export interface ExchangeLoginOptions {
  /** The provider that the commands are about; null when an argument names it. */
  readonly provider: string | null;
  readonly displayName: string;
  readonly command: UserCommand;
  readonly instructions: readonly string[];
  /** What to say where the provider has no exchange. @default that none is configured */
  readonly missing?: string;
  /** What to do there. */
  readonly remedy: string;
}

/** Makes the login. */
export function createExchangeLogin(options: ExchangeLoginOptions, deps: LoginDeps): LoginPlugin {
  const { command, provider } = options;
  const run = async (
    subcommand: string | undefined,
    argument: string | undefined,
  ): Promise<CommandResult> => {
    if (subcommand === 'help' || subcommand === undefined) return help(options);
    const known = command.subcommands.find(({ name }) => name === subcommand);
    const named = provider ?? argument;
    const hasTooMuch = provider !== null && argument !== undefined;
    if (known === undefined || hasTooMuch) return unknownCommand(command, subcommand);
    if (named === undefined) {
      const usage = `Name one: provider-sidecar ${command.name} ${subcommand} <provider>`;
      return noExchange(subcommand, '', 'no provider is named', usage);
    }
    const access = await deps.exchange();
    const request = { providerId: named, env: access.env };
    // Only a login needs an address that is named now: the others are about what is stored.
    const source =
      subcommand === 'login' ? access.keys.sourceOf(request) : await access.keys.storedSourceOf(request);
    if (source === undefined) {
      return noExchange(
        subcommand,
        named,
        options.missing ?? `no exchange is configured for ${quoteUntrusted(named)}`,
        options.remedy,
      );
    }
    return execute(subcommand, source, access);
  };
  return {
    providerName: provider ?? command.name,
    providerDisplayName: options.displayName,
    getDefaultModels: () => [],
    getUserCommands: () => [command],
    getCommandCompletions: (name, args) => (name === command.name ? completionsOf(command, args) : []),
    async verifyCredentials() {
      if (provider === null) return false;
      const { keys, env, now } = await deps.exchange();
      const file = await keys.stored({ providerId: provider, env });
      return file.kind === 'key' && ageOf(file.key, now) !== 'expired';
    },
    async executeUserCommand(name, [subcommand, argument, ...rest]) {
      return name === command.name && rest.length === 0
        ? run(subcommand, argument)
        : unknownCommand(command, subcommand);
    },
  };
}

async function execute(
  subcommand: string,
  source: ExchangeSource,
  { keys, env, now }: ExchangeAccess,
): Promise<CommandResult> {
  const request = { providerId: source.providerId, env };
  switch (subcommand) {
    case 'login':
      return loginResult(source, await keys.login(request));
    case 'logout':
      return logoutResult(source, await keys.forget(request));
    case 'whoami':
      return whoamiResult(source, await keys.stored(request), now);
    default:
      return statusResult(source, await keys.stored(request), now);
  }
}

function help({ displayName, command, instructions }: ExchangeLoginOptions): CommandResult {
  const rows = command.subcommands.map(({ name, argument, description }) => {
    const usage = argument === undefined ? name : `${name} [<${argument.name}>]`;
    return `  ${usage.padEnd(20)}${description}`;
  });
  const lines = [`provider-sidecar ${command.name}: ${displayName}`, '', ...rows, '', ...instructions];
  return { exitCode: EXIT.ok, lines, warnings: [], json: { lines }, ready: false };
}
