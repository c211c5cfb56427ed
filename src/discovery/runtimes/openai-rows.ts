/** What the plain list at `/v1/models` tells of each model: its name, and who says that it is theirs. */
import * as z from 'zod';
import type { ProbeAnswer, ProbeResult } from '../probe.ts';
import { livenessOf, type Liveness } from './runtime.ts';

const listSchema = z.object({ data: z.array(z.unknown()).nullable() });
const rowSchema = z.object({ id: z.string(), owned_by: z.string().nullish().catch(undefined) });

/** One row of the list. */
export interface OpenAiRow {
  readonly id: string;
  readonly owner: string | undefined;
}

/** The unread rows of an answer; undefined when it is no list. An empty list may be `null`. */
export function openAiRows(answer: ProbeAnswer): readonly unknown[] | undefined {
  if (answer.status !== 200) return undefined;
  const parsed = listSchema.safeParse(answer.json());
  return parsed.success ? (parsed.data.data ?? []) : undefined;
}

/** Reads one row; undefined for a foreign shape. */
export function readOpenAiRow(raw: unknown): OpenAiRow | undefined {
  const parsed = rowSchema.safeParse(raw);
  return parsed.success ? { id: parsed.data.id, owner: parsed.data.owned_by ?? undefined } : undefined;
}

/**
 * Judges the list as a sign of life, where it is the one light request. Its names are the signature; times and
 * other fields that change by themselves are not.
 *
 * @param isOwn whether the rows are those of the runtime that was here
 */
export function livenessOfList(result: ProbeResult, isOwn: (rows: readonly unknown[]) => boolean): Liveness {
  const rows = result.kind === 'answer' ? openAiRows(result) : undefined;
  const liveness = livenessOf(result, () => (rows !== undefined && isOwn(rows) ? null : undefined));
  if (liveness.kind !== 'alive' || rows === undefined) return liveness;
  return { kind: 'alive', signature: rows.map((row) => readOpenAiRow(row)?.id ?? '').join('\n') };
}

/**
 * Judges the list as a sign of life of a runtime that is told by another route. Rows that have their owner
 * are enough; any other list, an empty one among them, could be anybody's, so the marker is asked as well.
 */
export async function livenessOfListOrMarker(
  result: ProbeResult,
  isOwn: (rows: readonly unknown[]) => boolean,
  askMarker: () => Promise<Liveness>,
): Promise<Liveness> {
  const listed = livenessOfList(result, () => true);
  if (listed.kind !== 'alive' || livenessOfList(result, isOwn).kind === 'alive') return listed;
  const marked = await askMarker();
  return marked.kind === 'alive' ? listed : marked;
}
