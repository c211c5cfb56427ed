/** Looks at one endpoint: tries its root URLs, asks which runtime answers there, and lists its models. */
import type { Evidence, EndpointState, LeftOutModel } from '../domain/runtime-state.ts';
import type { Model } from '../domain/provider.ts';
import type { RuntimeId } from '../domain/provider-id.ts';
import type { Endpoint } from './endpoints.ts';
import { createInquiry, type Inquiry } from './inquiry.ts';
import type { Probe } from './probe.ts';
import { askForList } from './runtimes/openai-list.ts';
import type { ListContext, Listing, Missing, Runtime, Setback } from './runtimes/runtime.ts';

/** What one look at an endpoint found. */
export interface Finding {
  /** The root URL that the finding is about. */
  readonly root: string;
  readonly state: EndpointState;
  /** The runtime that was identified, whatever its state. */
  readonly runtime: RuntimeId | null;
  readonly version: string | null;
  readonly models: readonly Model[];
  readonly leftOut: readonly Omit<LeftOutModel, 'provider'>[];
  /** URLs of servers that the runtime started for its own models. */
  readonly ownedUrls?: readonly string[];
  readonly hint?: string;
  readonly evidence: readonly Evidence[];
}

/** What a look needs besides the endpoint. */
export interface ExamineDeps {
  readonly probe: Probe;
  readonly runtimes: readonly Runtime[];
  /** Ends every request of the look. */
  readonly signal: AbortSignal;
  /** Listing context of one endpoint; its facts outlive the look. */
  readonly contextFor: (endpoint: Endpoint) => ListContext;
  /** The runtime that was identified here last, which is asked first. */
  readonly lastRuntime: RuntimeId | null;
}

const REMOTE_TIMEOUT_MS = 2_000;
const MAX_EVIDENCE = 16;

/** Looks at an endpoint. Later roots are tried only while the ones before are not up. */
export async function examine(endpoint: Endpoint, deps: ExamineDeps): Promise<Finding> {
  const order = askingOrder(endpoint, deps);
  const evidence: Evidence[] = [];
  let best: Finding | undefined;
  for (const root of endpoint.roots) {
    const inquiry = openInquiry(endpoint, root, deps);
    const finding = await examineRoot(inquiry, order, endpoint, deps);
    evidence.push(...finding.evidence);
    if (best === undefined || (best.state === 'down' && finding.state !== 'down')) best = finding;
    if (finding.state === 'up' || finding.runtime !== null) {
      best = finding;
      break;
    }
  }
  const found = best ?? nothingFound(endpoint.roots[0]);
  return { ...found, evidence: evidence.slice(0, MAX_EVIDENCE) };
}

/** An inquiry with the deadlines that fit the endpoint. */
export function openInquiry(
  endpoint: Endpoint,
  root: string,
  { probe, signal }: { readonly probe: Probe; readonly signal?: AbortSignal },
): Inquiry {
  return createInquiry(probe, root, {
    ...(signal === undefined ? {} : { signal }),
    ...(endpoint.isLoopback ? {} : { timeoutMs: REMOTE_TIMEOUT_MS }),
  });
}

/** The finding of an endpoint at which a request got no answer. */
export function unreachableFinding(root: string, how: Missing, evidence: readonly Evidence[]): Finding {
  const found = { ...nothingFound(root), evidence };
  return how === 'refused' ? found : { ...found, state: 'error', hint: HINTS[how] };
}

const HINTS = {
  silent: 'Something listens there and gives no complete answer in time',
  failed: 'The request fails before there is an answer; the evidence says how',
} as const;

function nothingFound(root: string): Finding {
  return { root, state: 'down', runtime: null, version: null, models: [], leftOut: [], evidence: [] };
}

/** Last identified, then expected, then all others, unless one that is asked alone is expected. */
function askingOrder(
  { expected }: Endpoint,
  { runtimes, lastRuntime }: Pick<ExamineDeps, 'runtimes' | 'lastRuntime'>,
): readonly Runtime[] {
  // Those that complain about foreign questions come before those whose questions are foreign to them.
  const polite = runtimes.toSorted((a, b) => Number(b.isAskedAlone) - Number(a.isAskedAlone));
  const wanted = polite.filter(({ id }) => expected.includes(id));
  const others = wanted.some(({ isAskedAlone }) => isAskedAlone)
    ? []
    : polite.filter((runtime) => !wanted.includes(runtime));
  return [...wanted, ...others].sort((a, b) => Number(b.id === lastRuntime) - Number(a.id === lastRuntime));
}

async function examineRoot(
  inquiry: Inquiry,
  order: readonly Runtime[],
  endpoint: Endpoint,
  deps: ExamineDeps,
): Promise<Finding> {
  let reason: Setback | undefined;
  const overlong = new Set<Evidence>();
  for (const runtime of order) {
    const identity = await runtime.identify(inquiry);
    if (identity.kind === 'identified') {
      const listing = await listOpenly(runtime, inquiry, deps.contextFor(endpoint));
      return toFinding(inquiry, listing, runtime.id, identity.version);
    }
    if (reason === undefined || saysMore(identity, reason)) reason = identity;
    // What gives no answer gives none to the next question either.
    if (identity.kind === 'unreachable') break;
    // One page may be long; a server of which every answer is must not be read for as long as it sends.
    if (identity.kind === 'not-this' && identity.isOverlong === true) overlong.add(identity.by);
    if (overlong.size > 1) break;
  }
  return toFinding(inquiry, reason ?? { kind: 'unreachable', how: 'silent' }, null, null);
}

/** The first runtime's reason stands, unless a later one is more than "not this", or names whose key it is. */
function saysMore(later: Setback, first: Setback): boolean {
  if (first.kind === 'not-this') return later.kind !== 'not-this';
  return (
    first.kind === 'auth-required' &&
    first.isGeneric === true &&
    later.kind === 'auth-required' &&
    later.isGeneric !== true
  );
}

/**
 * The models, where the list at the very base URL that requests will use comes without a key, too. Runtimes
 * with lists of their own may leave those open while that one is closed. Most have asked it already.
 */
async function listOpenly(runtime: Runtime, inquiry: Inquiry, context: ListContext): Promise<Listing> {
  const listing = await runtime.list(inquiry, context);
  if (listing.kind !== 'listed') return listing;
  const { displayName: name, keyHint } = runtime;
  const expected = { name, ...(keyHint === undefined ? {} : { keyHint }) };
  const open = await askForList(inquiry, `${runtime.openAiPath}/models`, expected);
  return open.kind === 'rows' ? listing : open;
}

function toFinding(
  inquiry: Inquiry,
  listing: Listing,
  runtime: RuntimeId | null,
  version: string | null,
): Finding {
  const base = { ...nothingFound(inquiry.root), runtime, version, evidence: inquiry.evidence() };
  switch (listing.kind) {
    case 'listed':
      return {
        ...base,
        state: 'up',
        models: listing.models,
        leftOut: listing.leftOut,
        ...(listing.ownedUrls === undefined ? {} : { ownedUrls: listing.ownedUrls }),
      };
    case 'unreachable':
      return { ...unreachableFinding(inquiry.root, listing.how, base.evidence), runtime, version };
    case 'not-this':
      return {
        ...base,
        runtime: null,
        version: null,
        state: 'wrong-service',
        hint: `Another program answers at this address: ${listing.found}`,
        evidence: base.evidence.map((entry) =>
          entry === listing.by ? { ...entry, answer: `${entry.answer} (${listing.found})` } : entry,
        ),
      };
    case 'auth-required':
    case 'loading':
    case 'error':
      return { ...base, state: listing.kind, hint: listing.hint };
  }
}

/** Lists the models of a runtime that is known to be there, without identifying it again. */
export async function relist(
  endpoint: Endpoint,
  { root, runtime, version, evidence }: Finding,
  deps: ExamineDeps,
): Promise<Finding> {
  const known = deps.runtimes.find(({ id }) => id === runtime);
  if (known === undefined) return examine(endpoint, deps);
  const inquiry = openInquiry(endpoint, root, deps);
  const listing = await listOpenly(known, inquiry, deps.contextFor(endpoint));
  const finding = toFinding(inquiry, listing, known.id, version);
  const asked = new Set(finding.evidence.map(({ request }) => request));
  const kept = evidence.filter(({ request }) => !asked.has(request));
  return { ...finding, evidence: [...kept, ...finding.evidence].slice(0, MAX_EVIDENCE) };
}
