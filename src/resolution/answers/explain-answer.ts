/** The answer of `/v1/explain` and `explain --json`: every step, no secret. */
import type { ExplainAnswer } from '../../domain/answers/explain.ts';
import type { ResolutionOutcome } from '../../domain/auth.ts';
import { outcomeCode } from '../../domain/auth.ts';
import { toIso } from '../../platform/clock.ts';
import type { ContextWindowSource } from '../../domain/provider.ts';

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
    ...(problem.retryAt === undefined ? {} : { retryAt: toIso(problem.retryAt) }),
    steps,
  };
}

function toModel(model: {
  id: string;
  contextWindow: number;
  contextWindowSource?: ContextWindowSource;
}): NonNullable<ExplainAnswer['model']> {
  const { id, contextWindow, contextWindowSource = 'assumed' } = model;
  return { id, contextWindow, contextWindowSource };
}
