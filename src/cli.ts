#!/usr/bin/env node
/** Names the commands, nothing else. What a command does stands in `commands/`, loaded when it is called. */
import { Command, CommanderError } from 'commander';
import type { CommandContext } from './commands/context.ts';
import type { CommandTree } from './commands/completion.ts';
import { lastWords } from './commands/failure.ts';
import { loginCommands, optionsOf, providerSubcommands } from './commands/login-list.ts';
import { EXIT } from './domain/errors.ts';
import { systemClock } from './platform/clock.ts';
import {
  commandLine,
  homeFolder,
  createLogOutput,
  createStopSignal,
  processEnvironment,
  programVersion,
  setExitCode,
  stopOnClosedPipe,
  terminals,
  writeStderr,
  writeStdout,
} from './platform/process.ts';
import { endOnUncaught, keepInspectorClosed, withholdFromChildren } from './platform/process-guards.ts';

const stop = createStopSignal();
const { stdin, stdout, stderr } = terminals();
let hidden: () => Iterable<string> = () => [];
const context: CommandContext = {
  env: processEnvironment(),
  home: homeFolder(),
  clock: systemClock,
  print: writeStdout,
  logOutput: createLogOutput,
  printError: writeStderr,
  stdoutIsTerminal: stdout,
  stderrIsTerminal: stderr,
  stdinIsTerminal: stdin,
  hideSecrets: (values) => {
    hidden = values;
  },
  // Read by commands that have something to put in order; the others end at once.
  get stopSignal() {
    return stop.signal();
  },
};

const reportFailure = (thrown: unknown): void => writeStderr(lastWords(thrown, context.env, hidden()));
endOnUncaught(reportFailure, EXIT.internal);
keepInspectorClosed();
withholdFromChildren('PROVIDER_SIDECAR_TOKEN');

const program = new Command('provider-sidecar')
  .description(
    'Tells every LLM agent on this machine which provider serves a model, at which URL, and how to authenticate.',
  )
  .version(programVersion())
  .showSuggestionAfterError()
  .showHelpAfterError('  - See: provider-sidecar --help')
  // What `auth` and its subcommands have in common belongs to whichever it stands behind.
  .enablePositionalOptions()
  .exitOverride();

/** Options of every command that reads the same files as the server. */
function withFiles(command: Command): Command {
  return command
    .option('--default-model <ref>', 'default model, as provider/model')
    .option('--models-json <path>', 'where models.json stands');
}

function withAnswer(command: Command): Command {
  return withFiles(command).option('--json', 'print JSON');
}

function withScan(command: Command): Command {
  return withAnswer(command).option('--offline', 'do not look for runtimes; models.json counts as it is');
}

withFiles(program.command('serve').description('validate, listen on localhost and serve until stopped'))
  .option('--host <address>', 'loopback address to listen on (default 127.0.0.1)')
  .option('--port <port>', 'port to listen on, 0 for any, none for the Unix socket alone (default 18780)')
  .option('--socket <path>', 'listen on this Unix socket')
  .option(
    '--min-context-window <tokens>',
    'smallest context window of the default model, 0 for any (default 16000)',
  )
  .option('--strict', 'a context window that is too small stops the start')
  .option('--log-level <level>', 'silent, error, warn, info or debug (default info)')
  .option('--log-format <format>', 'json or pretty (default pretty on a terminal, else json)')
  .action(async (flags) => setExitCode(await (await import('./commands/serve.ts')).serve(context, flags)));

withAnswer(program.command('discover').description('scan for local runtimes and write models.json'))
  .option('--watch', 'keep looking, and show what changes, until interrupted')
  .action(async (flags) =>
    setExitCode(await (await import('./commands/discover.ts')).discover(context, flags)),
  );

withScan(program.command('providers').description('the providers that count, with origin and auth source'))
  .option('--all', 'also catalog providers that nothing here can authenticate with')
  .action(async (flags) =>
    setExitCode(await (await import('./commands/listings.ts')).providers(context, flags)),
  );

withScan(program.command('models').description('the models that a request could use now'))
  .option('--provider <id>', 'only this provider')
  .action(async (flags) =>
    setExitCode(await (await import('./commands/listings.ts')).models(context, flags)),
  );

withScan(program.command('resolve').description('one resolution; without a ref, of the default model'))
  .argument('[ref]', 'model, as provider/model')
  .option('--profile <id>', 'use this credential profile')
  .option('--provider <id>', 'a provider alone, for its credentials')
  .option('--reveal', 'show the secrets')
  .action(async (ref, flags) =>
    setExitCode(await (await import('./commands/resolve.ts')).resolve(context, ref, flags)),
  );

withScan(program.command('explain').description('every step of a resolution, with what each place held'))
  .argument('[ref]', 'model, as provider/model')
  .option('--profile <id>', 'use this credential profile')
  .option('--provider <id>', 'a provider alone, for its credentials')
  .action(async (ref, flags) =>
    setExitCode(await (await import('./commands/resolve.ts')).explain(context, ref, flags)),
  );

withScan(program.command('doctor').description('the start-up validation without serving'))
  .option(
    '--min-context-window <tokens>',
    'smallest context window of the default model, 0 for any (default 16000)',
  )
  .option('--strict', 'a context window that is too small is a failure')
  .option('--leaks', 'look for leaks instead: run this program on made-up secrets and search for them')
  .action(async ({ leaks, ...flags }) =>
    setExitCode(
      leaks === true
        ? await (await import('./commands/doctor-leaks.ts')).doctorLeaks(context, flags.json === true)
        : await (await import('./commands/doctor.ts')).doctor(context, flags),
    ),
  );

const auth = program
  .command('auth')
  .description('credentials: what is used, what it shadows, what is wrong')
  // A command with an argument of its own has no help command unless it says so.
  .helpCommand(true);

withScan(auth.command('list').description('one line for each provider'))
  .option('--all', 'also catalog providers of which nothing is stored, set or configured')
  .action(async (flags) => setExitCode(await (await import('./commands/auth.ts')).authList(context, flags)));

withScan(
  auth.command('status').description('everything about one provider, or about each that has something'),
)
  .argument('[provider]', 'only this provider')
  .option('--all', 'also catalog providers of which nothing is stored, set or configured')
  .action(async (provider, flags) =>
    setExitCode(await (await import('./commands/auth.ts')).authStatus(context, provider, flags)),
  );

program
  .command('status')
  .description('is a server running here, and what does its health say')
  .option('--wait <seconds>', 'wait for a server that answers; exit code 0 as soon as one does')
  .option('--pid <pid>', 'only the server that is this process')
  .option('--json', 'print JSON')
  .action(async (flags) => setExitCode(await (await import('./commands/status.ts')).status(context, flags)));

/** Options that limit a token. */
function withScope(command: Command): Command {
  return command
    .option('--providers <ids>', 'only these providers, separated by commas')
    .option('--models <refs>', 'only these models: provider/model or provider/*, separated by commas')
    .option('--no-secrets', 'nothing that holds a credential');
}

const token = program.command('token').description('tokens with names, limits and a life of their own');

withScope(token.command('create').description('make a token and print it, this once'))
  .requiredOption('--name <name>', 'name of the token, for lists and the log')
  .option('--ttl <span>', 'end by itself after a time: 90s, 30m, 8h, 7d')
  .option('--json', 'print JSON')
  .action(async (flags) =>
    setExitCode(await (await import('./commands/token.ts')).tokenCreate(context, flags)),
  );

token
  .command('list')
  .description('the tokens, with what each may ask for')
  .option('--json', 'print JSON')
  .action(async (flags) =>
    setExitCode(await (await import('./commands/token.ts')).tokenList(context, flags)),
  );

token
  .command('revoke')
  .description('end a token; a running server refuses it from then on')
  .argument('<name>', 'name of the token')
  .option('--json', 'print JSON')
  .action(async (name, flags) =>
    setExitCode(await (await import('./commands/token.ts')).tokenRevoke(context, name, flags)),
  );

token
  .command('rotate')
  .description('replace a token by a new one; without a name, the one of endpoint.json')
  .argument('[name]', 'name of the token')
  .option('--json', 'print JSON')
  .action(async (name, flags) =>
    setExitCode(await (await import('./commands/token.ts')).tokenRotate(context, name, flags)),
  );

withScope(program.command('exec').description('run a program with a token that lives as long as it runs'))
  .argument('<command...>', 'the program and its arguments')
  // What stands behind the program is its own.
  .passThroughOptions()
  .action(async (command, flags) =>
    setExitCode(await (await import('./commands/exec.ts')).exec(context, command, flags)),
  );

withScope(program.command('env').description('print the variables of exec for eval, with a token that ends'))
  .option('--ttl <span>', 'end by itself after a time: 90s, 30m, 8h, 7d')
  .option('--json', 'print JSON')
  .action(async (flags) => setExitCode(await (await import('./commands/env.ts')).env(context, flags)));

const service = program
  .command('service')
  .description('files for the service manager of this system')
  .helpCommand(false);

service
  .command('print')
  .description('print a file that starts the server at login and keeps it running')
  .argument('<manager>', 'systemd or launchd')
  .action(async (manager: string) =>
    setExitCode(await (await import('./commands/service.ts')).servicePrint(context, manager)),
  );

for (const option of uniqueOptions(providerSubcommands())) auth.option(option.flags, option.description);
auth
  .argument('[provider]', 'a provider that takes an API key')
  .usage('list | status [provider] | <provider> key|logout|status|help [api_key]')
  .argument(
    '[action]',
    providerSubcommands()
      .map(({ name }) => name)
      .join(', '),
  )
  .argument('[api_key]', 'the key, - to read it from standard input')
  .action(async (provider, action, key, flags) => {
    const { runProviderAuth } = await import('./commands/login.ts');
    setExitCode(await runProviderAuth(context, provider, [action, key].filter(isText), flags));
  });

for (const { name, description, subcommands } of loginCommands()) {
  const login = program.command(name).description(description).helpCommand(false);
  for (const subcommand of subcommands) {
    const { argument } = subcommand;
    const registered = login.command(subcommand.name).description(subcommand.description);
    if (argument !== undefined) registered.argument(`[${argument.name}]`, argument.description);
    for (const option of optionsOf(subcommand)) registered.option(option.flags, option.description);
    registered.action(async (...given: unknown[]) => {
      const { runLogin } = await import('./commands/login.ts');
      const args = [subcommand.name, given[0]].filter(isText);
      setExitCode(await runLogin(context, name, args, registered.opts()));
    });
  }
}

program
  .command('request')
  .description('send one authenticated request to a provider, and print the answer')
  .argument('<provider>', 'the provider')
  .argument('<method>', 'GET, POST, …')
  .argument('<path>', 'path below the base URL of the provider')
  .option('--data <json>', 'JSON to send, - to read it from standard input')
  .option('--json', 'print JSON')
  .action(async (provider: string, method: string, path: string, flags) =>
    setExitCode(
      await (await import('./commands/request.ts')).request(context, provider, method, path, flags),
    ),
  );

program
  .command('aws')
  .description('AWS credentials for AWS tools')
  .helpCommand(false)
  .command('credential-process')
  .description('print the AWS keys of a provider as credential_process output')
  .option('--provider <id>', 'the provider (default amazon-bedrock)')
  .action(async (flags) =>
    setExitCode(
      await (await import('./commands/aws-credential-process.ts')).awsCredentialProcess(context, flags),
    ),
  );

program
  .command('completion')
  .description('print the completion script of a shell')
  .argument('<shell>', 'bash, zsh or fish')
  .action(async (shell: string) =>
    setExitCode((await import('./commands/completion.ts')).completion(context, shell)),
  );

program
  .command('__complete', { hidden: true })
  .argument('[words...]')
  .action(async (words: string[]) => {
    const { completeWords } = await import('./commands/completion.ts');
    setExitCode(await completeWords(context, treeOf(program), words));
  });

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Subcommands share flags; a command that stands for all of them has each once. */
function uniqueOptions(subcommands: ReturnType<typeof providerSubcommands>): ReturnType<typeof optionsOf> {
  const all = subcommands.flatMap(optionsOf);
  return all.filter(({ flags }, index) => all.findIndex((other) => other.flags === flags) === index);
}

/** The command line as data, for the completion. */
function treeOf(command: Command): CommandTree {
  const help = command.createHelp();
  return {
    name: command.name(),
    description: command.description(),
    options: help
      .visibleOptions(command)
      .flatMap(({ long, description }) => (isText(long) ? [{ flag: long, description }] : [])),
    commands: help.visibleCommands(command).map(treeOf),
  };
}

stopOnClosedPipe(stop);
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    setExitCode(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
    if (error.exitCode !== 0) {
      (await import('./commands/usage-problem.ts')).printUsageProblem(context, commandLine(), error);
    }
  } else {
    reportFailure(error);
    setExitCode(EXIT.internal);
  }
}
