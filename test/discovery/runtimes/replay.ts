/** Servers that answer with the bodies of `fixtures/`, and a scan of one endpoint, for the tests of each runtime. */
import { readFileSync } from 'node:fs';
import type { RuntimeId } from '../../../src/domain/provider-id.ts';
import { startFakeRuntime, type FakeAnswer, type FakeRuntime } from '../../helpers/fake-runtime.ts';
import { only, startRig, stopLater } from '../rig.ts';

/** The body of a file below `fixtures/`, with the content type that its name stands for. */
export function fixture(path: string, status = 200): FakeAnswer {
  const body = readFileSync(new URL(`../../../fixtures/${path}`, import.meta.url), 'utf8');
  return {
    status,
    headers: { 'content-type': path.endsWith('.json') ? 'application/json' : 'text/plain' },
    body,
  };
}

/** Starts a server with these routes (`GET /v1/models`) and 404 for all others. */
export async function startReplay(
  routes: Readonly<Record<string, FakeAnswer>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<FakeRuntime> {
  const notFound: FakeAnswer = { status: 404, body: { detail: 'Not Found' } };
  return stopLater(
    await startFakeRuntime(({ route }) => {
      const answer = routes[route] ?? notFound;
      return { ...answer, headers: { ...headers, ...answer.headers } };
    }),
  );
}

/** Scans the one endpoint where this runtime is expected. */
export async function scanAs(id: RuntimeId, fake: FakeRuntime) {
  const rig = await startRig({ [id]: [fake.port] });
  const report = await rig.discovery.scan();
  return { ...rig, report, endpoint: only(report) };
}

/** Routes that were asked, each once, in order. */
export function routesOf({ requests }: FakeRuntime): readonly string[] {
  return [...new Set(requests.map(({ route }) => route))];
}
