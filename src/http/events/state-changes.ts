/** What happened between two states, as events. Pure. */
import type { SnapshotAnswer } from '../../domain/answers/snapshot.ts';
import type { SidecarEvent } from '../../domain/sidecar-event.ts';

/**
 * The events that lead from one state to a later one: runtimes first, as the rest may follow from them.
 *
 * @param providerInUse the provider of the later default model, or null
 */
export function eventsBetween(
  before: SnapshotAnswer,
  after: SnapshotAnswer,
  providerInUse: string | null,
): SidecarEvent[] {
  return [
    ...runtimeEvents(before, after),
    ...healthEvents(before, after),
    ...setUpOffers(before, after, providerInUse),
  ];
}

function runtimeEvents(before: SnapshotAnswer, after: SnapshotAnswer): SidecarEvent[] {
  const earlier = new Map(before.endpoints.map((endpoint) => [endpoint.url, endpoint.state]));
  const changed = after.endpoints.filter(({ url, state }) => {
    // A place where nothing ever was is no news.
    return state !== (earlier.get(url) ?? 'down');
  });
  const still = new Set(after.endpoints.map(({ url }) => url));
  const gone = before.endpoints
    .filter(({ url, state }) => !still.has(url) && state !== 'down')
    .map((endpoint) => ({ ...endpoint, state: 'down' as const }));
  return [...changed, ...gone].map(({ url, runtime, provider, state }) => ({
    kind: 'runtime',
    url,
    runtime,
    provider,
    state,
  }));
}

function healthEvents({ health: before }: SnapshotAnswer, { health: after }: SnapshotAnswer): SidecarEvent[] {
  if (before.status === after.status && before.code === after.code) return [];
  const { status, code } = after;
  return [{ kind: 'health', status, ...(code === undefined ? {} : { code }) }];
}

/** Providers that can be authenticated with from now on and are not the default model's: somebody may set them up. */
function setUpOffers(before: SnapshotAnswer, after: SnapshotAnswer, inUse: string | null): SidecarEvent[] {
  const earlier = new Set(credentialed(before));
  return credentialed(after)
    .filter((id) => !earlier.has(id) && id !== inUse)
    .map((provider) => ({ kind: 'setup', provider }));
}

/** Ids of providers with a credential; one that wants none has nothing to offer a set-up for. */
function credentialed({ providers }: SnapshotAnswer): string[] {
  return providers
    .filter(({ auth }) => auth.status === 'satisfied' && auth.mode !== 'none')
    .map(({ id }) => id);
}
