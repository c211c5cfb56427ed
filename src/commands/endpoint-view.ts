/** How the commands that list endpoints show one: the cells of its row, and a candidate that is not trusted. Pure. */
import type { DiscoveryReport, EndpointReport } from '../domain/runtime-state.ts';
import { count } from './table.ts';

/** Titles of the cells. */
export const ENDPOINT_COLUMNS = ['ENDPOINT', 'RUNTIME', 'PROVIDER', 'STATE', 'VERSION', 'MODELS'] as const;

/** One cell for each column. */
export function endpointCells({
  url,
  runtime,
  provider,
  state,
  version,
  models,
}: EndpointReport): readonly string[] {
  const listed = state === 'up' ? count(models.length, 'model') : '-';
  return [url, runtime ?? '?', provider ?? '-', state, version ?? '-', listed];
}

/** A line for each server that somebody announced and the operator has not said to trust. */
export function candidateLines({ candidates }: Pick<DiscoveryReport, 'candidates'>): readonly string[] {
  return candidates.map(({ url, foundBy, hint }) => `not trusted: ${url} (${foundBy}). ${hint}\n`);
}
