/** The named schemas of the document: each answer and body stands once, and the rest refers to it. */
import * as z from 'zod';
import { ERROR_CODES } from '../../domain/errors.ts';
import type { RouteGroup } from './route-description.ts';

/** A piece of JSON Schema. */
type JsonSchema = Readonly<Record<string, unknown>>;

/** The schemas as JSON Schema, and how to refer to one. */
export interface NamedSchemas {
  readonly components: Readonly<Record<string, JsonSchema>>;
  /** @throws Error for a schema that no group names: a bug, which a test finds */
  readonly refTo: (schema: z.ZodType) => JsonSchema;
}

/** Turns the schemas of all groups into components. */
export function nameSchemas(groups: readonly RouteGroup[]): NamedSchemas {
  const registry = z.registry<{ id: string }>();
  for (const { schemas } of groups) {
    for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  }
  const made = z.toJSONSchema(registry, {
    // As senders see it: answers may grow fields, and a body may leave out what has a default.
    io: 'input',
    uri: pathOf,
  });
  const components = Object.fromEntries(
    // The document says which dialect it is in, and where each schema stands.
    Object.entries(made.schemas).map(([name, { $schema: _dialect, $id: _place, ...schema }]) => [
      name,
      name === 'ErrorCode' ? { ...schema, description: codesInWords() } : schema,
    ]),
  );
  return {
    components,
    refTo: (schema) => {
      const { id } = registry.get(schema) ?? {};
      if (id === undefined) throw new Error('A route of the document has a schema without a name');
      return { $ref: pathOf(id) };
    },
  };
}

function pathOf(name: string): string {
  return `#/components/schemas/${name}`;
}

/** Every code with its status and its exit code, as a reader of the document alone needs it. */
function codesInWords(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { status, exitCode, title }]) =>
      `- \`${code}\`: ${title} (HTTP ${status}, exit code ${exitCode})`,
  );
  return rows.join('\n');
}
