/**
 * Whether the program may start: only a default model that cannot be used, or a configuration that cannot
 * be read, stops it. Everything else makes health `degraded`.
 */
import type { ErrorCode, Problem } from '../domain/errors.ts';
import type { Finding } from '../domain/finding.ts';
import type { Snapshot } from '../resolution/snapshot.ts';
import { ownAddressProblem } from '../credentials/aws/own-address.ts';
import {
  checkDefaultModel,
  type CheckOptions,
  chosenDefaultModel,
  healthLine,
} from './default-model-check.ts';

/** Something that is wrong and does not stop the start, with everything that can be done about it. */
export type StartupWarning = Omit<Finding, 'hint'> & { readonly hints: readonly string[] };

/** The verdict before anything listens. */
export type StartupVerdict =
  | {
      readonly kind: 'ready';
      /** `Health: OK (…)`, or null while there is no default model. */
      readonly line: string | null;
      readonly digest: string | null;
      /** What is wrong and does not stop the start. */
      readonly warnings: readonly StartupWarning[];
    }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly model: string | null;
      readonly problem: Problem;
    };

export interface StartupOptions extends CheckOptions {
  /** True: a context window that is too small stops the start too. */
  readonly strict: boolean;
  /** Ports that this program listens on, or will: it must not be its own source of credentials. @default none */
  readonly ownPorts?: readonly number[];
}

/** Runs the check of the default model, as health and every request do. */
export async function validateStartup(snapshot: Snapshot, options: StartupOptions): Promise<StartupVerdict> {
  const own = ownAddressProblem(snapshot.env, options.ownPorts ?? []);
  if (own !== null) return refusal(chosenDefaultModel(snapshot)?.ref ?? null, own);
  const check = await checkDefaultModel(snapshot, options);
  switch (check.kind) {
    case 'none': {
      const { code, detail, hints } = check.problem;
      const warnings = [{ code, detail, hints }, ...snapshot.findings.map(toWarning)];
      return { kind: 'ready', line: null, digest: null, warnings };
    }
    case 'failed':
      return refusal(check.defaultModel.ref, check.problem);
    case 'usable': {
      const { contextWindow, coolDown, trouble, resolution } = check;
      if (contextWindow !== undefined && options.strict) {
        return refusal(resolution.ref, {
          code: contextWindow.code,
          detail: contextWindow.detail,
          hints: [contextWindow.hint],
        });
      }
      const own = [coolDown, trouble, contextWindow].filter((finding) => finding !== undefined);
      const warnings = [...own, ...snapshot.findings].map(toWarning);
      const line = healthLine(resolution, warnings.length === 0 ? 'OK' : 'DEGRADED');
      return { kind: 'ready', line, digest: resolution.digest, warnings };
    }
  }
}

function toWarning({ code, detail, hint }: Finding): StartupWarning {
  return { code, detail, hints: [hint] };
}

function refusal(model: string | null, problem: Problem): StartupVerdict {
  return { kind: 'refused', code: problem.code, model, problem };
}

/** The block that a refused start prints on standard error. */
export function startupFailureText(problem: Problem, model: string | null): string {
  const suggestions = problem.hints.length > 0 ? problem.hints : ['Run: provider-sidecar explain'];
  return [
    `Startup validation failed: ${problem.detail}`,
    `  Configured model: ${model ?? '(not known yet)'}`,
    '',
    'Suggestions:',
    ...suggestions.map((hint) => `  - ${hint}`),
    '',
  ].join('\n');
}
