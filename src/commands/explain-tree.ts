/** An explanation as a tree: each rule, the places it looked at, what they held and what was shadowed. */
import { shortFingerprint } from '../domain/secret.ts';
import { styleText } from 'node:util';
import type { Step, StepOutcome } from '../domain/auth.ts';
import type { ExplainAnswer } from '../domain/answers/explain.ts';

const TITLES: Readonly<Record<Step['step'], string>> = {
  'default-model': 'Default model (nothing was asked for)',
  provider: 'Provider: models.json, then cfg, then catalog',
  runtime: 'Runtime',
  model: 'Model',
  auth: 'Auth: first hit wins',
};

const MARKS: Readonly<
  Record<StepOutcome, { readonly mark: string; readonly colour: 'green' | 'yellow' | 'red' | 'gray' }>
> = {
  used: { mark: '✓', colour: 'green' },
  shadowed: { mark: '↷ shadowed', colour: 'yellow' },
  empty: { mark: '·', colour: 'gray' },
  skipped: { mark: '– skipped', colour: 'gray' },
  error: { mark: '✗', colour: 'red' },
};

/** The tree as text that ends with a newline. */
export function formatExplanation(answer: ExplainAnswer, colour: boolean): string {
  const groups = groupSteps(answer.steps);
  const lines = [`resolve ${answer.ref ?? '(default model)'}`, '        │'];
  groups.forEach((group, groupIndex) => {
    const lastGroup = groupIndex === groups.length - 1;
    lines.push(`        ${lastGroup ? '└─' : '├─'} ${TITLES[group.step]}`);
    const bar = lastGroup ? '   ' : '│  ';
    group.steps.forEach((step, index) => {
      const branch = index === group.steps.length - 1 ? '└─' : '├─';
      lines.push(`        ${bar}  ${branch} ${formatStep(step, colour)}`);
    });
    lines.push(`        ${lastGroup ? '' : '│'}`.trimEnd());
  });
  return `${[...lines, ...formatOutcome(answer)].join('\n')}\n`;
}

/** Steps that follow one another and belong to one rule. */
function groupSteps(steps: readonly Step[]): { step: Step['step']; steps: Step[] }[] {
  const groups: { step: Step['step']; steps: Step[] }[] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last?.step === step.step) last.steps.push(step);
    else groups.push({ step: step.step, steps: [step] });
  }
  return groups;
}

function formatStep(step: Step, colour: boolean): string {
  const { mark, colour: name } = MARKS[step.outcome];
  const shown = colour ? styleText(name, mark) : mark;
  const note = step.note === undefined ? '' : ` (${step.note})`;
  const fingerprint =
    step.fingerprint === undefined ? '' : ` [fingerprint ${shortFingerprint(step.fingerprint)}]`;
  return `${step.place}: ${step.found}${note}${fingerprint} ${shown}`;
}

function formatOutcome(answer: ExplainAnswer): string[] {
  if (answer.outcome === 'resolved') {
    const { provider, model, auth } = answer;
    return [
      `→ ${provider?.id ?? ''} at ${provider?.baseUrl ?? ''} (${provider?.api ?? ''}, from ${provider?.origin ?? ''})`,
      ...(model === undefined
        ? []
        : [`  model ${model.id}, context window ${model.contextWindow} (${model.contextWindowSource})`]),
      `  auth { mode: "${auth?.mode ?? ''}", source: "${auth?.source ?? ''}" }`,
      `  digest ${answer.digest ?? ''}`,
    ];
  }
  return [
    `→ ${answer.outcome}: ${answer.detail ?? ''}`,
    ...(answer.hints ?? []).map((hint) => `  - ${hint}`),
  ];
}
