/** Figures as a table for readers and as JSON for programs. */
import { formatTable } from '../src/commands/table.ts';
import { type Figure, meetsGoal, type Unit } from './measure.ts';

/** What came of one measure. */
export type Outcome = { readonly name: string; readonly title: string } & (
  | { readonly kind: 'measured'; readonly figures: readonly Figure[] }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: string }
);

/** Where and how the figures were taken. */
export interface Circumstances {
  readonly node: string;
  readonly platform: string;
  readonly cpus: number;
  /** Load average of the last minute when the run began: above zero, others were at work. */
  readonly loadBefore: number;
  readonly quick: boolean;
  /** What makes figures less trustworthy here. */
  readonly warnings: readonly string[];
}

const DIGITS: Readonly<Record<Unit, number>> = { 'req/s': 0, µs: 1, ms: 1, MB: 1, '% of a core': 2 };

/** The whole report as text. */
export function toText(circumstances: Circumstances, outcomes: readonly Outcome[]): string {
  const { node, platform, cpus, loadBefore, quick, warnings } = circumstances;
  const rows = outcomes.flatMap((outcome) => {
    switch (outcome.kind) {
      case 'measured':
        return outcome.figures.map((figure) => [outcome.name, ...cellsOf(figure)]);
      case 'skipped':
        return [[outcome.name, `skipped: ${outcome.reason}`]];
      case 'failed':
        return [[outcome.name, `FAILED: ${outcome.error}`]];
    }
  });
  const notes = outcomes.flatMap((outcome) =>
    outcome.kind === 'measured'
      ? outcome.figures.flatMap(({ what, note }) =>
          note === undefined ? [] : [`  ${outcome.name}, ${what}: ${note}`],
        )
      : [],
  );
  return [
    `node ${node}, ${platform}, ${cpus} cores, load average ${loadBefore.toFixed(2)} before the run${quick ? ', quick run: do not quote' : ''}`,
    ...warnings.map((warning) => `Warning: ${warning}`),
    '',
    formatTable(['MEASURE', 'FIGURE', 'VALUE', 'RIVAL', 'COMPARED', 'GOAL', 'MET', 'ROUNDS'], rows),
    ...(notes.length === 0 ? [] : ['Notes:', ...notes, '']),
  ].join('\n');
}

/** The whole report as JSON. */
export function toJson(circumstances: Circumstances, outcomes: readonly Outcome[]): string {
  const measures = outcomes.map((outcome) =>
    outcome.kind === 'measured'
      ? { ...outcome, figures: outcome.figures.map((figure) => ({ ...figure, met: meetsGoal(figure) })) }
      : outcome,
  );
  return `${JSON.stringify({ ...circumstances, measures }, null, 2)}\n`;
}

function cellsOf(figure: Figure): string[] {
  const { what, value, unit, rival, comparison, rounds } = figure;
  const met = meetsGoal(figure);
  return [
    what,
    amount(value, unit),
    rival === undefined ? '-' : `${amount(rival.value, unit)} (${rival.what})`,
    comparison === undefined ? '-' : comparisonText(comparison, unit),
    goalText(figure),
    met === null ? '-' : met ? 'yes' : 'NO',
    String(rounds),
  ];
}

function comparisonText({ by, value }: NonNullable<Figure['comparison']>, unit: Unit): string {
  if (by === 'ratio') return `× ${value.toFixed(2)}`;
  return `${value >= 0 ? '+' : ''}${amount(value, unit)}`;
}

function goalText({ goal, comparison, unit }: Figure): string {
  if (goal === undefined) return '-';
  const sign = goal.sense === 'at-least' ? '≥' : '≤';
  if (goal.of === 'value') return `${sign} ${goal.limit} ${unit}`;
  return comparison?.by === 'ratio' ? `× ${sign} ${goal.limit}` : `${sign} +${goal.limit} ${unit}`;
}

function amount(value: number, unit: Unit): string {
  return `${value.toFixed(DIGITS[unit])} ${unit}`;
}
