/** Answers for a limited caller: lists without what is beyond the scope, and no resolution beyond it. */
import { permitsModel, seesProvider } from '../../domain/caller-scope.ts';
import type { Resolution } from '../../domain/auth.ts';
import { toSidecarError } from '../../domain/errors.ts';
import type { Snapshot } from '../../resolution/snapshot.ts';
import { refusalProblem } from '../refusal.ts';
import type { Caller } from './caller.ts';
import { permitsResolution } from './scope-guard.ts';

/** The snapshot as the caller may see it in lists: the providers within its scope, with their models within it. */
export function within(snapshot: Snapshot, { scope }: Caller): Snapshot {
  if (scope === null) return snapshot;
  const { providers } = snapshot;
  const { canonicalId } = providers;
  const byId = new Map(
    [...providers.byId]
      .filter(([id]) => seesProvider(scope, id, canonicalId))
      .map(([id, provider]) => {
        const models = provider.models.filter((model) =>
          permitsModel(scope, { provider: id, model: model.id }, canonicalId),
        );
        return [id, { ...provider, models }] as const;
      }),
  );
  return { ...snapshot, providers: { ...providers, byId } };
}

/**
 * The guard judged the caller and what the request names; this judges the moment at which the answer leaves. Looking
 * for a credential takes time, in which a token may end and a name may lead elsewhere.
 *
 * @throws SidecarError `unauthorized`, `scope-not-allowed`
 */
export function refuseNow(
  snapshot: Snapshot,
  caller: Caller,
  resolution: Pick<Resolution, 'provider' | 'model'>,
): void {
  refuseEnded(caller);
  const { scope } = caller;
  if (scope === null || permitsResolution(snapshot, scope, resolution)) return;
  throw toSidecarError(refusalProblem('scope-not-allowed'));
}

/**
 * For what is about no resolution.
 *
 * @throws SidecarError `unauthorized`
 */
export function refuseEnded(caller: Caller): void {
  if (caller.isRefused()) throw toSidecarError(refusalProblem('unauthorized'));
}
