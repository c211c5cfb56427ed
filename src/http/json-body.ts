/** JSON bodies of requests, read strictly. Their size was capped before the router. */
import type * as z from 'zod';
import { quoteUntrusted } from '../domain/untrusted-text.ts';
import { problemResponse } from './problem-details.ts';

/** A body that fits, or the answer that refuses it. */
export type JsonBody<T> =
  | { readonly kind: 'body'; readonly body: T }
  | { readonly kind: 'refused'; readonly response: Response };

/** As `readJsonBody`, for a route whose body may be left out: none at all is an empty object. */
export async function readOptionalJsonBody<T>(request: Request, schema: z.ZodType<T>): Promise<JsonBody<T>> {
  const isLeftOut = (request.headers.get('content-length') ?? '0') === '0';
  if (!isLeftOut || request.headers.has('transfer-encoding')) return readJsonBody(request, schema);
  const empty = schema.safeParse({});
  return empty.success
    ? { kind: 'body', body: empty.data }
    : refused('This route needs a body of type application/json');
}

/** Reads a body of type `application/json`; any other type is 415, any other content 400. */
export async function readJsonBody<T>(request: Request, schema: z.ZodType<T>): Promise<JsonBody<T>> {
  const type = (request.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') return refused('The body must be of type application/json', 415);
  let value: unknown;
  try {
    value = await request.json();
  } catch {
    return refused('The body is not valid JSON');
  }
  const checked = schema.safeParse(value);
  if (checked.success) return { kind: 'body', body: checked.data };
  const [issue] = checked.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.map((key) => quoteUntrusted(key, 40)) : [];
  const where = issue?.path.map(String).join('.') ?? '';
  if (unknown.length > 0) return refused(`The body has the unknown field ${unknown.join(', ')}`);
  return refused(
    where === '' ? 'The body must be a JSON object' : `${where} in the body ${issue?.message ?? ''}`,
  );
}

function refused(detail: string, status = 400): { kind: 'refused'; response: Response } {
  const problem = {
    code: 'bad-request',
    detail,
    hints: ['See docs/http-api.md for the body of this route'],
  } as const;
  return { kind: 'refused', response: problemResponse(problem, { status }) };
}
