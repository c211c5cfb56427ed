/** `serve`: the main job. Validates, listens, and runs until it is told to stop. */
import { once } from 'node:events';
import { EXIT, type Problem } from '../domain/errors.ts';
import { createLearnedSecrets } from '../credentials/learned-secrets.ts';
import { createLineBuffer } from '../platform/line-buffer.ts';
import { createLogger } from '../platform/create-logger.ts';
import { revealingFlags } from '../platform/process-guards.ts';
import { onProcessEnd } from '../platform/process.ts';
import type { SettingsFlags } from '../settings/load.ts';
import { startSidecar } from '../sidecar.ts';
import { type CommandContext, wantsColour } from './context.ts';
import { printProblem } from './print-problem.ts';
import { printRefusal, surroundingsOf } from './surroundings.ts';

/** Runs the server; resolves with the exit code after a clean stop or a refused start. */
export async function serve(context: CommandContext, flags: SettingsFlags): Promise<number> {
  // From the first moment: a stop during the start must leave nothing behind either.
  const stop = context.stopSignal;
  const revealing = revealingFlags();
  if (revealing.length > 0) {
    printProblem(context, refusedFlags(revealing), false);
    return EXIT.notPermitted;
  }
  let secrets: readonly string[] = [];
  const learned = createLearnedSecrets(context.clock);
  const known = (): string[] => [...secrets, ...learned.values()];
  context.hideSecrets?.(known);
  const lines = createLineBuffer(context.logOutput?.() ?? context.print);
  onProcessEnd(lines.flush);
  const log = createLogger({
    // The settings say more once they are read.
    level: 'info',
    format: context.stdoutIsTerminal ? 'pretty' : 'json',
    colour: wantsColour(context, context.stdoutIsTerminal),
    write: lines.write,
    writeSoon: lines.writeSoon,
    secrets: known,
  });
  const outcome = await startSidecar({
    ...surroundingsOf(context),
    log,
    flags,
    onSecretLearned: learned.add,
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

/** A server that others can look into keeps no secret. */
function refusedFlags(flags: readonly string[]): Problem {
  return {
    code: 'not-permitted',
    detail: `Node was started with ${flags.join(', ')}, which would show the secrets of the server`,
    hints: ['Start it without, also in NODE_OPTIONS'],
  };
}
