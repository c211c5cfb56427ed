/**
 * The one answer to "which provider, which URL, which credential": default model, model, credential,
 * headers, digest. Startup validation, health, the server, `explain` and the command line all call it.
 */
import { createHash } from 'node:crypto';
import type { ResolutionOutcome, ResolvedAuth, Step } from '../domain/auth.ts';
import type { ErrorCode, Problem } from '../domain/errors.ts';
import { inOneRegion } from './aws-region.ts';
import { chooseDefaultModel, noDefaultHints, unsetDefaultProblem } from './default-model.ts';
import { placeHeaders } from './header-references.ts';
import { requestHeaders } from './request-headers.ts';
import { credentialVersion, resolveAuth } from './resolve-auth.ts';
import { openResolutionId, type Pin, sealResolutionId } from './resolution-id.ts';
import { type FoundModel, resolveModel, type Wanted } from './resolve-model.ts';
import type { Snapshot } from './snapshot.ts';

/** What a caller asks for. Nothing at all means the default model. */
export interface ResolveRequest {
  readonly model?: string;
  /** A provider alone, for its credentials. Not together with `model`. */
  readonly provider?: string;
  readonly profileId?: string;
  /** False: a credential that would have to be fetched counts as none, for lists that must not wait. @default true */
  readonly wait?: boolean;
  /** The id of an earlier resolution whose provider and profile must not change. */
  readonly resolutionId?: string;
}

/**
 * Resolves a request on one snapshot.
 *
 * @param now Unix milliseconds
 */
export async function resolve(
  snapshot: Snapshot,
  request: ResolveRequest,
  now: number,
): Promise<ResolutionOutcome> {
  const decision = await decide(snapshot, request, now);
  return { ...decision, revision: snapshot.revision };
}

type WithoutRevision<T> = T extends unknown ? Omit<T, 'revision'> : never;
type Decision = WithoutRevision<ResolutionOutcome>;

async function decide(snapshot: Snapshot, request: ResolveRequest, now: number): Promise<Decision> {
  if (request.model !== undefined && request.provider !== undefined) {
    return refuse('bad-request', 'model and provider cannot be asked for together', ['Ask for one of them']);
  }
  return request.resolutionId === undefined
    ? resolveFresh(snapshot, request, now)
    : resolvePinned(snapshot, request, request.resolutionId, now);
}

/** @param pin what the request has begun with, where it has begun */
async function resolveFresh(
  snapshot: Snapshot,
  request: ResolveRequest,
  now: number,
  pin?: Pin,
): Promise<Decision> {
  const asked = whatIsAsked(snapshot, request);
  if (asked.wanted === null) {
    return {
      kind: 'failed',
      problem: {
        code: 'no-default-model',
        detail: 'No default model is set and no running runtime offers one',
        hints: noDefaultHints(snapshot.discovery),
      },
      steps: asked.steps,
    };
  }
  const isNamed = request.model !== undefined || request.provider !== undefined;
  const unset = isNamed ? undefined : unsetDefaultProblem(snapshot);
  if (unset !== undefined) return { kind: 'failed', problem: unset, steps: asked.steps };
  const found = resolveModel(snapshot, asked.wanted);
  const before = [...asked.steps, ...found.steps];
  if (found.kind === 'failed') return { ...found, steps: before };
  const profileId = request.profileId;
  const outcome = await resolveAuth(snapshot, found.provider, {
    now,
    destination: found.baseUrl,
    wait: request.wait ?? true,
    ...(found.model === null ? {} : { ref: found.ref }),
    ...(profileId === undefined ? {} : { profileId }),
    ...(pin === undefined
      ? {}
      : { isPinned: (auth) => identityWith(snapshot, found, auth) === pin.identity }),
  });
  const steps = [...before, ...outcome.steps];
  if (outcome.kind === 'failed') {
    const { provider, model } = found;
    return { kind: 'failed', problem: outcome.problem, steps, provider, ...(model ? { model } : {}) };
  }
  const headed = await placeHeaders(found.provider, found.model, snapshot.references, request.wait ?? true);
  const allSteps = [...steps, ...headed.steps];
  if (headed.kind === 'failed') {
    const { provider, model } = found;
    return {
      kind: 'failed',
      problem: headed.problem,
      steps: allSteps,
      provider,
      ...(model ? { model } : {}),
    };
  }
  const resolution = toResolution(
    snapshot,
    found,
    outcome.auth,
    requestHeaders({ ...found, ...headed, auth: outcome.auth }),
  );
  const { coolDown, trouble } = outcome;
  return {
    kind: 'resolved',
    resolution: {
      ...resolution,
      ...(coolDown === undefined ? {} : { coolDown }),
      ...(trouble === undefined ? {} : { trouble }),
    },
    steps: allSteps,
  };
}

/** The same identity again with a fresh secret, or `provider-changed`. */
async function resolvePinned(
  snapshot: Snapshot,
  request: ResolveRequest,
  resolutionId: string,
  now: number,
): Promise<Decision> {
  const pin = openResolutionId(resolutionId, snapshot.installKey);
  if (pin === undefined) {
    return refuse('bad-request', 'resolution is not an id that this installation gave out', [
      'Ask again without it, as a new request',
    ]);
  }
  if (!asksFor(snapshot, request, pin)) {
    return refuse('bad-request', `resolution is for ${pin.ref}`, ['Leave out model and provider beside it']);
  }
  if (request.profileId !== undefined && request.profileId !== pin.profileId) {
    return refuse('bad-request', 'resolution is for another profile', ['Leave out profile beside it']);
  }
  const outcome = await resolveFresh(
    snapshot,
    {
      ...(pin.providerOnly ? { provider: pin.ref } : { model: pin.ref }),
      ...(pin.profileId === null ? {} : { profileId: pin.profileId }),
    },
    now,
    pin,
  );
  if (outcome.kind === 'resolved') {
    const { baseUrl, api, auth, provider } = outcome.resolution;
    if (identityOf(provider.id, baseUrl, api, auth) === pin.identity) return outcome;
  } else if (!CHANGES_IDENTITY.has(outcome.problem.code)) {
    return outcome;
  }
  const problem: Problem = {
    code: 'provider-changed',
    detail: `The provider of ${pin.ref} is no longer the one that this request began with`,
    hints: ['Begin a new request: resolve without resolution'],
  };
  return { kind: 'failed', problem, steps: outcome.steps };
}

/** Whether what is asked for beside a resolution id, if anything, is what the id pins, however it is spelled. */
function asksFor(snapshot: Snapshot, { model, provider }: ResolveRequest, pin: Pin): boolean {
  if (pin.providerOnly) {
    return (
      model === undefined && (provider === undefined || snapshot.providers.canonicalId(provider) === pin.ref)
    );
  }
  if (provider !== undefined) return false;
  if (model === undefined || model === pin.ref) return true;
  const found = resolveModel(snapshot, { kind: 'model', ref: model });
  return found.kind === 'found' && found.ref === pin.ref;
}

/** Failures that mean "what was pinned is gone", not "it is there and does not work now". */
const CHANGES_IDENTITY: ReadonlySet<ErrorCode> = new Set([
  'unknown-provider',
  'unknown-model',
  'config-invalid',
]);

/** What a request names; without a name, the default model. `wanted` is null when there is none. */
export function whatIsAsked(
  snapshot: Snapshot,
  request: ResolveRequest,
): { wanted: Wanted | null; steps: readonly Step[] } {
  if (request.provider !== undefined)
    return { wanted: { kind: 'provider', id: request.provider }, steps: [] };
  if (request.model !== undefined) return { wanted: { kind: 'model', ref: request.model }, steps: [] };
  const chosen = chooseDefaultModel(snapshot);
  if (chosen === null) {
    const nobody = { step: 'default-model', found: 'names none', outcome: 'empty' } as const;
    const named: Step = { ...nobody, place: 'flag, variable, sidecar.json5, cfg' };
    const running: Step = { ...nobody, place: 'running runtimes', found: 'no chat model' };
    return { wanted: null, steps: [named, running] };
  }
  return {
    wanted: { kind: 'model', ref: chosen.ref },
    steps: [{ step: 'default-model', place: chosen.source, found: chosen.ref, outcome: 'used' }],
  };
}

function toResolution(
  snapshot: Snapshot,
  found: FoundModel,
  auth: ResolvedAuth,
  headers: Readonly<Record<string, string>>,
): Extract<ResolutionOutcome, { kind: 'resolved' }>['resolution'] {
  const { ref, provider, model, api } = found;
  const { auth: signed, baseUrl } = inOneRegion(snapshot, found, auth);
  const version = credentialVersion(auth, snapshot.installKey);
  const pin = {
    ref,
    providerOnly: model === null,
    profileId: 'profileId' in auth ? (auth.profileId ?? null) : null,
    identity: identityWith(snapshot, found, auth),
    credential: version,
  };
  return {
    revision: snapshot.revision,
    resolutionId: sealResolutionId(pin, snapshot.installKey),
    digest: `sha256:${sha256([provider.id, baseUrl, api, auth.mode, auth.source, version])}`,
    ref,
    provider,
    model,
    baseUrl,
    api,
    auth: signed,
    headers,
  };
}

/** The identity of a request with this credential, whose region may choose the base URL. */
function identityWith(snapshot: Snapshot, found: FoundModel, auth: ResolvedAuth): string {
  const { baseUrl } = inOneRegion(snapshot, found, auth);
  return identityOf(found.provider.id, baseUrl, found.api, auth);
}

/** Everything of a decision that may not change while a request runs; the secret itself may. */
function identityOf(providerId: string, baseUrl: string, api: string, auth: ResolvedAuth): string {
  return sha256([providerId, baseUrl, api, auth.mode, auth.source]).slice(0, 32);
}

function sha256(fields: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}

function refuse(code: ErrorCode, detail: string, hints: readonly string[]): Decision {
  return { kind: 'failed', problem: { code, detail, hints }, steps: [] };
}
