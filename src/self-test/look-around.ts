/** Looks for canaries around a program that runs: at the processes that it starts, and at the files that it writes. */
import { LIST_VARIABLES } from '../credentials/shell-environment.ts';
import { viewProcesses } from '../platform/observed-program.ts';
import type { ScratchFolder } from '../platform/scratch-folder.ts';
import type { CanaryBook } from './canaries.ts';
import type { Findings } from './findings.ts';
import { LOGIN_SHELL, PROGRAMS } from './sources.ts';
import { STATE, type World } from './world.ts';

/** What is looked for, and where it is noted. */
export interface Search {
  readonly book: CanaryBook;
  readonly findings: Findings;
}

/** How often the processes are looked at, in milliseconds. */
const LOOK_EVERY_MS = 25;

/**
 * Looks at the arguments of a process and at its children, again and again.
 *
 * @param startsForeign the variables of its children are the caller's own
 */
export function watchProcesses(
  { book, findings }: Search,
  machine: string,
  pid: number,
  startsForeign: boolean,
): { readonly stop: () => void } {
  const seen = new Set<string>();
  const look = (): void => {
    const [first, ...children] = viewProcesses(pid);
    if (first === undefined) return;
    // Between its making and its start, a child still is a copy of its parent, and shows what that shows.
    const started = children.filter((view) => view.arguments !== first.arguments);
    for (const view of [first, ...started]) {
      const known = `${view.pid} ${view.arguments}`;
      if (seen.has(known)) continue;
      seen.add(known);
      findings.look('arguments of processes', `a process of ${machine}`, view.arguments);
      // The variables of the program itself are one of the sources.
      if (view.pid === pid || startsForeign) continue;
      const where = `a process of ${machine}`;
      findings.look('variables of child processes', where, view.environment, inChild(book, view.arguments));
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

/** Looks at every file of a scratch machine, and at its path. */
export async function lookAtFiles(search: Search, world: World, scratch: ScratchFolder): Promise<void> {
  const { book, findings } = search;
  for (const { path, text } of await scratch.readAll()) {
    if (path.startsWith(`${PROGRAMS}/seen/`)) {
      const where = `a command of ${world.name}`;
      findings.look('variables of child processes', where, text, inChildren(book));
    } else {
      findings.look('files', `${path} (${world.name})`, text, allowedIn(book, world, path));
      findings.look('files', `the name of a file of ${world.name}: ${path}`, path);
    }
  }
}

/** Which canaries a file may hold: those that were put there, and what a store keeps for the program itself. */
function allowedIn(book: CanaryBook, world: World, path: string): ReadonlySet<string> {
  const own = (rule: RegExp): string[] => book.all().flatMap(({ name }) => (rule.test(name) ? [name] : []));
  const put = book.find(world.files[path] ?? '');
  switch (path) {
    case `${STATE}/sidecar/identity.json`:
      return new Set(own(/^identity\.json/));
    case `${STATE}/sidecar/endpoint.json`:
      return new Set(own(/^identity\.json: token|^env: PROVIDER_SIDECAR_TOKEN$/));
    case `${STATE}/sidecar/auth-profiles.json`:
      return new Set([...put, ...own(/^oauth: renewed|^typed: key$/)]);
    default:
      return new Set([...put, ...(/exchange|\.gpu-dev/.test(path) ? own(/^exchange: issued key/) : [])]);
  }
}

/** The program that lists the variables of the login shell has them. */
export function inChild(book: CanaryBook, commandLine: string): ReadonlySet<string> {
  const allowed = inChildren(book);
  if (commandLine.trim() !== LIST_VARIABLES) return allowed;
  const ofShell = book.all().flatMap(({ name }) => (name.startsWith(`${LOGIN_SHELL}: `) ? [name] : []));
  return new Set([...allowed, ...ofShell]);
}

/** The AWS variables are what the AWS SDK reads, in a process of its own. */
function inChildren(book: CanaryBook): ReadonlySet<string> {
  return new Set(book.all().flatMap(({ name }) => (name.startsWith('env: AWS_') ? [name] : [])));
}
