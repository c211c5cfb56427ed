#!/usr/bin/env node
/** Names the commands, nothing else. What a command does stands in `commands/`, loaded when it is called. */
import { Command, CommanderError } from 'commander';
import type { CommandContext } from './commands/context.ts';
import { EXIT, messageOf } from './domain/errors.ts';
import { systemClock } from './platform/clock.ts';
import {
  homeFolder,
  ignoreClosedPipe,
  processEnvironment,
  programVersion,
  setExitCode,
  stopSignal,
  terminals,
  writeStderr,
  writeStdout,
} from './platform/process.ts';

const { stdout, stderr } = terminals();
const context: CommandContext = {
  env: processEnvironment(),
  home: homeFolder(),
  clock: systemClock,
  print: writeStdout,
  printError: writeStderr,
  stdoutIsTerminal: stdout,
  stderrIsTerminal: stderr,
  stopSignal: stopSignal(),
};

const program = new Command('provider-sidecar')
  .description(
    'Tells every LLM agent on this machine which provider serves a model, at which URL, and how to authenticate.',
  )
  .version(programVersion())
  .showSuggestionAfterError()
  .exitOverride();

/** Options of every command that reads the same files as the server. */
function withFiles(command: Command): Command {
  return command
    .option('--default-model <ref>', 'default model, as provider/model')
    .option('--models-json <path>', 'where models.json stands')
    .option('--json', 'print JSON');
}

function withScan(command: Command): Command {
  return withFiles(command).option('--offline', 'do not look for runtimes; models.json counts as it is');
}

withFiles(program.command('serve').description('validate, listen on localhost and serve until stopped'))
  .option('--host <address>', 'loopback address to listen on (default 127.0.0.1)')
  .option('--port <port>', 'port to listen on, 0 for any (default 18780)')
  .option('--socket <path>', 'also listen on this Unix socket')
  .option(
    '--min-context-window <tokens>',
    'smallest context window of the default model, 0 for any (default 16000)',
  )
  .option('--strict', 'a context window that is too small stops the start')
  .option('--log-level <level>', 'silent, error, warn, info or debug (default info)')
  .action(async (flags) => setExitCode(await (await import('./commands/serve.ts')).serve(context, flags)));

withFiles(
  program.command('discover').description('scan once for local runtimes and write models.json'),
).action(async (flags) =>
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

withFiles(program.command('doctor').description('the start-up validation without serving'))
  .option(
    '--min-context-window <tokens>',
    'smallest context window of the default model, 0 for any (default 16000)',
  )
  .option('--strict', 'a context window that is too small is a failure')
  .action(async (flags) => setExitCode(await (await import('./commands/doctor.ts')).doctor(context, flags)));

program
  .command('status')
  .description('is a server running here, and what does its health say')
  .option('--json', 'print JSON')
  .action(async (flags) => setExitCode(await (await import('./commands/status.ts')).status(context, flags)));

ignoreClosedPipe();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    setExitCode(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  } else {
    writeStderr(`provider-sidecar failed: ${messageOf(error)}\n`);
    setExitCode(EXIT.internal);
  }
}
