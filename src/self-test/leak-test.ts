/**
 * The self-test for leaks: runs this program on scratch machines whose every secret is a canary, asks and calls all
 * of it, and looks for the canaries wherever none may be. Nothing of this machine is read or changed, and nothing
 * beyond the loopback address is asked.
 */
import { type ObservedProgram, startObserved, viewProcesses } from '../platform/observed-program.ts';
import type { Environment } from '../platform/paths.ts';
import { harmlessEnvironment } from '../platform/run-command.ts';
import { makeScratchFolder, type ScratchFolder } from '../platform/scratch-folder.ts';
import { brokenSources, refusedStarts } from './broken-sources.ts';
import { type CanaryBook, createCanaryBook, findCanaries } from './canaries.ts';
import { type SelfTestCommand, selfTestCommands } from './commands.ts';
import { startCounterpart } from './counterpart.ts';
import { driveServer } from './drive-server.ts';
import { createFindings, type Findings, type PlaceReport } from './findings.ts';
import { PROGRAMS, workingSources } from './sources.ts';
import { makeWorld, STATE, type World } from './world.ts';

/** What the self-test is run with. */
export interface LeakTestOptions {
  /** The program under test, with the arguments that every call begins with. */
  readonly program: readonly [command: string, ...args: string[]];
  /** Where programs and the language are found; no secret of it is used. */
  readonly env: Environment;
  /** Absolute path of Node.js, which runs the commands of the scratch machines. */
  readonly node: string;
  /** Unix milliseconds. */
  readonly now: number;
  /** That many characters of `a-z0-9`. */
  readonly randomText: (length: number) => string;
  /** Told what is done now. */
  readonly onProgress: (step: string) => void;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface LeakReport {
  readonly places: readonly PlaceReport[];
  /** How many secrets there were. */
  readonly canaries: number;
  /** How many of them the program gave to whom they are for: so many were really in its hands. */
  readonly inUse: number;
  readonly requests: number;
  readonly commands: number;
  /** `GET /v1/resolve 200`: each route with the statuses that it answered. */
  readonly answers: readonly string[];
  /** What could not be done, so that its places were not looked at. */
  readonly notDone: readonly string[];
}

/** Everything that one run hands around. */
interface Run extends LeakTestOptions {
  readonly book: CanaryBook;
  readonly findings: Findings;
  readonly counts: { requests: number; commands: number };
  readonly answers: Set<string>;
  readonly notDone: string[];
}

/** Milliseconds for a server to start, and for a command to end. */
const START_MS = 30_000;
const COMMAND_MS = 60_000;

/** How often the processes are looked at, in milliseconds. */
const LOOK_EVERY_MS = 25;

/** Commands that run at once. */
const AT_ONCE = 3;

/** Runs it. Rejects only when no scratch folder can be made. */
export async function runLeakTest(options: LeakTestOptions): Promise<LeakReport> {
  const book = createCanaryBook(options.randomText);
  const findings = createFindings(book.all);
  const run: Run = {
    ...options,
    book,
    findings,
    counts: { requests: 0, commands: 0 },
    answers: new Set(),
    notDone: [],
  };
  const counterpart = await startCounterpart(book);
  try {
    const common = { AWS_EC2_METADATA_DISABLED: 'true', OLLAMA_HOST: counterpart.url, NO_COLOR: '1' };
    const input = { book, counterpart: counterpart.url, node: options.node, now: options.now };
    await onScratch(run, 'what works', async (scratch) => {
      const sources = Object.values(workingSources({ ...input, home: scratch.path }));
      return makeWorld('what works', sources, common, true);
    });
    await onScratch(run, 'what is broken', async (scratch) => {
      const sources = Object.values(brokenSources({ ...input, home: scratch.path }));
      return makeWorld('what is broken', sources, { ...common, CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1' }, false);
    });
    await refuseStarts(run);
  } finally {
    await counterpart.close();
  }
  return {
    places: findings.report(),
    canaries: book.all().length,
    inUse: findings.used().size,
    ...run.counts,
    answers: [...run.answers].sort(),
    notDone: run.notDone,
  };
}

/** One scratch machine from its making to its removal. */
async function onScratch(
  run: Run,
  name: string,
  make: (scratch: ScratchFolder) => Promise<World>,
): Promise<void> {
  if (run.signal.aborted) return void run.notDone.push(`${name}: interrupted`);
  const scratch = await makeScratchFolder('provider-sidecar-self-test-');
  try {
    const world = await make(scratch);
    for (const [path, text] of Object.entries(world.files)) await scratch.write(path, text);
    await testWorld(run, world, scratch);
  } finally {
    await scratch.remove();
  }
}

async function testWorld(run: Run, world: World, scratch: ScratchFolder): Promise<void> {
  const { book, findings } = run;
  run.onProgress(`A server with ${world.name}`);
  // The name of a token is known; its text is made by the program and printed this once.
  const made = await call(run, world, scratch, {
    args: ['token', 'create', '--name', 'self-test'],
    mayPrint: 'the token is printed this once',
  });
  const tokenText = /\bpsc_[\w.-]{20,}/.exec(made)?.[0];
  if (tokenText === undefined) run.notDone.push(`No token was made for ${world.name}`);
  else book.learn(`token with a name (${world.name})`, tokenText);
  const server = start(run, world, scratch, [
    'serve',
    '--port',
    '0',
    '--log-level',
    'debug',
    '--log-format',
    'json',
  ]);
  const watching = watchProcesses(run, world, server.pid);
  try {
    const listening = await server.until(/Listening on (http:[^\s"]+)/, START_MS);
    if (listening === undefined) {
      run.notDone.push(`The server with ${world.name} did not start`);
    } else {
      await learnOwnSecrets(run, world, scratch);
      const token = await tokenOf(scratch);
      const mistaken = {
        token: book.make('caller: wrong token'),
        query: book.make('caller: token in the URL'),
        body: book.make('caller: body'),
      };
      const { providers } = world;
      // Like the document itself, the list of its routes is loaded where it is asked for.
      const { ROUTE_GROUPS } = await import('../http/openapi/routes.ts');
      const routes = ROUTE_GROUPS.flatMap((group) => group.routes);
      const driven = await driveServer(listening[1] ?? '', routes, { token, providers, mistaken }, findings);
      run.counts.requests += driven.requests;
      for (const answer of driven.answers) run.answers.add(answer);
      run.onProgress(`Commands with ${world.name}`);
      await callAll(run, world, scratch, selfTestCommands(providers, book.make('typed: key'), world.isWhole));
    }
  } finally {
    await server.stop();
    watching.stop();
  }
  findings.look('log and standard output', `the server with ${world.name}`, server.stdout());
  findings.look('standard error', `the server with ${world.name}`, server.stderr());
  run.onProgress(`Files of ${world.name}`);
  await lookAtFiles(run, world, scratch);
}

/** Notes what the program made for itself: no other place may show that either. */
async function learnOwnSecrets(run: Run, world: World, scratch: ScratchFolder): Promise<void> {
  const identity = (await scratch.readAll()).find(({ path }) => path === `${STATE}/sidecar/identity.json`);
  for (const [, field = '', value = ''] of identity?.text.matchAll(
    /"(installKey|token)":\s*"([^"]{16,})"/g,
  ) ?? []) {
    run.book.learn(`identity.json: ${field} (${world.name})`, value);
  }
}

async function tokenOf(scratch: ScratchFolder): Promise<string> {
  const endpoint = (await scratch.readAll()).find(({ path }) => path === `${STATE}/sidecar/endpoint.json`);
  return /"token":\s*"([^"]+)"/.exec(endpoint?.text ?? '')?.[1] ?? '';
}

/** Which canaries a file may hold: those that were put there, and what a store keeps for the program itself. */
function allowedIn(run: Run, world: World, path: string): ReadonlySet<string> {
  const names = run.book.all().map(({ name }) => name);
  const own = (rule: RegExp): string[] => names.filter((name) => rule.test(name));
  const put = findCanaries(world.files[path] ?? '', run.book.all());
  switch (path) {
    case `${STATE}/sidecar/identity.json`:
      return new Set(own(/^identity\.json/));
    case `${STATE}/sidecar/endpoint.json`:
      return new Set(own(/^identity\.json: token|^env: PROVIDER_SIDECAR_TOKEN$/));
    case `${STATE}/sidecar/auth-profiles.json`:
      return new Set([...put, ...own(/^oauth: renewed|^typed: key$/)]);
    default:
      return new Set([...put, ...(/exchange/.test(path) ? own(/^exchange: issued key$/) : [])]);
  }
}

async function lookAtFiles(run: Run, world: World, scratch: ScratchFolder): Promise<void> {
  for (const { path, text } of await scratch.readAll()) {
    const isSeenByChild = path.startsWith(`${PROGRAMS}/seen/`);
    if (isSeenByChild)
      run.findings.look('variables of child processes', `a command of ${world.name}`, text, inChildren(run));
    else run.findings.look('files', path, text, allowedIn(run, world, path));
  }
}

/** The AWS variables are what the AWS SDK reads, in a process of its own. */
function inChildren(run: Run): ReadonlySet<string> {
  return new Set(run.book.all().flatMap(({ name }) => (name.startsWith('env: AWS_') ? [name] : [])));
}

/** Looks at the arguments of a process and at its children, again and again. */
function watchProcesses(run: Run, world: World, pid: number): { readonly stop: () => void } {
  const seen = new Set<string>();
  const allowed = inChildren(run);
  const look = (): void => {
    const [server, ...children] = viewProcesses(pid);
    if (server === undefined) return;
    // Between its making and its start, a child still is a copy of the server, and shows what that shows.
    const started = children.filter((view) => view.arguments !== server.arguments);
    for (const view of [server, ...started]) {
      const known = `${view.pid} ${view.arguments}`;
      if (seen.has(known)) continue;
      seen.add(known);
      run.findings.look('arguments of processes', `a process of ${world.name}`, view.arguments);
      // The variables of the server itself are one of the sources.
      if (view.pid !== pid) {
        run.findings.look(
          'variables of child processes',
          `a process of ${world.name}`,
          view.environment,
          allowed,
        );
      }
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

function start(
  { program, env }: Run,
  world: Pick<World, 'env'>,
  scratch: ScratchFolder,
  args: readonly string[],
  input = '',
): ObservedProgram {
  const [command, ...first] = program;
  const { path } = scratch;
  return startObserved({
    command,
    args: [...first, ...args],
    env: { ...harmlessEnvironment(env), ...world.env, HOME: path },
    cwd: path,
    input,
  });
}

async function callAll(
  run: Run,
  world: World,
  scratch: ScratchFolder,
  commands: readonly SelfTestCommand[],
): Promise<void> {
  const waiting = [...commands];
  const work = async (): Promise<void> => {
    for (let command = waiting.shift(); command !== undefined; command = waiting.shift()) {
      if (run.signal.aborted) return void run.notDone.push(`Commands with ${world.name}: interrupted`);
      await call(run, world, scratch, command);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Calls the program to its end and looks at what it printed. */
async function call(
  run: Run,
  world: World,
  scratch: ScratchFolder,
  command: SelfTestCommand,
): Promise<string> {
  const { args, input, mayPrint } = command;
  const where = `${args.join(' ')} (${world.name})`;
  const running = start(run, world, scratch, args, input);
  const timer = setTimeout(() => {
    run.notDone.push(`${where} did not end`);
    void running.stop();
  }, COMMAND_MS);
  await running.ended;
  clearTimeout(timer);
  run.counts.commands += 1;
  if (mayPrint === undefined) run.findings.look('output of commands', where, running.stdout());
  else run.findings.use(running.stdout());
  run.findings.look('output of commands', `${where}, standard error`, running.stderr());
  return running.stdout();
}

/** Starts that the program refuses: the block that says why shows nothing of what it read. */
async function refuseStarts(run: Run): Promise<void> {
  run.onProgress('Starts that are refused');
  for (const [name, files] of Object.entries(refusedStarts(run))) {
    const scratch = await makeScratchFolder('provider-sidecar-self-test-');
    try {
      for (const [path, text] of Object.entries(files)) await scratch.write(path, text);
      const env = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', AWS_EC2_METADATA_DISABLED: 'true' };
      const running = start(run, { env }, scratch, ['serve', '--port', '0']);
      const started = await running.until(/Listening on /, START_MS);
      if (started !== undefined) run.notDone.push(`The start with ${name} was not refused`);
      await running.stop();
      run.findings.look('refused starts', name, `${running.stdout()}${running.stderr()}`);
    } finally {
      await scratch.remove();
    }
  }
}
