/**
 * What the schemas of the answers have in common. The schemas are the one definition of what goes over the wire:
 * the types of the program are made of them, and so is the OpenAPI document. They stand in the domain because
 * every part speaks of answers: resolution makes them, validation judges health, http sends them, a client reads
 * them. Whoever needs a type imports the type alone, so that no schema is loaded before the document is asked for.
 * Nothing is checked against them while the program answers.
 */
import * as z from 'zod';

/** The type of an answer. */
export type Answer<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>;

type DeepReadonly<T> = { readonly [K in keyof T]: DeepReadonly<T[K]> };

/** A time, as `toIso` writes it. */
export const isoTime = z.string().meta({ format: 'date-time', description: 'ISO 8601, in UTC' });

/** Grows with each change of what the server knows. */
export const revision = z
  .int()
  .min(1)
  .describe('Revision of the snapshot that answered; it only grows while the server runs');
