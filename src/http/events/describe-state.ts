/** The state that watchers get, made of one snapshot: what the single routes answer, put together, no secrets. */
import type { SnapshotAnswer } from '../../domain/answers/snapshot.ts';
import type { EndpointReport } from '../../domain/runtime-state.ts';
import { listModels, listProviders } from '../../resolution/answers/listings.ts';
import { chooseDefaultModel } from '../../resolution/default-model.ts';
import { resolveModel } from '../../resolution/resolve-model.ts';
import type { Snapshot } from '../../resolution/snapshot.ts';
import type { HealthReport } from '../../validation/health.ts';

/**
 * Describes a snapshot.
 *
 * @param report the health of this very snapshot
 * @param now Unix milliseconds
 */
export async function describeState(
  snapshot: Snapshot,
  report: HealthReport,
  now: number,
): Promise<SnapshotAnswer> {
  const [{ providers }, models] = await Promise.all([
    listProviders(snapshot, { all: false, now }),
    listModels(snapshot, now),
  ]);
  const { status, code, line, findings, defaultModel } = report;
  return {
    revision: snapshot.revision,
    health: {
      status,
      ...(code === undefined ? {} : { code }),
      ...(line === undefined ? {} : { line }),
      findings,
    },
    defaultModel,
    providers,
    models: models.data.map(({ id }) => id),
    endpoints: snapshot.discovery.endpoints.map(toEndpoint),
  };
}

/** Id of the provider that the default model belongs to, whatever spelling or alias names it; null without one. */
export function providerInUse(snapshot: Snapshot): string | null {
  const chosen = chooseDefaultModel(snapshot);
  if (chosen === null) return null;
  return resolveModel(snapshot, { kind: 'model', ref: chosen.ref }).provider?.id ?? null;
}

/** Evidence is new at each look and would make every look a change. */
function toEndpoint({
  evidence: _evidence,
  models,
  ...endpoint
}: EndpointReport): SnapshotAnswer['endpoints'][number] {
  return { ...endpoint, models: models.map(({ id }) => id) };
}
