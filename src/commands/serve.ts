/** `serve`: the main job. Validates, listens, and runs until it is told to stop. */
import { once } from 'node:events';
import { EXIT } from '../domain/errors.ts';
import { createLineBuffer } from '../platform/line-buffer.ts';
import { createLogger } from '../platform/logger.ts';
import { onProcessEnd } from '../platform/process.ts';
import type { SettingsFlags } from '../settings/load.ts';
import { startSidecar } from '../sidecar.ts';
import { type CommandContext, wantsColour } from './context.ts';
import { printRefusal, surroundingsOf } from './surroundings.ts';

/** Runs the server; resolves with the exit code after a clean stop or a refused start. */
export async function serve(context: CommandContext, flags: SettingsFlags): Promise<number> {
  // From the first moment: a stop during the start must leave nothing behind either.
  const stop = context.stopSignal;
  let secrets: readonly string[] = [];
  const learned = new Set<string>();
  const lines = createLineBuffer(context.print);
  onProcessEnd(lines.flush);
  const log = createLogger({
    // The settings say more once they are read.
    level: 'info',
    format: context.stdoutIsTerminal ? 'pretty' : 'json',
    colour: wantsColour(context, context.stdoutIsTerminal),
    write: lines.write,
    writeSoon: lines.writeSoon,
    secrets: () => [...secrets, ...learned],
  });
  const outcome = await startSidecar({
    ...surroundingsOf(context),
    log,
    flags,
    onSecretLearned: (value) => learned.add(value),
    onSecrets: (values) => {
      secrets = values;
    },
  });
  if (outcome.kind === 'refused') {
    printRefusal(context, outcome, false);
    return outcome.exitCode;
  }
  if (!stop.aborted) await once(stop, 'abort');
  log.info('Stopping');
  await outcome.sidecar.close();
  return EXIT.ok;
}
