/** Rows of Lemonade's list: which are chat models of this machine, and how long a request to them may be. */
import * as z from 'zod';
import { reasonByName, UNREADABLE_ROW, type ListedRow } from './listing.ts';
import { plainText, tokenCount } from './model-rows.ts';

/** Tokens that loaded models were loaded with, by id; undefined where that is not told. */
export type LoadedContexts = ReadonlyMap<string, number | undefined>;

const rowSchema = z.object({
  id: z.string(),
  labels: z.array(z.string()).nullish(),
  recipe: z.string().nullish(),
  cloud_provider: z.string().nullish(),
  downloaded: z.boolean().nullish(),
  context_length: z.unknown().optional(),
  max_context_window: z.unknown().optional(),
  recipe_options: z.object({ ctx_size: z.unknown().optional() }).nullish(),
});

type Row = z.infer<typeof rowSchema>;

/** What a label says of a model that is no chat model. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^embedding/, 'it makes embeddings only'],
  [/^rerank/, 'it ranks texts only'],
  [/^(?:image|edit|upscal)/, 'it makes images only'],
  [/^(?:audio|transcription|tts|speech|realtime-transcription)/, 'it is for speech only'],
];

/** One row of the list. */
export function lemonadeRow(raw: unknown, loaded: LoadedContexts): ListedRow {
  const row = rowSchema.safeParse(raw).data;
  if (row === undefined) return UNREADABLE_ROW;
  const reason = reasonOf(row);
  if (reason !== undefined) return { model: row.id, reason };
  const { id, labels } = row;
  return {
    facts: {
      id,
      reasoning: (labels ?? []).includes('reasoning'),
      vision: (labels ?? []).includes('vision'),
      context: contextOf(row, loaded),
    },
  };
}

function reasonOf({ id, recipe, cloud_provider: cloud, labels, downloaded }: Row): string | undefined {
  if (recipe === 'cloud' || cloud) {
    const where = plainText(cloud ?? undefined);
    return `it runs in a cloud${where === null ? '' : ` (${where})`}, not on this machine`;
  }
  if (downloaded === false) return 'it is not downloaded';
  const told = labels ?? [];
  // A chat model may hear or draw too; then its labels say what it is for chat as well.
  if (told.some((label) => /^(?:reasoning|tool-calling|coding|chat)$/.test(label))) return undefined;
  for (const [kind, reason] of OTHER_KINDS) if (told.some((label) => kind.test(label))) return reason;
  return reasonByName(id);
}

function contextOf(row: Row, loaded: LoadedContexts) {
  const length = tokenCount(row.context_length);
  const max = tokenCount(row.max_context_window);
  // Below the maximum the length was chosen; alone it is the maximum.
  const chosen = length !== undefined && max !== undefined && length < max ? length : undefined;
  return {
    loaded: loaded.get(row.id),
    configured: tokenCount(row.recipe_options?.ctx_size) ?? chosen,
    trained: max ?? length,
  };
}
