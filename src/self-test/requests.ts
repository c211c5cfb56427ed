/**
 * The requests of the self-test, made from the routes as the server's own document lists them: for each route good
 * ones, with every provider where it takes one, and one for each way of being refused.
 */
import type { RouteDescription } from '../http/openapi/route-description.ts';
import { MODEL } from './world.ts';

/** One request to the server. */
export interface SelfTestRequest {
  /** `GET /v1/resolve`, as the router spells it. */
  readonly route: string;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** True: its good answer is what secrets are there for. */
  readonly handsOut: boolean;
}

/** What the requests are made with. */
export interface RequestInput {
  readonly token: string;
  readonly providers: readonly string[];
  /** Secrets of a caller who makes mistakes. */
  readonly mistaken: { readonly token: string; readonly query: string; readonly body: string };
}

/** Routes whose good answers hold secrets, by the ids of their descriptions. In any other answer one is a leak. */
const HANDS_OUT: ReadonlySet<string> = new Set(['resolve', 'rejected', 'getAwsCredentials']);

/** Good bodies by the ids of the routes that take one. */
const BODIES: Readonly<Record<string, (provider: string) => object>> = {
  connect: () => ({ model: MODEL, persist: false }),
  setDefaultModel: (provider) => ({ model: `${provider}/${MODEL}` }),
  rejected: () => ({ status: 401, message: 'no such key' }),
  startLogin: (provider) => ({ provider, flow: 'code' }),
  leaseToken: () => ({ name: 'exec:self-test:1', id: '0123456789ab', sha256: '0'.repeat(64) }),
};

/** Routes that take a body, and for which no good one stands here. */
export function routesWithoutBody(routes: readonly RouteDescription[]): readonly string[] {
  return routes
    .filter(({ id, body }) => body !== undefined && !Object.hasOwn(BODIES, id))
    .map(({ id }) => id);
}

/** Every request, the good ones first. */
export function requestsOf(
  routes: readonly RouteDescription[],
  input: RequestInput,
): readonly SelfTestRequest[] {
  return [
    ...routes.flatMap((route) => goodRequests(route, input)),
    ...routes.flatMap((route) => badRequests(route, input)),
    ...strayRequests(input),
  ];
}

function goodRequests(route: RouteDescription, { token, providers }: RequestInput): SelfTestRequest[] {
  const makeBody = BODIES[route.id];
  const isForEach = route.path.includes(':') || makeBody !== undefined;
  // What changes something takes longer, and is the same for most providers.
  const asked = makeBody === undefined ? providers : [...providers.slice(0, 3), ...providers.filter(isLogin)];
  const headers = { authorization: `Bearer ${token}` };
  const make = (provider: string, query: string): SelfTestRequest => ({
    ...nameOf(route),
    target: `${targetOf(route, provider)}${query}`,
    headers: makeBody === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(makeBody === undefined ? {} : { body: JSON.stringify(makeBody(provider)) }),
    handsOut: HANDS_OUT.has(route.id),
  });
  const names = Object.keys(route.query ?? {});
  const queries = names.flatMap((name) => queriesOf(name, providers));
  return [
    ...(isForEach ? asked : ['none']).map((provider) => make(provider, '')),
    ...queries.map((query) => make(providers[0] ?? 'none', query)),
  ];
}

/** Values of a query parameter: of those that are known each provider, of any other a plain word. */
function queriesOf(name: string, providers: readonly string[]): string[] {
  switch (name) {
    case 'provider':
      return providers.map((id) => `?provider=${id}`);
    case 'model':
      return [...providers, 'nobody'].map((id) => `?model=${id}/${MODEL}`);
    case 'profile':
      return providers
        .slice(0, 4)
        .flatMap((id) => [`?provider=${id}&profile=${id}:p`, `?provider=${id}&profile=nobody`]);
    case 'all':
      return ['?all=true'];
    case 'since':
      return ['?since=0'];
    default:
      return [`?${name}=canaries-are-looked-for-here`];
  }
}

function isLogin(providerId: string): boolean {
  return providerId.includes('login');
}

function badRequests(route: RouteDescription, { token, mistaken }: RequestInput): SelfTestRequest[] {
  const make = (headers: Readonly<Record<string, string>>, query = '', body?: string): SelfTestRequest => ({
    ...nameOf(route),
    target: `${targetOf(route, 'none')}${query}`,
    headers,
    ...(body === undefined ? {} : { body }),
    handsOut: false,
  });
  const good = { authorization: `Bearer ${token}` };
  const json = { ...good, 'content-type': 'application/json' };
  const bodies = [`{"key": "${mistaken.body}`, JSON.stringify({ [mistaken.body]: mistaken.body })];
  return [
    make({}),
    make({ authorization: `Bearer ${mistaken.token}` }),
    make({ authorization: `Basic ${mistaken.token}` }),
    make({ ...good, origin: 'http://page.example' }),
    make({ ...good, 'x-forwarded-for': '10.0.0.1' }),
    make(good, `?token=${mistaken.query}`),
    make({}, `?token=${mistaken.query}`),
    ...(route.method === 'get' ? [] : bodies.map((body) => make(json, '', body))),
    ...(route.method === 'get' ? [] : [make({ ...good, 'content-type': 'text/plain' }, '', mistaken.body)]),
  ];
}

/** Requests that no route is for. */
function strayRequests({ token, mistaken }: RequestInput): SelfTestRequest[] {
  const headers = { authorization: `Bearer ${token}` };
  return (
    [
      ['GET', '/nowhere'],
      ['GET', `/v1/nowhere?key=${mistaken.query}`],
      ['DELETE', '/v1/resolve'],
      ['OPTIONS', '/v1/resolve'],
      ['HEAD', '/v1/resolve'],
      ['GET', '/v1/resolve?model=%E0%A4%A'],
    ] as const
  ).map(([method, target]) => ({ route: `${method} elsewhere`, method, target, headers, handsOut: false }));
}

function nameOf({ method, path }: RouteDescription): { route: string; method: string } {
  return { route: `${method.toUpperCase()} ${path}`, method: method.toUpperCase() };
}

function targetOf({ path }: RouteDescription, argument: string): string {
  return path.replaceAll(/:\w+/g, argument);
}
