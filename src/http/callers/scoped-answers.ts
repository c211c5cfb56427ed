/** Answers for a limited caller: lists without what is beyond the scope, and no resolution beyond it. */
import { permitsModel, seesProvider } from '../../domain/caller-scope.ts';
import type { Resolution } from '../../domain/auth.ts';
import { SidecarError } from '../../domain/errors.ts';
import type { Snapshot } from '../../resolution/snapshot.ts';
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
 * The guard judged what the request names; this judges what came of it, for the case that a name leads elsewhere
 * since then.
 *
 * @throws SidecarError `scope-not-allowed`
 */
export function refuseBeyondScope(
  snapshot: Snapshot,
  { scope }: Caller,
  resolution: Pick<Resolution, 'provider' | 'model'>,
): void {
  if (scope === null || permitsResolution(snapshot, scope, resolution)) return;
  throw new SidecarError('scope-not-allowed', 'The token is limited, and this is beyond its limits', [
    'See what it may do: provider-sidecar token list',
  ]);
}
