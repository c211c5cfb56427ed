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
  /** A token that no secret is given to. */
  readonly tokenWithoutSecrets: string;
  readonly providers: readonly string[];
  /** Secrets of a caller who makes mistakes. */
  readonly mistaken: { readonly token: string; readonly query: string; readonly body: string };
}

/** Routes whose good answers hold secrets, by the ids of their descriptions. In any other answer one is a leak. */
const HANDS_OUT: ReadonlySet<string> = new Set(['resolve', 'rejected', 'getAwsCredentials']);

/** Good bodies by the ids of the routes that take one. */
const BODIES: Readonly<Record<string, (provider: string) => readonly object[]>> = {
  connect: () => [{ model: MODEL, persist: true }],
  setDefaultModel: (provider) => [{ model: `${provider}/${MODEL}` }],
  rejected: () => [{ status: 401, message: 'no such key' }],
  startLogin: (provider) => [
    { provider, flow: 'code' },
    { provider, flow: 'device' },
  ],
  leaseToken: () => [{ name: 'exec:self-test:1', id: '0123456789ab', sha256: '0'.repeat(64) }],
};

/** Ids that answers gave and other routes take, each with the answer that it stood in. */
export interface KnownIds {
  readonly resolutions: ReadonlyMap<string, string>;
  readonly logins: ReadonlyMap<string, string>;
}

/** What a provider may say of a credential, as its caller reports it. */
const REPORTED = [401, 403, 429, 503, 402] as const;

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
    ...goodRequestsOf(routes, input),
    ...routes.flatMap((route) => badRequests(route, input)),
    ...strayRequests(input),
  ];
}

/** Requests that nothing is wrong with. */
export function goodRequestsOf(
  routes: readonly RouteDescription[],
  input: RequestInput,
): readonly SelfTestRequest[] {
  return routes.flatMap((route) => goodRequests(route, input, HANDS_OUT.has(route.id)));
}

/** The same of a caller whom no secret is given to: then none of the answers may hold one. */
export function requestsWithoutSecrets(
  routes: readonly RouteDescription[],
  input: RequestInput,
): readonly SelfTestRequest[] {
  const few = { ...input, token: input.tokenWithoutSecrets, providers: input.providers.slice(0, 2) };
  return routes.flatMap((route) => goodRequests(route, few, false));
}

/**
 * Requests about what was answered before: each credential is reported as refused, in words that repeat it as
 * careless providers do; each login is asked about.
 */
export function followUps(
  routes: readonly RouteDescription[],
  input: RequestInput,
  { resolutions, logins }: KnownIds,
): readonly SelfTestRequest[] {
  const headers = { authorization: `Bearer ${input.token}` };
  const withType = { ...headers, 'content-type': 'application/json' };
  return routes.flatMap((route): SelfTestRequest[] => {
    switch (route.id) {
      case 'rejected':
        return [...resolutions].map(([id, answer], index) => ({
          ...nameOf(route),
          target: targetOf(route, id),
          headers: withType,
          body: JSON.stringify({
            status: REPORTED[index % REPORTED.length],
            message: `Incorrect API key provided: ${answer}`,
          }),
          handsOut: true,
        }));
      case 'getLogin':
        return [...logins.keys()].map((id) => ({
          ...nameOf(route),
          target: targetOf(route, id),
          headers,
          handsOut: false,
        }));
      default:
        return [];
    }
  });
}

function goodRequests(
  route: RouteDescription,
  { token, providers }: RequestInput,
  handsOut: boolean,
): SelfTestRequest[] {
  const makeBodies = BODIES[route.id];
  const isForEach = route.path.includes(':') || makeBodies !== undefined;
  // What changes something takes longer, and is the same for most providers.
  const asked =
    makeBodies === undefined ? providers : [...providers.slice(0, 3), ...providers.filter(isLogin)];
  const headers = { authorization: `Bearer ${token}` };
  const make = (provider: string, query: string): SelfTestRequest[] => {
    const request = { ...nameOf(route), target: `${targetOf(route, provider)}${query}`, handsOut };
    if (makeBodies === undefined) return [{ ...request, headers }];
    return makeBodies(provider).map((body) => ({
      ...request,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }));
  };
  const names = Object.keys(route.query ?? {});
  const queries = names.flatMap((name) => queriesOf(name, providers));
  return [
    ...(isForEach ? asked : ['none']).flatMap((provider) => make(provider, '')),
    ...queries.flatMap((query) => make(providers[0] ?? 'none', query)),
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
    make(good, `?${mistaken.query}=1`),
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
  return path.replaceAll(/:\w+/g, encodeURIComponent(argument));
}
