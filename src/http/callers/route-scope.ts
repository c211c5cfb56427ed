/**
 * What a limited token may do on each route. The guard reads this table before any route runs, and a route
 * that is not in it is refused, so that a new one is closed until somebody decides.
 */

/**
 * - `everybody`: nothing in the answer depends on the caller
 * - `filtered`: the answer leaves out what is beyond the scope
 * - `asked`: the query names a model or a provider, or means the default model
 * - `visible`: the path names a provider of which something is within the scope
 * - `provider`: the path names a provider, all of whose models have to be within the scope
 * - `resolution`: the path names an earlier resolution
 * - `refused`: not for a token that is limited to providers or models
 */
export type ScopeRule =
  | 'everybody'
  | 'filtered'
  | 'asked'
  | 'visible'
  | 'provider'
  | 'resolution'
  | 'refused';

/** One route, written as the router writes it. */
export interface RouteScope {
  readonly method: string;
  readonly path: string;
  /** For a token that is limited to providers or models. */
  readonly narrowed: ScopeRule;
  /** For a token without secrets. */
  readonly withoutSecrets: 'allowed' | 'refused';
}

/** Whoever is limited changes nothing, and learns nothing of what lies beyond the limit. */
export const ROUTE_SCOPES: readonly RouteScope[] = [
  route('GET', '/livez', 'everybody', 'allowed'),
  route('GET', '/health', 'filtered', 'allowed'),
  route('GET', '/openapi.json', 'everybody', 'allowed'),
  route('GET', '/metrics', 'refused', 'allowed'),
  route('GET', '/v1/resolve', 'asked', 'refused'),
  route('POST', '/v1/resolve/:resolutionId/rejected', 'resolution', 'refused'),
  route('GET', '/v1/explain', 'asked', 'allowed'),
  route('GET', '/v1/providers', 'filtered', 'allowed'),
  route('GET', '/v1/providers/:id', 'visible', 'allowed'),
  route('GET', '/v1/models', 'filtered', 'allowed'),
  route('GET', '/v1/aws/credentials/:provider', 'provider', 'refused'),
  route('GET', '/v1/discovery', 'refused', 'allowed'),
  route('POST', '/v1/discovery/scan', 'refused', 'refused'),
  route('GET', '/v1/events', 'refused', 'allowed'),
  route('GET', '/v1/snapshot', 'refused', 'allowed'),
  route('GET', '/v1/setup/:provider', 'refused', 'allowed'),
  route('POST', '/v1/setup/:provider', 'refused', 'refused'),
  route('PUT', '/v1/default-model', 'refused', 'refused'),
  route('POST', '/v1/logins', 'refused', 'refused'),
  route('GET', '/v1/logins/:id', 'refused', 'refused'),
  route('GET', '/v1/tokens', 'refused', 'refused'),
  route('POST', '/v1/tokens/lease', 'refused', 'refused'),
];

function route(
  method: string,
  path: string,
  narrowed: ScopeRule,
  withoutSecrets: RouteScope['withoutSecrets'],
): RouteScope {
  return { method, path, narrowed, withoutSecrets };
}

/** The route that a request reaches, with the segment of its path that has a name; undefined: none that is known. */
export function findRouteScope(
  method: string,
  path: string,
): { readonly scope: RouteScope; readonly argument: string | null } | undefined {
  const asked = path.split('/');
  const wanted = method === 'HEAD' ? 'GET' : method;
  for (const scope of ROUTE_SCOPES) {
    if (scope.method !== wanted) continue;
    const template = scope.path.split('/');
    if (template.length !== asked.length) continue;
    let argument: string | null = null;
    const fits = template.every((part, index) => {
      const given = asked[index] ?? '';
      if (!part.startsWith(':')) return part === given;
      argument = given;
      return given !== '';
    });
    if (fits) return { scope, argument };
  }
  return undefined;
}
