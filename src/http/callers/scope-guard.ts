/**
 * Whether a limited token may make a request: the route's rule, applied to what the request names. It runs in
 * the guard, before a credential is looked for, so what lies beyond the scope is never fetched, renewed or run.
 */
import {
  type CallerScope,
  isNarrowed,
  permitsModel,
  permitsProvider,
  seesProvider,
} from '../../domain/caller-scope.ts';
import type { Resolution } from '../../domain/auth.ts';
import { SidecarError } from '../../domain/errors.ts';
import { openResolutionId } from '../../resolution/resolution-id.ts';
import { whatIsAsked } from '../../resolution/resolve.ts';
import { readRef, resolveModel, type Wanted } from '../../resolution/resolve-model.ts';
import type { Snapshot } from '../../resolution/snapshot.ts';
import { pathOf } from '../request-target.ts';
import { readQuery, RESOLVE_PARAMETERS, toResolveRequest } from '../query.ts';
import { findRouteScope } from './route-scope.ts';

/** The parts of a request that a scope is about. */
export interface ScopedRequest {
  readonly method: string;
  /** Raw request target. */
  readonly target: string;
}

/** True when the token may make the request, as far as the request tells. Never throws. */
export function mayRequest(snapshot: Snapshot, scope: CallerScope, request: ScopedRequest): boolean {
  const route = findRouteScope(request.method, pathOf(request.target));
  if (route === undefined) return false;
  const { narrowed, withoutSecrets } = route.scope;
  if (!scope.secrets && withoutSecrets === 'refused') return false;
  if (!isNarrowed(scope)) return true;
  const canonical = snapshot.providers.canonicalId;
  const argument = decode(route.argument ?? '');
  if (argument === undefined) return false;
  switch (narrowed) {
    case 'everybody':
    case 'filtered':
      return true;
    case 'refused':
      return false;
    case 'visible':
      return seesProvider(scope, argument, canonical);
    case 'provider':
      return permitsProvider(scope, argument, canonical);
    case 'resolution':
      return permitsPin(snapshot, scope, argument);
    case 'asked':
      return permitsQuery(snapshot, scope, request.target);
  }
}

/** Whether a resolution that was made is within a scope: the same question, asked of the answer. */
export function permitsResolution(
  { providers }: Snapshot,
  scope: CallerScope,
  { provider, model }: Pick<Resolution, 'provider' | 'model'>,
): boolean {
  return model === null
    ? permitsProvider(scope, provider.id, providers.canonicalId)
    : permitsModel(scope, { provider: provider.id, model: model.id }, providers.canonicalId);
}

function permitsQuery(snapshot: Snapshot, scope: CallerScope, target: string): boolean {
  let request;
  try {
    request = toResolveRequest(readQuery(target, RESOLVE_PARAMETERS));
  } catch (error) {
    // The route reads it in the same way and says what is wrong with it.
    if (error instanceof SidecarError) return true;
    throw error;
  }
  // All that a request names has to be within; which of them would count is not for the scope to guess.
  if (request.resolutionId !== undefined && !permitsPin(snapshot, scope, request.resolutionId)) return false;
  const alone = request.model === undefined && request.provider === undefined;
  if (alone && request.resolutionId !== undefined) return true;
  const { wanted } = whatIsAsked(snapshot, request);
  // No default model at all: there is nothing to give away.
  return wanted === null || permitsWanted(snapshot, scope, wanted);
}

function permitsPin(snapshot: Snapshot, scope: CallerScope, resolutionId: string): boolean {
  const pin = openResolutionId(resolutionId, snapshot.installKey);
  if (pin === undefined) return false;
  return permitsWanted(
    snapshot,
    scope,
    pin.providerOnly ? { kind: 'provider', id: pin.ref } : { kind: 'model', ref: pin.ref },
  );
}

function permitsWanted(snapshot: Snapshot, scope: CallerScope, wanted: Wanted): boolean {
  const canonical = snapshot.providers.canonicalId;
  const found = resolveModel(snapshot, wanted);
  if (found.kind === 'found') return permitsResolution(snapshot, scope, found);
  // What is not there, or not now, is named by the request itself.
  if (wanted.kind === 'provider') return permitsProvider(scope, wanted.id, canonical);
  const asked = readRef(snapshot, wanted.ref);
  if ('problem' in asked) return false;
  return permitsModel(scope, { ...asked, model: found.model?.id ?? asked.model }, canonical);
}

/** Decoded as the router does it; undefined when it cannot be. */
function decode(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
