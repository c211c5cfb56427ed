/**
 * Telling when files change: also files that do not exist yet, in folders that do not exist yet. Reports
 * which path changed; what to do about it is the caller's. Events of the folders make it quick; comparing
 * once a second what stands at each path makes it sure, as no event is promised for every change.
 */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { watch } from 'chokidar';
import { fileFacts, fileState } from './file-state.ts';

export interface FileWatch {
  /** Replaces the set of watched paths. A change that comes after this call is told. */
  setFiles(paths: readonly string[]): void;
  close(): Promise<void>;
}

/** How often the files are compared, in milliseconds: no event announces one in a folder that appears. */
const CHECK_MS = 1_000;

/** How often folders that appeared are taken up, in milliseconds. Until then their files are compared only. */
const FOLDER_CHECK_MS = 5_000;

/**
 * How long after an event the files are looked at, in milliseconds: many replace a file by more than one step,
 * and a change that comes while the library takes up a replaced file again gives no event of its own.
 */
const SETTLE_MS = [10, 80] as const;

/**
 * Watches files. `onChange` is called with the path for a creation, a change or a removal.
 *
 * @param onError called when events fail; the files are still compared once a second
 */
export function watchFiles(onChange: (path: string) => void, onError: (error: unknown) => void): FileWatch {
  let states = new Map<string, string>();
  /** Watched folders with what made each the folder that it was. */
  const folders = new Map<string, string>();
  const events = watch([], {
    // The first events say that watching has begun: what changed until then is found by the comparison.
    ignoreInitial: false,
    // Longer than this the library waits for the second half of a replacement; the comparison needs no help.
    atomic: 20,
    depth: 0,
    persistent: false,
    // A folder may hold thousands of other files; only those that are asked for are looked at.
    ignored: (path) => !folders.has(path) && !states.has(path),
  });
  const pending = new Set<NodeJS.Timeout>();

  const compare = (): void => {
    const changed = [...states.keys()].filter((path) => states.get(path) !== fileState(path));
    for (const path of changed) states.set(path, fileState(path));
    for (const path of changed) onChange(path);
  };
  const look = (): void => {
    followFolders(states.keys());
    compare();
  };
  const settle = (): void => {
    if (pending.size > 0) return;
    for (const delay of SETTLE_MS) {
      const timer = setTimeout(() => {
        pending.delete(timer);
        look();
      }, delay).unref();
      pending.add(timer);
    }
  };
  events.on('all', settle).on('error', onError);
  /** Watches the folders as they are now; one that was removed and made again is another folder. */
  const followFolders = (paths: Iterable<string>): void => {
    const needed = new Set([...paths].flatMap(foldersOf));
    for (const [folder, identity] of folders) {
      if (needed.has(folder) && identityOf(folder) === identity) continue;
      folders.delete(folder);
      events.unwatch(folder);
    }
    for (const folder of needed) {
      const identity = identityOf(folder);
      if (identity === undefined || folders.has(folder)) continue;
      folders.set(folder, identity);
      events.add(folder);
    }
  };
  const timer = setInterval(compare, CHECK_MS).unref();
  const folderTimer = setInterval(look, FOLDER_CHECK_MS).unref();

  return {
    setFiles(paths) {
      // A path that stays keeps its state, so a change that was not told yet is not forgotten.
      states = new Map(paths.map((path) => [path, states.get(path) ?? fileState(path)]));
      followFolders(paths);
    },
    async close() {
      clearInterval(timer);
      clearInterval(folderTimer);
      for (const waiting of pending) clearTimeout(waiting);
      states.clear();
      await events.close();
    },
  };
}

function identityOf(folder: string): string | undefined {
  const facts = fileFacts(folder);
  // File systems give a free number out again at once, so the time of birth counts too.
  return typeof facts === 'string' ? undefined : [facts.dev, facts.ino, facts.birthtimeNs].join(' ');
}

/** The folder that holds the path, and for a symbolic link the folder of its target. */
function foldersOf(path: string): readonly string[] {
  try {
    return [dirname(path), dirname(realpathSync(path))];
  } catch {
    // Nothing stands there yet, or nothing can be seen of it.
    return [dirname(path)];
  }
}
