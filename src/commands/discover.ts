/**
 * `discover`: one scan of every endpoint with its state and models, or a view that follows them; models.json is
 * brought up to date.
 */
import { EXIT } from '../domain/errors.ts';
import type { DiscoveryReport, EndpointReport } from '../domain/runtime-state.ts';
import { prepare } from '../preparation/preparation.ts';
import type { SettingsFlags } from '../settings/load.ts';
import { type CommandContext, printJson, withProgress } from './context.ts';
import { watchDiscovery } from './discover-watch.ts';
import { candidateLines, ENDPOINT_COLUMNS, endpointCells } from './endpoint-view.ts';
import { printProblem } from './print-problem.ts';
import { reportMovedAside, surroundingsOf } from './surroundings.ts';
import { formatTable } from './table.ts';

export interface DiscoverFlags extends SettingsFlags {
  readonly json?: boolean;
  /** True: keep looking until interrupted. */
  readonly watch?: boolean;
}

/** Scans and prints. Exit code 0 also when nothing runs: that is an answer. */
export async function discover(context: CommandContext, flags: DiscoverFlags): Promise<number> {
  const asJson = flags.json === true;
  const prepared = await withProgress(
    context,
    'Looking for local runtimes',
    prepare(surroundingsOf(context), { flags, scan: 'write' }),
  );
  if (prepared.kind === 'refused') {
    printProblem(context, prepared.problem, asJson);
    return prepared.exitCode;
  }
  reportMovedAside(context, prepared);
  if (flags.watch === true && prepared.discovery !== null) {
    return watchDiscovery(context, prepared.discovery, asJson);
  }
  await prepared.discovery?.close();
  const { snapshot, fixed } = prepared;
  if (fixed.discoverySkipped !== null) {
    const problem = {
      code: 'config-invalid' as const,
      detail: `Discovery is switched off: ${fixed.discoverySkipped}`,
      hints: ['Unset it and run the command again'],
    };
    printProblem(context, problem, asJson);
    return EXIT.config;
  }
  const { revision, discovery } = snapshot;
  if (asJson) printJson(context, { revision, ...discovery });
  else context.print(`${formatReport(discovery)}Written to ${fixed.modelsJsonPath}\n`);
  return EXIT.ok;
}

function formatReport({ endpoints, candidates, leftOut }: DiscoveryReport): string {
  const table = formatTable(ENDPOINT_COLUMNS, endpoints.map(endpointCells));
  const sections = [
    table,
    ...endpoints.flatMap(describeEndpoint),
    ...leftOut.map(({ provider, model, reason }) => `left out: ${provider}/${model} (${reason})\n`),
    ...candidateLines({ candidates }),
  ];
  return sections.join('');
}

function describeEndpoint({ url, state, models, hint, evidence }: EndpointReport): string[] {
  if (state === 'up') {
    return models.map(
      ({ id, contextWindow, contextWindowSource }) =>
        `  ${id}  context ${contextWindow} (${contextWindowSource ?? 'assumed'})\n`,
    );
  }
  const last = evidence.at(-1);
  return [
    ...(state === 'down' || last === undefined ? [] : [`  ${url}: ${last.request} → ${last.answer}\n`]),
    ...(hint === undefined ? [] : [`  ${url}: ${hint}\n`]),
  ];
}
