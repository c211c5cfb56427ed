/** `status`: is a server running here, and what does its health say. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { EXIT, messageOf, type Problem } from '../domain/errors.ts';
import { type EndpointFile, readEndpointFile } from '../platform/endpoint-file.ts';
import { readTextFile } from '../platform/files.ts';
import { findPaths } from '../platform/paths.ts';
import { isProcessAlive } from '../platform/process.ts';
import { type CommandContext, printJson, withProgress } from './context.ts';
import { connectProven, type ProvenServer } from '../http/proven-server.ts';
import { absent } from './running-server.ts';
import { printProblem } from './print-problem.ts';

export interface StatusFlags {
  readonly json?: boolean;
  /** Seconds to wait for a server that answers. */
  readonly wait?: string;
  /** Only this process's server counts; without that process there is nothing to wait for. */
  readonly pid?: string;
}

const healthAnswer = z.looseObject({
  status: z.string(),
  line: z.string().optional(),
  findings: z.array(z.looseObject({ code: z.string(), detail: z.string(), hint: z.string() })).default([]),
});

type HealthAnswer = z.infer<typeof healthAnswer>;

const NONE_HERE = 'No server is running here';

/** How often a server is looked for while one is waited for, in milliseconds. */
const LOOK_EVERY_MS = 200;

/** Longest wait that can be asked for, in seconds. */
const LONGEST_WAIT = 3_600;

/**
 * Exit code 0 when its default model can be used, 1 when it has none that can, 69 when there is no server. With
 * `--wait` 0 as soon as it answers, whatever its health: a server without a default model is ready too.
 */
export async function status(context: CommandContext, flags: StatusFlags): Promise<number> {
  const asJson = flags.json === true;
  const wait = readNumber(flags.wait, LONGEST_WAIT);
  const pid = readNumber(flags.pid, Number.MAX_SAFE_INTEGER);
  if (wait === undefined || pid === undefined) {
    const detail =
      wait === undefined
        ? `--wait must be a whole number of seconds from 0 to ${LONGEST_WAIT}`
        : '--pid must be the id of a process';
    printProblem(context, { code: 'bad-request', detail, hints: [] }, asJson);
    return EXIT.usage;
  }
  const { endpoint: path } = findPaths(context.env, context.home);
  const found = await withProgress(
    context,
    'Waiting for the server',
    waitFor(() => look(path, pid), {
      until: context.clock() + (wait ?? 0) * 1000,
      pid,
      clock: context.clock,
    }),
  );
  if (found.kind === 'absent') {
    printProblem(context, found.problem, asJson);
    return EXIT.unavailable;
  }
  printStatus(context, found, asJson);
  // The line is there when the default model can be used.
  return found.health.line === undefined && wait === null ? EXIT.failed : EXIT.ok;
}

/** A server that answers, or why there is none. */
type Found =
  | { readonly kind: 'running'; readonly endpoint: EndpointFile; readonly health: HealthAnswer }
  | { readonly kind: 'absent'; readonly problem: Problem };

/** @param pid null for any process's server */
async function look(path: string, pid: number | null): Promise<Found> {
  const endpoint = await readEndpointFile(path);
  if (endpoint === undefined) {
    const file = await readTextFile(path, { trust: 'private' });
    return absent(file.kind === 'refused' ? `${file.detail}, so it is not trusted` : NONE_HERE);
  }
  if (pid !== null && endpoint.pid !== pid) return absent(NONE_HERE);
  // The port of a dead server may be somebody else's by now, and the token is not for them.
  const server = await connectProven(endpoint);
  if (server === undefined) {
    return absent(`The server that ${path} names (process ${endpoint.pid}, ${endpoint.url}) does not answer`);
  }
  try {
    return { kind: 'running', endpoint, health: await askHealth(server) };
  } catch (error) {
    return absent(`${endpoint.url} does not answer as this program does (${messageOf(error)})`);
  } finally {
    server.close();
  }
}

interface Waiting {
  /** Unix milliseconds. */
  readonly until: number;
  readonly pid: number | null;
  readonly clock: CommandContext['clock'];
}

/** Looks again until a server answers, the time is over, or the process that was to become it has ended. */
async function waitFor(lookOnce: () => Promise<Found>, { until, pid, clock }: Waiting): Promise<Found> {
  for (;;) {
    const found = await lookOnce();
    if (found.kind === 'running' || clock() >= until) return found;
    if (pid !== null && !isProcessAlive(pid)) return absent(`The process ${pid} has ended`);
    await sleep(LOOK_EVERY_MS);
  }
}

function printStatus(
  context: CommandContext,
  { endpoint, health }: Extract<Found, { kind: 'running' }>,
  asJson: boolean,
): void {
  const { url, pid, version, startedAt } = endpoint;
  if (asJson) {
    printJson(context, { url, pid, version, startedAt, health });
    return;
  }
  context.print(`Running: ${url} (process ${pid}, version ${version}, since ${startedAt})\n`);
  context.print(`${health.line ?? `Health: ${health.status}`}\n`);
  for (const { code, detail, hint } of health.findings)
    context.print(`  ${code}: ${detail}\n    - ${hint}\n`);
}

/** A whole number that a flag gives; null where it is left out, undefined where it is none. */
function readNumber(text: string | undefined, max: number): number | null | undefined {
  if (text === undefined) return null;
  return /^\d{1,16}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
}

async function askHealth(server: ProvenServer): Promise<HealthAnswer> {
  const { status: code, body } = await server.ask({ path: '/health' });
  if (code !== 200 && code !== 503) throw new Error(`status ${code}`);
  return healthAnswer.parse(body);
}
