/** The document against the code: the same routes, the same codes, nothing twice. */
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../../src/domain/errors.ts';
import { openApiDocument } from '../../../src/http/openapi/document.ts';
import { ROUTE_GROUPS } from '../../../src/http/openapi/routes.ts';
import { OPEN_PATHS } from '../../../src/server.ts';
import { codesIn, readPage, tableOf } from '../../docs/pages.ts';

const described = ROUTE_GROUPS.flatMap(({ routes }) => routes);
const document = JSON.stringify(openApiDocument('1.2.3'));

/** The routes of the router itself, as the table of the page has them: another test holds that it has all. */
const registered = tableOf(readPage('docs/http-api.md'), 'route', 'token', 'parameters').map(
  ([cell = '']) => {
    const [method = '', path = ''] = (codesIn(cell)[0] ?? '').split(' ');
    return `${method.toLowerCase()} ${path}`;
  },
);

describe('"every route of the code is in the OpenAPI document and the reverse"', () => {
  it('the router has routes', () => {
    expect(registered.length).toBeGreaterThan(12);
  });

  it('both have the same', () => {
    expect(described.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(registered.sort());
  });

  it('a route answers without a token in the document where it does in the code', () => {
    const open = described.filter(({ token }) => token !== 'needed').map(({ path }) => path);
    expect(open).toEqual([...OPEN_PATHS]);
  });

  it('every operation has a name of its own, and every parameter of a path a meaning', () => {
    expect(new Set(described.map(({ id }) => id)).size).toBe(described.length);
    for (const { path, pathParameters = {} } of described) {
      expect(Object.keys(pathParameters)).toEqual([...path.matchAll(/:(\w+)/g)].map(([, name]) => name));
    }
  });
});

describe('the document', () => {
  it('is OpenAPI 3.1 with the version of the program, and refers to nothing that is not there', () => {
    const parsed: { components: { schemas: object; responses: object } } = JSON.parse(document);
    expect(parsed).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
    const places = [
      ...Object.keys(parsed.components.schemas).map((name) => `#/components/schemas/${name}`),
      ...Object.keys(parsed.components.responses).map((name) => `#/components/responses/${name}`),
    ];
    const references = [...document.matchAll(/"\$ref":"([^"]+)"/g)].map(([, place = '']) => place);
    expect(references.length).toBeGreaterThan(50);
    expect(references.filter((place) => !places.includes(place))).toEqual([]);
  });

  it('a body is required where the router needs one, and nowhere else', () => {
    const { paths }: { paths: Record<string, Record<string, { requestBody?: { required: boolean } }>> } =
      JSON.parse(document);
    const required = Object.entries(paths).flatMap(([path, operations]) =>
      Object.values(operations).flatMap(({ requestBody }) =>
        requestBody === undefined ? [] : [[path, requestBody.required] as const],
      ),
    );
    expect(Object.fromEntries(required)).toEqual({
      // docs/http-api.md: "The body may be left out."
      '/v1/resolve/{resolutionId}/rejected': false,
      '/v1/setup/{provider}': true,
      '/v1/default-model': true,
      '/v1/logins': true,
      '/v1/tokens/lease': true,
    });
  });

  it('no schema has two names, and no two schemas have the same', () => {
    const named = ROUTE_GROUPS.flatMap(({ schemas }) => Object.entries(schemas));
    expect(new Set(named.map(([name]) => name)).size).toBe(named.length);
    expect(new Set(named.map(([, schema]) => schema)).size).toBe(named.length);
  });

  it.each(Object.entries(ERROR_CODES))('tells the status of %s', (code, { status, exitCode, title }) => {
    expect(document).toContain(`- \`${code}\`: ${title} (HTTP ${status}, exit code ${exitCode})`);
  });
});
