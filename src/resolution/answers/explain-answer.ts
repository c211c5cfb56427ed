/** The answer of `/v1/explain` and `explain --json`: every step, no secret. */
import type { ResolutionOutcome, Step } from '../../domain/auth.ts';
import { outcomeCode } from '../../domain/auth.ts';
import type { ErrorCode } from '../../domain/errors.ts';

/** JSON-ready; the type is what the command line draws its tree from. */
export interface ExplainAnswer {
  readonly revision: number;
  readonly ref: string | null;
  readonly outcome: 'resolved' | ErrorCode;
  readonly digest?: string;
  readonly provider?: { id: string; baseUrl: string | null; api: string | null; origin: string };
  readonly model?: { id: string; contextWindow: number; contextWindowSource: string };
  readonly auth?: { mode: string; source: string };
  readonly detail?: string;
  readonly hints?: readonly string[];
  readonly steps: readonly Step[];
}

/**
 * @param ref what was asked for, null for a default model that nobody named
 */
export function toExplainAnswer(outcome: ResolutionOutcome, ref: string | null): ExplainAnswer {
  const { revision } = outcome;
  const code = outcomeCode(outcome);
  if (outcome.kind === 'resolved') {
    const { resolution, steps } = outcome;
    const { provider, model, auth, digest, baseUrl, api } = resolution;
    return {
      revision,
      ref: resolution.ref,
      outcome: code,
      digest,
      provider: { id: provider.id, baseUrl, api, origin: provider.origin },
      ...(model === null ? {} : { model: toModel(model) }),
      auth: { mode: auth.mode, source: auth.source },
      steps,
    };
  }
  const { provider, model, problem, steps } = outcome;
  return {
    revision,
    ref,
    outcome: code,
    ...(provider === undefined
      ? {}
      : {
          provider: {
            id: provider.id,
            baseUrl: provider.baseUrl ?? null,
            api: provider.api ?? null,
            origin: provider.origin,
          },
        }),
    ...(model === undefined ? {} : { model: toModel(model) }),
    detail: problem.detail,
    hints: problem.hints,
    steps,
  };
}

function toModel(model: { id: string; contextWindow: number; contextWindowSource?: string }): {
  id: string;
  contextWindow: number;
  contextWindowSource: string;
} {
  const { id, contextWindow, contextWindowSource = 'assumed' } = model;
  return { id, contextWindow, contextWindowSource };
}
