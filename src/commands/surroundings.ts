/** What the commands that answer from files have in common: flags, surroundings, refusals. */
import { EXIT, type Problem } from '../domain/errors.ts';
import { silentLogger } from '../platform/logger.ts';
import { currentFolder } from '../platform/process.ts';
import { buildSnapshot } from '../preparation/inputs.ts';
import { prepare, type Preparation, type Surroundings } from '../preparation/preparation.ts';
import { AUTO_DEFAULT, chooseDefaultModel } from '../resolution/default-model.ts';
import type { Snapshot } from '../resolution/snapshot.ts';
import type { SettingsFlags } from '../settings/load.ts';
import { startupFailureText } from '../validation/startup.ts';
import { toProblemDetails } from '../http/problem-details.ts';
import { type CommandContext, printJson, withProgress } from './context.ts';
import { printProblem } from './print-problem.ts';
import { coolDownsOfServer } from './server-cool-downs.ts';
import { autoDefaultOfServer } from './server-default.ts';

/** Flags of every command that computes an answer from the same files as the server. */
export interface AnswerFlags extends SettingsFlags {
  readonly json?: boolean;
  /** True: no scan; models.json counts as it is on disk. */
  readonly offline?: boolean;
}

/** The surroundings of a command, with nothing logged. */
export function surroundingsOf(context: CommandContext): Surroundings {
  const { env, home, clock, defaultPorts } = context;
  return {
    env,
    home,
    clock,
    cwd: currentFolder(),
    log: silentLogger,
    ...(defaultPorts === undefined ? {} : { defaultPorts }),
  };
}

/** Prepares an answer. A refusal is printed; the result then is its exit code. */
export async function prepareAnswer(
  context: CommandContext,
  flags: AnswerFlags,
): Promise<Extract<Preparation, { kind: 'prepared' }> | number> {
  const scan = flags.offline === true ? 'none' : 'memory';
  const [prepared, coolDowns] = await withProgress(
    context,
    'Looking for local runtimes',
    Promise.all([prepare(surroundingsOf(context), { flags, scan }), coolDownsOfServer(context)]),
  );
  if (prepared.kind === 'refused') {
    printProblem(context, prepared.problem, flags.json === true);
    return prepared.exitCode;
  }
  await prepared.discovery?.close();
  for (const { credential, coolDown } of coolDowns)
    prepared.fixed.credentialHealth.adopt(credential, coolDown);
  return { ...prepared, snapshot: await withEarlierDefault(context, prepared) };
}

/** The snapshot with the default model that the running server has chosen before, where nobody names one. */
async function withEarlierDefault(
  context: CommandContext,
  { fixed, inputs, snapshot }: Extract<Preparation, { kind: 'prepared' }>,
): Promise<Snapshot> {
  const chosen = chooseDefaultModel(snapshot);
  const isNamed = chosen !== null && chosen.source !== AUTO_DEFAULT;
  if (isNamed || fixed.discoverySkipped !== null) return snapshot;
  const previousAutoDefault = await autoDefaultOfServer(context);
  if (previousAutoDefault === null) return snapshot;
  return buildSnapshot(fixed, { ...inputs, previousAutoDefault }, snapshot.revision);
}

/** Says that a models.json was corrupt, where the scan that a command made has found it so. */
export function reportMovedAside(
  context: CommandContext,
  { discovery, fixed }: Extract<Preparation, { kind: 'prepared' }>,
): void {
  const movedTo = discovery?.movedAside() ?? null;
  if (movedTo === null) return;
  context.printError(`${fixed.modelsJsonPath} was corrupt and has been rebuilt. What it held: ${movedTo}\n`);
}

/** Why a start was refused. */
export interface StartRefusal {
  readonly problem: Problem;
  readonly exitCode: number;
  /** The configured default model, where it is known. */
  readonly model: string | null;
}

/**
 * A refused start: the block on standard error where the configuration is at fault, the plain problem where
 * it is not (an address in use, a full disk). With `--json` also the problem document.
 */
export function printRefusal(
  context: CommandContext,
  { problem, exitCode, model }: StartRefusal,
  asJson: boolean,
): void {
  if (exitCode !== EXIT.config) {
    printProblem(context, problem, asJson);
    return;
  }
  if (asJson) printJson(context, toProblemDetails(problem));
  context.printError(startupFailureText(problem, model));
}
