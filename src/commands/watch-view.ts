/** How `discover --watch` shows a report: as a table for a terminal, or as a line for each change. Pure. */
import type { DiscoveryReport, EndpointReport } from '../domain/runtime-state.ts';
import { candidateLines, ENDPOINT_COLUMNS, endpointCells } from './endpoint-view.ts';
import { count, formatTable } from './table.ts';

/** When an endpoint last changed, by its URL; ISO 8601. */
export type LastChanges = ReadonlyMap<string, string>;

/** One endpoint that is not what it was; `before` is undefined for one that was not there. */
export interface Change {
  readonly before: EndpointReport | undefined;
  readonly endpoint: EndpointReport;
}

/** Most models of one endpoint that a table has room for. */
const SHOWN_MODELS = 12;

/** Endpoints that differ in more than evidence. What was never there and still is not, is no change. */
export function changesBetween(before: DiscoveryReport, after: DiscoveryReport): readonly Change[] {
  return after.endpoints.flatMap((endpoint) => {
    const earlier = before.endpoints.find(({ url }) => url === endpoint.url);
    if (earlier === undefined && endpoint.state === 'down') return [];
    if (earlier !== undefined && essence(earlier) === essence(endpoint)) return [];
    return [{ before: earlier, endpoint }];
  });
}

function essence({ evidence: _evidence, ...rest }: EndpointReport): string {
  return JSON.stringify(rest);
}

/** A change as one line. */
export function changeLine({ before, endpoint }: Change, at: string): string {
  const { url, runtime, provider, state, models, hint } = endpoint;
  const was = before === undefined || before.state === state ? '' : ` (was ${before.state})`;
  const listed = models.slice(0, SHOWN_MODELS).map(describeModel);
  const more = models.length > listed.length ? [`${models.length - listed.length} more`] : [];
  const what =
    state === 'up' ? `, ${count(models.length, 'model')}: ${[...listed, ...more].join('; ') || 'none'}` : '';
  const remedy = hint === undefined || state === 'up' ? '' : `. ${hint}`;
  return `${at}  ${url}  ${provider ?? runtime ?? '?'}${versionOf(endpoint)}  ${state}${was}${what}${remedy}\n`;
}

function versionOf({ version }: EndpointReport): string {
  return version === null ? '' : ` ${version}`;
}

function describeModel({ id, contextWindow, contextWindowSource }: EndpointReport['models'][number]): string {
  return `${id} context ${contextWindow} (${contextWindowSource ?? 'assumed'})`;
}

/** The whole state as a table; endpoints at which nothing answers and nothing has changed share one line. */
export function watchTable(
  { endpoints, candidates }: DiscoveryReport,
  changes: LastChanges,
  writeProblem: string | null,
): string {
  const isShown = ({ url, state }: EndpointReport) => state !== 'down' || changes.has(url);
  const shown = endpoints.filter(isShown);
  const away = endpoints.filter((endpoint) => !isShown(endpoint));
  const rows = shown.map((endpoint) => [
    ...endpointCells(endpoint),
    timeOf(changes.get(endpoint.url) ?? endpoint.since),
  ]);
  return [
    formatTable([...ENDPOINT_COLUMNS, 'LAST CHANGE'], rows),
    ...shown.flatMap(details),
    ...(away.length === 0 ? [] : [`nothing at: ${away.map(nameOf).join(', ')}\n`]),
    ...candidateLines({ candidates }),
    ...(writeProblem === null ? [] : [`models.json was not written: ${writeProblem}\n`]),
    'Ctrl-C ends.\n',
  ].join('');
}

function details({ url, state, models, hint }: EndpointReport): string[] {
  if (state !== 'up') return hint === undefined ? [] : [`  ${url}: ${hint}\n`];
  const more = models.length - SHOWN_MODELS;
  return [
    ...models.slice(0, SHOWN_MODELS).map((model) => `  ${describeModel(model)}\n`),
    ...(more > 0 ? [`  and ${more} more\n`] : []),
  ];
}

function nameOf({ url, runtime }: EndpointReport): string {
  const host = url.replace(/^https?:\/\//, '');
  return runtime === null ? host : `${host} (${runtime})`;
}

/** Time of day of an ISO 8601 time, in UTC. */
function timeOf(at: string): string {
  return `${at.slice(11, 19)}Z`;
}
