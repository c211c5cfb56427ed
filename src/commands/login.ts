/** The commands of the logins: `nim-auth …` and `auth <provider> …`. They need no running server. */
import type { CommandFlags, CommandResult, LoginPlugin, UserCommand } from '../login/plugin.ts';
import { EXIT, factsOf, type Problem, SidecarError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { LOGINS } from '../login/index.ts';
import { createProviderKeyLogin } from '../login/provider-key.ts';
import { type CommandContext, printJson } from './context.ts';
import { loginDeps, prepareForLogin } from './login-context.ts';
import { flagDefect, offerSetUp, type SetUpFlags } from './set-up-wizard.ts';
import { printProblem } from './print-problem.ts';

/** Flags of every subcommand of a login, and those that it declares itself. */
export interface LoginFlags extends SetUpFlags, CommandFlags {
  readonly json?: boolean;
}

/** Runs a command of the list of logins. */
export async function runLogin(
  context: CommandContext,
  command: string,
  args: readonly string[],
  flags: LoginFlags,
): Promise<number> {
  const login = LOGINS.find((known) => known.command.name === command);
  if (login === undefined) throw new Error(`No login has the command ${command}`);
  return execute(context, await login.create(loginDeps(context)), command, args, flags);
}

/** Runs `auth <provider> …` for any provider that takes a key. */
export async function runProviderAuth(
  context: CommandContext,
  provider: string | undefined,
  args: readonly string[],
  flags: LoginFlags,
): Promise<number> {
  if (provider === undefined) {
    const detail = 'auth needs a subcommand or a provider';
    const hints = ['See: provider-sidecar auth --help', 'List providers: provider-sidecar providers --all'];
    return fail(context, { code: 'bad-request', detail, hints }, flags);
  }
  const found = await orProblem(() => providerLogin(context, provider));
  if ('problem' in found) return fail(context, found.problem, flags);
  return execute(context, found.value, `auth ${found.value.providerName}`, args, flags);
}

async function providerLogin(context: CommandContext, provider: string): Promise<LoginPlugin> {
  const { snapshot } = await prepareForLogin(context);
  const id = snapshot.providers.canonicalId(provider);
  const known = snapshot.providers.byId.get(id);
  if (known === undefined) {
    throw new SidecarError(
      'unknown-provider',
      `No provider ${quoteUntrusted(provider)} in the config or the catalog`,
      [
        ...nearest(id, [...snapshot.providers.byId.keys()]).map((name) => `Did you mean ${name}?`),
        'List them: provider-sidecar providers --all',
      ],
    );
  }
  const models = known.models.map((model) => ({ id: model.id, name: model.name, about: '' }));
  return createProviderKeyLogin({ id, displayName: known.name ?? id, models }, loginDeps(context));
}

async function execute(
  context: CommandContext,
  plugin: LoginPlugin,
  command: string,
  args: readonly string[],
  flags: LoginFlags,
): Promise<number> {
  const defect = flagDefect(flags);
  if (defect !== undefined) return fail(context, defect, flags);
  const ran = await orProblem(() => plugin.executeUserCommand(command, args, flags));
  if ('problem' in ran) return fail(context, ran.problem, flags);
  const result = ran.value;
  const asJson = flags.json === true;
  for (const warning of result.warnings) context.printError(`Warning: ${warning}\n`);
  if (!asJson) printLines(context, result);
  if (!result.ready || !offersSetUp(plugin.getUserCommands(), command, args)) {
    if (asJson) printJson(context, result.json);
    return result.exitCode;
  }
  const setUp = await orProblem(() => offerSetUp(context, plugin, flags));
  if ('problem' in setUp) {
    if (asJson) printJson(context, { ...result.json, setUp: { outcome: 'failed', ...setUp.problem } });
    else printProblem(context, setUp.problem, false);
    return factsOf(setUp.problem.code).exitCode;
  }
  if (asJson) printJson(context, { ...result.json, setUp: setUp.value });
  return result.exitCode;
}

function printLines(context: CommandContext, { lines, exitCode }: CommandResult): void {
  const print = exitCode === EXIT.ok ? context.print : context.printError;
  print(lines.map((line) => `${line}\n`).join(''));
}

function offersSetUp(commands: readonly UserCommand[], name: string, [sub]: readonly string[]): boolean {
  const subcommands = commands.find((command) => command.name === name)?.subcommands ?? [];
  return subcommands.some((known) => known.name === sub && known.offersSetup === true);
}

function fail(context: CommandContext, problem: Problem, { json }: LoginFlags): number {
  printProblem(context, problem, json === true);
  return factsOf(problem.code).exitCode;
}

async function orProblem<T>(work: () => Promise<T>): Promise<{ value: T } | { problem: Problem }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof SidecarError) return { problem: error.toProblem() };
    throw error;
  }
}

/** The words that may follow `nim-auth …` or `auth …`, for the shell; none where the config cannot be read. */
export async function completeLogin(
  context: CommandContext,
  command: string,
  args: readonly string[],
): Promise<readonly { readonly word: string; readonly description: string }[]> {
  const login = LOGINS.find((known) => known.command.name === command);
  if (login !== undefined) {
    return (await login.create(loginDeps(context))).getCommandCompletions(command, args);
  }
  if (command !== 'auth') return [];
  const [provider = '', ...rest] = args;
  if (rest.length === 0) {
    const read = await orProblem(() => prepareForLogin(context));
    if ('problem' in read) return [];
    return [...read.value.snapshot.providers.byId.values()]
      .filter(({ id }) => id.startsWith(provider))
      .map(({ id, name }) => ({ word: id, description: name ?? id }));
  }
  const found = await orProblem(() => providerLogin(context, provider));
  if ('problem' in found) return [];
  return found.value.getCommandCompletions(`auth ${found.value.providerName}`, rest);
}
