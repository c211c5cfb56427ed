/** One scratch machine, from its making to its removal: a server on it is asked, commands are called, files looked at. */
import { EXIT } from '../domain/errors.ts';
import { makeScratchFolder, type ScratchFolder } from '../platform/scratch-folder.ts';
import { TOKEN_TEXT, selfTestCommands } from './commands.ts';
import { openDriver, type ServerDriver } from './drive-server.ts';
import { lookAtFiles } from './look-around.ts';
import {
  followUps,
  goodRequestsOf,
  type RequestInput,
  requestsOf,
  requestsWithoutSecrets,
} from './requests.ts';
import { call, callAll, type Machine, type Run, start } from './run.ts';
import { STATE, type World } from './world.ts';

/** Milliseconds for a server to start. */
const START_MS = 30_000;

/** What the names of scratch folders begin with. */
const SCRATCH_PREFIX = 'provider-sidecar-self-test-';

/** Tests one machine. Rejects only when no scratch folder can be made. */
export async function testMachine(run: Run, make: (home: string) => World): Promise<void> {
  if (run.signal.aborted) return;
  const scratch = await makeScratchFolder(SCRATCH_PREFIX);
  try {
    const world = make(scratch.path);
    for (const [path, text] of Object.entries(world.files)) await scratch.write(path, text);
    await testWorld(run, world, { name: world.name, env: world.env, scratch });
  } finally {
    await scratch.remove();
  }
}

async function testWorld(run: Run, world: World, machine: Machine): Promise<void> {
  const { findings } = run;
  run.onProgress(`A server with ${world.name}`);
  const tokenWithoutSecrets = world.depth === 'everything' ? await makeToken(run, machine) : '';
  const server = start(run, machine, [
    'serve',
    '--port',
    '0',
    '--log-level',
    'debug',
    '--log-format',
    'json',
  ]);
  run.counts.servers += 1;
  try {
    const listening = await server.until(/Listening on (http:[^\s"]+)/, START_MS);
    if (listening !== undefined) {
      await learnOwnSecrets(run, machine);
      await ask(run, world, machine, listening[1] ?? '', tokenWithoutSecrets);
    } else if (!run.signal.aborted) run.notDone.push(`The server with ${world.name} did not start`);
  } finally {
    await server.stop();
    server.release();
  }
  findings.look('log and standard output', `the server with ${world.name}`, server.stdout());
  findings.look('standard error', `the server with ${world.name}`, server.stderr());
  await lookAtFiles(run, world, machine.scratch);
}

/** Asks the server everything, and calls the commands while it runs. */
async function ask(
  run: Run,
  world: World,
  machine: Machine,
  url: string,
  tokenWithoutSecrets: string,
): Promise<void> {
  const { book, findings, signal } = run;
  const { depth, providers, name } = world;
  const mistaken = {
    token: book.make('caller: wrong token'),
    query: book.make('caller: token in the URL'),
    body: book.make('caller: body'),
  };
  const input = { token: await tokenOf(machine.scratch), tokenWithoutSecrets, providers, mistaken };
  const driver = openDriver(url, input.token, findings, signal);
  await sendAll(world, driver, input);
  if (world.turn !== undefined) {
    world.turn.begin();
    for (const [path, text] of Object.entries(world.turn.files)) await machine.scratch.write(path, text);
    await sendAll(world, driver, input);
  }
  run.onProgress(`Commands with ${name}`);
  await callAll(run, machine, selfTestCommands(providers, book.make('typed: key'), depth));
  const { requests, answers, sawState } = await driver.stop();
  if (!sawState && !signal.aborted) run.notDone.push(`The events of the server with ${name} were not read`);
  run.counts.requests += requests;
  for (const answer of answers) run.answers.add(answer);
}

async function sendAll({ depth }: World, driver: ServerDriver, input: RequestInput): Promise<void> {
  // Like the document itself, the list of its routes is loaded where it is asked for.
  const { ROUTE_GROUPS } = await import('../http/openapi/routes.ts');
  const routes = ROUTE_GROUPS.flatMap((group) => group.routes);
  if (depth === 'requests') return driver.send(goodRequestsOf(routes, input));
  await driver.send(requestsOf(routes, input));
  if (input.tokenWithoutSecrets !== '') await driver.send(requestsWithoutSecrets(routes, input));
  await driver.send(followUps(routes, input, driver.ids()));
  // Once more: what was refused, renewed and set aside has words of its own.
  const few = { ...input, providers: input.providers.slice(0, 3) };
  await driver.send(goodRequestsOf(routes, few).filter(({ method }) => method === 'GET'));
}

/** A token that no secret is given to. Its text is made by the program, and printed this once. */
async function makeToken(run: Run, machine: Machine): Promise<string> {
  const printed = await call(run, machine, {
    args: ['token', 'create', '--name', 'self-test', '--no-secrets'],
    mayPrint: 'the token is printed this once',
  });
  const [token] = printed.match(TOKEN_TEXT) ?? [];
  if (token === undefined && !run.signal.aborted) run.notDone.push(`No token was made for ${machine.name}`);
  return token ?? '';
}

/** Notes what the program made for itself: no other place may show that either. */
async function learnOwnSecrets({ book }: Run, { name, scratch }: Machine): Promise<void> {
  const text = await readState(scratch, 'identity.json');
  for (const [, field = '', value = ''] of text.matchAll(/"(installKey|token)":\s*"([^"]{16,})"/g)) {
    book.learn(`identity.json: ${field} (${name})`, value);
  }
}

async function tokenOf(scratch: ScratchFolder): Promise<string> {
  return /"token":\s*"([^"]+)"/.exec(await readState(scratch, 'endpoint.json'))?.[1] ?? '';
}

async function readState(scratch: ScratchFolder, file: string): Promise<string> {
  const files = await scratch.readAll();
  return files.find(({ path }) => path === `${STATE}/sidecar/${file}`)?.text ?? '';
}

/** A start that the program refuses: the block that says why shows nothing of what it read. */
export async function refuseStart(
  run: Run,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  if (run.signal.aborted) return;
  const scratch = await makeScratchFolder(SCRATCH_PREFIX);
  try {
    for (const [path, text] of Object.entries(files)) await scratch.write(path, text);
    const env = { CLAWDBOT_SKIP_LOCAL_DISCOVERY: '1', AWS_EC2_METADATA_DISABLED: 'true' };
    const running = start(run, { name, env, scratch }, ['serve', '--port', '0']);
    const started = await running.until(/Listening on /, START_MS);
    const exitCode = await running.stop();
    running.release();
    if (started !== undefined) run.notDone.push(`The start with ${name} was not refused`);
    else if (exitCode !== EXIT.config && !run.signal.aborted) {
      run.notDone.push(`The start with ${name} ended otherwise than by a refusal`);
    }
    run.findings.look('refused starts', name, `${running.stdout()}${running.stderr()}`);
  } finally {
    await scratch.remove();
  }
}
