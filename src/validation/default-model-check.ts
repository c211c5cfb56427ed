/**
 * The one check of the default model: start-up, health and `doctor` all ask it, and it asks the same
 * resolver that serves requests. What it says is what a request would meet.
 */
import type { Resolution } from '../domain/auth.ts';
import type { Problem } from '../domain/errors.ts';
import type { Finding } from '../domain/finding.ts';
import { runtimeOfProviderId } from '../domain/provider-id.ts';
import { coolDownText } from '../resolution/choose-place.ts';
import { chooseDefaultModel, type DefaultModel } from '../resolution/default-model.ts';
import { fullRef } from '../resolution/resolve-model.ts';
import { resolve } from '../resolution/resolve.ts';
import type { Snapshot } from '../resolution/snapshot.ts';

/** The verdict on the default model. */
export type DefaultModelCheck =
  | { readonly kind: 'none'; readonly problem: Problem }
  | { readonly kind: 'failed'; readonly defaultModel: DefaultModel; readonly problem: Problem }
  | {
      readonly kind: 'usable';
      readonly defaultModel: DefaultModel;
      readonly resolution: Resolution;
      /** Set when the model works and its window is smaller than the agent needs. */
      readonly contextWindow?: Finding;
      /** Set when the provider refused the only credential that there is, and it may work again. */
      readonly coolDown?: Finding;
      /** Set when the credential is good, and its source gives no other one. */
      readonly trouble?: Finding;
    };

export interface CheckOptions {
  /** Unix milliseconds. */
  readonly now: number;
  /** Smallest window that is enough, in tokens; 0 switches the check off. */
  readonly minContextWindow: number;
}

/** Context length that a remedy names where the check asks for less, in tokens. */
const COMFORTABLE_CONTEXT = 32_768;

/** Resolves the default model and looks at its context window. */
export async function checkDefaultModel(
  snapshot: Snapshot,
  { now, minContextWindow }: CheckOptions,
): Promise<DefaultModelCheck> {
  const defaultModel = chosenDefaultModel(snapshot);
  const outcome = await resolve(snapshot, {}, now);
  if (defaultModel === null) {
    if (outcome.kind === 'failed') return { kind: 'none', problem: outcome.problem };
    throw new Error('The resolver found a default model that nobody named');
  }
  if (outcome.kind === 'failed') {
    return {
      kind: 'failed',
      defaultModel,
      problem: withAlternative(outcome.problem, snapshot, defaultModel),
    };
  }
  const { resolution } = outcome;
  const contextWindow = contextWindowFinding(resolution, minContextWindow);
  const coolDown = coolDownFinding(resolution);
  const trouble = troubleFinding(resolution);
  return {
    kind: 'usable',
    defaultModel,
    resolution,
    ...(contextWindow === undefined ? {} : { contextWindow }),
    ...(coolDown === undefined ? {} : { coolDown }),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

/** The default model that is named, by its full reference: an alias says nothing to who reads it elsewhere. */
export function chosenDefaultModel(snapshot: Snapshot): DefaultModel | null {
  const chosen = chooseDefaultModel(snapshot);
  return chosen === null ? null : { ...chosen, ref: fullRef(snapshot, chosen.ref) };
}

/**
 * The line of the contract: `Health: OK (…)`, with another word where something is wrong.
 *
 * @param word `OK`, or the status in capitals
 */
export function healthLine(resolution: Resolution, word: string): string {
  const { provider, model, auth } = resolution;
  const context = model?.contextWindow ?? 0;
  return `Health: ${word} (provider=${provider.id}, model=${model?.id ?? '-'}, ctx=${context}, authMode=${auth.mode})`;
}

/** A model that runs here already is the quickest way out of a default that does not work. */
function withAlternative(problem: Problem, snapshot: Snapshot, defaultModel: DefaultModel): Problem {
  const other = snapshot.autoDefault;
  if (other === null || other === defaultModel.ref) return problem;
  const hint = `Or use a local model that runs now: provider-sidecar serve --default-model ${other}`;
  return { ...problem, hints: [...problem.hints, hint] };
}

function coolDownFinding({ coolDown, auth, provider }: Resolution): Finding | undefined {
  if (coolDown === undefined) return undefined;
  return {
    code: 'credential-cooling-down',
    detail: `The credential of provider "${provider.id}" (${auth.source}) is cooling down: ${coolDownText(coolDown)}`,
    hint: 'Wait, or give the provider a second credential: provider-sidecar auth status',
  };
}

function troubleFinding({ trouble }: Resolution): Finding | undefined {
  if (trouble === undefined) return undefined;
  const { code, detail, hints } = trouble;
  return { code, detail, hint: hints[0] ?? 'See why: provider-sidecar explain' };
}

function contextWindowFinding(resolution: Resolution, minimum: number): Finding | undefined {
  const { model, provider, ref } = resolution;
  if (minimum === 0 || model === null || model.contextWindow >= minimum) return undefined;
  const source = model.contextWindowSource ?? 'assumed';
  return {
    code: 'context-window-too-small',
    detail: `Context window of ${ref} is ${model.contextWindow} tokens (${source}); the agent needs ${minimum}`,
    hint: contextRemedy(provider.id, model.maxContextWindow, minimum),
  };
}

function contextRemedy(providerId: string, trained: number | undefined, minimum: number): string {
  if (trained !== undefined && trained < minimum) {
    return `The model was trained for ${trained} tokens: choose another one, or lower minContextWindow`;
  }
  const wanted = Math.max(COMFORTABLE_CONTEXT, minimum);
  const runtime = runtimeOfProviderId(providerId);
  if (runtime === 'ollama') {
    return `Restart Ollama with OLLAMA_CONTEXT_LENGTH=${wanted}, or set "PARAMETER num_ctx ${wanted}" in the Modelfile`;
  }
  if (runtime === 'lmstudio') {
    return `Load the model with a longer context: lms load <model> --context-length ${wanted}`;
  }
  if (runtime !== undefined) return 'Start the runtime with a longer context';
  return `Correct contextWindow of the model in the config, or lower minContextWindow (${minimum}; 0 switches the check off)`;
}
