/**
 * Gives each endpoint its provider id: the runtime's own id for the first instance, `<id>-<port>` for
 * further ones. Ids stick: an endpoint that was up keeps its id, so that a request never changes provider.
 */
import { runtimeOfProviderId, type RuntimeId } from '../domain/provider-id.ts';

/** One endpoint that needs an id. */
export interface IdSeeker {
  /** Its root URLs. */
  readonly roots: readonly string[];
  /** The runtime that identified itself; null where none did, as at an endpoint that is silent. */
  readonly identified: RuntimeId | null;
  /** The runtime that is expected there. Without any of the two, and without a claim, there is no id. */
  readonly expected: RuntimeId | null;
  readonly isUp: boolean;
}

/** Ids by root URL of endpoints that are or were up, in this run or an earlier one. */
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
    const kept = claimOf(seeker, claims);
    if (kept === undefined || taken.has(kept)) return null;
    taken.add(kept);
    return kept;
  });
  const assign = (isBinding: boolean) => {
    for (const [index, seeker] of seekers.entries()) {
      const runtime = meantRuntime(seeker, claims);
      if (ids[index] !== null || runtime === null || seeker.isUp !== isBinding) continue;
      const id = freeId(runtime, seeker.roots, taken);
      ids[index] = id;
      if (isBinding) taken.add(id);
    }
  };
  assign(true);
  assign(false);
  for (const [index, { roots, isUp }] of seekers.entries()) {
    const id = ids[index];
    if (isUp && id !== null && id !== undefined) claimId(nextClaims, roots, id);
  }
  return { ids, claims: nextClaims };
}

/** Gives the id to one endpoint and takes it from every other. */
export function claimId(claims: Map<string, string>, roots: readonly string[], id: string): void {
  for (const [root, claimed] of claims) if (claimed === id) claims.delete(root);
  for (const root of roots) claims.set(root, id);
}

/** The claimed id, unless another kind of runtime identified itself there: whoever is silent keeps it. */
function claimOf({ roots, identified }: IdSeeker, claims: Claims): string | undefined {
  for (const root of roots) {
    const id = claims.get(root);
    if (id !== undefined && (identified === null || runtimeOfProviderId(id) === identified)) return id;
  }
  return undefined;
}

/** The runtime that is there, or was there last, or is expected there. */
function meantRuntime(seeker: IdSeeker, claims: Claims): RuntimeId | null {
  const claimed = claimOf(seeker, claims);
  const last = claimed === undefined ? undefined : runtimeOfProviderId(claimed);
  return seeker.identified ?? last ?? seeker.expected;
}

function freeId(runtime: RuntimeId, roots: readonly string[], taken: ReadonlySet<string>): string {
  if (!taken.has(runtime)) return runtime;
  const port = Number(roots[0] === undefined ? 0 : new URL(roots[0]).port || 80);
  let suffix = port;
  // Two hosts may use the same port; the next number is free sooner or later.
  while (taken.has(`${runtime}-${suffix}`)) suffix += 1;
  return `${runtime}-${suffix}`;
}
