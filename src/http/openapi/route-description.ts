/** What the OpenAPI document says of one route, and of a group of routes that stand in one file. */
import type * as z from 'zod';
import type { ErrorCode } from '../../domain/errors.ts';

/** One answer that is no error. */
export interface RouteAnswer {
  readonly status: number;
  readonly description: string;
  /** @default application/json */
  readonly type?: string;
  /** One of the named schemas; none for text that has no shape of its own, or for an empty answer. */
  readonly schema?: z.ZodType;
}

/** One route. */
export interface RouteDescription {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** As the router spells it: `/v1/providers/:id`. */
  readonly path: `/${string}`;
  /** Name of the operation, for generated clients. */
  readonly id: string;
  readonly summary: string;
  /** Whether the caller shows its token; `optional`: with it the answer says more. */
  readonly token: 'none' | 'optional' | 'needed';
  /** What each `:name` of the path means. */
  readonly pathParameters?: Readonly<Record<string, string>>;
  /** Query parameters, each with its meaning. */
  readonly query?: Readonly<
    Record<string, string | { readonly meaning: string; readonly schema: z.ZodType }>
  >;
  /** One of the named schemas. */
  readonly body?: z.ZodType;
  readonly answers: readonly RouteAnswer[];
  /** Codes of this route besides those that every route has. */
  readonly errors: readonly ErrorCode[];
  /** Codes that this route answers with a closer status than the code's own. */
  readonly otherStatuses?: readonly { readonly status: number; readonly code: ErrorCode }[];
  /** One of the named schemas: the body of its errors, where they say more. @default the common one */
  readonly problem?: z.ZodType;
}

/** Routes of one subject, with the schemas of their bodies under the names that the document gives them. */
export interface RouteGroup {
  readonly title: string;
  readonly routes: readonly RouteDescription[];
  readonly schemas: Readonly<Record<string, z.ZodType>>;
}
