/**
 * Models of servers that load their models when they start (vLLM, SGLang, NIM containers): what the list says
 * of the length a request may have is what it gets.
 */
import * as z from 'zod';
import { reasonByName, toListing, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { tokenCount } from './model-rows.ts';
import type { Listing } from './runtime.ts';

const cardSchema = z.object({
  id: z.string(),
  root: z.string().nullish(),
  /** The base model of an adapter; null for a base model. */
  parent: z.string().nullish(),
  max_model_len: z.unknown().optional(),
});

type Card = z.infer<typeof cardSchema>;

/** Turns cards into a listing. An adapter names no length of its own: it is served with its base model's. */
export function toServedListing(rows: readonly unknown[], vision: boolean): Listing {
  const bases = rows
    .map((row) => cardSchema.safeParse(row).data)
    .filter((card) => card !== undefined)
    .filter(({ parent }) => !parent);
  return toListing(rows, (row) => toRow(row, bases, vision));
}

function toRow(row: unknown, bases: readonly Card[], vision: boolean): ListedRow {
  const card = cardSchema.safeParse(row).data;
  if (card === undefined) return UNREADABLE_ROW;
  const reason = reasonByName(card.id);
  if (reason !== undefined) return { model: card.id, reason };
  const length = tokenCount(card.max_model_len) ?? tokenCount(baseOf(card, bases)?.max_model_len);
  return { facts: { id: card.id, reasoning: false, vision, context: { loaded: length } } };
}

/** One server serves one base model, under one or more names; some servers name the parent by its path. */
function baseOf({ parent }: Card, bases: readonly Card[]): Card | undefined {
  if (!parent) return undefined;
  return bases.find(({ id, root }) => id === parent || root === parent) ?? bases[0];
}
