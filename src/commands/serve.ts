/** `serve`: the main job. Validates, listens, and runs until it is told to stop. */
import { once } from 'node:events';
import { EXIT } from '../domain/errors.ts';
import { createLogger } from '../platform/logger.ts';
import type { SettingsFlags } from '../settings/load.ts';
import { startSidecar } from '../sidecar.ts';
import { type CommandContext, wantsColour } from './context.ts';
import { printProblem, printStartFailure, surroundingsOf } from './surroundings.ts';

/** Runs the server; resolves with the exit code after a clean stop or a refused start. */
export async function serve(context: CommandContext, flags: SettingsFlags): Promise<number> {
  let secrets: readonly string[] = [];
  const log = createLogger({
    // The settings say more once they are read.
    level: 'info',
    format: context.stdoutIsTerminal ? 'text' : 'json',
    colour: wantsColour(context, context.stdoutIsTerminal),
    write: context.print,
    secrets: () => secrets,
  });
  const outcome = await startSidecar({
    ...surroundingsOf(context),
    log,
    flags,
    onSecrets: (values) => {
      secrets = values;
    },
  });
  if (outcome.kind === 'refused') {
    const { problem, model, exitCode } = outcome;
    // An address in use or a full disk says nothing about the configuration.
    if (exitCode === EXIT.config) printStartFailure(context, problem, model, false);
    else printProblem(context, problem, false);
    return exitCode;
  }
  if (!context.stopSignal.aborted) await once(context.stopSignal, 'abort');
  log.info('Stopping');
  await outcome.sidecar.close();
  return EXIT.ok;
}
