/**
 * Gives each endpoint its provider id: the runtime's own id for the first instance, `<id>-<port>` for
 * further ones. Ids stick: an endpoint that was up keeps its id, so that a request never changes provider.
 */
import { runtimeOfProviderId, type RuntimeId } from '../domain/provider-id.ts';

/** One endpoint that needs an id. */
export interface IdSeeker {
  /** Its root URLs. */
  readonly roots: readonly string[];
  /** The runtime that is there, or expected there; null gets no id. */
  readonly runtime: RuntimeId | null;
  readonly isUp: boolean;
}

/** Ids by root URL of endpoints that are or were up, here or in models.json. */
export type Claims = ReadonlyMap<string, string>;

/** Ids in the order of the seekers, and the claims that hold from now on. */
export interface AssignedIds {
  readonly ids: readonly (string | null)[];
  readonly claims: Claims;
}

/**
 * Assigns ids. An endpoint that was never up gets the id that it would have; it may lose that to another
 * that comes up first.
 *
 * @param reserved ids of providers in models.json that discovery does not own
 */
export function assignProviderIds(
  seekers: readonly IdSeeker[],
  claims: Claims,
  reserved: ReadonlySet<string>,
): AssignedIds {
  const nextClaims = new Map(claims);
  const taken = new Set(reserved);
  const ids: (string | null)[] = seekers.map((seeker) => {
    const kept = keptId(seeker, claims);
    if (kept === undefined || taken.has(kept)) return null;
    taken.add(kept);
    return kept;
  });
  const assign = (isBinding: boolean) => {
    for (const [index, seeker] of seekers.entries()) {
      if (ids[index] !== null || seeker.runtime === null || seeker.isUp !== isBinding) continue;
      const id = freeId(seeker.runtime, seeker.roots, taken);
      ids[index] = id;
      if (isBinding) taken.add(id);
    }
  };
  assign(true);
  assign(false);
  for (const [index, { roots, isUp }] of seekers.entries()) {
    const id = ids[index];
    if (isUp && id !== null && id !== undefined) for (const root of roots) nextClaims.set(root, id);
  }
  return { ids, claims: nextClaims };
}

/** The claimed id, as long as the same kind of runtime is meant. */
function keptId({ roots, runtime }: IdSeeker, claims: Claims): string | undefined {
  for (const root of roots) {
    const id = claims.get(root);
    if (id !== undefined && runtime !== null && runtimeOfProviderId(id) === runtime) return id;
  }
  return undefined;
}

function freeId(runtime: RuntimeId, roots: readonly string[], taken: ReadonlySet<string>): string {
  if (!taken.has(runtime)) return runtime;
  const port = Number(roots[0] === undefined ? 0 : new URL(roots[0]).port || 80);
  let suffix = port;
  // Two hosts may use the same port; the next number is free sooner or later.
  while (taken.has(`${runtime}-${suffix}`)) suffix += 1;
  return `${runtime}-${suffix}`;
}
