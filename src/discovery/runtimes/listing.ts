/** From the rows of a list to models and what is left out: the same care for the list of every runtime. */
import type { Model } from '../../domain/provider.ts';
import { MAX_MODELS, nameDefect, shownId, toModel, type ModelRowFacts } from './model-rows.ts';
import type { Listing } from './runtime.ts';

/** One row of a list: a chat model's facts, or why it is none. */
export type ListedRow =
  | { readonly facts: ModelRowFacts }
  | { readonly model: string; readonly reason: string };

/** The row whose shape nobody knows. */
export const UNREADABLE_ROW: ListedRow = {
  model: '(unreadable)',
  reason: 'its row in the list has a foreign shape',
};

/** Turns rows into a listing; rows with unusable names and rows beyond the cap are left out with the reason. */
export function toListing(
  rows: readonly unknown[],
  toRow: (row: unknown) => ListedRow,
): Extract<Listing, { readonly kind: 'listed' }> {
  const models: Model[] = [];
  const leftOut: { model: string; reason: string }[] = [];
  for (const raw of rows.slice(0, MAX_MODELS)) {
    const row = toRow(raw);
    if ('reason' in row) {
      leftOut.push({ model: shownId(row.model), reason: row.reason });
      continue;
    }
    const defect = nameDefect(row.facts.id, row.facts.name);
    if (defect === undefined) models.push(toModel(row.facts));
    else leftOut.push({ model: shownId(row.facts.id), reason: defect });
  }
  const surplus = rows.length - MAX_MODELS;
  if (surplus > 0) {
    leftOut.push({ model: `(${surplus} more)`, reason: `only ${MAX_MODELS} models are looked at` });
  }
  return { kind: 'listed', models, leftOut };
}

const EMBEDDING_NAME = /embed|(?:^|[^a-z0-9])(?:bge|e5|gte|all-minilm)(?![a-z])/i;

/**
 * Why a model is left out judged by its name alone, for runtimes that do not say what a model does; undefined
 * for a chat model. Folders in the id say nothing about the model, so only the last part of a path counts.
 */
export function reasonByName(id: string): string | undefined {
  const name = lastPart(id);
  if (/rerank/i.test(name)) return 'it ranks texts only, judged by its name';
  return EMBEDDING_NAME.test(name) ? 'it makes embeddings only, judged by its name' : undefined;
}

/** The part of an id after its last slash, which is the file's name where the id is a path. */
export function lastPart(id: string): string {
  return id.split(/[/\\]/).at(-1) ?? id;
}
