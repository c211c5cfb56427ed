/** The OpenAPI 3.1 document, made of the descriptions of the routes and the schemas of the answers. */
import * as z from 'zod';
import { type ErrorCode, factsOf } from '../../domain/errors.ts';
import { problemDetails } from '../../domain/answers/problem.ts';
import { nameSchemas, type NamedSchemas } from './named-schemas.ts';
import type { RouteDescription, RouteGroup } from './route-description.ts';
import { ROUTE_GROUPS } from './routes.ts';

/** Codes that every route can answer with: the guard's, and a failure of the program. */
const COMMON_ERRORS: readonly ErrorCode[] = [
  'bad-request',
  'unauthorized',
  'host-not-allowed',
  'origin-not-allowed',
  'forwarded-not-allowed',
  'internal',
];

/** Codes of routes that need the token. A wrong one is refused everywhere, so that code is common. */
const TOKEN_ERRORS: readonly ErrorCode[] = ['scope-not-allowed'];

/** Statuses that are closer than the code's own, with their codes. */
const CLOSER_STATUSES: readonly (readonly [number, string])[] = [
  [408, 'The request took too long to arrive'],
  [413, 'The body is too large'],
  [431, 'The headers are too large'],
];

/** @param version of the program */
export function openApiDocument(version: string): Readonly<Record<string, unknown>> {
  const schemas = nameSchemas(ROUTE_GROUPS);
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'provider-sidecar',
      version,
      summary: 'Which provider serves a model, at which URL, and how to authenticate',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The url of endpoint.json' }],
    tags: ROUTE_GROUPS.map(({ title }) => ({ name: title })),
    paths: pathsOf(ROUTE_GROUPS, schemas),
    components: {
      schemas: schemas.components,
      responses: Object.fromEntries(
        CLOSER_STATUSES.map(([status, description]) => [
          `Status${status}`,
          { description, content: problemContent(['bad-request'], schemas) },
        ]),
      ),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The token of endpoint.json' },
      },
    },
  };
}

function pathsOf(groups: readonly RouteGroup[], schemas: NamedSchemas): Record<string, object> {
  const paths: Record<string, Record<string, object>> = {};
  for (const { title, routes } of groups) {
    for (const route of routes) {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [route.method]: operationOf(route, title, schemas) };
    }
  }
  return paths;
}

function operationOf(route: RouteDescription, tag: string, schemas: NamedSchemas): object {
  const parameters = parametersOf(route);
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [tag],
    security: SECURITY[route.token],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            // The router's own rule: a body that may be an empty object may be left out.
            required: !route.body.safeParse({}).success,
            content: { 'application/json': { schema: schemas.refTo(route.body) } },
          },
        }),
    responses: responsesOf(route, schemas),
  };
}

const SECURITY = { none: [], optional: [{}, { token: [] }], needed: [{ token: [] }] } as const;

function parametersOf({ pathParameters = {}, query = {} }: RouteDescription): object[] {
  const inPath = Object.entries(pathParameters).map(([name, description]) => ({
    name,
    in: 'path',
    required: true,
    description,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, about]) => {
    const { meaning, schema } = typeof about === 'string' ? { meaning: about, schema: z.string() } : about;
    const { $schema: _dialect, ...plain } = z.toJSONSchema(schema);
    return { name, in: 'query', description: meaning, schema: plain };
  });
  return [...inPath, ...inQuery];
}

function responsesOf(route: RouteDescription, schemas: NamedSchemas): Record<string, object> {
  const good = route.answers.map(({ status, description, type = 'application/json', schema }) => {
    const body = schema === undefined ? {} : { schema: schemas.refTo(schema) };
    return [String(status), { description, headers: HEADERS, content: { [type]: body } }] as const;
  });
  const responses: Record<string, Response> = Object.fromEntries(good);
  const codes = [...COMMON_ERRORS, ...(route.token === 'needed' ? TOKEN_ERRORS : []), ...route.errors];
  const { problem: schema = problemDetails, otherStatuses = [] } = route;
  for (const [status, ofStatus] of byStatus(codes, otherStatuses)) {
    const problem = {
      description: ofStatus.map((code) => `${code}: ${factsOf(code).title}`).join('\n\n'),
      headers: HEADERS,
      content: problemContent(ofStatus, schemas, schema),
    };
    const other = responses[status];
    responses[status] =
      other === undefined
        ? problem
        : {
            ...problem,
            description: `${other.description}\n\n${problem.description}`,
            content: { ...other.content, ...problem.content },
          };
  }
  const closer = CLOSER_STATUSES.map(([status]) => [
    String(status),
    { $ref: `#/components/responses/Status${status}` },
  ]);
  const unsupported =
    route.method === 'get'
      ? {}
      : {
          415: {
            description: 'The body is not application/json',
            content: problemContent(['bad-request'], schemas),
          },
        };
  return { ...responses, ...Object.fromEntries(closer), ...unsupported };
}

interface Response {
  readonly description: string;
  readonly headers: object;
  readonly content: Readonly<Record<string, object>>;
}

const HEADERS = { 'Cache-Control': { schema: { const: 'no-store' } } };

function problemContent(
  codes: readonly ErrorCode[],
  schemas: NamedSchemas,
  body: z.ZodType = problemDetails,
): Record<string, object> {
  const schema = { ...schemas.refTo(body), properties: { code: { enum: codes } } };
  return { 'application/problem+json': { schema } };
}

function byStatus(
  codes: readonly ErrorCode[],
  others: NonNullable<RouteDescription['otherStatuses']>,
): ReadonlyMap<string, readonly ErrorCode[]> {
  const groups = new Map<string, ErrorCode[]>();
  for (const { status, code } of [
    ...codes.map((one) => ({ status: factsOf(one).status, code: one })),
    ...others,
  ]) {
    const key = String(status);
    groups.set(key, [...(groups.get(key) ?? []), code]);
  }
  return groups;
}
