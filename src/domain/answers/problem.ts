/** Problems as they go over the wire: RFC 9457 documents with a stable code. */
import * as z from 'zod';
import { ERROR_CODES, type ErrorCode } from '../errors.ts';
import type { Answer } from './answer.ts';
import { coolDownAnswer } from './cool-down.ts';

/** A stable error code. */
export const errorCode = z.enum(codes(ERROR_CODES));

/** Keys with their type: the table is constant, so it has no other. */
function codes(table: typeof ERROR_CODES): readonly ErrorCode[] {
  const isCode = (name: string): name is ErrorCode => Object.hasOwn(table, name);
  return Object.keys(table).filter(isCode);
}

/** What failed and what to do, inside another answer. */
export const problemAnswer = z.object({
  code: errorCode,
  detail: z.string().describe('One sentence: what failed and where'),
  hints: z.array(z.string()).describe('What to do next, most useful first'),
});

/** The body of every answer that is an error. The order of its members is the order on the wire. */
export const problemDetails = z.object({
  type: z.string().describe('urn:provider-sidecar:problem: and the code'),
  title: z.string(),
  status: z.int(),
  ...problemAnswer.shape,
  retryAt: z
    .string()
    .describe('When another try may succeed though nobody did anything; the header Retry-After says it too')
    .exactOptional(),
  coolDown: coolDownAnswer.describe('Where the credential of a resolution was refused').exactOptional(),
});

/** The body of an error, JSON-ready. */
export type ProblemDetailsAnswer = Answer<typeof problemDetails>;

/** Something that is wrong and does not stop the server. */
export const findingAnswer = z.object({ code: errorCode, detail: z.string(), hint: z.string() });
