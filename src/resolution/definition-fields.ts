/** Rules that provider entries and their model rows share: how a field is read, what a base URL and a header are. */
import * as z from 'zod';
import type { MissingVariable } from '../domain/provider.ts';
import { isRecord, recordOf } from '../domain/record.ts';
import { hasControlCharacters, quoteUntrusted } from '../domain/untrusted-text.ts';

/** What is said of an object where a key or a header value should stand. */
export const SECRET_REFERENCE = 'is a reference to a secret, which is not supported here yet';

/** RFC 9110: what a header's name is made of, and what its value may hold. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** Text with something in it. */
export const textField = z.string('must be a string').trim().min(1, 'must not be empty');

/** An http or https URL, without its trailing slashes. No issue repeats the text: it may hold a password. */
export const baseUrlField = z.string('must be a string').trim().transform(checkBaseUrl);

/** Extra headers; a name or value that no request may carry is an issue. */
export const headersField = z.unknown().transform(checkHeaders);

/** Reads one field of a record; undefined when it is left out, null, or unusable (which is reported). */
export type FieldReader = <T>(key: string, schema: z.ZodType<T>) => T | undefined;

/**
 * @param place path of the record, put before each report
 * @param report takes one sentence for each thing that is wrong
 */
export function fieldReader(raw: unknown, place: string, report: (defect: string) => void): FieldReader {
  return (key, schema) => {
    const value = isRecord(raw) && Object.hasOwn(raw, key) ? raw[key] : undefined;
    if (value === undefined || value === null) return undefined;
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      report(`${place}.${[key, ...issue.path].join('.')} ${issue.message}`);
    }
    return undefined;
  };
}

/** True for a variable that the entry's own `apiKey` names, false for one in a header or a row of that name. */
export function isNamedByApiKey({ configPath }: MissingVariable): boolean {
  return (
    configPath.endsWith('.apiKey') &&
    !/^models\.providers\..+\.(?:headers|models\[\d+\].*)\./.test(configPath)
  );
}

function checkBaseUrl(text: string, context: z.RefinementCtx): string {
  const fault = baseUrlFault(text);
  if (fault === undefined) return text.replace(/\/+$/, '');
  context.addIssue({ code: 'custom', message: fault });
  return z.NEVER;
}

function baseUrlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute URL, for example https://api.example.com/v1';
  // The URL parser accepts "http:host" and drops tabs and line ends; a caller's may not.
  if (!/^https?:\/\//i.test(text)) return 'must begin with http:// or https://';
  if (hasControlCharacters(text)) return 'must not hold control characters';
  const { username, password } = new URL(text);
  if (username !== '' || password !== '') return 'must not hold a user name or a password';
  return undefined;
}

function checkHeaders(raw: unknown, context: z.RefinementCtx): Readonly<Record<string, string>> {
  if (!isRecord(raw)) {
    context.addIssue({ code: 'custom', message: 'must be an object' });
    return z.NEVER;
  }
  const kept: [string, string][] = [];
  for (const [name, value] of Object.entries(raw)) {
    const fault = headerFault(name, value);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    else if (typeof value === 'string') kept.push([name, value]);
  }
  return recordOf(kept);
}

function headerFault(name: string, value: unknown): string | undefined {
  const quoted = quoteUntrusted(name);
  if (!HEADER_NAME.test(name)) return `has ${quoted}, which cannot be a header's name`;
  if (isRecord(value)) return `has ${quoted}, which ${SECRET_REFERENCE}`;
  if (typeof value !== 'string') return `has ${quoted}, which must be a string`;
  if (!HEADER_VALUE.test(value)) return `has ${quoted} with a character that no header may carry`;
  return undefined;
}
