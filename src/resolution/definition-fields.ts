/** Rules that provider entries and their model rows share: how a field is read, what a base URL and a header are. */
import * as z from 'zod';
import type { MissingVariable } from '../domain/provider.ts';
import { isRecord, recordOf } from '../domain/record.ts';
import { readSecretRef, type SecretRef } from '../domain/secret-ref.ts';
import { hasControlCharacters, quoteUntrusted } from '../domain/untrusted-text.ts';

/** RFC 9110: what a header's name is made of, and what its value may hold. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** `${NAME}`, `$NAME` and `secretref-env:NAME` as whole values. */
const REFERENCE_TEXT = /^(?:\$\{([A-Z_][A-Z0-9_]*)\}|\$([A-Z_][A-Z0-9_]*)|secretref-env:([A-Z_][A-Z0-9_]*))$/;

/** Text with something in it. */
export const textField = z
  .string('must be a string')
  .trim()
  .min(1, 'must not be empty')
  .refine((text) => !hasControlCharacters(text), 'must not hold control characters');

/** An http or https URL, without its trailing slashes. No issue repeats the text: it may hold a password. */
export const baseUrlField = z.string('must be a string').trim().transform(checkBaseUrl);

/** Extra headers as they are sent, and those whose values stand elsewhere. */
export interface ConfiguredHeaders {
  readonly headers: Readonly<Record<string, string>>;
  readonly headerRefs?: Readonly<Record<string, SecretRef>>;
}

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

/** Why a text is no base URL, in words that follow its name and show nothing of it; undefined for one that can be used. */
export function baseUrlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute URL, for example https://api.example.com/v1';
  // The URL parser accepts "http:host" and drops tabs and line ends; a caller's may not.
  if (!/^https?:\/\//i.test(text)) return 'must begin with http:// or https://';
  if (hasControlCharacters(text)) return 'must not hold control characters';
  const { username, password } = new URL(text);
  if (username !== '' || password !== '') return 'must not hold a user name or a password';
  return undefined;
}

function checkHeaders(raw: unknown, context: z.RefinementCtx): ConfiguredHeaders {
  if (!isRecord(raw)) {
    context.addIssue({ code: 'custom', message: 'must be an object' });
    return z.NEVER;
  }
  const kept: [string, string][] = [];
  const references: [string, SecretRef][] = [];
  for (const [name, value] of Object.entries(raw)) {
    const header = readHeader(name, value);
    if (typeof header !== 'string') references.push([name, header]);
    else if (header === '') kept.push([name, String(value)]);
    else context.addIssue({ code: 'custom', message: header });
  }
  return {
    headers: recordOf(kept),
    ...(references.length === 0 ? {} : { headerRefs: recordOf(references) }),
  };
}

/** Where the value stands; else what is wrong with the header, in words, empty when it can be sent as it is. */
function readHeader(name: string, value: unknown): SecretRef | string {
  const quoted = quoteUntrusted(name);
  if (!HEADER_NAME.test(name)) return `has ${quoted}, which cannot be a header's name`;
  if (isRecord(value)) {
    const read = readSecretRef(value);
    return read.kind === 'reference' ? read.reference : `has ${quoted}, which ${read.reason}`;
  }
  if (typeof value !== 'string') return `has ${quoted}, which must be a string`;
  if (!HEADER_VALUE.test(value)) return `has ${quoted} with a character that no header may carry`;
  // For some tools the text means the output of a command; sent as it is it would only give the command away.
  if (value.trim().startsWith('!'))
    return `has ${quoted}, which is a command (it starts with "!"), and commands are never run`;
  return referenceInText(value.trim()) ?? '';
}

/** The short forms of a reference, and the markers that the operators' other tools leave in its place. */
function referenceInText(text: string): SecretRef | undefined {
  // The value is where that tool keeps it, and nothing here can be sent for it.
  if (text === 'secretref-managed') return { source: 'store', provider: null, id: text };
  const [, braced, bare, marked] = REFERENCE_TEXT.exec(text) ?? [];
  const id = braced ?? bare ?? marked;
  return id === undefined ? undefined : { source: 'env', provider: null, id };
}
