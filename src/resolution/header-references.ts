/** Extra headers whose values stand elsewhere, put in place for one request. One that is missing stops it. */
import type { Step } from '../domain/auth.ts';
import type { Problem } from '../domain/errors.ts';
import type { EffectiveProvider, Model } from '../domain/provider.ts';
import { nameOfReference } from '../domain/secret-ref.ts';
import type { References } from '../credentials/references.ts';

/** Provider and model with every header in place, or why a header has no value. */
export type HeadersInPlace =
  | {
      readonly kind: 'in-place';
      readonly provider: EffectiveProvider;
      readonly model: Model | null;
      readonly steps: readonly Step[];
    }
  | { readonly kind: 'failed'; readonly problem: Problem; readonly steps: readonly Step[] };

/**
 * Follows the references of the provider's headers and of the model's.
 *
 * @param wait false: a header whose command has not run yet has no value
 */
export async function placeHeaders(
  provider: EffectiveProvider,
  model: Model | null,
  references: References,
  wait: boolean,
): Promise<HeadersInPlace> {
  const place = `${provider.origin}: provider "${provider.id}"`;
  const steps: Step[] = [];
  const ofProvider = await valuesOf(provider, place, { references, wait }, steps);
  const ofModel =
    model === null ? {} : await valuesOf(model, `${place}, model "${model.id}"`, { references, wait }, steps);
  const missing = steps.find(({ outcome }) => outcome === 'error');
  if (missing !== undefined) return { kind: 'failed', problem: toProblem(provider, missing), steps };
  return {
    kind: 'in-place',
    provider: { ...provider, headers: { ...provider.headers, ...ofProvider } },
    model: model === null ? null : { ...model, headers: { ...model.headers, ...ofModel } },
    steps,
  };
}

async function valuesOf(
  { headerRefs = {} }: Pick<Model, 'headerRefs'>,
  place: string,
  { references, wait }: { readonly references: References; readonly wait: boolean },
  steps: Step[],
): Promise<Readonly<Record<string, string>>> {
  const values: [string, string][] = [];
  for (const [name, reference] of Object.entries(headerRefs)) {
    const outcome = wait ? await references.resolve(reference) : references.known(reference);
    const facts = {
      step: 'auth' as const,
      place: `${place}: header ${name}`,
      found: `a reference to ${nameOfReference(reference)}`,
    };
    if (outcome === null) {
      steps.push({ ...facts, outcome: 'error', note: 'its command is not run for a list' });
    } else if (outcome.kind === 'resolved') {
      values.push([name, outcome.value.reveal()]);
      steps.push({ ...facts, outcome: 'used' });
    } else steps.push({ ...facts, outcome: 'error', note: outcome.reason });
  }
  return Object.fromEntries(values);
}

function toProblem({ id }: EffectiveProvider, { place, found, note }: Step): Problem {
  const detail = `No value for a header of provider "${id}" (${place}): ${found}: ${note ?? 'it leads to nothing'}`;
  return { code: 'no-auth', detail, hints: [`Mend the headers of provider "${id}"`] };
}
