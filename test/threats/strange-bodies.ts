/** What somebody with the full token may send to the routes: strange bodies, and requests that name a server. */
import { ROUTE_GROUPS } from '../../src/http/openapi/routes.ts';
import { head } from '../helpers/raw-http.ts';
import type { Aim } from './forged-requests.ts';

/** Every route that takes a JSON body, with a body that fits it. */
export const BODY_ROUTES: readonly (readonly [string, string])[] = [
  ['PUT /v1/default-model', '{"model":"acme/m"}'],
  ['POST /v1/setup/acme', '{"model":"acme/m"}'],
  ['POST /v1/resolve/rs_none/rejected', '{"status":401}'],
  ['POST /v1/logins', '{"provider":"acme","flow":"code"}'],
  ['POST /v1/tokens/lease', `{"name":"exec:x:1","id":"${'0'.repeat(12)}","sha256":"${'0'.repeat(64)}"}`],
];

/** The same routes as the server's document lists them. */
export function describedBodyRoutes(): readonly string[] {
  return ROUTE_GROUPS.flatMap(({ routes }) => routes)
    .filter((route) => 'body' in route && route.body !== undefined)
    .map(
      ({ method, path }) =>
        `${method.toUpperCase()} ${path.replace(':provider', 'acme').replace(':id', 'x').replace(':resolutionId', 'rs_none')}`,
    );
}

/** Types that are not JSON; a form can send the first three. */
export const OTHER_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'text/json',
] as const;

/** The bytes of a request with a body. */
export function withBody(
  { host, token }: Aim,
  route: string,
  body: string,
  type = 'application/json',
): string {
  const lines = [
    `${route} HTTP/1.1`,
    host,
    `Authorization: Bearer ${token}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body, 'latin1')}`,
    'Connection: close',
  ];
  return head(...lines) + body;
}

/** G12: bodies that are 400, made from one that fits. */
export function strangeBodies(body: string): readonly string[] {
  const inner = body.slice(1);
  const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  return [
    `{${inner.slice(0, -1)},${inner}`,
    `{"\\u005f_proto__":{"model":"acme/m"},${inner}`,
    `{"__proto__":null,${inner}`,
    `{"constructor":{"prototype":{}},${inner}`,
    `{"a":${deep(10_000)},${inner}`,
    deep(10_000),
    `{"a":`.repeat(10_000),
    '[]',
    'null',
    '"text"',
    '',
    '{',
    `${body} ${body}`,
    '\u00ff\u00fe',
  ];
}

/** G12: a body that is 413. */
export const LARGE_BODY = `{"a":"${'x'.repeat(65 * 1024)}"}`;

/** Threat 25: the body with what listings show in place of a key, in each field that might take one. */
export function maskedKeys(body: string): readonly string[] {
  return ['apiKey', 'key', 'token', 'secret', 'credentials'].map(
    (field) => `{"${field}":"[secret]",${body.slice(1)}`,
  );
}

/** Threat 13: paths that name a server, or a provider in a way that could lead to one. */
export function steeringPaths(evil: string): readonly string[] {
  return [
    `model=acme/m&baseUrl=http://${evil}/v1`,
    `model=acme/m&base_url=http://${evil}`,
    `model=acme/m&gatewayUrl=ws://${evil}`,
    `model=acme/m&url=http://${evil}`,
    `model=acme/m&host=${evil}`,
    `model=//${evil}/m`,
    `model=%5C%5C${evil}/m`,
    `model=http://${evil}/m`,
    `model=acme@${evil}/m`,
    `model=acme:x@${evil}/m`,
    `model=acme./m`,
    `model=acme:1/m`,
    `model=acme%00/m`,
    `model=acme%2f..%2fopenai/m`,
    `provider=http://${evil}`,
    `provider=acme&provider=evil`,
    `provider=acme.`,
  ].map((query) => `/v1/resolve?${query}`);
}

/** Threat 13: header lines that steer other servers, and say nothing here. */
export function steeringLines(evil: string): readonly string[] {
  return [
    `X-Target: http://${evil}`,
    `X-Base-Url: http://${evil}`,
    `X-Original-Url: /v1/tokens`,
    `X-Http-Method-Override: PUT`,
  ];
}

/** Paths whose answers show what there is, and no key of it. */
export const SHOWING_PATHS = [
  '/v1/providers/acme',
  '/v1/explain?model=acme/m',
  '/v1/snapshot',
  '/health',
  '/metrics',
] as const;
