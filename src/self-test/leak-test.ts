/**
 * The self-test for leaks: runs this program on scratch machines whose every secret is a canary, asks and calls all
 * of it, and looks for the canaries wherever none may be. Nothing of this machine is read or changed, and nothing
 * beyond the loopback address is asked.
 */
import type { RouteDescription } from '../http/openapi/route-description.ts';
import { AWS_WAYS, awsWays } from './aws-ways.ts';
import { brokenSources, refusedStarts } from './broken-sources.ts';
import { createCanaryBook } from './canaries.ts';
import { type Counterpart, startCounterpart } from './counterpart.ts';
import { createFindings, type PlaceReport } from './findings.ts';
import type { LeakTestOptions, Run } from './run.ts';
import { loginShell, workingSources } from './sources.ts';
import { refuseStart, testMachine } from './test-machine.ts';
import { makeWorld, type Source, type World, type WorldInput } from './world.ts';

/** One kind of place that secrets were put into. */
export interface SeededSource {
  readonly name: string;
  readonly secrets: number;
  /** How many of them the program gave to whom they are for: so many were really in its hands. */
  readonly handedOut: number;
}

/** What came of it. */
export interface LeakReport {
  readonly places: readonly PlaceReport[];
  readonly sources: readonly SeededSource[];
  /** How many secrets there were, those that servers and the program itself made among them. */
  readonly canaries: number;
  /** How many of them the program gave to whom they are for. */
  readonly inUse: number;
  readonly servers: number;
  readonly requests: number;
  readonly commands: number;
  /** `GET /v1/resolve 200`: each route with the statuses that it answered. */
  readonly answers: readonly string[];
  /** What could not be done, so that its places were not looked at. */
  readonly notDone: readonly string[];
}

/** Scratch machines that are tested at once. */
const AT_ONCE = 2;

/** Runs it. Rejects only when no scratch folder can be made. */
export async function runLeakTest(options: LeakTestOptions): Promise<LeakReport> {
  const book = createCanaryBook(options.randomText);
  const run: Run = {
    ...options,
    book,
    findings: createFindings(book),
    counts: { servers: 0, requests: 0, commands: 0 },
    answers: new Set(),
    notDone: [],
  };
  const sources = new Map<string, Source>();
  const counterpart = await startCounterpart(book);
  try {
    await inTurns([
      ...machinesOf(run, counterpart, sources).map((make) => () => testMachine(run, make)),
      ...Object.entries(refusedStarts(run)).map(([name, files]) => () => {
        run.onProgress(`A start with ${name}, which has to be refused`);
        return refuseStart(run, name, files);
      }),
    ]);
  } finally {
    await counterpart.close();
  }
  const used = run.findings.used();
  // Like the document itself, the list of its routes is loaded where it is asked for.
  const { ROUTE_GROUPS } = await import('../http/openapi/routes.ts');
  const routes = ROUTE_GROUPS.flatMap((group) => group.routes);
  return {
    places: run.findings.report(),
    sources: [...sources].map(([name, source]) => {
      const secrets = [...book.find(JSON.stringify(source))];
      return { name, secrets: secrets.length, handedOut: secrets.filter((one) => used.has(one)).length };
    }),
    canaries: book.all().length,
    inUse: used.size,
    ...run.counts,
    answers: [...run.answers].sort(),
    notDone: run.signal.aborted
      ? [...run.notDone, 'It was interrupted']
      : [...run.notDone, ...withoutGoodAnswer(routes, run.answers)],
  };
}

/** The machines, each to be made in its home folder. @param sources takes note of what they are made of */
function machinesOf(
  run: Run,
  counterpart: Counterpart,
  sources: Map<string, Source>,
): readonly ((home: string) => World)[] {
  const common = { AWS_EC2_METADATA_DISABLED: 'true', OLLAMA_HOST: counterpart.url, NO_COLOR: '1' };
  const alone = { ...common, CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' };
  const inputOf = (home: string): WorldInput => ({ ...run, counterpart: counterpart.url, home });
  const noted = (made: Readonly<Record<string, Source>>): readonly Source[] => {
    for (const [name, source] of Object.entries(made)) sources.set(name, source);
    return Object.values(made);
  };
  return [
    (home) => makeWorld('what works', noted(workingSources(inputOf(home))), common, 'everything'),
    (home) => makeWorld('what is broken', noted(brokenSources(inputOf(home))), alone, 'reading'),
    ...AWS_WAYS.map((way) => (home: string): World => {
      const input = inputOf(home);
      const made = {
        [`AWS, ${way}`]: awsWays(input)[way],
        ...(way === 'sso' ? { 'login shell': loginShell(input) } : {}),
      };
      const world = makeWorld(`an identity of AWS by ${way}`, noted(made), alone, 'requests');
      return {
        ...world,
        turn: {
          begin: () => counterpart.refuse(way),
          // A file of AWS that changes ends what is known of the identity.
          files: { '.aws/config': `${world.files['.aws/config'] ?? ''}# changed\n` },
        },
      };
    }),
  ];
}

/** Does all of it, or rejects with the first failure once nothing is under way any more. */
async function inTurns(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = [...tasks];
  const work = async (): Promise<void> => {
    try {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await task();
    } catch (error) {
      waiting.length = 0;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Routes whose good answers were never seen: what stands in those was not looked at. */
export function withoutGoodAnswer(
  routes: readonly RouteDescription[],
  answers: ReadonlySet<string>,
): readonly string[] {
  return routes.flatMap(({ method, path, answers: described }) => {
    const route = `${method.toUpperCase()} ${path}`;
    const isGood = described.some(({ status }) => status < 300 && answers.has(`${route} ${status}`));
    return isGood ? [] : [`${route} never gave a good answer`];
  });
}
