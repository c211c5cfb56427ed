/** Logs what changed between two reports: transitions only, and nothing about runtimes that nobody has. */
import type { DiscoveryReport, EndpointReport } from '../domain/runtime-state.ts';
import type { Logger } from '../platform/logger.ts';

/** Writes one line for each endpoint whose state changed. */
export function logTransitions(
  before: DiscoveryReport,
  after: DiscoveryReport,
  log: Pick<Logger, 'debug' | 'info' | 'warn'>,
): void {
  for (const endpoint of after.endpoints) {
    const earlier = before.endpoints.find(({ url }) => url === endpoint.url);
    if (earlier?.state !== endpoint.state) logTransition(earlier, endpoint, log);
  }
}

function logTransition(
  earlier: EndpointReport | undefined,
  { url, provider, state, version, models, hint }: EndpointReport,
  log: Pick<Logger, 'debug' | 'info' | 'warn'>,
): void {
  const name = provider ?? 'a runtime';
  const fields = { url, provider, state, before: earlier?.state ?? null };
  const remedy = hint === undefined ? '' : `. ${hint}`;
  switch (state) {
    case 'up':
      return log.info(
        `${name} at ${url} is up${version === null ? '' : ` (version ${version})`} with ${models.length} model${models.length === 1 ? '' : 's'}`,
        fields,
      );
    case 'down':
      // An empty default port is the usual case and no news.
      if (earlier?.state !== 'up') return log.debug(`${name} at ${url} is down`, fields);
      return log.warn(`${name} at ${url} is down${remedy}`, fields);
    case 'loading':
      return log.info(`${name} at ${url} is loading`, fields);
    case 'auth-required':
    case 'wrong-service':
    case 'error':
      return log.warn(`${name} at ${url}: ${state}${remedy}`, fields);
  }
}
