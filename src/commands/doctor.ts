/** `doctor`: the start-up validation without serving. Same functions, same verdict, same exit code. */
import { EXIT } from '../domain/errors.ts';
import { fileExists } from '../platform/files.ts';
import { otherStateDirs } from '../platform/paths.ts';
import { prepare, type Preparation } from '../preparation/preparation.ts';
import type { SettingsFlags } from '../settings/load.ts';
import { assessHealth } from '../validation/health.ts';
import { validateStartup } from '../validation/startup.ts';
import { type CommandContext, printJson, withProgress } from './context.ts';
import { printRefusal, reportMovedAside, surroundingsOf } from './surroundings.ts';

export interface DoctorFlags extends SettingsFlags {
  readonly json?: boolean;
  /** True: no scan, and nothing is written; models.json counts as it is on disk. */
  readonly offline?: boolean;
}

/** Validates and says what was found. */
export async function doctor(context: CommandContext, flags: DoctorFlags): Promise<number> {
  const asJson = flags.json === true;
  const prepared = await withProgress(
    context,
    'Looking for local runtimes',
    prepare(surroundingsOf(context), { flags, scan: flags.offline === true ? 'none' : 'write' }),
  );
  if (prepared.kind === 'refused') {
    printRefusal(context, { ...prepared, model: null }, asJson);
    return prepared.exitCode;
  }
  reportMovedAside(context, prepared);
  await prepared.discovery?.close();
  const { snapshot, settings, fixed } = prepared;
  const now = context.clock();
  const { minContextWindow, strict } = settings;
  const { ownPorts } = fixed;
  const verdict = await validateStartup(snapshot, { now, minContextWindow, strict, ownPorts });
  if (verdict.kind === 'refused') {
    printRefusal(context, { ...verdict, exitCode: EXIT.config }, asJson);
    return EXIT.config;
  }
  if (asJson) {
    printJson(context, await assessHealth(snapshot, { now, minContextWindow, unvalidated: false }));
    return EXIT.ok;
  }
  if (verdict.line !== null) context.print(`${verdict.line}\n`);
  for (const { code, detail, hints } of verdict.warnings)
    context.print(`Warning (${code}): ${detail}\n${hints.map((hint) => `  - ${hint}\n`).join('')}`);
  context.print(places(prepared));
  return EXIT.ok;
}

function places({ fixed, inputs }: Extract<Preparation, { kind: 'prepared' }>): string {
  const { paths } = fixed;
  const others = otherStateDirs(paths, fileExists);
  // A misspelt path in a variable looks like no config at all, so the path is said.
  const none = paths.configIsExplicit ? `none at ${paths.configCandidates.join(', ')}` : 'none found';
  return [
    `State directory: ${paths.stateDir}${others.length === 0 ? '' : ` (also there, and not used: ${others.join(', ')})`}`,
    `Config:          ${inputs.config.path ?? none}`,
    `models.json:     ${fixed.discoverySkipped === null ? fixed.modelsJsonPath : `not read (${fixed.discoverySkipped})`}`,
    '',
  ].join('\n');
}
