/**
 * The list of models as OpenAI's API gives it, which most runtimes copy: how it is asked for, and who says
 * that its rows are theirs. A list is no marker by its shape, only by its owner.
 */
import * as z from 'zod';
import type { Inquiry } from '../inquiry.ts';
import type { ProbeAnswer } from '../probe.ts';
import { openAiRows } from './openai-rows.ts';
import { setbackOf, statusSetback, type Setback } from './runtime.ts';

/** Longest answer that is read: a list of five thousand models, or one model with its template and licence. */
export const MAX_LIST_BYTES = 16 * 1024 * 1024;

const ownedRowSchema = z.object({ owned_by: z.string() });

/** What is expected to answer, for messages. */
export interface Expected {
  readonly name: string;
  /** What to do where the list demands a key; given once the runtime is identified. */
  readonly keyHint?: string;
}

/** The rows of a list, and the answer that held them. */
export interface AnsweredList {
  readonly kind: 'rows';
  readonly rows: readonly unknown[];
  readonly answer: ProbeAnswer;
}

/** Asks one question; gives the answer whatever its status, or why there is none. */
export async function ask(inquiry: Inquiry, path: string, name: string): Promise<ProbeAnswer | Setback> {
  // Every runtime that asks for a list may be the first to do so, and the first one's cap holds for all.
  const result = await inquiry.get(path, { maxBytes: MAX_LIST_BYTES });
  if (result.kind === 'answer') return result;
  return setbackOf(result, name) ?? { kind: 'unreachable', how: 'silent' };
}

/** Asks for a list; anything but status 200 with a list in it is a setback. `data: null` is an empty list. */
export async function askForList(
  inquiry: Inquiry,
  path: string,
  { name, keyHint }: Expected,
): Promise<AnsweredList | Setback> {
  const answer = await ask(inquiry, path, name);
  if (answer.kind !== 'answer') return answer;
  if (keyHint !== undefined && (answer.status === 401 || answer.status === 403)) {
    return { kind: 'auth-required', hint: keyHint };
  }
  const unwanted = statusSetback(answer, name);
  if (unwanted !== undefined) return unwanted;
  const rows = openAiRows(answer);
  if (rows === undefined) {
    return { kind: 'not-this', found: `no list of models at ${path}`, by: answer.evidence };
  }
  return { kind: 'rows', rows, answer };
}

/** True when there are rows and each says that this owner has it. An empty list proves nothing. */
export function allOwnedBy(rows: readonly unknown[], owner: string): boolean {
  return rows.length > 0 && rows.every((row) => ownedRowSchema.safeParse(row).data?.owned_by === owner);
}

/** What is said of an endpoint whose list belongs to somebody else. */
export function notOwnedBy(owner: string, { answer }: AnsweredList): Setback {
  return { kind: 'not-this', found: `no list whose models have owned_by "${owner}"`, by: answer.evidence };
}
