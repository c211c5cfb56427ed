/**
 * The HTTP interface: every route, in one place. The guard has run before a request gets here, so a route
 * may trust the Host and knows whether the caller showed a token.
 */
import { Hono } from 'hono';
import { messageOf, SidecarError } from './domain/errors.ts';
import type { DiscoveryAnswer } from './domain/answers/discovery.ts';
import type { DiscoveryReport } from './domain/runtime-state.ts';
import { type Caller, seesEverything } from './http/callers/caller.ts';
import type { Callers } from './http/callers/callers.ts';
import { readInForce, refuseLate } from './http/callers/ended-meanwhile.ts';
import { refuseNow, within } from './http/callers/scoped-answers.ts';
import { leaseBody, listTokens, openLease } from './http/callers/token-routes.ts';
import type { CredentialAudit } from './http/credential-audit.ts';
import { EVENT_STREAM_HEADERS, type Watching } from './http/events/watching.ts';
import { awsCredentialsResponse } from './http/aws-credentials.ts';
import { isChallenge, proofFor } from './http/liveness-proof.ts';
import type { GuardedEnv } from './http/node-server.ts';
import { JSON_HEADERS } from './http/ready-body.ts';
import type { Metrics } from './http/metrics/metrics.ts';
import { problemResponse } from './http/problem-details.ts';
import { noBody, readJsonBody, readOptionalJsonBody } from './http/json-body.ts';
import { type Logins, loginBody } from './http/login-routes.ts';
import { readQuery, RESOLVE_PARAMETERS, toResolveRequest } from './http/query.ts';
import { rejectionBody, toRejection } from './http/rejection-body.ts';
import { createResolveRoute } from './http/resolve-route.ts';
import { connectBody, defaultModelBody, type SetUp } from './http/set-up-routes.ts';
import type { Clock } from './platform/clock.ts';
import type { Logger } from './platform/logger.ts';
import { programVersion } from './platform/process.ts';
import { toExplainAnswer } from './resolution/answers/explain-answer.ts';
import { listModels, listProvider, listProviders } from './resolution/answers/listings.ts';
import { chooseDefaultModel } from './resolution/default-model.ts';
import type { ReportRejection } from './resolution/report-rejection.ts';
import type { Resolver } from './resolution/resolver.ts';
import type { Snapshot } from './resolution/snapshot.ts';
import type { HealthReport } from './validation/health.ts';

/** What the routes ask. */
export interface AppParts {
  readonly snapshot: () => Snapshot;
  readonly resolver: Resolver;
  readonly reportRejection: ReportRejection;
  readonly health: () => Promise<HealthReport>;
  /** The newest report, whose evidence may be newer than the snapshot's. */
  readonly discovery: () => DiscoveryReport;
  /** Scans now and waits; rejects with `config-invalid` when discovery is switched off. */
  readonly scan: () => Promise<DiscoveryReport>;
  readonly setUp: SetUp;
  readonly watching: Pick<Watching, 'stream' | 'poll'>;
  readonly logins: Logins;
  readonly callers: Callers;
  /** Reads the files of the tokens again; resolves when what they say is in force. */
  readonly reloadCallers: () => Promise<void>;
  /** Counts answers, and shows all counts. */
  readonly metrics: Pick<Metrics, 'timer' | 'resolved' | 'text'>;
  /** Told of every credential that leaves the server. */
  readonly audit: CredentialAudit;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'error'>;
}

/** Paths that answer without a token, and say nothing secret. */
export const OPEN_PATHS = ['/livez', '/health'] as const;

/** The connection is the lease: it ends with it, and must not be kept for another request. */
const LEASE_HEADERS = { ...JSON_HEADERS, 'content-type': 'application/x-ndjson', connection: 'close' };

/** Builds the app. Headers are set as an answer is made; setting them later halves the throughput. */
export function createApp({
  snapshot,
  resolver,
  reportRejection,
  health,
  discovery,
  scan,
  setUp,
  watching,
  logins,
  callers,
  reloadCallers,
  metrics,
  audit,
  clock,
  log,
}: AppParts) {
  const app = new Hono<{ Bindings: GuardedEnv }>();
  const resolveRoute = createResolveRoute({ snapshot, resolver, metrics, audit, clock });

  app.get('/livez', (c) => {
    const { challenge, caller } = readQuery(c.req.url, ['challenge', 'caller']);
    if (challenge === undefined && caller === undefined) return json({ status: 'ok' });
    if (challenge === undefined || !isChallenge(challenge)) {
      throw new SidecarError('bad-request', 'The challenge is 22 to 128 characters of base64url', [
        'Make one of 32 random bytes',
      ]);
    }
    const key = callers.proofKey(caller ?? null);
    const host = c.req.header('host') ?? '';
    return json({ status: 'ok', ...(key === undefined ? {} : { proof: proofFor(challenge, host, key) }) });
  });

  app.get('/health', async (c) => {
    readQuery(c.req.url, []);
    const report = await health();
    // Also where validation was skipped: the line is there when the default model can be used.
    const status = report.line === undefined ? 503 : 200;
    const { status: state, code } = report;
    return json(
      seesEverything(c.env.caller) ? report : { status: state, ...(code === undefined ? {} : { code }) },
      status,
    );
  });

  app.get(resolveRoute.path, (c) => resolveRoute.answer(c.req.url, c.env.caller, c.req.method));

  app.post('/v1/resolve/:resolutionId/rejected', async (c) => {
    readQuery(c.req.url, []);
    const read = await readInForce(c.env.caller, readOptionalJsonBody(c.req.raw, rejectionBody));
    if (read.kind === 'refused') return read.response;
    const rejection = toRejection(read.body, clock());
    const outcome = await reportRejection(c.req.param('resolutionId'), rejection);
    if (outcome.kind !== 'set-aside') return resolveRoute.respond(outcome, c.env.caller);
    return problemResponse(outcome.problem, { coolDown: outcome.coolDown }, clock());
  });

  app.get('/v1/explain', async (c) => {
    const query = readQuery(c.req.url, RESOLVE_PARAMETERS);
    const outcome = await resolver.resolve(toResolveRequest(query));
    if (outcome.kind === 'resolved') refuseNow(snapshot(), c.env.caller, outcome.resolution);
    // What a resolution id stands for is in the id alone; a default model that nobody asked for would mislead.
    const unasked = query.resolution === undefined ? chooseDefaultModel(snapshot())?.ref : undefined;
    const ref = query.model ?? query.provider ?? unasked ?? null;
    return json(toExplainAnswer(outcome, ref));
  });

  app.get('/v1/providers', async (c) => {
    const { all } = readQuery(c.req.url, ['all']);
    if (all !== undefined && all !== 'true' && all !== 'false') {
      throw new SidecarError('bad-request', 'The parameter all is true or false');
    }
    return json(await listProviders(within(snapshot(), c.env.caller), { all: all === 'true', now: clock() }));
  });

  app.get('/v1/providers/:id', async (c) => {
    readQuery(c.req.url, []);
    const id = c.req.param('id');
    const answer = await listProvider(within(snapshot(), c.env.caller), id, clock());
    return answer.kind === 'listed' ? json(answer.provider) : problemResponse(answer.problem);
  });

  app.get('/v1/models', async (c) => {
    readQuery(c.req.url, []);
    return json(await listModels(within(snapshot(), c.env.caller), clock()));
  });

  const toDiscoveryAnswer = (report: DiscoveryReport): DiscoveryAnswer => ({
    revision: snapshot().revision,
    ...report,
  });
  app.get('/v1/discovery', (c) => {
    readQuery(c.req.url, []);
    return json(toDiscoveryAnswer(discovery()));
  });

  app.post('/v1/discovery/scan', async (c) => {
    readQuery(c.req.url, []);
    const read = await readInForce(c.env.caller, readOptionalJsonBody(c.req.raw, noBody));
    if (read.kind === 'refused') return read.response;
    return json(toDiscoveryAnswer(await scan()));
  });

  app.get('/v1/events', (c): Response | Promise<Response> => {
    readQuery(c.req.url, []);
    // The headers alone: nobody would ever read the stream of this request.
    if (c.req.method === 'HEAD') return new Response(null, { headers: EVENT_STREAM_HEADERS });
    const lastEventId = c.req.header('last-event-id') ?? null;
    const { connection, caller } = c.env;
    return watching.stream({ lastEventId, drop: () => connection.destroy(), ...watcherOf(caller) });
  });

  app.get('/v1/snapshot', (c) => {
    const { since } = readQuery(c.req.url, ['since']);
    return watching.poll({ since, signal: c.req.raw.signal, ...watcherOf(c.env.caller) });
  });

  app.get('/v1/aws/credentials/:provider', (c) => {
    readQuery(c.req.url, []);
    const provider = c.req.param('provider');
    return awsCredentialsResponse(resolver.resolve({ provider }), clock, (resolution) => {
      refuseNow(snapshot(), c.env.caller, resolution);
      // The header lines alone hand nothing out.
      if (c.req.method !== 'HEAD') audit.handedOut(resolution, c.env.caller);
    });
  });

  app.get('/v1/setup/:provider', async (c) => {
    readQuery(c.req.url, []);
    return json(await setUp.describe(c.req.param('provider')));
  });

  app.post('/v1/setup/:provider', async (c) => {
    readQuery(c.req.url, []);
    const read = await readInForce(c.env.caller, readJsonBody(c.req.raw, connectBody));
    if (read.kind === 'refused') return read.response;
    return json(await setUp.connect(c.req.param('provider'), read.body.model, read.body.persist));
  });

  app.put('/v1/default-model', async (c) => {
    readQuery(c.req.url, []);
    const read = await readInForce(c.env.caller, readJsonBody(c.req.raw, defaultModelBody));
    if (read.kind === 'refused') return read.response;
    return json(await setUp.changeDefaultModel(read.body.model));
  });

  app.post('/v1/logins', async (c) => {
    readQuery(c.req.url, []);
    const read = await readInForce(c.env.caller, readJsonBody(c.req.raw, loginBody));
    if (read.kind === 'refused') return read.response;
    return json(await logins.start(read.body.provider, read.body.flow), 201);
  });

  app.get('/v1/logins/:id', (c) => {
    readQuery(c.req.url, []);
    return json(logins.progress(c.req.param('id')));
  });

  app.get('/v1/tokens', async (c) => {
    readQuery(c.req.url, []);
    await reloadCallers();
    return json(listTokens(callers));
  });

  app.post('/v1/tokens/lease', async (c) => {
    readQuery(c.req.url, []);
    const read = await readInForce(c.env.caller, readJsonBody(c.req.raw, leaseBody));
    if (read.kind === 'refused') return read.response;
    return new Response(openLease(callers, c.env.caller, read.body), { headers: LEASE_HEADERS });
  });

  app.get('/metrics', async (c) => {
    readQuery(c.req.url, []);
    const { type, text } = await metrics.text();
    return new Response(text, { headers: { ...JSON_HEADERS, 'content-type': type } });
  });

  let document: Promise<string> | undefined;
  app.get('/openapi.json', async (c) => {
    readQuery(c.req.url, []);
    document ??= makeDocument();
    return new Response(await document, { headers: JSON_HEADERS });
  });

  app.notFound(() =>
    problemResponse({
      code: 'not-found',
      detail: 'There is no such route, or not with this method',
      hints: ['The routes are listed in the documentation: docs/http-api.md'],
    }),
  );

  app.onError((error) => {
    if (error instanceof SidecarError) return problemResponse(error.toProblem());
    log.error('A route failed', { error: messageOf(error) });
    return problemResponse({ code: 'internal', detail: 'The program failed; its log says more', hints: [] });
  });

  const fetch = (request: Request, env: GuardedEnv) =>
    refuseLate(app.fetch(request, env), env.caller, request);
  return { fetch, request: app.request, routes: app.routes, ready: resolveRoute.ready };
}

/** Large, always the same, and rarely asked for: what makes it is loaded then. */
async function makeDocument(): Promise<string> {
  const { openApiDocument } = await import('./http/openapi/document.ts');
  return JSON.stringify(openApiDocument(programVersion()));
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: JSON_HEADERS });
}

/** Who watches, and how long it may. */
function watcherOf({ name, ended }: Caller) {
  return { token: name ?? '', ...(ended === null ? {} : { revoked: ended }) };
}
