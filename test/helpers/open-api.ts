/**
 * The OpenAPI document as a judge of answers. It is read more strictly than by a client: a field that the document
 * does not name is an error here, so that nothing is answered that is not documented.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../src/http/openapi/document.ts';

/** One answer of a server. */
export interface JudgedAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: unknown;
}

export interface OpenApiJudge {
  /** What is wrong with an answer to `method` of the document's `path`; empty when nothing is. */
  readonly faults: (method: string, path: string, answer: JudgedAnswer) => readonly string[];
  /** Every `METHOD /path` of the document, with its statuses that are no errors. */
  readonly operations: readonly { readonly name: string; readonly statuses: readonly string[] }[];
}

/** Reads the document. */
export function openApiJudge(): OpenApiJudge {
  const document = strict(openApiDocument('0.0.0'));
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(document, 'document');
  const paths = record(record(document)['paths']);
  return {
    operations: Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(record(methods)).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        statuses: Object.entries(record(record(operation)['responses']))
          .filter(([, response]) => 'application/json' in record(record(response)['content']))
          .map(([status]) => status),
      })),
    ),
    faults(method, path, { status, type, body }) {
      const place = ['paths', path, method.toLowerCase(), 'responses', String(status)];
      const response = record(at(document, place));
      const reference = response['$ref'];
      const whole = typeof reference === 'string' ? reference.slice('#/'.length).split('/') : [...place];
      const media = type.split(';', 1)[0] ?? '';
      const content = record(at(document, [...whole, 'content']));
      if (!(media in content)) return [`${method} ${path} does not document ${status} ${media}`];
      if (!('schema' in record(content[media]))) return [];
      const check = ajv.getSchema(
        `document#/${[...whole, 'content', media, 'schema'].map(pointer).join('/')}`,
      );
      if (check === undefined) return [`${method} ${path} has no schema for ${status}`];
      if (check(body)) return [];
      return (check.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
      );
    },
  };
}

/** The same schemas, closed to fields that they do not name. */
function strict(value: unknown, inSchema = false): object {
  const entries = Object.entries(record(value)).map(([key, inner]) => {
    if (Array.isArray(inner)) {
      return [key, inner.map((one: unknown) => (isObject(one) ? strict(one, inSchema) : one))] as const;
    }
    return [key, isObject(inner) ? strict(inner, inSchema || key === 'schemas') : inner] as const;
  });
  const made = Object.fromEntries(entries);
  const isClosed = inSchema && made['type'] === 'object' && 'properties' in made;
  return isClosed ? { ...made, additionalProperties: false } : made;
}

function at(value: unknown, place: readonly string[]): unknown {
  return place.reduce((inner: unknown, key) => record(inner)[key], value);
}

function pointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function record(value: unknown): Record<string, unknown> {
  return isObject(value) ? { ...value } : {};
}
