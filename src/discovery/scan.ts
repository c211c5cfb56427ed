/**
 * Looks at endpoints within hard deadlines: at all of them in parallel, or at one. Owns what is remembered
 * of models between looks; everything else it is given.
 */
import type { RuntimeId } from '../domain/provider-id.ts';
import type { FileRead } from '../platform/files.ts';
import type { Environment } from '../platform/paths.ts';
import { explainAbsences } from './absence.ts';
import type { Announced } from './announced.ts';
import { planEndpoints, type ConfiguredEndpoint, type Endpoint, type EndpointPlan } from './endpoints.ts';
import { examine, relist, type ExamineDeps, type Finding } from './examine.ts';
import type { Probe } from './probe.ts';
import type { Looked } from './report.ts';
import type { ModelFacts, Runtime } from './runtimes/runtime.ts';

/** Where to look. */
export interface ScanSources {
  readonly env: Environment;
  /** The operator's home folder, absolute. */
  readonly home: string;
  readonly readTextFile: (path: string) => Promise<FileRead>;
  /** URLs of other hosts that the operator named under `discovery.trust`. */
  readonly trust?: readonly string[];
  /** Places that the operator named under `discovery.endpoints`. */
  readonly endpoints?: readonly ConfiguredEndpoint[];
  /** Hosts that others told of since the start; read for each plan. */
  readonly announced?: () => Promise<readonly Announced[]>;
  /**
   * Default ports by runtime id, instead of the runtimes' own; a runtime that is not named has none then. The
   * ports of its other parts are named by `<id>:private`.
   */
  readonly defaultPorts?: Readonly<Record<string, readonly number[]>>;
}

/** What a scanner is built from. */
export interface ScannerDeps extends ScanSources {
  readonly probe: Probe;
  readonly runtimes: readonly Runtime[];
  /** Waits before a miss is repeated. */
  readonly pause: () => Promise<void>;
  /** Hard end of a look, in milliseconds. @default 4000 */
  readonly deadlineMs?: number;
}

/** What is known of an endpoint before a look. */
export interface Known {
  /** The newest finding about it. */
  readonly last?: Finding | undefined;
  /** True: an earlier run found a runtime there, and models.json still has it. */
  readonly isWritten?: boolean;
}

/**
 * Looks at endpoints, each within its deadline. Two misses in a row mean that a runtime is gone: what was up is
 * looked at once more before it is believed to be away.
 */
export interface Scanner {
  /** Reads the sources again and says which endpoints there are. */
  plan(): Promise<EndpointPlan>;
  /** Looks at all endpoints at the same time, with what is known of each. */
  lookAtAll(plan: EndpointPlan, known: (endpoint: Endpoint) => Known): Promise<readonly Looked[]>;
  /** Looks at one endpoint from the beginning. */
  look(endpoint: Endpoint, last: Finding | undefined): Promise<Finding>;
  /** The findings for which other parts of an absent runtime change the hint, each with its successor. */
  explain(looked: readonly Looked[]): Promise<ReadonlyMap<Finding, Finding>>;
  /** Lists the models of an endpoint that is up, without identifying it again. */
  relook(endpoint: Endpoint, last: Finding): Promise<Finding>;
}

const DEFAULT_DEADLINE_MS = 4_000;
/** Time for questions about single models; what is left over is asked by the next look. */
const MODEL_BUDGET_MS = 1_000;

/** Creates a scanner. */
export function createScanner(deps: ScannerDeps): Scanner {
  const { probe, runtimes, deadlineMs = DEFAULT_DEADLINE_MS } = deps;
  const factsOf = new Map<string, Map<string, ModelFacts>>();

  const within = async <T>(
    lastRuntime: RuntimeId | null,
    action: (examineDeps: ExamineDeps) => Promise<T>,
  ): Promise<T> => {
    const end = new AbortController();
    const timers = [setTimeout(() => end.abort(), deadlineMs)];
    const startBudget = (): AbortSignal => {
      const budget = new AbortController();
      end.signal.addEventListener('abort', () => budget.abort(), { once: true });
      timers.push(setTimeout(() => budget.abort(), MODEL_BUDGET_MS));
      return budget.signal;
    };
    try {
      return await action({
        probe,
        runtimes,
        signal: end.signal,
        lastRuntime,
        contextFor: (endpoint) => ({
          env: deps.env,
          facts: remembered(factsOf, endpoint.roots[0]),
          budget: startBudget(),
        }),
      });
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  };

  const lookOnce = (endpoint: Endpoint, last: Finding | undefined) =>
    within(last?.runtime ?? null, (examineDeps) => examine(endpoint, examineDeps));

  const confirmed = async (first: Finding, endpoint: Endpoint, known: Known): Promise<Finding> => {
    if (!isDoubtful(first, known)) return first;
    await deps.pause();
    return lookOnce(endpoint, known.last);
  };

  const look = async (endpoint: Endpoint, known: Known) =>
    confirmed(await lookOnce(endpoint, known.last), endpoint, known);

  const explain = (looked: readonly Looked[]) =>
    explainAbsences(looked, {
      probe,
      runtimes,
      sourcesOf: (runtime) => ({
        env: deps.env,
        home: deps.home,
        readTextFile: deps.readTextFile,
        defaultPorts: portsOf(deps.defaultPorts, `${runtime.id}:private`, runtime.privatePorts ?? []),
      }),
    });

  return {
    plan: () => makePlan(deps),
    look: (endpoint, last) => look(endpoint, { last }),
    relook: async (endpoint, last) => {
      const listed = await within(last.runtime, (examineDeps) => relist(endpoint, last, examineDeps));
      return confirmed(listed, endpoint, { last });
    },
    explain,
    lookAtAll: async ({ endpoints }, known) => {
      const looked = await Promise.all(
        endpoints.map(async (endpoint) => ({ endpoint, finding: await look(endpoint, known(endpoint)) })),
      );
      const explained = await explain(looked);
      return looked.map((one) => ({ ...one, finding: explained.get(one.finding) ?? one.finding }));
    },
  };
}

/**
 * True for a miss that may be one only. What an earlier run found may have been switched off long ago, so there a
 * refused connection is no doubt.
 */
function isDoubtful({ state }: Finding, { last, isWritten = false }: Known): boolean {
  if (last !== undefined) return last.state === 'up' && (state === 'error' || state === 'down');
  return isWritten && state === 'error';
}

async function makePlan({
  runtimes,
  trust = [],
  endpoints: configured = [],
  announced = async () => [],
  defaultPorts,
  ...sources
}: ScannerDeps): Promise<EndpointPlan> {
  const { env, home, readTextFile } = sources;
  const named = await Promise.all(
    runtimes.map(async (runtime) => ({
      runtime: runtime.id,
      addresses: await runtime.findAddresses({
        env,
        home,
        readTextFile,
        defaultPorts: portsOf(defaultPorts, runtime.id, runtime.defaultPorts),
      }),
    })),
  );
  return planEndpoints({ named, trust, configured, announced: await announced() });
}

function portsOf(
  chosen: ScanSources['defaultPorts'],
  key: string,
  own: readonly number[],
): readonly number[] {
  return chosen === undefined ? own : (chosen[key] ?? []);
}

function remembered(factsOf: Map<string, Map<string, ModelFacts>>, key: string): Map<string, ModelFacts> {
  const known = factsOf.get(key) ?? new Map<string, ModelFacts>();
  factsOf.set(key, known);
  return known;
}
