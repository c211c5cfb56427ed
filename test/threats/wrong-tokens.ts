/** Ways to show a token that is none, or a right one in the wrong way; and every route that wants one. */
import { ROUTE_GROUPS } from '../../src/http/openapi/routes.ts';

/** Header lines in place of the right one, and what becomes of the request. */
export interface WrongToken {
  readonly lines: readonly string[];
  readonly status: number;
  readonly code: string;
}

const unauthorized = (...lines: readonly string[]): WrongToken => ({
  lines,
  status: 401,
  code: 'unauthorized',
});

/** Threat 7. */
export function presentButWrong(token: string): readonly WrongToken[] {
  const right = `Authorization: Bearer ${token}`;
  return [
    ...[
      '',
      'Bearer',
      'Bearer x',
      "Bearer '",
      "Bearer ' OR '1'='1",
      'Bearer null',
      'Bearer undefined',
      'Bearer [object Object]',
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token}x`,
      `Bearer ${token.toUpperCase()}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer "${token}"`,
      `Bearer  ${token}`,
      `Bearer\t${token}`,
      `Bearer ${'x'.repeat(15_000)}`,
    ].map((value) => unauthorized(`Authorization: ${value}`)),
    ...['X-Api-Key', 'Cookie', 'Proxy-Authorization', 'X-Auth-Token', 'X-Provider-Sidecar-Token'].map(
      (header) => unauthorized(`${header}: ${token}`),
    ),
    { lines: [right, right], status: 400, code: 'bad-request' },
    { lines: [right, 'authorization: Bearer x'], status: 400, code: 'bad-request' },
    { lines: [`Authorization: Bearer ${token}\u0000`], status: 400, code: 'bad-request' },
    { lines: [`Authorization: Bearer ${'x'.repeat(1024 * 1024)}`], status: 431, code: 'bad-request' },
  ];
}

/** Threat 8. */
export function otherSchemes(token: string): readonly WrongToken[] {
  const basic = Buffer.from(`user:${token}`).toString('base64');
  return [
    token,
    `bearer ${token}`,
    `BEARER ${token}`,
    `Basic ${basic}`,
    `Digest ${token}`,
    `Token ${token}`,
  ].map((value) => unauthorized(`Authorization: ${value}`));
}

/** The request line of each route, with `acme` where it takes a name, and whether it answers without a token. */
export function everyRoute(): readonly { readonly line: string; readonly isOpen: boolean }[] {
  return ROUTE_GROUPS.flatMap((group) => group.routes).map(({ method, path }) => {
    const plain = path.replaceAll(/:\w+/g, 'acme');
    return {
      line: `${method.toUpperCase()} ${plain} HTTP/1.1`,
      isOpen: plain === '/livez' || plain === '/health',
    };
  });
}

/** Requests of open paths with another method, and of paths that are none. */
export const STRAY_LINES = [
  'POST /livez',
  'DELETE /health',
  'GET /nothing',
  'TRACE /v1/resolve',
  'GET /',
].map((line) => `${line} HTTP/1.1`);
