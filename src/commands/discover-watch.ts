/**
 * `discover --watch`: keeps looking until it is interrupted. A terminal shows a table that is drawn anew at
 * each change; anything else gets a line for each change, or with `--json` a report.
 */
import { once } from 'node:events';
import type { Discovery } from '../discovery/watcher.ts';
import { EXIT } from '../domain/errors.ts';
import { NOTHING_SCANNED, type DiscoveryReport } from '../domain/runtime-state.ts';
import { toIso } from '../platform/clock.ts';
import type { CommandContext } from './context.ts';
import { changeLine, changesBetween, watchTable } from './watch-view.ts';

const ENTER_SCREEN = '\u001b[?1049h';
const LEAVE_SCREEN = '\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Shows what discovery finds until the stop signal; discovery has scanned once, and is closed at the end. */
export async function watchDiscovery(
  context: CommandContext,
  discovery: Discovery,
  asJson: boolean,
): Promise<number> {
  const view = asJson
    ? jsonView(context)
    : context.stdoutIsTerminal
      ? screenView(context, discovery)
      : lineView(context);
  const unsubscribe = discovery.onChange(view.show);
  // No timer of discovery keeps the process alive, and it would end at once.
  const alive = setInterval(() => undefined, 60_000);
  try {
    view.show(discovery.report());
    discovery.start();
    if (!context.stopSignal.aborted) await once(context.stopSignal, 'abort');
  } finally {
    clearInterval(alive);
    unsubscribe();
    view.end();
    await discovery.close();
  }
  return EXIT.ok;
}

interface View {
  readonly show: (report: DiscoveryReport) => void;
  readonly end: () => void;
}

/** The object that `/v1/discovery` answers, in one line. */
function jsonView({ print }: CommandContext): View {
  let revision = 0;
  return {
    show: (report) => {
      revision += 1;
      print(`${JSON.stringify({ revision, ...report })}\n`);
    },
    end: () => undefined,
  };
}

function lineView({ print, clock }: CommandContext): View {
  let before = NOTHING_SCANNED;
  return {
    show: (report) => {
      for (const change of changesBetween(before, report)) print(changeLine(change, toIso(clock())));
      for (const { url, foundBy, hint } of report.candidates) {
        if (before.candidates.some((candidate) => candidate.url === url)) continue;
        print(`${toIso(clock())}  ${url}  not trusted (${foundBy}). ${hint}\n`);
      }
      before = report;
    },
    end: () => undefined,
  };
}

/** Draws on the terminal's other screen, so that the one before is there again at the end. */
function screenView({ print, clock }: CommandContext, discovery: Discovery): View {
  const changes = new Map<string, string>();
  let before: DiscoveryReport | undefined;
  let table = '';
  print(ENTER_SCREEN);
  return {
    show: (report) => {
      // What was found at the beginning has been so since the time that the report gives.
      for (const { endpoint } of before === undefined ? [] : changesBetween(before, report)) {
        changes.set(endpoint.url, toIso(clock()));
      }
      before = report;
      table = watchTable(report, changes, discovery.writeProblem()?.detail ?? null);
      print(`${HOME}${table.replaceAll('\n', `${CLEAR_LINE}\n`)}${CLEAR_BELOW}`);
    },
    end: () => print(`${LEAVE_SCREEN}${table.replace(/Ctrl-C ends\.\n$/, '')}`),
  };
}
