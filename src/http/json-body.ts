/** JSON bodies of requests, read strictly. Their size was capped before the router. */
import * as z from 'zod';
import { findDuplicateKey } from '../credentials/duplicate-keys.ts';
import { isDeeperThan } from '../platform/json5-text.ts';
import { problemResponse } from './problem-details.ts';

/** Deepest nesting of a body. No route takes more than a list in an object. */
const MAX_DEPTH = 16;

/** A body that fits, or the answer that refuses it. */
export type JsonBody<T> =
  | { readonly kind: 'body'; readonly body: T }
  | { readonly kind: 'refused'; readonly response: Response };

/** The body of a route that needs none: an empty object, which may be left out. A form is refused there too. */
export const noBody = z.strictObject({});

/** As `readJsonBody`, for a route whose body may be left out: none at all is an empty object. */
export async function readOptionalJsonBody<T>(request: Request, schema: z.ZodType<T>): Promise<JsonBody<T>> {
  const isLeftOut = (request.headers.get('content-length') ?? '0') === '0';
  if (!isLeftOut || request.headers.has('transfer-encoding')) return readJsonBody(request, schema);
  const empty = schema.safeParse({});
  return empty.success
    ? { kind: 'body', body: empty.data }
    : refused('This route needs a body of type application/json');
}

/**
 * Reads a body of type `application/json`; any other type is 415, any other content 400. A key that stands there
 * twice, or that another reader may take for a prototype, is refused: two readers would see two bodies.
 */
export async function readJsonBody<T>(request: Request, schema: z.ZodType<T>): Promise<JsonBody<T>> {
  const type = (request.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') return refused('The body must be of type application/json', 415);
  let text: string;
  let value: unknown;
  try {
    text = await request.text();
    value = JSON.parse(text);
  } catch {
    return refused('The body is not valid JSON');
  }
  if (isDeeperThan(value, MAX_DEPTH)) return refused(`The body is nested deeper than ${MAX_DEPTH} levels`);
  if (findDuplicateKey(text) !== undefined) return refused('The body has a field twice');
  if (namesPrototype(value)) return refused('The body has the field "__proto__"');
  const checked = schema.safeParse(value);
  if (checked.success) return { kind: 'body', body: checked.data };
  const [issue] = checked.error.issues;
  const where = issue?.path.map(String).join('.') ?? '';
  // It is not named: the words of a body are never said again, as a key may stand among them by mistake.
  if (issue?.code === 'unrecognized_keys')
    return refused('The body has a field that this route does not know');
  return refused(
    where === '' ? 'The body must be a JSON object' : `${where} in the body ${issue?.message ?? ''}`,
  );
}

/** Whether some object of a JSON value has a key of its own that is called `__proto__`. */
function namesPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(namesPrototype);
}

function refused(detail: string, status = 400): { kind: 'refused'; response: Response } {
  const problem = {
    code: 'bad-request',
    detail,
    hints: ['See docs/http-api.md for the body of this route'],
  } as const;
  return { kind: 'refused', response: problemResponse(problem, { status }) };
}
